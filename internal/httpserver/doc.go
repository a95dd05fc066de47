// Package httpserver is the HTTP server that the faces are mounted on. It gives
// every request an id, a log line, a deadline, and an answer when a handler
// panics; it tells whether the process is up and ready, and it drains on the way
// down. It knows no route of any face.
//
// A request passes, from the outside in:
//
//	id -> count and log -> recover -> by path: a face, or a health route
//	      face: Around -> deadline (the answer is buffered) -> Handler
//
// The path is looked up as decoded, and neither cleaned nor redirected: what a
// face makes of // or .. is its own contract.
//
// Life of a server:
//
//	New -> Run: serving -> (context ends) draining -> stopped
//
// While it drains, /readyz answers 503, streams are cancelled, new connections
// are refused and the requests under way are waited for.
package httpserver
