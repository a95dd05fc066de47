package enrich_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/candlewright/candlewright/internal/enrich"
	"github.com/candlewright/candlewright/internal/market"
)

// TestExplainCandlesIsExplain compares explanations of several candles with those
// of each; a candle or a series that is not stored has none.
func TestExplainCandlesIsExplain(t *testing.T) {
	t.Parallel()
	w := newWorld(t, later)
	bars := walk(hours, start, 1200, 2)
	w.mustImport(t, enrich.ImportRequest{Symbol: btc, Timeframe: market.H1, Files: []string{writeCSV(t, bars)}})
	id := w.key(t, btc).ID
	keys := []enrich.CandleKey{
		{SymbolID: id, Timeframe: market.H1, TS: bars[3].ts},
		{SymbolID: id, Timeframe: market.H1, TS: bars[1100].ts},
		{SymbolID: id, Timeframe: market.H1, TS: bars[0].ts.Add(-time.Hour)},
		{SymbolID: id, Timeframe: market.D1, TS: bars[0].ts},
	}
	got, err := w.ExplainCandles(t.Context(), keys)
	if err != nil || len(got) != 2 {
		t.Fatalf("%d explanations, error %v; want 2", len(got), err)
	}
	for _, k := range keys[:2] {
		want, err := w.Explain(t.Context(), "BTC", nil, k.Timeframe, k.TS)
		if err != nil {
			t.Fatal(err)
		}
		e := got[k]
		if d := cmp.Diff(want.Parts, e.Parts) + cmp.Diff(want.Checks, e.Checks) + cmp.Diff(want.Features, e.Features); d != "" || !e.End.Equal(want.End) {
			t.Errorf("%s: end %s, want %s\n%s", k.TS, e.End, want.End, d)
		}
	}
}
