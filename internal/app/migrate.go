package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/candlewright/candlewright/internal/postgres"
)

type migrateCmd struct {
	Up     migrateUpCmd     `cmd:"" help:"Apply what is missing, then verify."`
	Down   migrateDownCmd   `cmd:"" help:"Revert the newest migrations. What they held is lost."`
	Status migrateStatusCmd `cmd:"" help:"List the migrations and whether the database has them."`
	Verify migrateVerifyCmd `cmd:"" help:"Compare every table, column, index and constraint with what the migrations declare."`
}

type migrateUpCmd struct{}

type migrateDownCmd struct {
	Steps int  `default:"1" help:"How many migrations to revert."`
	All   bool `help:"Revert all of them, the job queue's tables included."`
}

type migrateStatusCmd struct{}

type migrateVerifyCmd struct{}

// withMigrator opens the database without changing its schema and hands a
// migrator to f.
func (g *globals) withMigrator(ctx context.Context, term *terminal, log *slog.Logger, f func(m *postgres.Migrator, url string, opts postgres.PoolOptions) error) error {
	url := g.DatabaseURL
	var server *postgres.Server
	if g.own() {
		var err error
		if server, err = postgres.Start(ctx, postgres.Config{
			DataDir: g.DataDir, Finder: postgres.Finder{Dir: g.PgBin, Fetch: g.FetchPostgres}, Log: log,
		}); err != nil {
			return err
		}
		defer closeServer(server, log)
		url = server.URL()
	}
	opts := g.poolOptions(term, log, server)
	m, err := postgres.NewMigrator(ctx, url, opts)
	if err != nil {
		return err
	}
	defer m.Close()
	return f(m, url, opts)
}

// Run applies what is missing and verifies.
func (migrateUpCmd) Run(ctx context.Context, g *globals, term *terminal, log *slog.Logger) error {
	return g.withMigrator(ctx, term, log, func(m *postgres.Migrator, url string, opts postgres.PoolOptions) error {
		steps, err := m.Up(ctx)
		printSteps(term.out, "applied", steps)
		if err != nil {
			return err
		}
		if len(steps) == 0 {
			_, _ = fmt.Fprintln(term.out, "Nothing to do: the schema is up to date.")
		}
		_, _ = fmt.Fprintln(term.out)
		return verify(ctx, term.out, url, opts)
	})
}

// Run reverts migrations.
func (c migrateDownCmd) Run(ctx context.Context, g *globals, term *terminal, log *slog.Logger) error {
	if c.Steps < 1 {
		return fmt.Errorf("--steps %d: want 1 or more", c.Steps)
	}
	return g.withMigrator(ctx, term, log, func(m *postgres.Migrator, _ string, _ postgres.PoolOptions) error {
		revert := func() ([]postgres.Step, error) { return m.Down(ctx, c.Steps) }
		if c.All {
			revert = func() ([]postgres.Step, error) { return m.DownAll(ctx) }
		}
		steps, err := revert()
		printSteps(term.out, "reverted", steps)
		if err == nil && len(steps) == 0 {
			_, _ = fmt.Fprintln(term.out, "Nothing to do: the database has no migration.")
		}
		return err
	})
}

// Run lists the migrations.
func (migrateStatusCmd) Run(ctx context.Context, g *globals, term *terminal, log *slog.Logger) error {
	return g.withMigrator(ctx, term, log, func(m *postgres.Migrator, _ string, _ postgres.PoolOptions) error {
		list, err := m.Status(ctx)
		if err != nil {
			return err
		}
		missing := 0
		for _, s := range list {
			mark, when := "✓", ""
			switch {
			case !s.Applied:
				mark, when = "·", "not applied"
				missing++
			case !s.AppliedAt.IsZero():
				when = s.AppliedAt.UTC().Format(time.RFC3339)
			}
			_, _ = fmt.Fprintf(term.out, "  %s %-40s %s\n", mark, s.Name, when)
		}
		_, _ = fmt.Fprintf(term.out, "\n%d of %d migrations applied.\n", len(list)-missing, len(list))
		return nil
	})
}

// Run verifies the schema.
func (migrateVerifyCmd) Run(ctx context.Context, g *globals, term *terminal, log *slog.Logger) error {
	return g.withMigrator(ctx, term, log, func(_ *postgres.Migrator, url string, opts postgres.PoolOptions) error {
		return verify(ctx, term.out, url, opts)
	})
}

func printSteps(out io.Writer, what string, steps []postgres.Step) {
	for _, s := range steps {
		_, _ = fmt.Fprintf(out, "  ✓ %-40s %s in %v\n", s.Name, what, s.Duration.Round(time.Millisecond))
	}
}

// verify prints a line for each table and each difference.
func verify(ctx context.Context, out io.Writer, url string, opts postgres.PoolOptions) error {
	pool, err := postgres.Connect(ctx, url, opts)
	if err != nil {
		return err
	}
	defer pool.Close()
	report, err := postgres.Verify(ctx, pool)
	if err != nil {
		return err
	}
	_, _ = fmt.Fprintln(out, "Verifying the schema:")
	for _, t := range report.Tables {
		mark := "✓"
		if len(t.Problems) > 0 {
			mark = "✗"
		}
		_, _ = fmt.Fprintf(out, "  %s %s (%s, %s, %s)\n", mark, t.Name,
			count(t.Columns, "column"), count(t.Indexes, "index"), count(t.Constraints, "constraint"))
		for _, p := range t.Problems {
			_, _ = fmt.Fprintf(out, "      %s\n", p)
		}
	}
	for _, p := range report.Types {
		_, _ = fmt.Fprintf(out, "  ✗ %s\n", p)
	}
	if n := len(report.Problems()); n > 0 {
		return errors.New(count(n, "difference") + " between the database and what the migrations declare")
	}
	_, _ = fmt.Fprintf(out, "\nThe schema is what the migrations declare: %s.\n", count(len(report.Tables), "table"))
	return nil
}

// count is a number with its noun: "1 column", "2 columns", "3 indexes".
func count(n int, noun string) string {
	switch {
	case n == 1:
	case noun == "index":
		noun = "indexes"
	default:
		noun += "s"
	}
	return fmt.Sprintf("%d %s", n, noun)
}
