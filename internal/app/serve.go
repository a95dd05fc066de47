package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/candlewright/candlewright/internal/enrich"
	"github.com/candlewright/candlewright/internal/fault"
	"github.com/candlewright/candlewright/internal/httpserver"
	"github.com/candlewright/candlewright/internal/postgres"
	"github.com/candlewright/candlewright/internal/store"
	"github.com/candlewright/candlewright/internal/telemetry"
	"github.com/candlewright/candlewright/rest"
)

// listenFlags say where to serve.
type listenFlags struct {
	Addr     string        `name:"addr" default:"127.0.0.1:8000" env:"CANDLEWRIGHT_ADDR" placeholder:"HOST:PORT" help:"Where to listen."`
	Deadline time.Duration `name:"deadline" default:"10s" env:"CANDLEWRIGHT_DEADLINE" help:"How long a request may take."`
}

type serveCmd struct {
	listenFlags
}

// Run serves until it is told to stop.
func (c *serveCmd) Run(ctx context.Context, g *globals, term *terminal, log *slog.Logger) error {
	release, err := c.claim(g)
	if err != nil {
		return err
	}
	defer release()
	db, err := g.openDatabase(ctx, term, log, postgres.Real)
	if err != nil {
		return err
	}
	defer db.close(log)
	return c.serve(ctx, db, log, func(ln net.Listener) {
		_, _ = fmt.Fprintf(term.err, "Serving on http://%s\n", ln.Addr())
	})
}

// claim makes this process the one that serves a data directory. On a server
// that is not ours any number may serve.
func (c *serveCmd) claim(g *globals) (release func(), err error) {
	if !g.own() {
		return func() {}, nil
	}
	lock, err := postgres.LockRole(g.DataDir, "serve")
	if errors.Is(err, postgres.ErrLocked) {
		return nil, fmt.Errorf("another serve runs on %s: %w; stop it, or give this one a --data-dir of its own", g.DataDir, err)
	}
	if err != nil {
		return nil, err
	}
	return lock.Release, nil
}

// serve runs the service on a database until ctx ends. listening is called when
// the first request can be answered.
func (c *listenFlags) serve(ctx context.Context, db *database, log *slog.Logger, listening func(net.Listener)) error {
	metrics := telemetry.NewMetrics()
	service := newService(db, log)
	server := httpserver.New(httpserver.Config{
		Addr: c.Addr, Deadline: c.Deadline, Log: log, Metrics: metrics,
		Ready: func(ctx context.Context) error {
			if err := db.pool.Ping(ctx); err != nil {
				return fault.Down(err, "the database does not answer")
			}
			return nil
		},
	}, httpserver.Face{Prefix: rest.Prefix, Handler: rest.New(service, log), Around: rest.CORS, IgnoresBody: true},
		httpserver.Face{Prefix: "/metrics", Handler: telemetry.MetricsHandler(metrics, log)})
	ln, err := server.Listen(ctx)
	if err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return server.Run(ctx, ln) })
	group.Go(func() error { return endInterrupted(ctx, service, log) })
	listening(ln)
	return group.Wait()
}

func newService(db *database, log *slog.Logger) *enrich.Service {
	return enrich.New(enrich.Deps{Store: store.New(db.pool), Now: func() time.Time { return time.Now().UTC() }, Elapsed: elapsed(), Log: log})
}

// endInterrupted ends the imports whose process died.
func endInterrupted(ctx context.Context, service *enrich.Service, log *slog.Logger) error {
	found, err := service.TakeUpOrphans(ctx)
	if err != nil {
		log.WarnContext(ctx, "look for interrupted runs", "err", err.Error())
	}
	if found.Interrupted > 0 {
		log.InfoContext(ctx, "imports were interrupted and have ended as failed", "runs", found.Interrupted)
	}
	return nil
}
