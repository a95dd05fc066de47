package postgres

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"hash/fnv"
	"io/fs"
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

// Status is one migration and whether the database has it.
type Status struct {
	Name      string
	Applied   bool
	AppliedAt time.Time // zero where not applied or unknown
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

// Status lists every migration, the program's and then River's. It changes nothing.
func (m *Migrator) Status(ctx context.Context) ([]Status, error) {
	all, err := m.status(ctx)
	return all, explainPrivilege(ctx, m.pool, needRead, err)
}

// Pending is the number of migrations that the database lacks. A database that has more than
// this program knows is a NewerSchemaError.
func (m *Migrator) Pending(ctx context.Context) (int, error) {
	if err := m.refuseNewer(ctx); err != nil {
		return 0, explainPrivilege(ctx, m.pool, needRead, err)
	}
	all, err := m.Status(ctx)
	if err != nil {
		return 0, err
	}
	pending := 0
	for _, one := range all {
		if !one.Applied {
			pending++
		}
	}
	return pending, nil
}

// EnsureSchema is what a command does before it works: it checks the schema, and either brings it
// up to date and returns what that took, or ends with a BehindError.
func EnsureSchema(ctx context.Context, url string, migrate bool, opts PoolOptions) ([]Step, error) {
	m, err := NewMigrator(ctx, url, opts)
	if err != nil {
		return nil, err
	}
	defer m.Close()
	pending, err := m.Pending(ctx)
	switch {
	case err != nil:
		return nil, err
	case pending == 0:
		return nil, nil
	case !migrate:
		return nil, &BehindError{Steps: pending}
	}
	return m.Up(ctx)
}

// BehindError is what a command ends with that needs the schema and may not change it.
type BehindError struct{ Steps int }

func (e *BehindError) Error() string {
	steps := "1 step"
	if e.Steps != 1 {
		steps = fmt.Sprintf("%d steps", e.Steps)
	}
	return "the database schema is " + steps + " behind this program: run `candlewright migrate up`, or give --migrate"
}

// NewerSchemaError says that a newer program migrated the database.
type NewerSchemaError struct{ Has, Knows int64 }

func (e *NewerSchemaError) Error() string {
	return fmt.Sprintf("the database schema is at step %d and this program knows %d: it was migrated by a newer candlewright, use that one", e.Has, e.Knows)
}

func (m *Migrator) status(ctx context.Context) ([]Status, error) {
	applied, err := m.appliedVersions(ctx)
	if err != nil {
		return nil, err
	}
	var all []Status
	for _, source := range m.sources {
		at, has := applied[source.Version]
		all = append(all, Status{Name: path.Base(source.Path), Applied: has, AppliedAt: at})
	}
	existing, err := m.river.ExistingVersions(ctx)
	if err != nil {
		return nil, fmt.Errorf("read River's migrations: %w", err)
	}
	has := map[int]bool{}
	for _, version := range existing {
		has[version.Version] = true
	}
	for _, version := range m.river.AllVersions() {
		all = append(all, Status{Name: riverName(version.Version, version.Name), Applied: has[version.Version]})
	}
	return all, nil
}

// appliedVersions reads goose's table, which goose itself would create when asked.
func (m *Migrator) appliedVersions(ctx context.Context) (map[int64]time.Time, error) {
	var there bool
	if err := m.pool.QueryRow(ctx, `SELECT to_regclass('goose_db_version') IS NOT NULL`).Scan(&there); err != nil {
		return nil, fmt.Errorf("look for the table of migrations: %w", err)
	}
	applied := map[int64]time.Time{}
	if !there {
		return applied, nil
	}
	rows, err := m.pool.Query(ctx, `
		SELECT version_id, tstamp FROM (
			SELECT DISTINCT ON (version_id) version_id, is_applied, tstamp::timestamptz AS tstamp
			FROM goose_db_version WHERE version_id > 0 ORDER BY version_id, id DESC) AS latest
		WHERE is_applied`)
	if err != nil {
		return nil, fmt.Errorf("read the table of migrations: %w", err)
	}
	var version int64
	var at time.Time
	if _, err := pgx.ForEachRow(rows, []any{&version, &at}, func() error {
		applied[version] = at.UTC()
		return nil
	}); err != nil {
		return nil, fmt.Errorf("read the table of migrations: %w", err)
	}
	return applied, nil
}

func (m *Migrator) refuseNewer(ctx context.Context) error {
	applied, err := m.appliedVersions(ctx)
	if err != nil {
		return err
	}
	knows := m.sources[len(m.sources)-1].Version
	for version := range applied {
		if version > knows {
			return &NewerSchemaError{Has: version, Knows: knows}
		}
	}
	return nil
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
	var failed *goose.PartialError
	if errors.As(err, &failed) {
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

// SchemaID names the schema that this program migrates to: equal files and River versions
// give equal text.
func SchemaID() (string, error) {
	sum := fnv.New64a()
	names, err := fs.Glob(migrations.Files, "*.sql")
	if err != nil {
		return "", err
	}
	for _, name := range names {
		text, err := fs.ReadFile(migrations.Files, name)
		if err != nil {
			return "", err
		}
		_, _ = fmt.Fprintf(sum, "%s %d ", name, len(text))
		_, _ = sum.Write(text)
	}
	river, err := rivermigrate.New(riverpgxv5.New(nil), nil)
	if err != nil {
		return "", err
	}
	for _, version := range river.AllVersions() {
		_, _ = fmt.Fprintf(sum, "river %d %s", version.Version, version.SQLUp)
	}
	return fmt.Sprintf("%016x", sum.Sum64()), nil
}
