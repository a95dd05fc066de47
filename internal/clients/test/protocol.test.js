// graphql-transport-ws as the protocol has it, message by message.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import WebSocket from 'ws';

import { RawSocket } from './rawsocket.js';
import { PROGRESS, assertRunEnded, code, endpoint, patience, socketOf, trigger } from './server.js';

const timeout = patience;

test('the server chooses graphql-transport-ws', { timeout }, async (t) => {
  const socket = await RawSocket.open(t, { protocol: ['graphql-ws', 'graphql-transport-ws'].reverse() });
  assert.equal(socket.ws.protocol, 'graphql-transport-ws');
});

test('a ping is answered with its payload, before and between operations', { timeout }, async (t) => {
  const socket = await RawSocket.open(t);
  socket.send({ type: 'ping', payload: { at: 12 } });
  assert.deepEqual((await socket.next('pong')).payload, { at: 12 });
  socket.send({ type: 'pong' }); // unasked, which is allowed
  assert.ok(await socket.answers());
});

test('a query and a mutation go over the socket too', { timeout }, async (t) => {
  const socket = await RawSocket.open(t);
  const query = 'mutation { untrackSymbol(input: {ticker: "NEVERSEEN", assetClass: STOCK}) { clientMutationId } }';
  socket.send({ id: '1', type: 'subscribe', payload: { query } });
  const { payload } = await socket.next('next', '1');
  assert.ok(payload.errors || payload.data, 'an answer');
  await socket.next('complete', '1');
  assert.ok(await socket.answers());
});

test('after complete nothing of the operation comes, and the socket goes on', { timeout }, async (t) => {
  const socket = await RawSocket.open(t);
  const jobId = await trigger();
  socket.send({ id: 'watch', type: 'subscribe', payload: { query: PROGRESS, variables: { jobId } } });
  await socket.next('next', 'watch');
  socket.send({ id: 'watch', type: 'complete' });
  assert.ok(await socket.answers()); // comes after all that was on its way
  socket.messages.length = 0;
  const other = await RawSocket.open(t);
  other.send({ id: 'end', type: 'subscribe', payload: { query: PROGRESS, variables: { jobId } } });
  await other.next('complete', 'end');
  assert.ok(await socket.answers('again'));
  assert.deepEqual(socket.messages.filter((m) => m.id === 'watch' && m.type === 'next'), []);
});

test('an operation that is not valid is answered with an error message, and the socket goes on', { timeout }, async (t) => {
  const socket = await RawSocket.open(t);
  for (const [name, query, want] of [
    ['syntax', 'subscription {', 'GRAPHQL_PARSE_FAILED'],
    ['field', 'subscription { nothing }', 'GRAPHQL_VALIDATION_FAILED'],
  ]) {
    socket.send({ id: name, type: 'subscribe', payload: { query } });
    assert.equal(code((await socket.next('error', name)).payload), want, name);
  }
  assert.ok(await socket.answers());
});

// What the protocol closes the socket for, with the code that it names.
for (const [name, init, messages, want] of [
  ['an operation before connection_init', false, [{ id: '1', type: 'subscribe', payload: { query: '{ __typename }' } }], 4401],
  ['a second connection_init', true, [{ type: 'connection_init' }], 4429],
  ['what is no JSON', true, ['{'], 4400],
  ['a first message that is no JSON', false, ['hello'], 4400],
  ['a message of no type', true, [{ id: '1' }], 4400],
  ['a message of an unknown type', true, [{ id: '1', type: 'unsubscribe' }], 4400],
  ['a connection_init whose payload is no object', false, [{ type: 'connection_init', payload: 'secret' }], 4400],
  ['a subscribe without a payload', true, [{ id: '1', type: 'subscribe' }], 4400],
  ['a subscribe without an id', true, [{ type: 'subscribe', payload: { query: '{ __typename }' } }], 4400],
]) {
  test(`the socket is closed with ${want} for ${name}`, { timeout: 20_000 }, async (t) => {
    const socket = await RawSocket.open(t, { init });
    for (const message of messages) {
      socket.send(message);
    }
    assert.equal((await socket.closed).code, want);
  });
}

test('the socket is closed with 4409 for an id that is in use', { timeout }, async (t) => {
  const socket = await RawSocket.open(t);
  const message = { id: 'twice', type: 'subscribe', payload: { query: PROGRESS, variables: { jobId: await trigger() } } };
  socket.send(message);
  socket.send(message);
  assert.equal((await socket.closed).code, 4409);
});

test('a socket that a page of another site opens is refused', { timeout }, async () => {
  const ws = new WebSocket(socketOf(endpoint), 'graphql-transport-ws', { headers: { origin: 'https://elsewhere.example' } });
  const status = await new Promise((resolve, reject) => {
    ws.on('unexpected-response', (request, response) => {
      resolve(response.statusCode);
      request.destroy();
    });
    ws.on('open', () => reject(new Error('it was opened')));
    ws.on('error', () => {}); // of the request that is given up
  });
  assert.equal(status, 403);
});

test('the older protocol graphql-ws carries a run to its end', { timeout }, async (t) => {
  const socket = await RawSocket.open(t, { protocol: 'graphql-ws' });
  assert.equal(socket.ws.protocol, 'graphql-ws');
  socket.send({ id: 'old', type: 'start', payload: { query: PROGRESS, variables: { jobId: await trigger(['D1', 'H1']) } } });
  await socket.next('complete', 'old');
  assertRunEnded(socket.messages.filter((m) => m.type === 'data' && m.id === 'old').map((m) => m.payload.data.runProgress));
});
