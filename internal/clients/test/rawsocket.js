// A websocket without a client library on it, to say what no library would.
import { once } from 'node:events';

import WebSocket from 'ws';

import { endpoint, socketOf } from './server.js';

export class RawSocket {
  // open connects; init says whether connection_init is sent and acknowledged. The
  // socket goes with the test t.
  static async open(t, { protocol = 'graphql-transport-ws', init = true, headers = {}, url = endpoint } = {}) {
    const socket = new RawSocket(new WebSocket(socketOf(url), protocol, { headers }));
    t.after(() => socket.ws.terminate());
    await once(socket.ws, 'open');
    if (init) {
      socket.send({ type: 'connection_init' });
      await socket.next('connection_ack');
    }
    return socket;
  }

  constructor(ws) {
    this.ws = ws;
    this.messages = [];
    this.waiting = [];
    this.closed = once(ws, 'close').then(([closeCode, reason]) => ({ code: closeCode, reason: String(reason) }));
    ws.on('message', (data) => {
      this.messages.push(JSON.parse(data));
      this.look();
    });
    ws.on('close', () => this.look());
  }

  send(message) {
    this.ws.send(typeof message === 'string' ? message : JSON.stringify(message));
  }

  // next takes the next message that has a type and, if given, an id; others that
  // came before it stay.
  next(type, id) {
    return new Promise((resolve, reject) => {
      this.waiting.push({ type, id, resolve, reject });
      this.look();
    });
  }

  look() {
    this.waiting = this.waiting.filter(({ type, id, resolve, reject }) => {
      const at = this.messages.findIndex((m) => m.type === type && (id === undefined || m.id === id));
      if (at >= 0) {
        resolve(this.messages.splice(at, 1)[0]);
      } else if (this.ws.readyState === WebSocket.CLOSED) {
        reject(new Error(`closed before ${type} came; had ${JSON.stringify(this.messages)}`));
      } else {
        return true;
      }
      return false;
    });
  }

  // answers says whether a query over this socket is answered.
  async answers(id = 'still-there') {
    this.send({ id, type: 'subscribe', payload: { query: '{ __typename }' } });
    const { payload } = await this.next('next', id);
    await this.next('complete', id);
    return payload.data.__typename === 'Query';
  }
}
