package enrich_test

import (
	"context"
	"log/slog"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/candlewright/candlewright/internal/enrich"
	"github.com/candlewright/candlewright/internal/market"
	"github.com/candlewright/candlewright/internal/pipeline"
	"github.com/candlewright/candlewright/internal/postgres/pgtest"
	"github.com/candlewright/candlewright/internal/source"
	"github.com/candlewright/candlewright/internal/source/binance"
	"github.com/candlewright/candlewright/internal/source/polygon"
	"github.com/candlewright/candlewright/internal/source/sim"
	"github.com/candlewright/candlewright/internal/source/yahoo"
	"github.com/candlewright/candlewright/internal/store"
)

// handClock is a clock that a test moves, and whose sleeps take no time.
type handClock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *handClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *handClock) set(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = t
}

func (c *handClock) source() source.Clock {
	return source.Clock{Now: c.Now, Sleep: func(ctx context.Context, _ time.Duration) error { return ctx.Err() }}
}

// noQueue leaves runs to the test.
type noQueue struct{}

func (noQueue) Enqueue(context.Context, *store.Tx, pipeline.Run) error { return nil }

// simulated is a service whose sources are the real adapters on simulated
// providers.
type simulated struct {
	*enrich.Service
	pool  *pgxpool.Pool
	store *store.Store
	clock *handClock
}

// simOptions is what differs between such worlds.
type simOptions struct {
	market    *sim.Market
	faults    map[market.SourceName]sim.Schedule
	off       []market.SourceName
	noFutures bool
	pageRows  int
}

func newSimulated(t testing.TB, now time.Time, o simOptions) *simulated {
	t.Helper()
	return simulatedOn(t, pgtest.New(t), &handClock{now: now}, o)
}

// simulatedOn is another process on a database.
func simulatedOn(t testing.TB, pool *pgxpool.Pool, clock *handClock, o simOptions) *simulated {
	t.Helper()
	w := &simulated{pool: pool, store: store.New(pool), clock: clock}
	serve := func(name market.SourceName, p func(sim.Options) *sim.Provider) string {
		s := httptest.NewServer(p(sim.Options{Market: o.market, Now: clock.Now, Faults: o.faults[name]}))
		t.Cleanup(s.Close)
		return s.URL
	}
	breaker := source.BreakerConfig{Failures: 1000}
	plan, err := polygon.ParsePlan("advanced")
	must(t, err)
	var on []source.Source
	add := func(s source.Source, err error) {
		must(t, err)
		for _, name := range o.off {
			if s.Name() == name {
				return
			}
		}
		on = append(on, s)
	}
	b := binance.Config{URL: serve(market.Binance, sim.Binance), Clock: clock.source(), Breaker: breaker, PageRows: o.pageRows}
	if !o.noFutures {
		b.FuturesURL = b.URL
	}
	bs, err := binance.New(b)
	add(bs, err)
	ps, err := polygon.New(polygon.Config{
		URL: serve(market.Polygon, sim.Polygon), Key: "k", Plan: plan, Clock: clock.source(), Breaker: breaker, PageRows: o.pageRows,
	})
	add(ps, err)
	ys, err := yahoo.New(yahoo.Config{URL: serve(market.Yahoo, sim.Yahoo), Clock: clock.source(), Breaker: breaker, PageRows: o.pageRows})
	add(ys, err)
	t.Cleanup(func() { bs.Close(); ps.Close(); ys.Close() })
	start := time.Now()
	w.Service = enrich.New(enrich.Deps{
		Store: w.store, Now: clock.Now, Elapsed: func() time.Duration { return time.Since(start) }, Log: slog.New(slog.DiscardHandler),
		Sources: source.NewChain(source.DefaultOrder(), on...), Queue: noQueue{},
	})
	return w
}

// trigger queues a run.
func (w *simulated) trigger(t testing.TB, sym market.Symbol, from time.Time, tfs ...market.Timeframe) pipeline.Run {
	t.Helper()
	got, err := w.Trigger(t.Context(), enrich.TriggerRequest{Ticker: sym.Ticker, Class: sym.Class, Timeframes: tfs, From: from, RequestedBy: "test"})
	must(t, err)
	return got.Run
}

// enrich carries out a run from a date on, which must complete.
func (w *simulated) enrich(t testing.TB, sym market.Symbol, from time.Time, tfs ...market.Timeframe) {
	t.Helper()
	run := w.trigger(t, sym, from, tfs...)
	must(t, w.Execute(t.Context(), run.ID, nil))
	run, err := w.store.RunByID(t.Context(), run.ID)
	must(t, err)
	if run.Status != pipeline.RunCompleted {
		t.Fatalf("the run is %s: %+v", run.Status, run.Error)
	}
}

// texts are the rows of a query of one text column.
func (w *simulated) texts(t testing.TB, sql string, args ...any) []string {
	t.Helper()
	rows, err := w.pool.Query(t.Context(), sql, args...)
	must(t, err)
	list, err := pgx.CollectRows(rows, pgx.RowTo[string])
	must(t, err)
	return list
}

// rows are all candles of all series, with every column but those that tell
// which run wrote when, and others as asked.
func (w *simulated) rows(t testing.TB, without ...string) []string {
	t.Helper()
	return w.texts(t, `SELECT (to_jsonb(m) - ARRAY['run_id', 'first_stored_at'] - $1::text[])::text FROM market_data m
		ORDER BY symbol_id, timeframe, ts`, append([]string{}, without...))
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// verified fails the test where what is stored of a symbol does not follow from
// its candles.
func (w *simulated) verified(t testing.TB, sym market.Symbol) {
	t.Helper()
	v, err := w.Verify(t.Context(), enrich.VerifyRequest{Ticker: sym.Ticker, Class: &sym.Class, List: 5})
	must(t, err)
	if v.Total != 0 {
		t.Errorf("%d stored values differ from what follows from the candles: %v\n%+v", v.Total, v.ByField, v.Differences)
	}
}
