// Server-sent events in distinct connections, read with nothing but fetch.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { PROGRESS, assertRunEnded, code, endpoint, execute, patience, trigger } from './server.js';

const timeout = patience;

// stream posts an operation and gives its events as they come.
async function* stream(body, signal) {
  const response = await fetch(endpoint, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'text/event-stream' },
    body: JSON.stringify(body),
    signal,
  });
  assert.equal(response.status, 200);
  assert.match(response.headers.get('content-type'), /^text\/event-stream\b/);
  let text = '';
  for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
    text += chunk;
    const blocks = text.split('\n\n');
    text = blocks.pop();
    for (const event of blocks.map(parsed).filter((e) => e.type !== undefined)) {
      yield event;
    }
  }
  assert.equal(text, '', 'the stream ends with a whole event');
}

// parsed is an event; comments, which keep a connection alive, have no type.
function parsed(block) {
  const lines = block.split('\n').map((line) => line.split(/: ?(.*)/s));
  const field = (name) => lines.filter(([key]) => key === name).map(([, value]) => value ?? '');
  const data = field('data').join('\n');
  return { type: field('event')[0], data: data ? JSON.parse(data) : undefined };
}

async function all(body) {
  const events = [];
  for await (const event of stream(body)) {
    events.push(event);
  }
  return events;
}

test('a run is seen to its end', { timeout }, async () => {
  const events = await all({ query: PROGRESS, variables: { jobId: await trigger() } });
  assert.equal(events.at(-1).type, 'complete');
  const seen = events.slice(0, -1);
  assert.ok(seen.every((event) => event.type === 'next'));
  assertRunEnded(seen.map((event) => event.data.data.runProgress));
  assert.ok(seen.length > 1, 'the run was seen live');
});

test('the first event comes while the run goes on', { timeout }, async () => {
  const stop = new AbortController();
  const jobId = await trigger();
  for await (const event of stream({ query: PROGRESS, variables: { jobId } }, stop.signal)) {
    assert.equal(event.type, 'next');
    assert.notEqual(event.data.data.runProgress.stage, 'DONE');
    break;
  }
  stop.abort(); // the server goes on without this reader
  assert.equal((await execute('{ __typename }')).data.__typename, 'Query');
});

test('a query is one event', { timeout }, async () => {
  const events = await all({ query: '{ __typename }' });
  assert.deepEqual(events.map((event) => event.type), ['next', 'complete']);
  assert.equal(events[0].data.data.__typename, 'Query');
});

test('what is wrong with an operation is an event too', { timeout }, async () => {
  for (const [query, want] of [['subscription {', 'GRAPHQL_PARSE_FAILED'], ['subscription { nothing }', 'GRAPHQL_VALIDATION_FAILED']]) {
    const events = await all({ query });
    assert.deepEqual(events.map((event) => event.type), ['next', 'complete']);
    assert.equal(code(events[0].data.errors), want);
  }
});
