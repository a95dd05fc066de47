// Package graph is the GraphQL face of the program: the schema in *.graphqls by
// topic, a resolver for each field that is not simply read from a struct
// (*.resolvers.go, one call each), and how requests come in and answers go out.
//
// A request: crosssite.go (whose is it) -> request.go (read it) -> limits.go (what
// would it cost) -> resolvers -> enrich, by loaders.go where it is asked for many
// parents at once -> response.go. Errors leave through errors.go alone.
//
// Nothing here knows the database, a rule of the domain, or the REST API.
package graph

import (
	"github.com/candlewright/candlewright/graph/gen"
	"github.com/candlewright/candlewright/graph/model"
	"github.com/candlewright/candlewright/internal/enrich"
)

//go:generate go tool gqlgen generate

// Resolver resolves the fields of the schema on a service.
type Resolver struct {
	service *enrich.Service
	server  model.Server
}

var _ gen.ResolverRoot = (*Resolver)(nil)
