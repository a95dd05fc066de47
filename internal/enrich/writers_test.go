package enrich_test

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sync/errgroup"

	"github.com/candlewright/candlewright/internal/enrich"
	"github.com/candlewright/candlewright/internal/grid"
	"github.com/candlewright/candlewright/internal/market"
	"github.com/candlewright/candlewright/internal/pipeline"
	"github.com/candlewright/candlewright/internal/source/sim"
)

// TestSeriesOfOneSymbolWrittenAtOnce has the metrics of a date counted over what
// all writers of the symbol have stored, whoever commits last.
func TestSeriesOfOneSymbolWrittenAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, later)
	var group errgroup.Group
	for _, tf := range []market.Timeframe{market.M15, market.M30, market.H1, market.H4} {
		g := grid.New(market.Crypto, tf)
		path := writeCSV(t, walk(g, g.FirstFrom(time.Date(2024, 3, 1, 0, 0, 0, 0, time.UTC)), 800, 1))
		group.Go(func() error {
			_, err := w.Import(t.Context(), enrich.ImportRequest{Symbol: btc, Timeframe: tf, Files: []string{path}, ChunkRows: 50, RequestedBy: "test"})
			return err
		})
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
	v, err := w.Verify(t.Context(), enrich.VerifyRequest{Ticker: "BTC", List: 5})
	if err != nil || v.Total != 0 {
		t.Errorf("%d differences, %v: %+v", v.Total, err, v.Differences)
	}
}

// TestChangesFarApart amends a bar at each end of a long series: the same comes
// out as of one import, and what lies between is left alone.
func TestChangesFarApart(t *testing.T) {
	t.Parallel()
	bars := walk(hours, start, 12_000, 4)
	wrong := slices.Clone(bars)
	for _, i := range []int{3, 11_990} {
		wrong[i].close = wrong[i].high
	}
	whole, amended := newWorld(t, later), newWorld(t, later)
	whole.mustImport(t, enrich.ImportRequest{Symbol: btc, Timeframe: market.H1, Files: []string{writeCSV(t, bars)}})
	amended.mustImport(t, enrich.ImportRequest{Symbol: btc, Timeframe: market.H1, Files: []string{writeCSV(t, wrong)}})
	done := amended.mustImport(t, enrich.ImportRequest{Symbol: btc, Timeframe: market.H1, Files: []string{writeCSV(t, []bar{bars[3], bars[11_990]})}})
	if f := done.Files[0]; f.Updated != 2 {
		t.Errorf("%d updated, want 2", f.Updated)
	}
	if diff := cmp.Diff(whole.candles(t, btc, market.H1, "revision"), amended.candles(t, btc, market.H1, "revision")); diff != "" {
		t.Errorf("amended far apart (-whole +amended):\n%s", diff)
	}
	checkBooks(t, amended, btc, market.H1)
	var rewritten int
	row := amended.pool.QueryRow(t.Context(), `SELECT count(*) FROM market_data WHERE run_id = (SELECT max(id) FROM enrichment_runs)`)
	if err := row.Scan(&rewritten); err != nil || rewritten > 2000 {
		t.Errorf("%d candles were written for two changes, %v", rewritten, err)
	}
}

// failingFor makes requests whose address contains a text fail, for ever or up
// to a number of them.
func failingFor(text string, many int) sim.Schedule {
	return func(r *http.Request, _ int) sim.Fault {
		if many != 0 && strings.Contains(r.URL.String(), text) {
			many--
			return sim.Fault{Kind: sim.ServerError}
		}
		return sim.Fault{}
	}
}

// TestATimeframeThatFailsKeepsNoneFromTheOthers lets hourly bars fail alone.
func TestATimeframeThatFailsKeepsNoneFromTheOthers(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 4, 12, 30, 0, 0, time.UTC)
	w := newSimulated(t, now, simOptions{
		market: sim.NewMarket(sim.Config{Calm: true}), noFutures: true, off: []market.SourceName{market.Polygon, market.Yahoo},
		faults: map[market.SourceName]sim.Schedule{market.Binance: failingFor("interval=1h", -1)},
	})
	run := w.trigger(t, btc, now.AddDate(0, 0, -30), market.H1, market.D1)
	for attempt := 1; ; attempt++ {
		err := w.Execute(t.Context(), run.ID, nil)
		if err == nil {
			break
		}
		if !errors.Is(err, enrich.ErrAgain) || attempt > 3 {
			t.Fatalf("attempt %d: %v", attempt, err)
		}
	}
	got, err := w.store.RunByID(t.Context(), run.ID)
	must(t, err)
	if got.Status != pipeline.RunFailed || got.Attempt != 3 || got.Error == nil {
		t.Errorf("run %+v, want failed after 3 attempts", got)
	}
	if n := len(w.rows(t)); n != 29 {
		t.Errorf("%d candles, want the 29 whole days", n)
	}
	w.verified(t, btc)
}

