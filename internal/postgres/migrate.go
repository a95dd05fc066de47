package postgres

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"hash/fnv"
	"log/slog"
	"path"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"

	"github.com/candlewright/candlewright/migrations"
)

// Step is one migration that was applied or reverted.
type Step struct {
	Name     string // "00002_market_data.sql", or "river 006 bulk unique"
	Duration time.Duration
}

// Migrator brings a database to the program's schema: the goose files of package migrations,
// then the tables of River. Whatever changes the schema happens under one advisory lock, held by
// a connection of its own, so any number of processes may start at once.
type Migrator struct {
	pool    *pgxpool.Pool
	db      *sql.DB
	sources []*goose.Source
	river   *rivermigrate.Migrator[pgx.Tx]
}

// NewMigrator connects on its own, without the statement timeout of the program's pool, since
// an index on many candles takes its time. opts.MaxConns and opts.StatementTimeout are ignored.
func NewMigrator(ctx context.Context, url string, opts PoolOptions) (*Migrator, error) {
	opts.MaxConns, opts.StatementTimeout = 2, -1
	pool, err := Connect(ctx, url, opts)
	if err != nil {
		return nil, err
	}
	m := &Migrator{pool: pool, db: stdlib.OpenDBFromPool(pool)}
	provider, err := m.provider()
	if err != nil {
		m.Close()
		return nil, err
	}
	m.sources = provider.ListSources()
	log := opts.Log
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	if m.river, err = rivermigrate.New(riverpgxv5.New(pool), &rivermigrate.Config{Logger: log}); err != nil {
		m.Close()
		return nil, fmt.Errorf("read River's migrations: %w", err)
	}
	return m, nil
}

// provider is a new one for each use: goose looks for its table once per provider, and one that
// was refused then stays unusable.
func (m *Migrator) provider() (*goose.Provider, error) {
	provider, err := goose.NewProvider(goose.DialectPostgres, m.db, migrations.Files)
	if err != nil {
		return nil, fmt.Errorf("read the migrations: %w", err)
	}
	return provider, nil
}

// Close ends the migrator's connections.
func (m *Migrator) Close() {
	_ = m.db.Close() // it only gives its connections back to the pool
	m.pool.Close()
}

// Up applies what is missing and returns it in order, also beside an error.
func (m *Migrator) Up(ctx context.Context) ([]Step, error) {
	var steps []Step
	err := m.locked(ctx, func(provider *goose.Provider) error {
		if err := m.refuseNewer(ctx); err != nil {
			return err
		}
		results, err := provider.Up(ctx)
		steps, err = gooseSteps(results, err)
		if err != nil {
			return err
		}
		applied, err := m.river.Migrate(ctx, rivermigrate.DirectionUp, nil)
		if err != nil {
			return fmt.Errorf("migrate River's tables: %w", err)
		}
		steps = append(steps, riverSteps(applied)...)
		return nil
	})
	return steps, explainPrivilege(ctx, m.pool, needOwner, err)
}

// Down reverts the newest n of the program's own migrations, newest first. River's tables stay.
func (m *Migrator) Down(ctx context.Context, n int) ([]Step, error) {
	var steps []Step
	err := m.locked(ctx, func(provider *goose.Provider) error {
		for range n {
			result, err := provider.Down(ctx)
			if errors.Is(err, goose.ErrNoNextVersion) {
				return nil
			}
			done, err := gooseSteps([]*goose.MigrationResult{result}, err)
			steps = append(steps, done...)
			if err != nil {
				return err
			}
		}
		return nil
	})
	return steps, explainPrivilege(ctx, m.pool, needOwner, err)
}

// DownAll reverts everything, River's tables included. All data is lost.
func (m *Migrator) DownAll(ctx context.Context) ([]Step, error) {
	var steps []Step
	err := m.locked(ctx, func(provider *goose.Provider) error {
		reverted, err := m.river.Migrate(ctx, rivermigrate.DirectionDown, &rivermigrate.MigrateOpts{TargetVersion: -1})
		if err != nil {
			return fmt.Errorf("revert River's tables: %w", err)
		}
		steps = riverSteps(reverted)
		results, err := provider.DownTo(ctx, 0)
		done, err := gooseSteps(results, err)
		steps = append(steps, done...)
		return err
	})
	return steps, explainPrivilege(ctx, m.pool, needOwner, err)
}

// locked runs do under the advisory lock of the database's migrations.
func (m *Migrator) locked(ctx context.Context, do func(*goose.Provider) error) error {
	conn, err := pgx.ConnectConfig(ctx, m.pool.Config().ConnConfig)
	if err != nil {
		return fmt.Errorf("connect for the lock of migrations: %w", redactError(err))
	}
	defer conn.Close(context.WithoutCancel(ctx)) // which lets go of the lock
	name := fnv.New64a()
	_, _ = name.Write([]byte("candlewright migrations"))
	if _, err := conn.Exec(ctx, `SELECT pg_advisory_lock($1)`, int64(name.Sum64())); err != nil {
		return fmt.Errorf("wait for other migrations: %w", err)
	}
	provider, err := m.provider()
	if err != nil {
		return err
	}
	return do(provider)
}

func gooseSteps(results []*goose.MigrationResult, err error) ([]Step, error) {
	if failed, ok := errors.AsType[*goose.PartialError](err); ok {
		results, err = failed.Applied, fmt.Errorf("%s: %w", path.Base(failed.Failed.Source.Path), failed.Err)
	}
	var steps []Step
	for _, result := range results {
		if result != nil && result.Error == nil {
			steps = append(steps, Step{Name: path.Base(result.Source.Path), Duration: result.Duration})
		}
	}
	return steps, err
}

func riverSteps(result *rivermigrate.MigrateResult) []Step {
	var steps []Step
	for _, version := range result.Versions {
		steps = append(steps, Step{Name: riverName(version.Version, version.Name), Duration: version.Duration})
	}
	return steps
}

func riverName(version int, name string) string { return fmt.Sprintf("river %03d %s", version, name) }
