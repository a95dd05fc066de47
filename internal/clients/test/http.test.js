// The 61 audits of the package graphql-http: GraphQL over HTTP by the draft.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { serverAudits } from 'graphql-http';

import { endpoint } from './server.js';

const audits = serverAudits({ url: endpoint, fetchFn: fetch });

test('there are 61 audits', () => assert.equal(audits.length, 61));

for (const audit of audits) {
  test(`audit ${audit.id}: ${audit.name}`, { timeout: 30_000 }, async () => {
    const result = await audit.fn();
    assert.equal(result.status, 'ok', `${result.reason}\n${await shown(result.response)}`);
  });
}

// shown is an answer for a person to read.
async function shown(response) {
  if (!response) {
    return '';
  }
  const body = response.bodyUsed ? '(read already)' : await response.text();
  return `${response.status} ${response.headers.get('content-type')}\n${body.slice(0, 1000)}`;
}
