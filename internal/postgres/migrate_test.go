package postgres_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sync/errgroup"

	"github.com/candlewright/candlewright/internal/postgres"
	"github.com/candlewright/candlewright/internal/postgres/pgtest"
)

func migrator(t *testing.T, url string) *postgres.Migrator {
	t.Helper()
	m, err := postgres.NewMigrator(t.Context(), url, postgres.PoolOptions{Wait: -1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.Close)
	return m
}

func pending(t *testing.T, m *postgres.Migrator) int {
	t.Helper()
	n, err := m.Pending(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func names(steps []postgres.Step) []string {
	var all []string
	for _, step := range steps {
		all = append(all, step.Name)
	}
	return all
}

func TestTenMigrationsAtOnce(t *testing.T) {
	t.Parallel()
	url := pgtest.NewEmptyURL(t)
	var group errgroup.Group
	steps := make([][]postgres.Step, 10)
	for i := range steps {
		group.Go(func() error {
			m, err := postgres.NewMigrator(t.Context(), url, postgres.PoolOptions{Wait: -1})
			if err != nil {
				return err
			}
			defer m.Close()
			steps[i], err = m.Up(t.Context())
			return err
		})
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, some := range steps {
		all = append(all, names(some)...)
	}
	status, err := migrator(t, url).Status(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for _, one := range status {
		want = append(want, one.Name)
		if !one.Applied {
			t.Errorf("%s is not applied", one.Name)
		}
	}
	if diff := cmp.Diff(want, all); diff != "" {
		t.Errorf("every step should be applied once, and by one process:\n%s", diff)
	}
}

func TestMigrateDownAndUpOnRows(t *testing.T) {
	t.Parallel()
	url := pgtest.NewURL(t)
	m := migrator(t, url)
	if n := pending(t, m); n != 0 {
		t.Fatalf("%d steps pending in a fresh database", n)
	}
	fill := func() {
		query(t, url, `INSERT INTO symbols (ticker, asset_class, timeframes, added_at, updated_at) VALUES ('AAPL', 'stock', '{1d}', '2026-01-02Z', '2026-01-02Z')`)
		query(t, url, `INSERT INTO series (symbol_id, timeframe, basis, first_ts, last_ts, records, validated, anomalies, revision, digest, updated_at)
			SELECT id, '1d', 0, '2026-01-02Z', '2026-01-02Z', 1, 1, 0, 1, sha256(''), '2026-01-02Z' FROM symbols`)
		query(t, url, `INSERT INTO enrichment_runs (symbol_id, job_id, trigger, status, timeframes, range_from, range_to, requested_by, attempt, max_attempts, records_total, records_done, estimated_seconds, created_at)
			SELECT id, gen_random_uuid(), 'import', 'queued', '{1d}', '2026-01-02Z', '2026-01-02Z', 'test', 1, 1, 0, 0, 0, '2026-01-02Z' FROM symbols`)
		query(t, url, `INSERT INTO run_events SELECT symbol_id, id, 1, '{}', '2026-01-02Z' FROM enrichment_runs`)
		query(t, url, `INSERT INTO backfill_state (symbol_id, symbol, asset_class, timeframe, backfill_job_id, status, retry_count, created_at, updated_at)
			SELECT symbol_id, 'AAPL', 'stock', '1d', job_id, 'pending', 0, '2026-01-02Z', '2026-01-02Z' FROM enrichment_runs`)
	}
	fill()
	all, err := m.Status(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var own []string
	for _, one := range all {
		if strings.HasSuffix(one.Name, ".sql") {
			own = append([]string{one.Name}, own...)
		}
	}
	for i, want := range own {
		steps, err := m.Down(t.Context(), 1)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]string{want}, names(steps)); diff != "" {
			t.Fatal(diff)
		}
		if n := pending(t, m); n != i+1 {
			t.Errorf("after %d steps down %d are pending", i+1, n)
		}
	}
	if steps, err := m.Down(t.Context(), 1); err != nil || len(steps) != 0 {
		t.Errorf("below the first: %v, %v", steps, err)
	}
	if _, err := m.Up(t.Context()); err != nil {
		t.Fatal(err)
	}
	fill()

	if _, err := m.DownAll(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := pending(t, m); n != len(all) {
		t.Errorf("after everything went down %d of %d are pending", n, len(all))
	}
	if left := query(t, url, `SELECT string_agg(relname, ' ') FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'`); left != "goose_db_version" {
		t.Errorf("tables that stay: %s", left)
	}
	steps, err := m.Up(t.Context())
	if err != nil || len(steps) != len(all) {
		t.Errorf("up again: %d of %d steps, %v", len(steps), len(all), err)
	}
	fill()
	if steps, err = m.Up(t.Context()); err != nil || len(steps) != 0 {
		t.Errorf("up when up already: %v, %v", steps, err)
	}
}

func TestPendingChangesNothing(t *testing.T) {
	t.Parallel()
	url := pgtest.NewEmptyURL(t)
	m := migrator(t, url)
	n := pending(t, m)
	if n < 4 {
		t.Errorf("%d steps pending in an empty database", n)
	}
	if tables := query(t, url, `SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace`); tables != "0" {
		t.Errorf("asking made %s tables", tables)
	}
}

func TestEnsureSchemaMigratesOnlyWhenTold(t *testing.T) {
	t.Parallel()
	url := pgtest.NewEmptyURL(t)
	n := pending(t, migrator(t, url))
	_, err := postgres.EnsureSchema(t.Context(), url, false, postgres.PoolOptions{})
	var behind *postgres.BehindError
	if !errors.As(err, &behind) || behind.Steps != n || !strings.Contains(err.Error(), "run `candlewright migrate up`") {
		t.Errorf("not told to: %v", err)
	}
	for _, want := range []int{n, 0} {
		steps, err := postgres.EnsureSchema(t.Context(), url, true, postgres.PoolOptions{})
		if err != nil || len(steps) != want {
			t.Errorf("%d steps of %d, %v", len(steps), want, err)
		}
	}
	if _, err := postgres.EnsureSchema(t.Context(), url, false, postgres.PoolOptions{}); err != nil {
		t.Errorf("up to date: %v", err)
	}
}

func TestNewerSchemaIsRefused(t *testing.T) {
	t.Parallel()
	url := pgtest.NewURL(t)
	query(t, url, `INSERT INTO goose_db_version (version_id, is_applied) VALUES (90001, true)`)
	m := migrator(t, url)
	var newer *postgres.NewerSchemaError
	if _, err := m.Pending(t.Context()); !errors.As(err, &newer) || newer.Has != 90001 {
		t.Errorf("pending: %v", err)
	}
	if _, err := m.Up(t.Context()); !errors.As(err, &newer) {
		t.Errorf("up: %v", err)
	}
}

func TestMigrateIntoAnotherSchema(t *testing.T) {
	t.Parallel()
	url := pgtest.NewEmptyURL(t)
	query(t, url, `CREATE SCHEMA own`)
	url += "&search_path=own"
	if _, err := migrator(t, url).Up(t.Context()); err != nil {
		t.Fatal(err)
	}
	pool, err := postgres.Connect(t.Context(), url, postgres.PoolOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	if report := verify(t, pool); !report.OK() {
		t.Error(report.Problems())
	}
}
