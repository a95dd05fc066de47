// The server under test, and what every suite asks it.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';

const base = process.env.CANDLEWRIGHT_URL;
assert.ok(base, 'CANDLEWRIGHT_URL has to name a running server, as http://127.0.0.1:8000');

export const endpoint = new URL('/graphql', base).href;

// elsewhere is the endpoint of another process on the same database, or undefined.
export const elsewhere = process.env.CANDLEWRIGHT_OTHER_URL && new URL('/graphql', process.env.CANDLEWRIGHT_OTHER_URL).href;

export const socketOf = (url) => url.replace(/^http/, 'ws');

// patience is how long a run may take to its end, in milliseconds.
export const patience = 60_000;

export const PROGRESS = `subscription Progress($jobId: UUID!, $after: Long) {
  runProgress(jobId: $jobId, after: $after) { seq status stage recordsDone recordsTotal fraction }
}`;

// execute posts an operation and gives its answer.
export async function execute(query, variables = {}) {
  const response = await fetch(endpoint, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/graphql-response+json' },
    body: JSON.stringify({ query, variables }),
  });
  return response.json();
}

// trigger queues a run of a symbol that nobody has asked for, and gives its jobId.
export async function trigger(timeframes = ['M15', 'M30', 'H1', 'H4', 'D1']) {
  const input = { ticker: `C${randomBytes(5).toString('hex')}`, assetClass: 'STOCK', timeframes };
  const answer = await execute('mutation($input: TriggerEnrichmentInput!) { triggerEnrichment(input: $input) { run { jobId status } } }', { input });
  assert.equal(answer.errors, undefined, JSON.stringify(answer.errors));
  assert.equal(answer.data.triggerEnrichment.run.status, 'QUEUED');
  return answer.data.triggerEnrichment.run.jobId;
}

// assertRunEnded checks the events of a run as one subscriber saw them.
export function assertRunEnded(events) {
  assert.ok(events.length > 0, 'no event came');
  for (const [i, event] of events.entries()) {
    assert.ok(i === 0 || event.seq > events[i - 1].seq, `event ${event.seq} came after event ${events[i - 1]?.seq}`);
  }
  const last = events.at(-1);
  assert.equal(last.status, 'COMPLETED', JSON.stringify(last));
  assert.equal(last.stage, 'DONE');
  assert.equal(last.fraction, 1);
  assert.ok(events.slice(0, -1).every((event) => event.stage !== 'DONE'), 'events went on after the end');
}

// code is the code of the first error of an answer.
export const code = (errors) => errors?.[0]?.extensions?.code;
