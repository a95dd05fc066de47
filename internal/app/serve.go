package app

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/candlewright/candlewright/internal/enrich"
	"github.com/candlewright/candlewright/internal/fault"
	"github.com/candlewright/candlewright/internal/httpserver"
	"github.com/candlewright/candlewright/internal/jobs"
	"github.com/candlewright/candlewright/internal/postgres"
	"github.com/candlewright/candlewright/internal/telemetry"
)

// listenFlags say where to serve.
type listenFlags struct {
	Addr     string        `name:"addr" default:"127.0.0.1:8000" env:"CANDLEWRIGHT_ADDR" placeholder:"HOST:PORT" help:"Where to listen."`
	Deadline time.Duration `name:"deadline" default:"10s" env:"CANDLEWRIGHT_DEADLINE" help:"How long a request may take."`
}

// workFlags say how much a process works.
type workFlags struct {
	Runs  int           `name:"runs" default:"4" env:"CANDLEWRIGHT_RUNS" help:"Runs carried out at a time."`
	Grace time.Duration `name:"grace" default:"10s" env:"CANDLEWRIGHT_GRACE" help:"How long runs may go on when the program is told to stop, before they are handed back to the queue."`
}

type serveCmd struct {
	listenFlags
	workFlags
	sourceFlags
	graphFlags

	Worker bool `default:"true" negatable:"" env:"CANDLEWRIGHT_WORKER" help:"Carry out queued runs too."`
}

// Run serves until it is told to stop.
func (c *serveCmd) Run(ctx context.Context, g *globals, term *terminal, log *slog.Logger) error {
	release, err := c.claim(g)
	if err != nil {
		return err
	}
	defer release()
	db, err := g.openDatabase(ctx, term, log)
	if err != nil {
		return err
	}
	defer db.close(log)
	s := &serving{listen: c.listenFlags, work: c.workFlags, sources: c.sourceFlags, graph: c.graphFlags, worker: c.Worker, db: db, log: log}
	return s.run(ctx, func(_ context.Context, base string) error {
		_, _ = fmt.Fprintf(term.err, "Serving on %s\n", base)
		return nil
	})
}

// claim makes this process the one that serves a data directory. On a server
// that is not ours any number may serve.
func (c *serveCmd) claim(g *globals) (release func(), err error) {
	if !g.own() {
		return func() {}, nil
	}
	lock, err := postgres.LockRole(g.DataDir, "serve")
	if err != nil {
		return nil, err
	}
	return lock.Release, nil
}

// serving is the whole program at work: faces and, if it is a worker, runs.
type serving struct {
	listen  listenFlags
	work    workFlags
	sources sourceFlags
	graph   graphFlags
	worker  bool
	db      *database
	log     *slog.Logger
	service *enrich.Service
}

// run serves until ctx ends. ready is called with the address when the first
// request can be answered; its error ends everything.
func (s *serving) run(ctx context.Context, ready func(ctx context.Context, base string) error) error {
	chain, err := s.sources.chainOn(s.db, s.log)
	if err != nil {
		return err
	}
	if s.service, err = newService(s.db, chain, s.log); err != nil {
		return err
	}
	endInterrupted(ctx, s.service, s.log)
	metrics := telemetry.NewMetrics()
	watchBreakers(metrics, chain)
	faces, err := s.faces(ctx)
	if err != nil {
		return err
	}
	faces = append(faces, httpserver.Face{Prefix: "/metrics", Handler: telemetry.MetricsHandler(metrics, s.log)})
	server := httpserver.New(httpserver.Config{
		Addr: s.listen.Addr, Deadline: s.listen.Deadline, Log: s.log, Metrics: metrics, Ready: s.db.ready,
	}, faces...)
	ln, err := server.Listen(ctx)
	if err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return server.Run(ctx, ln) })
	group.Go(func() error { return s.service.FanOut(ctx) })
	if s.worker {
		workers, err := jobs.NewWorkers(s.db.pool, s.service, jobs.Config{Runs: s.work.Runs, Grace: s.work.Grace, Log: s.log, Metrics: metrics})
		if err != nil {
			return err
		}
		group.Go(func() error { return workers.Run(ctx) })
	}
	group.Go(func() error { return ready(ctx, "http://"+shownAddress(ln.Addr())) })
	return group.Wait()
}

// ready says why the database cannot be used now.
func (d *database) ready(ctx context.Context) error {
	if err := d.pool.Ping(ctx); err != nil {
		return fault.Down(err, "the database does not answer")
	}
	return nil
}

// shownAddress is an address that a person can open: one that means all of the
// machine's is shown as this machine's.
func shownAddress(a net.Addr) string {
	host, port, err := net.SplitHostPort(a.String())
	if err != nil {
		return a.String()
	}
	if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return net.JoinHostPort(host, port)
}