// TestAnAttemptThatHealsIsFollowedByAnother fails once for longer than a call is
// tried again.
func TestAnAttemptThatHealsIsFollowedByAnother(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 4, 12, 30, 0, 0, time.UTC)
	w := newSimulated(t, now, simOptions{
		market: sim.NewMarket(sim.Config{Calm: true}), noFutures: true, off: []market.SourceName{market.Polygon, market.Yahoo},
		faults: map[market.SourceName]sim.Schedule{market.Binance: failingFor("interval=1d", 4)},
	})
	run := w.trigger(t, btc, now.AddDate(0, 0, -30), market.D1)
	if err := w.Execute(t.Context(), run.ID, nil); !errors.Is(err, enrich.ErrAgain) {
		t.Fatalf("first attempt: %v, want that another follows", err)
	}
	must(t, w.Execute(t.Context(), run.ID, nil))
	got, err := w.store.RunByID(t.Context(), run.ID)
	must(t, err)
	if got.Status != pipeline.RunCompleted || got.Attempt != 2 {
		t.Errorf("run %+v, want completed in the second attempt", got)
	}
}

// TestARunThatFailsInItsMidstSaysHowFreshItsCandlesAre has what was stored before
// the failure carry the freshness of a series that is behind.
func TestARunThatFailsInItsMidstSaysHowFreshItsCandlesAre(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 4, 12, 30, 0, 0, time.UTC)
	pages := 0
	w := newSimulated(t, now, simOptions{
		market: sim.NewMarket(sim.Config{Calm: true}), noFutures: true, pageRows: 100, off: []market.SourceName{market.Polygon, market.Yahoo},
		faults: map[market.SourceName]sim.Schedule{market.Binance: func(*http.Request, int) sim.Fault {
			if pages++; pages > 3 {
				return sim.Fault{Kind: sim.Restricted} // cannot heal
			}
			return sim.Fault{}
		}},
	})
	run := w.trigger(t, btc, now.AddDate(0, 0, -30), market.H1)
	must(t, w.Execute(t.Context(), run.ID, nil))
	fresh := w.texts(t, `SELECT DISTINCT freshness::text FROM market_data`)
	if got, err := w.store.RunByID(t.Context(), run.ID); err != nil || got.Status != pipeline.RunFailed {
		t.Fatalf("run %+v, %v, want failed", got, err)
	}
	if !slices.Equal(fresh, []string{"0"}) {
		t.Errorf("freshness %v of candles that end weeks ago, want 0", fresh)
	}
	w.verified(t, btc)
}

// TestATriggerSchedulesWhatWasOnlyImported follows an import, which schedules
// nothing, by a trigger.
func TestATriggerSchedulesWhatWasOnlyImported(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 4, 12, 30, 0, 0, time.UTC)
	w := newSimulated(t, now, simOptions{market: sim.NewMarket(sim.Config{Calm: true})})
	_, err := w.Import(t.Context(), enrich.ImportRequest{
		Symbol: btc, Timeframe: market.H1, Files: []string{writeCSV(t, walk(hours, start, 5, 1))}, RequestedBy: "test",
	})
	must(t, err)
	next := func() *time.Time {
		t.Helper()
		h, err := w.Health(t.Context(), "BTC", nil)
		must(t, err)
		return h.NextEnrichment
	}
	if got := next(); got != nil {
		t.Errorf("next start %v after an import alone, want none", got)
	}
	w.trigger(t, btc, now.AddDate(0, 0, -3), market.D1)
	if got := next(); got == nil || !got.Equal(time.Date(2026, 3, 5, 1, 30, 0, 0, time.UTC)) {
		t.Errorf("next start %v after a trigger, want 01:30 of tomorrow", got)
	}
}
