// Package rest is the legacy REST API: four routes whose answers are kept to the
// byte, because clients of the service that stood here before still call them.
//
//	GET  /api/v1/enrichment/status/{symbol}    status.go
//	GET  /api/v1/enrichment/metrics            metrics.go
//	POST /api/v1/enrichment/trigger            trigger.go
//	GET  /api/v1/data/quality/{symbol}         quality.go
//
// A handler reads its parameters, calls one method of the service and writes a
// shape of wire.go. What a value means is the service's business; how it is
// spelled (names, order, decimals, texts of errors) is this package's, and only
// this package's.
//
// The predecessor ran on FastAPI 0.104.1, Starlette 0.27 and pydantic 2.5.0.
// Where clients can tell, their behaviour is kept: how a query is split
// (query.go), how an integer is read (pydantic.go), how a wrong value is quoted
// (pyrepr.go), what CORS answers (cors.go), which paths redirect (router.go).
package rest
