package postgres

import (
	"context"
	"fmt"
	"hash/fnv"
	"io/fs"
	"path"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"

	"github.com/candlewright/candlewright/migrations"
)

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

// Status is one migration and whether the database has it.
type Status struct {
	Name      string
	Applied   bool
	AppliedAt time.Time // zero where not applied or unknown
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
