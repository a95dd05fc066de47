package enrich_test

import (
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/candlewright/candlewright/internal/enrich"
	"github.com/candlewright/candlewright/internal/market"
	"github.com/candlewright/candlewright/internal/pipeline"
	"github.com/candlewright/candlewright/internal/source/sim"
)

// TestFiftySymbolsWithFailingSources has a fifth of all requests fail: every run
// completes, and the store holds what it holds where nothing fails.
func TestFiftySymbolsWithFailingSources(t *testing.T) {
	t.Parallel()
	m := sim.NewMarket(sim.Config{Seed: 11})
	kinds := []sim.Fault{{Kind: sim.TooMany, RetryAfter: "2"}, {Kind: sim.ServerError}, {Kind: sim.BadGateway}, {Kind: sim.Reset}, {Kind: sim.Truncated}, {Kind: sim.HTML}, {Kind: sim.Empty}}
	symbols := sim.Symbols()
	for i := range 50 - len(symbols) {
		symbols = append(symbols, market.Symbol{Ticker: fmt.Sprintf("Z%c%c", 'A'+i/26, 'A'+i%26), Class: market.Stock})
	}
	since := fundingNow.AddDate(0, -6, 0).Truncate(24 * time.Hour)
	run := func(w *simulated) {
		work := make(chan market.Symbol)
		var group sync.WaitGroup
		for range 4 {
			group.Go(func() {
				for sym := range work {
					w.enrich(t, sym, since, market.D1)
				}
			})
		}
		for _, sym := range symbols {
			work <- sym
		}
		close(work)
		group.Wait()
	}
	failing := newSimulated(t, fundingNow, simOptions{market: m, pageRows: 60, faults: map[market.SourceName]sim.Schedule{
		market.Polygon: sim.Share(1, 0.2, kinds...), market.Binance: sim.Share(2, 0.2, kinds...), market.Yahoo: sim.Share(3, 0.2, kinds...),
	}})
	well := newSimulated(t, fundingNow, simOptions{market: m})
	run(failing)
	run(well)
	candles := `SELECT concat_ws(' ', ticker, asset_class, ts, open, high, low, close) FROM market_data JOIN symbols s ON s.id = symbol_id ORDER BY 1`
	if diff := cmp.Diff(well.texts(t, candles), failing.texts(t, candles)); diff != "" {
		t.Errorf("candles (-nothing failed +a fifth failed):\n%.3000s", diff)
	}
	if odd := failing.texts(t, `SELECT to_jsonb(l)::text FROM enrichment_fetch_log l
		WHERE success <> (error_code IS NULL) OR success <> (error_message IS NULL) OR attempt NOT BETWEEN 1 AND 4 OR run_id IS NULL OR error_code = 'UNKNOWN'`); len(odd) > 0 {
		t.Errorf("%d odd rows in the fetch log, such as %s", len(odd), odd[0])
	}
	counts := failing.texts(t, `SELECT count(DISTINCT symbol_id) FILTER (WHERE success) || ' ' || (count(*) FILTER (WHERE NOT success) > 20) FROM enrichment_fetch_log`)
	if counts[0] != "50 true" {
		t.Errorf("symbols with an answer, and whether more than 20 attempts failed: %s", counts[0])
	}
	if n := failing.texts(t, `SELECT sum(records_inserted)::text FROM enrichment_fetch_log WHERE range_from IS NOT NULL`); n[0] != strconv.Itoa(len(failing.texts(t, candles))) {
		t.Errorf("the logs tell of %s candles, %d are stored", n[0], len(failing.texts(t, candles)))
	}
}

func TestBetterSourceComesBack(t *testing.T) {
	t.Parallel()
	m := sim.NewMarket(sim.Config{Seed: 11, Calm: true})
	since := fundingNow.AddDate(0, 0, -60).Truncate(24 * time.Hour)
	down := newSimulated(t, fundingNow, simOptions{market: m, faults: map[market.SourceName]sim.Schedule{market.Binance: sim.Always(sim.Fault{Kind: sim.ServerError})}})
	down.enrich(t, btc, since, market.D1)
	sources := `SELECT DISTINCT source FROM market_data`
	if got := down.texts(t, sources); len(got) != 1 || got[0] != "polygon" {
		t.Fatalf("candles of %q, want of the stand-in", got)
	}
	back := simulatedOn(t, down.pool, down.clock, simOptions{market: m})
	back.enrich(t, btc, since, market.D1)
	fresh := newSimulated(t, fundingNow, simOptions{market: m})
	fresh.enrich(t, btc, since, market.D1)
	if diff := cmp.Diff(fresh.rows(t, "revision"), back.rows(t, "revision")); diff != "" {
		t.Errorf("candles (-by the best at once +after a stand-in):\n%.3000s", diff)
	}
}

func TestStandInNeverOverwritesTheBetter(t *testing.T) {
	t.Parallel()
	m := sim.NewMarket(sim.Config{Seed: 11})
	since := fundingNow.AddDate(0, 0, -60).Truncate(24 * time.Hour)
	w := newSimulated(t, fundingNow, simOptions{market: m})
	w.enrich(t, btc, since, market.D1)
	before := w.rows(t)
	down := simulatedOn(t, w.pool, w.clock, simOptions{market: m, faults: map[market.SourceName]sim.Schedule{market.Binance: sim.Always(sim.Fault{Kind: sim.ServerError})}})
	down.enrich(t, btc, since, market.D1)
	if diff := cmp.Diff(before, down.rows(t)); diff != "" {
		t.Errorf("candles (-of the best +after a run of the stand-in):\n%.3000s", diff)
	}
}

