// The client library graphql-ws against the server.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { createClient } from 'graphql-ws';
import WebSocket from 'ws';

import { PROGRESS, assertRunEnded, code, elsewhere, endpoint, patience, socketOf, trigger } from './server.js';

const timeout = patience;

// connect is a client that counts its sockets; it goes with the test.
function connect(t, { url = endpoint, ...options } = {}) {
  const counts = { opened: 0, closed: [] };
  const client = createClient({
    url: socketOf(url),
    webSocketImpl: WebSocket,
    retryAttempts: 0,
    on: {
      opened: () => counts.opened++,
      closed: (event) => counts.closed.push(event.code),
      ...options.on,
    },
    ...options.client,
  });
  t.after(() => client.dispose());
  return { client, counts };
}

// watch collects the events of a run until the server completes the subscription.
async function watch(client, jobId, each = () => {}) {
  const events = [];
  for await (const { data, errors } of client.iterate({ query: PROGRESS, variables: { jobId } })) {
    assert.equal(errors, undefined, JSON.stringify(errors));
    events.push(data.runProgress);
    each(events);
  }
  return events;
}

test('connects, and is answered when it pings', { timeout }, async (t) => {
  const pong = Promise.withResolvers?.() ?? withResolvers();
  const { client, counts } = connect(t, { client: { lazy: false, keepAlive: 50 }, on: { pong: (received) => received && pong.resolve() } });
  await pong.promise;
  for await (const answer of client.iterate({ query: '{ server { version } }' })) {
    assert.equal(typeof answer.data.server.version, 'string');
  }
  assert.equal(counts.opened, 1);
});

test('a run that a mutation queued is seen to its end', { timeout }, async (t) => {
  const { client } = connect(t);
  const events = await watch(client, await trigger());
  assertRunEnded(events);
  assert.ok(events.length > 1, 'the run was seen live');
});

test('a run that has ended is told once, and complete', { timeout }, async (t) => {
  const { client } = connect(t);
  const jobId = await trigger(['D1']);
  await watch(client, jobId);
  const again = await watch(client, jobId);
  assertRunEnded(again);
  assert.equal(again.length, 1);
});

test('two subscriptions share one socket', { timeout }, async (t) => {
  const { client, counts } = connect(t);
  const jobs = [await trigger(['D1', 'H1']), await trigger()];
  const both = await Promise.all(jobs.map((jobId) => watch(client, jobId)));
  both.forEach(assertRunEnded);
  assert.equal(counts.opened, 1);
});

test('one of two subscriptions ends, the other goes on', { timeout }, async (t) => {
  const { client, counts } = connect(t);
  const [left, kept] = [await trigger(), await trigger()];
  const rest = watch(client, kept);
  for await (const { data } of client.iterate({ query: PROGRESS, variables: { jobId: left } })) {
    assert.ok(data.runProgress);
    break; // sends complete
  }
  assertRunEnded(await rest);
  assert.equal(counts.opened, 1);
});

test('after names what was seen: no event of the run is missing', { timeout }, async (t) => {
  const { client } = connect(t);
  const jobId = await trigger(['D1', 'H1']);
  await watch(client, jobId);
  const seqs = [];
  for await (const { data } of client.iterate({ query: PROGRESS, variables: { jobId, after: 0 } })) {
    seqs.push(data.runProgress.seq);
  }
  assert.ok(seqs.length > 1);
  assert.deepEqual(seqs, seqs.map((_, i) => i + 1));
});

test('a client whose connection broke comes back and sees the end', { timeout }, async (t) => {
  const { client, counts } = connect(t, { client: { retryAttempts: 5, retryWait: async () => {}, shouldRetry: () => true } });
  const events = [];
  const jobId = await trigger();
  let broken = false;
  for await (const { data } of client.iterate({ query: PROGRESS, variables: { jobId } })) {
    events.push(data.runProgress);
    if (!broken) {
      broken = true;
      client.terminate();
    }
  }
  assert.equal(counts.opened, 2);
  // The first message after the reconnect is the present state, which may be the
  // last that was seen.
  assertRunEnded(events.filter((event, i) => i === 0 || event.seq !== events[i - 1].seq));
});

test('a run that does not exist is an error with its code', { timeout }, async (t) => {
  const { client } = connect(t);
  const answer = await first(client, { query: PROGRESS, variables: { jobId: '00000000-0000-4000-8000-000000000000' } });
  assert.equal(code(answer.errors), 'NOT_FOUND', JSON.stringify(answer));
});

test('a jobId that is no UUID is an error with its code', { timeout }, async (t) => {
  const { client } = connect(t);
  const answer = await first(client, { query: PROGRESS, variables: { jobId: 'nonsense' } });
  assert.match(String(code(answer.errors)), /^(BAD_USER_INPUT|GRAPHQL_VALIDATION_FAILED)$/, JSON.stringify(answer));
});

test('a run of another process is seen to its end', { timeout, skip: elsewhere ? false : 'skipped without CANDLEWRIGHT_OTHER_URL: no second process' }, async (t) => {
  const { client } = connect(t, { url: elsewhere });
  const events = await watch(client, await trigger());
  assertRunEnded(events);
  assert.ok(events.length > 1, 'the run was seen live');
});

// first is the first answer, or the errors that the operation was refused with.
async function first(client, payload) {
  try {
    for await (const answer of client.iterate(payload)) {
      return answer;
    }
  } catch (refused) {
    assert.ok(Array.isArray(refused), String(refused));
    return { errors: refused };
  }
  throw new Error('completed without an answer');
}

function withResolvers() {
  const all = {};
  all.promise = new Promise((resolve, reject) => Object.assign(all, { resolve, reject }));
  return all;
}
