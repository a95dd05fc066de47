// Package clients holds what clients that others wrote see of the GraphQL API: a
// suite for Node in test/, with its packages pinned by package-lock.json, and a Go
// test that starts the program and runs the suite against it.
//
//	npm ci
//	CANDLEWRIGHT_URL=http://127.0.0.1:8000 npm test
//
// runs the suite against a server that runs already, whose sources have to know any
// ticker, as the demo's do. With CANDLEWRIGHT_OTHER_URL, which names another process on the
// same database, it also holds that runs are seen from everywhere.
//
//	test/http.test.js       the 61 audits of graphql-http
//	test/protocol.test.js   graphql-transport-ws message by message, and the older graphql-ws
//	test/websocket.test.js  the library graphql-ws
//	test/events.test.js     server-sent events, read with fetch
package clients
