import { createGraphiQLFetcher } from '@graphiql/toolkit';
import { parse } from 'graphql';
import { createClient } from 'graphql-ws/client';

import { config } from './config.js';

const overHTTP = createGraphiQLFetcher({ url: config.endpoint, fetch: readableFetch });

// fetcher sends subscriptions over a websocket and all else over HTTP.
export function fetcher(params, options) {
  const operations = operationsOf(params.query);
  const named = operations.find((o) => o.name?.value === params.operationName);
  if (!named && operations.length === 1) {
    // GraphiQL notices a moment late that another tab has another operation.
    params = { ...params, operationName: operations[0].name?.value };
  }
  const { operation } = named ?? operations[0] ?? {};
  return operation === 'subscription' ? subscribe(params, options?.headers) : overHTTP(params, options);
}

// operationsOf is empty for what does not parse: the server says what is wrong.
function operationsOf(query) {
  try {
    return parse(query).definitions.filter((d) => d.kind === 'OperationDefinition');
  } catch {
    return [];
  }
}

// readableFetch makes a readable error of an answer that is neither JSON nor
// multipart: a proxy's page, say.
async function readableFetch(url, init) {
  const response = await fetch(url, init);
  const type = response.headers.get('content-type') ?? '';
  if (/json|multipart\/mixed/.test(type)) {
    return response;
  }
  const text = (await response.text()).slice(0, 500);
  throw new Error(`${response.status} ${response.statusText}: ${text || 'the answer was empty'}`);
}

// subscribe opens a connection of its own for each subscription, because the
// headers of the editor go into its first message.
function subscribe(params, headers) {
  const url = new URL(config.subscriptions, location.href);
  url.protocol = url.protocol.replace('http', 'ws');
  const client = createClient({ url: url.href, connectionParams: headers, keepAlive: 10_000 });
  const events = client.iterate(params);
  return {
    [Symbol.asyncIterator]() {
      return this;
    },
    next: () => events.next().catch(told),
    return() {
      void client.dispose();
      return events.return();
    },
  };
}

// told turns what graphql-ws throws into what GraphiQL can show.
function told(cause) {
  if (Array.isArray(cause)) {
    throw new Error(JSON.stringify({ errors: cause }, null, 2));
  }
  if (cause instanceof Error) {
    throw cause;
  }
  if (cause?.code) {
    throw new Error(`The connection was closed: ${cause.code} ${cause.reason}`.trim());
  }
  throw new Error('No connection could be made.');
}
