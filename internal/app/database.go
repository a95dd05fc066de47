package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/candlewright/candlewright/internal/postgres"
)

// stopTimeout is how long the end of the program waits for its own server.
const stopTimeout = 20 * time.Second

// database is a migrated database with the mark of this installation.
type database struct {
	pool         *pgxpool.Pool
	server       *postgres.Server // nil on a server that is not ours
	url          string
	installation postgres.Installation
}

// own reports whether the program uses a server of its own: without
// --database-url, and with --data-dir on the command line in any case.
func (g *globals) own() bool { return g.DatabaseURL == "" || g.dataDirGiven }

// openDatabase starts or joins the database, brings its schema up where that is
// ours to do, and checks that it is one for real candles.
func (g *globals) openDatabase(ctx context.Context, term *terminal, log *slog.Logger) (*database, error) {
	if !g.own() {
		return g.openAt(ctx, term, log, nil, g.DatabaseURL, postgres.Real)
	}
	return g.openOwn(ctx, term, log, postgres.Config{DataDir: g.DataDir}, postgres.Real)
}

// anyKind is for commands that read and ask no source: they work on real and on
// simulated candles.
const anyKind postgres.Kind = ""

// openForReading is openDatabase for a database of either kind.
func (g *globals) openForReading(ctx context.Context, term *terminal, log *slog.Logger) (*database, error) {
	if !g.own() {
		return g.openAt(ctx, term, log, nil, g.DatabaseURL, anyKind)
	}
	return g.openOwn(ctx, term, log, postgres.Config{DataDir: g.DataDir}, anyKind)
}

// mark checks the mark of a database against kind, and marks a fresh one.
func mark(ctx context.Context, pool *pgxpool.Pool, kind postgres.Kind, now time.Time) (postgres.Installation, error) {
	if kind != anyKind {
		return postgres.EnsureInstallation(ctx, pool, kind, now)
	}
	inst, err := postgres.EnsureInstallation(ctx, pool, postgres.Real, now)
	if wrong, ok := errors.AsType[*postgres.WrongKindError](err); ok {
		return wrong.Is, nil
	}
	return inst, err
}

func (g *globals) openOwn(ctx context.Context, term *terminal, log *slog.Logger, cfg postgres.Config, kind postgres.Kind) (*database, error) {
	cfg.Finder = postgres.Finder{Dir: g.PgBin, Fetch: g.FetchPostgres}
	cfg.Log = log
	server, err := postgres.Start(ctx, cfg)
	if err != nil {
		return nil, err
	}
	db, err := g.openAt(ctx, term, log, server, server.URL(), kind)
	if err != nil {
		closeServer(server, log)
		return nil, err
	}
	return db, nil
}

func (g *globals) openAt(ctx context.Context, term *terminal, log *slog.Logger, server *postgres.Server, url string, kind postgres.Kind) (*database, error) {
	opts := g.poolOptions(term, log, server)
	if err := g.bringUp(ctx, url, opts, server != nil || g.MigrateFirst); err != nil {
		return nil, err
	}
	pool, err := postgres.Connect(ctx, url, opts)
	if err != nil {
		return nil, err
	}
	inst, err := mark(ctx, pool, kind, term.now().UTC())
	if err != nil {
		pool.Close()
		return nil, err
	}
	return &database{pool: pool, server: server, url: url, installation: inst}, nil
}

func (g *globals) poolOptions(term *terminal, log *slog.Logger, server *postgres.Server) postgres.PoolOptions {
	return postgres.PoolOptions{
		Wait: g.DatabaseWait, Server: server, Log: log,
		Retry: func(err error, in time.Duration) {
			_, _ = fmt.Fprintf(term.err, "The database does not answer; trying again in %v (%s).\n", in.Round(100*time.Millisecond), firstReason(err))
		},
	}
}

// bringUp migrates where the program may, and else ends with the sentence that
// says what is to be done.
func (g *globals) bringUp(ctx context.Context, url string, opts postgres.PoolOptions, may bool) error {
	m, err := postgres.NewMigrator(ctx, url, opts)
	if err != nil {
		return err
	}
	defer m.Close()
	behind, err := m.Pending(ctx)
	if err != nil || behind == 0 {
		return err
	}
	if !may {
		return &postgres.BehindError{Steps: behind}
	}
	_, err = m.Up(ctx)
	return err
}

// close lets go of the database; our own server stops with its last session.
func (d *database) close(log *slog.Logger) {
	d.pool.Close()
	if d.server != nil {
		closeServer(d.server, log)
	}
}

func closeServer(server *postgres.Server, log *slog.Logger) {
	ctx, cancel := context.WithTimeout(context.Background(), stopTimeout)
	defer cancel()
	if err := server.Close(ctx); err != nil {
		log.Warn("stop the database server", "err", err.Error())
	}
}

// firstReason is what an error says of the first address that was tried.
func firstReason(err error) string {
	lines := strings.Split(strings.TrimSpace(err.Error()), "\n")
	return strings.TrimSpace(lines[min(1, len(lines)-1)])
}
