// Package dashboard serves the pages that people open in a browser. For now that
// is the playground: GraphiQL with examples, at [Prefix].
//
// Everything a page loads is embedded: nothing comes from a foreign host, and the
// Content-Security-Policy allows none. The sources of the bundle are in web/; its
// npm packages are pinned by web/package-lock.json, and
//
//	go generate ./internal/dashboard
//
// bundles them with esbuild into assets/ (see bundle/), which needs npm only when
// a source has changed. The operations in examples/ are no part of the bundle: the
// page carries them, and a test holds them against the schema.
//
// This package knows neither the market nor the schema. It talks to the rest of
// the program as any browser does, over HTTP and websockets.
package dashboard
