package graph_test

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/candlewright/candlewright/internal/enrich"
	"github.com/candlewright/candlewright/internal/market"
)

const explainFields = `score validated parts { name weight present expected share contribution reason } checks { name outcome invalidating reason }
	fields { name state reason } features { name state reason } anomaly { flagged returnDistance volumeDistance }`

// TestExplanationsAreTheServices compares the explanations of candles at the start
// and at the end of a series with what the service says of each.
func TestExplanationsAreTheServices(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.imported(btc, market.H1, 200, now.Add(-time.Hour))
	w.imported(aapl, market.D1, 60, now)
	for ticker, tf := range map[string]market.Timeframe{"BTC": market.H1, "AAPL": market.D1} {
		name := map[market.Timeframe]string{market.H1: "H1", market.D1: "D1"}[tf]
		data := w.must(fmt.Sprintf(`query($t: String!) { symbol(ticker: $t) {
			first: candles(timeframe: %[1]s, first: 3) { nodes { ts qualityScore validated explain { %[2]s } } }
			last: candles(timeframe: %[1]s, last: 3) { edges { node { ts qualityScore validated explain { %[2]s } } } } } }`, name, explainFields), "t", ticker)
		nodes := list(t, data, "symbol.first.nodes")
		for i := range 3 {
			nodes = append(nodes, at(t, data, fmt.Sprintf("symbol.last.edges.%d.node", i)))
		}
		for _, n := range nodes {
			c := n.(map[string]any)
			ts, err := time.Parse(time.RFC3339, c["ts"].(string))
			check(t, err)
			e, err := w.service.Explain(t.Context(), ticker, nil, tf, ts)
			check(t, err)
			got := c["explain"].(map[string]any)
			same(t, fmt.Sprint(ticker, " ", ts), got, explained(e))
			same(t, "the candle's own", []any{got["score"], got["validated"]}, []any{c["qualityScore"], c["validated"]})
		}
	}
}

// explained is an explanation as the API writes it.
func explained(e enrich.Explanation) map[string]any {
	reason := func(why string) any {
		if why == "" {
			return nil
		}
		return why
	}
	state := func(expected, present bool) string {
		switch {
		case present:
			return "PRESENT"
		case expected:
			return "MISSING"
		}
		return "NOT_EXPECTED"
	}
	distance := func(z float64) any {
		if math.IsNaN(z) {
			return nil
		}
		return z
	}
	p := &e.Candle.Verdict.Parts
	counts := [4][2]any{
		{float64(p.FieldsPresent), float64(p.FieldsExpected)},
		{float64(p.ChecksPassed), float64(p.ChecksMade)},
		{float64(p.FeaturesPresent), float64(p.FeaturesExpected)},
		{nil, nil},
	}
	var parts, checks, fields, features []any
	for i, s := range e.Parts {
		parts = append(parts, map[string]any{
			"name": strings.ToUpper(s.Name), "weight": s.Weight, "present": counts[i][0], "expected": counts[i][1],
			"share": s.Share, "contribution": s.Points, "reason": s.Why,
		})
	}
	for _, c := range e.Checks {
		checks = append(checks, map[string]any{
			"name": c.Check.String(), "outcome": strings.ToUpper(string(c.Outcome)), "invalidating": c.Invalidating, "reason": reason(c.Why),
		})
	}
	for _, f := range e.Fields {
		fields = append(fields, map[string]any{"name": f.Name, "state": state(f.Expected, f.Present), "reason": reason(f.Why)})
	}
	for _, f := range e.Features {
		features = append(features, map[string]any{"name": strings.ToUpper(f.Name.String()), "state": state(f.Expected, f.Present), "reason": reason(f.Why)})
	}
	return map[string]any{
		"score": p.Score(), "validated": e.Candle.Verdict.Validated(), "parts": parts, "checks": checks, "fields": fields, "features": features,
		"anomaly": map[string]any{"flagged": e.Candle.Verdict.Anomaly, "returnDistance": distance(e.Deviation.ReturnZ), "volumeDistance": distance(e.Deviation.VolumeZ)},
	}
}

// TestExplanationsAreReadAtOneMoment: all of a page are read on one connection, in
// one snapshot.
func TestExplanationsAreReadAtOneMoment(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.imported(btc, market.H1, 60, now.Add(-time.Hour))
	w.counted.reset()
	w.must(`{ symbol(ticker: "BTC") { candles(timeframe: H1, first: 40) { nodes { explain { score } } } } }`)
	begun := 0
	for _, sql := range w.counted.statements() {
		if strings.HasPrefix(strings.ToLower(sql), "begin") {
			begun++
		}
	}
	if begun != 1 {
		t.Errorf("%d snapshots, want 1: %q", begun, w.counted.statements())
	}
}

// TestGapsTellWhatWasTried compares gaps with the service's, of which one log is
// gone.
func TestGapsTellWhatWasTried(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.imported(aapl, market.D1, 60, now)
	w.imported(aapl, market.D1, 60, now)
	sym, err := w.service.FindSymbol(t.Context(), "AAPL", nil)
	check(t, err)
	key := enrich.SymbolKey{ID: sym.ID, Class: sym.Class}
	gaps := func() ([]any, enrich.Gap) {
		t.Helper()
		data := w.must(`{ symbol(ticker: "AAPL") { gaps(timeframe: D1) { nodes { tries nextTry fetchLogs { source recordsFetched createdAt symbol { ticker } run { trigger } } } } } }`)
		found, err := w.service.GapsOf(t.Context(), []enrich.SymbolKey{key}, market.D1, enrich.GapPage{Limit: 5})
		check(t, err)
		if n := len(found[key].Rows); n != 1 {
			t.Fatalf("%d gaps, want 1", n)
		}
		return list(t, data, "symbol.gaps.nodes"), found[key].Rows[0]
	}
	shown, gap := gaps()
	ids := gap.FetchLogIDs()
	if gap.Tries != 2 || len(ids) != 2 {
		t.Fatalf("%d tries, logs %v; want 2 of each", gap.Tries, ids)
	}
	logs, err := w.service.FetchLogsByIDs(t.Context(), ids)
	check(t, err)
	var want []any
	for _, id := range ids {
		want = append(want, map[string]any{
			"source": "CSV", "recordsFetched": float64(logs[id].Fetched), "createdAt": logs[id].CreatedAt.Format(time.RFC3339Nano),
			"symbol": map[string]any{"ticker": "AAPL"}, "run": map[string]any{"trigger": "IMPORT"},
		})
	}
	same(t, "gaps", shown, []any{map[string]any{"tries": 2.0, "nextTry": gap.NextTry.Format(time.RFC3339Nano), "fetchLogs": want}})

	_, err = w.pool.Exec(t.Context(), `DELETE FROM enrichment_fetch_log WHERE id = $1`, ids[0])
	check(t, err)
	shown, _ = gaps()
	same(t, "a log that is gone", at(t, shown[0], "fetchLogs"), want[1:])
	same(t, "its try", at(t, shown[0], "tries"), 2.0)
}
