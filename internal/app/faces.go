package app

import (
	"context"
	"net/http"

	"github.com/candlewright/candlewright/graph"
	"github.com/candlewright/candlewright/graph/model"
	"github.com/candlewright/candlewright/internal/dashboard"
	"github.com/candlewright/candlewright/internal/httpserver"
	"github.com/candlewright/candlewright/internal/postgres"
	"github.com/candlewright/candlewright/rest"
)

// graphFlags say who may use GraphQL, and how.
type graphFlags struct {
	Origins       []string `name:"origins" placeholder:"URL" env:"CANDLEWRIGHT_ORIGINS" help:"Foreign origins whose pages may use GraphQL, as https://app.example.com."`
	Introspection bool     `name:"introspection" default:"true" negatable:"" env:"CANDLEWRIGHT_INTROSPECTION" help:"Whether clients may read the schema."`
	Playground    bool     `name:"playground" default:"true" negatable:"" env:"CANDLEWRIGHT_PLAYGROUND" help:"Whether there is a playground, at /playground."`
}

// faces are the ways to talk to the program.
func (s *serving) faces(ctx context.Context) ([]httpserver.Face, error) {
	schema, err := postgres.SchemaVersion(ctx, s.db.pool)
	if err != nil {
		return nil, err
	}
	cfg := graph.Config{
		Server:  model.Server{Version: version(), Simulated: s.db.installation.Kind == postgres.Simulated, SchemaVersion: schema},
		Origins: s.graph.Origins, HideSchema: !s.graph.Introspection,
	}
	if s.graph.Playground {
		cfg.Playground = dashboard.Prefix
	}
	graphql, err := graph.New(cfg, s.service, s.log)
	if err != nil {
		return nil, err
	}
	list := []httpserver.Face{
		{Prefix: rest.Prefix, Handler: rest.New(s.service, s.log), Around: rest.CORS, IgnoresBody: true},
		{Prefix: graph.Path, Handler: graphql, Streams: true},
	}
	if s.graph.Playground {
		pages := dashboard.New(dashboard.Config{Endpoint: graph.Path})
		list = append(list,
			httpserver.Face{Prefix: dashboard.Prefix, Handler: pages},
			httpserver.Face{Prefix: dashboard.Prefix + "/", Handler: pages},
			httpserver.Face{Prefix: "/", Handler: http.HandlerFunc(toPlayground)})
	}
	return list, nil
}

// toPlayground leads a browser that opens the bare address to the playground.
func toPlayground(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path != "/" {
		http.NotFound(w, r)
		return
	}
	http.Redirect(w, r, dashboard.Prefix, http.StatusFound)
}
