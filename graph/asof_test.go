package graph_test

import (
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/candlewright/candlewright/internal/enrich"
	"github.com/candlewright/candlewright/internal/market"
)

// twiceImported is a series that was stored at one moment, and stored otherwise
// and with more bars a day later. It gives a moment between.
func twiceImported(t *testing.T) (*world, time.Time) {
	t.Helper()
	var clock atomic.Pointer[time.Time]
	set := func(at time.Time) { clock.Store(&at) }
	set(now.Add(-24 * time.Hour))
	w := newWorld(t, func(_ *graphConfig, d *enrichDeps) { d.Now = func() time.Time { return *clock.Load() } })
	w.imported(btc, market.H1, 100, now.Add(-26*time.Hour))
	set(now)
	w.imported(btc, market.H1, 140, now.Add(-time.Hour))
	return w, now.Add(-12 * time.Hour)
}

// TestCandlesAsTheyWereKnown compares both lists as of a moment with what the
// service says of it.
func TestCandlesAsTheyWereKnown(t *testing.T) {
	t.Parallel()
	w, then := twiceImported(t)
	sym, err := w.service.FindSymbol(t.Context(), "BTC", nil)
	check(t, err)
	want, err := w.service.CandlesAsOf(t.Context(), enrich.SymbolKey{ID: sym.ID, Class: sym.Class}, market.H1, enrich.CandlePage{Limit: 500}, then)
	check(t, err)
	const fields = `ts close qualityScore atr revision`
	data := w.must(`query($t: Time) { symbol(ticker: "BTC") {
		then: candles(timeframe: H1, asOf: $t) { totalCount nodes { end anomaly `+fields+` } }
		last: candles(timeframe: H1, asOf: $t, last: 5) { nodes { `+fields+` } pageInfo { hasPreviousPage } }
		columns: candleColumns(timeframe: H1, asOf: $t, last: 5) { count `+fields+` }
		now: candles(timeframe: H1, asOf: null) { totalCount } } }`, "t", then)
	nodes := list(t, data, "symbol.then.nodes")
	if len(nodes) != 97 || len(want.Rows) != 97 {
		t.Fatalf("%d candles were known, the service says %d, want 97", len(nodes), len(want.Rows))
	}
	for i, c := range want.Rows {
		n := nodes[i].(map[string]any)
		var atr any
		if v, ok := c.Features.Atr(); ok {
			atr = v
		}
		same(t, fmt.Sprint("candle ", i), []any{n["ts"], n["close"], n["qualityScore"], n["atr"], n["revision"], n["end"], n["anomaly"]},
			[]any{c.TS.Format(time.RFC3339), c.Close, c.QualityScore(), atr, float64(c.Revision), c.End().Format(time.RFC3339), c.Anomaly()})
	}
	same(t, "counts", []any{at(t, data, "symbol.then.totalCount"), at(t, data, "symbol.now.totalCount"), at(t, data, "symbol.columns.count")}, []any{97.0, 140.0, 5.0})
	same(t, "earlier ones", at(t, data, "symbol.last.pageInfo.hasPreviousPage"), true)
	for i, n := range list(t, data, "symbol.last.nodes") {
		for f := range strings.FieldsSeq(fields) {
			same(t, fmt.Sprint(f, " of ", i), []any{n.(map[string]any)[f], at(t, data, fmt.Sprint("symbol.columns.", f, ".", i))}, []any{nodes[92+i].(map[string]any)[f], n.(map[string]any)[f]})
		}
	}
}

func TestPagesOfCandlesAsTheyWereKnown(t *testing.T) {
	t.Parallel()
	w, then := twiceImported(t)
	const query = `query($t: Time, $n: Int, $after: String) { symbol(ticker: "BTC") { candles(timeframe: H1, asOf: $t, first: $n, after: $after) {
		nodes { ts close } pageInfo { hasNextPage endCursor } } } }`
	whole := list(t, w.must(query, "t", then, "n", 500), "symbol.candles.nodes")
	var paged []any
	var after any
	for more := true; more; {
		page := w.must(query, "t", then, "n", 40, "after", after)
		paged = append(paged, list(t, page, "symbol.candles.nodes")...)
		more, after = at(t, page, "symbol.candles.pageInfo.hasNextPage").(bool), at(t, page, "symbol.candles.pageInfo.endCursor")
	}
	same(t, "pages", paged, whole)
	for name, other := range map[string]any{"now": nil, "another moment": then.Add(time.Second)} {
		if a := w.ask(query, "t", other, "n", 40, "after", after); len(a.Errors) != 1 || a.Errors[0].code() != "BAD_CURSOR" || a.Errors[0].argument() != "after" {
			t.Errorf("a cursor of %s with that of %s: %s", then, name, a.body)
		}
	}
	var first []string
	for _, n := range []int{1, 50} {
		w.counted.reset()
		w.must(query, "t", then, "n", n)
		if got := w.counted.statements(); first == nil {
			first = got
		} else if !slices.Equal(got, first) {
			t.Errorf("%d candles: statements %q, of one %q", n, got, first)
		}
	}
}

func TestMomentsThatCandlesAreNotKnownOf(t *testing.T) {
	t.Parallel()
	w, then := twiceImported(t)
	early := w.must(`{ symbol(ticker: "BTC") { candles(timeframe: H1, asOf: "2020-01-01T00:00:00Z") { totalCount nodes { ts } } candleColumns(timeframe: H1, asOf: "2020-01-01T00:00:00Z") { count ts } } }`)
	same(t, "before the first", early["symbol"], map[string]any{
		"candles": map[string]any{"totalCount": 0.0, "nodes": []any{}}, "candleColumns": map[string]any{"count": 0.0, "ts": []any{}},
	})
	for name, c := range map[string]struct{ field, argument, says string }{
		"the future":            {`candles(timeframe: H1, asOf: "2026-11-24T21:30:01Z") { nodes { ts } }`, "asOf", "is not known yet"},
		"the future, counted":   {`candles(timeframe: H1, asOf: "2027-01-01T00:00:00Z") { totalCount }`, "asOf", "is not known yet"},
		"the future of columns": {`candleColumns(timeframe: H1, asOf: "2027-01-01T00:00:00Z") { count }`, "asOf", "is not known yet"},
		"no instant":            {`candles(timeframe: H1, asOf: "yesterday") { totalCount }`, "asOf", "want an instant"},
		"too large a page":      {`candles(timeframe: H1, first: 5001, asOf: "2026-11-24T00:00:00Z") { totalCount }`, "first", "want 0 to 5000"},
		"too many columns":      {`candleColumns(timeframe: H1, last: 5001, asOf: "2026-11-24T00:00:00Z") { count }`, "last", "want 1 to 5000"},
		"explained":             {fmt.Sprintf(`candles(timeframe: H1, first: 1, asOf: %q) { nodes { explain { score } } }`, then.Format(time.RFC3339)), "asOf", "want explain without asOf"},
	} {
		a := w.ask(`{ symbol(ticker: "BTC") { ` + c.field + ` } }`)
		if len(a.Errors) == 0 || a.Errors[0].code() != "BAD_USER_INPUT" || a.Errors[0].argument() != c.argument || !strings.Contains(a.Errors[0].Message, c.says) {
			t.Errorf("%s: %s", name, a.body)
		}
	}
}
