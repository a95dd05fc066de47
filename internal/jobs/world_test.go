package jobs_test

import (
	"context"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/candlewright/candlewright/internal/enrich"
	"github.com/candlewright/candlewright/internal/jobs"
	"github.com/candlewright/candlewright/internal/market"
	"github.com/candlewright/candlewright/internal/pipeline"
	"github.com/candlewright/candlewright/internal/postgres/pgtest"
	"github.com/candlewright/candlewright/internal/source"
	"github.com/candlewright/candlewright/internal/store"
)

// atStart is the moment at which the clock of a test stands.
var atStart = time.Date(2024, time.November, 13, 10, 31, 0, 0, time.UTC)

var btc = market.Symbol{Ticker: "BTC", Class: market.Crypto}

// clock is the wall clock of a test, moved by hand.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) set(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = t
}

// world is a database with a service on it.
type world struct {
	*enrich.Service
	pool  *pgxpool.Pool
	store *store.Store
	queue *jobs.Queue
	clock *clock
	log   *slog.Logger
}

func newWorld(t testing.TB, f *feed) *world {
	t.Helper()
	return worldOn(t, pgtest.New(t), f)
}

// worldOn is a process of its own on a database.
func worldOn(t testing.TB, pool *pgxpool.Pool, f *feed) *world {
	t.Helper()
	w, err := build(pool, f, slog.New(slog.NewTextHandler(logWriter{t}, nil)))
	check(t, err)
	return w
}

func build(pool *pgxpool.Pool, f *feed, log *slog.Logger) (*world, error) {
	w := &world{pool: pool, store: store.New(pool), clock: &clock{now: atStart}, log: log}
	var err error
	if w.queue, err = jobs.NewQueue(pool); err != nil {
		return nil, err
	}
	w.queue.Hasty()
	began := time.Now()
	w.Service = enrich.New(enrich.Deps{
		Store: w.store, Now: w.clock.Now, Elapsed: func() time.Duration { return time.Since(began) }, Log: log,
		Sources: source.NewChain(source.DefaultOrder(), f), Queue: w.queue,
	})
	return w, nil
}

// quick is a configuration that does not let a test wait.
func (w *world) quick() jobs.Config {
	return jobs.Config{Orphans: 50 * time.Millisecond, Ticks: 50 * time.Millisecond, Grace: 5 * time.Second, Log: w.log}.Hasty()
}

// work starts workers, which stop with the test.
func (w *world) work(t testing.TB, cfg jobs.Config) *jobs.Workers {
	t.Helper()
	workers, err := jobs.NewWorkers(w.pool, w.Service, cfg)
	check(t, err)
	check(t, workers.Start(t.Context()))
	t.Cleanup(func() { stop(t, workers) })
	return workers
}

func stop(t testing.TB, workers *jobs.Workers) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	check(t, workers.Stop(ctx))
}

// trigger queues a run of a symbol.
func (w *world) trigger(t testing.TB, sym market.Symbol, tfs ...market.Timeframe) pipeline.Run {
	t.Helper()
	got, err := w.Trigger(t.Context(), enrich.TriggerRequest{Ticker: sym.Ticker, Class: sym.Class, Timeframes: tfs, RequestedBy: "test"})
	check(t, err)
	return got.Run
}

func (w *world) run(t testing.TB, id int64) pipeline.Run {
	t.Helper()
	run, err := w.store.RunByID(t.Context(), id)
	check(t, err)
	return run
}

// await waits until a run has a status, and gives it.
func (w *world) await(t testing.TB, id int64, status pipeline.RunStatus) pipeline.Run {
	t.Helper()
	var run pipeline.Run
	eventually(t, "run is "+string(status), func() bool {
		run = w.run(t, id)
		if run.Status.Ended() && run.Status != status {
			t.Fatalf("run is %s (%+v), want %s", run.Status, run.Error, status)
		}
		return run.Status == status
	})
	return run
}

// jobs are the states of River's rows of a run, oldest first.
func (w *world) jobs(t testing.TB, runID int64) []string {
	t.Helper()
	return w.texts(t, `SELECT state::text FROM river_job WHERE args @> jsonb_build_object('run_id', $1::bigint) ORDER BY id`, runID)
}

// contents is everything that a run leaves behind in the database, as text,
// but for who wrote it when.
func (w *world) contents(t testing.TB) []string {
	t.Helper()
	var all []string
	for _, sql := range []string{
		`SELECT (to_jsonb(m) - ARRAY['run_id', 'first_stored_at'])::text FROM market_data m ORDER BY symbol_id, timeframe, ts`,
		`SELECT (to_jsonb(s) - ARRAY['updated_at'])::text FROM series s ORDER BY symbol_id, timeframe`,
		`SELECT to_jsonb(s)::text FROM series_state s ORDER BY 1`,
		`SELECT (to_jsonb(m) - ARRAY['id', 'computed_at'])::text FROM data_quality_metrics m ORDER BY symbol_id, metric_date`,
		`SELECT (to_jsonb(s) - ARRAY['id', 'updated_at'])::text FROM enrichment_status s ORDER BY symbol_id`,
	} {
		all = append(all, w.texts(t, sql)...)
	}
	return all
}

// stored are the ranges that were fetched, a line for each.
func (w *world) stored(t testing.TB) []string {
	t.Helper()
	return w.texts(t, `SELECT concat_ws(' ', timeframe, range_from, range_to, records_inserted) FROM enrichment_fetch_log
		WHERE success ORDER BY timeframe, range_from, id`)
}

func (w *world) texts(t testing.TB, sql string, args ...any) []string {
	t.Helper()
	rows, err := w.pool.Query(t.Context(), sql, args...)
	check(t, err)
	list, err := pgx.CollectRows(rows, pgx.RowTo[string])
	check(t, err)
	return list
}

func (w *world) exec(t testing.TB, sql string, args ...any) {
	t.Helper()
	_, err := w.pool.Exec(t.Context(), sql, args...)
	check(t, err)
}

// eventually polls until a condition holds.
func eventually(t testing.TB, what string, holds func() bool) {
	t.Helper()
	deadline := time.Now().Add(40 * time.Second)
	for !holds() {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain until %s", what)
		}
		if err := (pauser{10 * time.Millisecond}).wait(t.Context()); err != nil {
			t.Fatalf("stopped waiting until %s: %v", what, err)
		}
	}
}

// receive waits for a signal.
func receive[T any](t testing.TB, what string, c <-chan T) T {
	t.Helper()
	select {
	case v := <-c:
		return v
	case <-time.After(40 * time.Second):
		t.Fatalf("waited in vain for %s", what)
		panic("unreachable")
	}
}

func same(t testing.TB, what string, got, want any) {
	t.Helper()
	if d := cmp.Diff(want, got); d != "" {
		if len(d) > 4000 {
			d = d[:4000] + "…"
		}
		t.Errorf("%s (-want +got):\n%s", what, d)
	}
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// logWriter shows the log with a test that failed.
type logWriter struct{ t testing.TB }

func (w logWriter) Write(line []byte) (int, error) {
	w.t.Logf("%s", line[:len(line)-1])
	return len(line), nil
}