// attempts are the rows of the fetch log in order.
func (w *simulated) attempts(t testing.TB) []string {
	t.Helper()
	return w.texts(t, `SELECT concat_ws(' ', source, attempt, coalesce(error_code, 'ok'), records_fetched) FROM enrichment_fetch_log ORDER BY id`)
}

func TestUnknownTickerFailsOnceAtEachSource(t *testing.T) {
	t.Parallel()
	w := newSimulated(t, fundingNow, simOptions{market: sim.NewMarket(sim.Config{Seed: 1})})
	for class, want := range map[market.AssetClass][]market.SourceName{
		market.Stock: {market.Polygon, market.Yahoo}, market.Crypto: {market.Binance, market.Polygon, market.Yahoo},
	} {
		run := w.trigger(t, market.Symbol{Ticker: "NOPE", Class: class}, longAgo, market.D1)
		must(t, w.Execute(t.Context(), run.ID, nil))
		got, err := w.store.RunByID(t.Context(), run.ID)
		must(t, err)
		if got.Status != pipeline.RunFailed || got.Error == nil || got.Error.Code != "SYMBOL_NOT_FOUND" || got.Error.Retryable {
			t.Errorf("%s: the run is %s: %+v", class, got.Status, got.Error)
			continue
		}
		logged := w.texts(t, `SELECT concat_ws(' ', source, attempt, error_code) FROM enrichment_fetch_log WHERE run_id = $1 ORDER BY id`, run.ID)
		wanted := []string{}
		for _, name := range want {
			wanted = append(wanted, string(name)+" 1 SYMBOL_NOT_FOUND")
			if !strings.Contains(got.Error.Message, string(name)+": ") {
				t.Errorf("%s: the error does not tell what %s said: %s", class, name, got.Error.Message)
			}
		}
		if diff := cmp.Diff(wanted, logged); diff != "" {
			t.Errorf("%s: fetch log (-want +got):\n%s", class, diff)
		}
	}
}

func TestSourceThatIsNotEntitledIsAskedOnce(t *testing.T) {
	t.Parallel()
	w := newSimulated(t, fundingNow, simOptions{market: sim.NewMarket(sim.Config{Seed: 1}), pageRows: 50, faults: map[market.SourceName]sim.Schedule{
		market.Polygon: sim.Always(sim.Fault{Kind: sim.NotEntitled}),
	}})
	w.enrich(t, aapl, fundingNow.AddDate(0, -6, 0), market.D1)
	want := []string{"polygon 1 NOT_ENTITLED 0", "yahoo 1 ok 50", "yahoo 1 ok 50", "yahoo 1 ok 26"}
	got := w.attempts(t)
	if len(got) != len(want) || !cmp.Equal(want[:3], got[:3]) {
		t.Errorf("fetch log (-want +got):\n%s", cmp.Diff(want, got))
	}
}

func TestRangeBeforeTheListingIsEmpty(t *testing.T) {
	t.Parallel()
	w := newSimulated(t, fundingNow, simOptions{market: sim.NewMarket(sim.Config{Seed: 1})})
	for _, c := range []struct {
		sym market.Symbol
		to  time.Time
	}{
		{market.Symbol{Ticker: "TSLA", Class: market.Stock}, time.Date(2006, 1, 1, 0, 0, 0, 0, time.UTC)},
		{btc, time.Date(2015, 1, 1, 0, 0, 0, 0, time.UTC)},
	} {
		got, err := w.Trigger(t.Context(), enrich.TriggerRequest{
			Ticker: c.sym.Ticker, Class: c.sym.Class, Timeframes: []market.Timeframe{market.D1}, From: c.to.AddDate(-1, 0, 0), To: c.to, RequestedBy: "test",
		})
		must(t, err)
		must(t, w.Execute(t.Context(), got.Run.ID, nil))
		run, err := w.store.RunByID(t.Context(), got.Run.ID)
		must(t, err)
		if run.Status != pipeline.RunCompleted {
			t.Errorf("%s: the run is %s: %+v", c.sym, run.Status, run.Error)
		}
	}
	if n := len(w.rows(t)); n > 0 {
		t.Errorf("%d candles from before the listing", n)
	}
}

func TestSourcesTellTheirBreakers(t *testing.T) {
	t.Parallel()
	w := newSimulated(t, fundingNow, simOptions{market: sim.NewMarket(sim.Config{Seed: 1}), off: []market.SourceName{market.Yahoo}})
	all, err := w.SourceHealths(t.Context())
	must(t, err)
	got := map[market.SourceName]string{}
	for _, h := range all {
		if h.Breaker != nil {
			got[h.Source] = string(*h.Breaker)
		}
	}
	want := map[market.SourceName]string{market.Binance: "closed", market.Polygon: "closed"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("breakers (-want +got):\n%s", diff)
	}
}
