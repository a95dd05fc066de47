package enrich_test

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/candlewright/candlewright/internal/enrich"
	"github.com/candlewright/candlewright/internal/fault"
	"github.com/candlewright/candlewright/internal/feature"
	"github.com/candlewright/candlewright/internal/grid"
	"github.com/candlewright/candlewright/internal/market"
	"github.com/candlewright/candlewright/internal/pipeline"
	"github.com/candlewright/candlewright/internal/quality"
)

// TestExplainEveryStoredCandle holds explanations against what is stored, far from
// the start of the series too, where they begin at a saved state.
func TestExplainEveryStoredCandle(t *testing.T) {
	t.Parallel()
	w := newWorld(t, later)
	bars := walk(hours, start, 2600, 2)
	w.mustImport(t, enrich.ImportRequest{Symbol: btc, Timeframe: market.H1, Files: []string{writeCSV(t, bars)}})
	for _, n := range []int{0, 1, 19, 49, 50, 999, 1000, 1001, 2500, 2599} {
		e, err := w.Explain(t.Context(), "btc", nil, market.H1, bars[n].ts)
		if err != nil {
			t.Fatal(err)
		}
		points := 0.0
		for _, p := range e.Parts {
			points += p.Points
		}
		if score := e.Candle.Verdict.Parts.Score(); math.Abs(points-score) > 1e-12 || e.Bar != int64(n) || !e.End.Equal(bars[n].ts.Add(time.Hour)) {
			t.Errorf("bar %d: %v points of score %v, number %d, end %s", n, points, score, e.Bar, e.End)
		}
		for _, f := range e.Features {
			if f.Present != e.Candle.Features.Has(f.Name) || (f.Expected && f.Present) != (f.Why == "") {
				t.Errorf("bar %d: %+v", n, f)
			}
		}
		if e.Run == nil || e.Run.Trigger != pipeline.TriggerImport || e.Symbol != btc {
			t.Errorf("bar %d: run %+v of %s", n, e.Run, e.Symbol)
		}
	}
}

func TestExplainTellsWhatHappened(t *testing.T) {
	t.Parallel()
	w := newWorld(t, later)
	bars := walk(hours, start, 100, 2)
	at := bars[60]
	wrong := at
	wrong.high = wrong.low / 2
	rows := append(append([]bar{}, bars[:60]...), at, wrong)
	rows = append(rows, bars[61:]...) // of two rows for the slot the last counts
	w.mustImport(t, enrich.ImportRequest{Symbol: btc, Timeframe: market.H1, Files: []string{writeCSV(t, rows)}})
	e, err := w.Explain(t.Context(), "BTC", nil, market.H1, at.ts)
	if err != nil {
		t.Fatal(err)
	}
	if e.Candle.Verdict.Validated() || e.Checks[quality.OHLCOrder].Outcome != pipeline.CheckFailed || !strings.Contains(e.Checks[quality.OHLCOrder].Why, "the high") {
		t.Errorf("checks %+v", e.Checks)
	}
	if len(e.Kept) != 2 || len(e.Corrections) != 0 {
		t.Errorf("kept %+v, corrections %+v; want unique and ohlc_order and none", e.Kept, e.Corrections)
	}
	if e.Features[feature.OpenInterest].Why == "" || e.Features[feature.ATR].Why != "" {
		t.Errorf("features %+v", e.Features)
	}
	w.mustImport(t, enrich.ImportRequest{Symbol: btc, Timeframe: market.H1, Files: []string{writeCSV(t, bars)}})
	if e, err = w.Explain(t.Context(), "BTC", nil, market.H1, at.ts); err != nil {
		t.Fatal(err)
	}
	if !e.Candle.Verdict.Validated() || len(e.Corrections) != 1 || e.Corrections[0].Field != "high" || e.Candle.Revision != 2 {
		t.Errorf("after the right row: %+v, corrections %+v", e.Candle, e.Corrections)
	}
}

func TestExplainSaysWhatIsThereInstead(t *testing.T) {
	t.Parallel()
	w := newGappyWorld(t)
	days := grid.New(market.Stock, market.D1)
	w.mustImport(t, enrich.ImportRequest{Symbol: aapl, Timeframe: market.D1, Files: []string{writeCSV(t, walk(days, days.FirstFrom(later)-10, 5, 1))}})
	at := func(n int) time.Time { return hours.Stamp(start + grid.Slot(n)) }
	for name, c := range map[string]struct {
		ticker string
		tf     market.Timeframe
		ts     time.Time
		code   fault.Code
		want   string
	}{
		"within a bar":      {"BTC", market.H1, at(3).Add(17 * time.Minute), fault.BadUserInput, "the one that was open then is stamped " + at(3).Format(time.RFC3339)},
		"a Saturday":        {"AAPL", market.D1, time.Date(2025, 12, 27, 0, 0, 0, 0, time.UTC), fault.BadUserInput, "2025-12-26T00:00:00Z and 2025-12-29T00:00:00Z"},
		"beyond the years":  {"AAPL", market.D1, time.Date(1990, 1, 1, 0, 0, 0, 0, time.UTC), fault.BadUserInput, "calendar unknown"},
		"an empty slot":     {"BTC", market.H1, at(11), fault.NotFound, "a gap, cause source_empty, asked for once"},
		"one never asked":   {"BTC", market.H1, at(42), fault.NotFound, "a gap, cause not_requested, asked for never"},
		"one asked often":   {"BTC", market.H1, at(70), fault.NotFound, "asked for 7 times"},
		"before the series": {"BTC", market.H1, at(-1), fault.NotFound, "begins at " + at(0).Format(time.RFC3339)},
		"after the series":  {"BTC", market.H1, at(101), fault.NotFound, "ends at " + at(100).Format(time.RFC3339)},
		"the future":        {"BTC", market.H1, later.Add(24 * time.Hour), fault.NotFound, "the bar ends at"},
		"no such series":    {"BTC", market.M5, at(0), fault.NotFound, "no candle of 5m"},
		"no such symbol":    {"XYZ", market.H1, at(0), fault.SymbolNotFound, "XYZ"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := w.Explain(t.Context(), c.ticker, nil, c.tf, c.ts)
			if !fault.Is(err, c.code) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want %s with %q", err, c.code, c.want)
			}
		})
	}
}
