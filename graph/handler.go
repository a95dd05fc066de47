package graph

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"strings"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/handler"
	"github.com/99designs/gqlgen/graphql/handler/extension"
	"github.com/99designs/gqlgen/graphql/handler/lru"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/candlewright/candlewright/graph/gen"
	"github.com/candlewright/candlewright/internal/enrich"
)

// Path is where the API is mounted.
const Path = "/graphql"

// New is the GraphQL API on a service. It streams and takes connections over, so
// it has its own deadlines and must not be buffered. Its error is of cfg.
func New(cfg Config, service *enrich.Service, log *slog.Logger) (http.Handler, error) {
	cfg = cfg.withDefaults()
	out := errorsOut{log}
	srv := handler.New(gen.NewExecutableSchema(gen.Config{Resolvers: &Resolver{service: service, server: cfg.Server}}))
	srv.SetErrorPresenter(out.present)
	srv.SetRecoverFunc(out.recovered)
	srv.SetParserTokenLimit(cfg.MaxTokens)
	known := short[*ast.QueryDocument]{
		lru.New[*ast.QueryDocument](documents), func(query string, _ *ast.QueryDocument) int { return len(query) }, longestDocument,
	}
	srv.SetQueryCache(known)
	srv.Use(extension.AutomaticPersistedQuery{
		Cache: short[string]{lru.New[string](persisted), func(_, query string) int { return len(query) }, longestPersisted},
	})
	srv.Use(guard{cfg, known})
	srv.AroundResponses(withLoaders)
	plain := plainHTTP{cfg}
	srv.AddTransport(sockets{cfg, out})
	srv.AddTransport(events{plain})
	srv.AddTransport(plain)
	guarded, err := crossSite(cfg.Origins, srv)
	if err != nil {
		return nil, fmt.Errorf("graphql: allowed origins: %w", err)
	}
	return browsers(cfg.Playground, guarded), nil
}

// What is kept of earlier requests: parsed documents, and texts of persisted
// queries. Long ones are not, so that both have an end in bytes too.
const (
	documents, longestDocument  = 500, 8 << 10
	persisted, longestPersisted = 1000, 32 << 10
)

// short is a cache that takes only what is not too long.
type short[T any] struct {
	graphql.Cache[T]
	size func(key string, value T) int
	most int
}

// Add keeps a value if it is short enough.
func (c short[T]) Add(ctx context.Context, key string, value T) {
	if c.size(key, value) <= c.most {
		c.Cache.Add(ctx, key, value)
	}
}

// browsers leads people who open the API in a browser to the playground.
func browsers(playground string, next http.Handler) http.Handler {
	if playground == "" {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet && !r.URL.Query().Has("query") && strings.Contains(r.Header.Get("Accept"), "text/html") {
			http.Redirect(w, r, playground, http.StatusSeeOther)
			return
		}
		next.ServeHTTP(w, r)
	})
}
