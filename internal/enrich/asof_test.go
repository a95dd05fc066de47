package enrich_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/candlewright/candlewright/internal/enrich"
	"github.com/candlewright/candlewright/internal/fault"
	"github.com/candlewright/candlewright/internal/grid"
	"github.com/candlewright/candlewright/internal/market"
	"github.com/candlewright/candlewright/internal/pipeline"
	"github.com/candlewright/candlewright/internal/quality"
	"github.com/candlewright/candlewright/internal/store"
)

func (w *world) key(t *testing.T, sym market.Symbol) enrich.SymbolKey {
	t.Helper()
	s, err := w.store.Symbol(t.Context(), sym)
	if err != nil {
		t.Fatal(err)
	}
	return enrich.SymbolKey{ID: s.ID, Class: s.Class}
}

// asOf is a whole series of hours as it was known at an instant.
func (w *world) asOf(t *testing.T, sym market.Symbol, at time.Time) []pipeline.Candle {
	t.Helper()
	var candles []pipeline.Candle
	err := w.EachCandle(t.Context(), enrich.CandlesRequest{Ticker: sym.Ticker, Class: &sym.Class, Timeframe: market.H1, AsOf: at},
		func(c enrich.Candle) error {
			candles = append(candles, *c.Candle)
			return nil
		})
	if err != nil {
		t.Fatal(err)
	}
	return candles
}

// sameCandles compares all of two candles but when they were stored and how fresh
// the series was.
func sameCandles(t *testing.T, what string, got, want []pipeline.Candle) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("%s: %d candles, want %d", what, len(got), len(want))
		return
	}
	for i := range got {
		a, b := &got[i], &want[i]
		if a.TS != b.TS || a.Open != b.Open || a.High != b.High || a.Low != b.Low || a.Close != b.Close || a.Volume != b.Volume || a.Revision != b.Revision {
			t.Fatalf("%s: candle %+v of revision %d, want %+v of revision %d", what, a.Candle, a.Revision, b.Candle, b.Revision)
		}
		if ds := pipeline.Compare(a, b); len(ds) > 0 {
			t.Fatalf("%s: candle of %s differs: %+v", what, a.TS, ds)
		}
	}
}

// TestAsOfIsWhatWasStoredThen imports pieces in any order, with values that are
// corrected later, and keeps what is stored after each; all of it can be had at
// the end.
func TestAsOfIsWhatWasStoredThen(t *testing.T) {
	t.Parallel()
	for _, sym := range []market.Symbol{btc, aapl} {
		t.Run(string(sym.Class), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, later)
			g := grid.New(sym.Class, market.H1)
			bars := walk(g, g.FirstFrom(time.Date(2015, 2, 3, 0, 0, 0, 0, time.UTC)), 2600, 5)
			rng := rand.New(rand.NewPCG(5, 7))
			type moment struct {
				at      time.Time
				candles []pipeline.Candle
			}
			var moments []moment
			for n := range 10 {
				from := rng.IntN(len(bars) - 10)
				part := slices.Clone(bars[from:min(len(bars), from+10+rng.IntN(900))])
				for range 3 {
					b := &part[rng.IntN(len(part))]
					b.close, b.volume = b.high, b.volume+float64(1+n)
				}
				w.now = w.now.Add(time.Hour)
				w.mustImport(t, enrich.ImportRequest{Symbol: sym, Timeframe: market.H1, Files: []string{writeCSV(t, part)}})
				stored, err := w.store.CandlesIn(t.Context(), w.key(t, sym).ID, market.H1, store.Range{})
				if err != nil {
					t.Fatal(err)
				}
				moments = append(moments, moment{w.now, stored})
			}
			w.now = w.now.Add(time.Hour)
			if got := w.asOf(t, sym, later); len(got) != 0 {
				t.Errorf("%d candles were known before the first import", len(got))
			}
			for n, m := range moments {
				whole := w.asOf(t, sym, m.at.Add(time.Minute))
				sameCandles(t, fmt.Sprintf("moment %d", n), whole, m.candles)
				pages(t, w, sym, m.at, whole)
			}
		})
	}
}

// pages compares pages of a series as it was known with the whole of it.
func pages(t *testing.T, w *world, sym market.Symbol, at time.Time, whole []pipeline.Candle) {
	t.Helper()
	n := len(whole)
	mid := n / 2
	for name, c := range map[string]struct {
		page     enrich.CandlePage
		from, to int
		more     bool
	}{
		"the first":      {enrich.CandlePage{Limit: 5}, 0, 5, true},
		"after one":      {enrich.CandlePage{After: whole[mid-1].TS, Limit: 3}, mid, mid + 3, true},
		"of a range":     {enrich.CandlePage{Range: enrich.Range{From: whole[2].TS, To: whole[6].TS}, Limit: 9}, 2, 6, false},
		"the last":       {enrich.CandlePage{Limit: 4, Backward: true}, n - 4, n, true},
		"before one":     {enrich.CandlePage{Before: whole[mid].TS, Limit: 2, Backward: true}, mid - 2, mid, true},
		"all, backwards": {enrich.CandlePage{Limit: n, Backward: true}, 0, n, false},
	} {
		got, err := w.CandlesAsOf(t.Context(), w.key(t, sym), market.H1, c.page, at)
		if err != nil {
			t.Fatal(err)
		}
		rows := make([]pipeline.Candle, len(got.Rows))
		for i := range got.Rows {
			rows[i] = *got.Rows[i].Candle
		}
		sameCandles(t, name, rows, whole[c.from:c.to])
		if got.More != c.more {
			t.Errorf("%s: more is %v", name, got.More)
		}
	}
}

// TestAsOfScoresAreOfThen: one bar of ten was stored, so the series was nine bars
// behind, and what came later does not make it fresher.
func TestAsOfScoresAreOfThen(t *testing.T) {
	t.Parallel()
	bars := walk(hours, start, 10, 1)
	w := newWorld(t, hours.End(start+9))
	req := enrich.ImportRequest{Symbol: btc, Timeframe: market.H1, Files: []string{writeCSV(t, bars[:1])}}
	w.mustImport(t, req)
	then := w.now
	w.now = w.now.Add(time.Minute)
	req.Files = []string{writeCSV(t, bars)}
	w.mustImport(t, req)
	got := w.asOf(t, btc, then)
	if len(got) != 1 || got[0].Verdict.Parts.Freshness != quality.Freshness(9) {
		t.Errorf("%d candles, freshness %v; want one with that of nine bars behind", len(got), got[0].Verdict.Parts.Freshness)
	}
}

// TestAsOfKnowsPaymentsOfThen has payments that arrive, and are replaced, after
// the candles.
func TestAsOfKnowsPaymentsOfThen(t *testing.T) {
	t.Parallel()
	w := newWorld(t, later)
	funding := func(n int, rate float64) string {
		var b strings.Builder
		b.WriteString("ts,rate\n")
		for i := range n {
			fmt.Fprintf(&b, "%s,%v\n", hours.Stamp(start).Add(time.Duration(i)*8*time.Hour).Format(time.RFC3339), rate+float64(i)*1e-6)
		}
		return writeText(t, b.String())
	}
	var moments []time.Time
	var stored [][]pipeline.Candle
	for _, n := range []int{20, 95, 120} {
		w.now = w.now.Add(time.Hour)
		w.mustImport(t, enrich.ImportRequest{Symbol: btc, Timeframe: market.H1, Files: []string{writeCSV(t, walk(hours, start, 1000, 4))}, Funding: funding(n, 1e-4)})
		candles, err := w.store.CandlesIn(t.Context(), w.key(t, btc).ID, market.H1, store.Range{})
		if err != nil {
			t.Fatal(err)
		}
		moments, stored = append(moments, w.now), append(stored, candles)
	}
	w.now = w.now.Add(time.Hour)
	for i, at := range moments {
		sameCandles(t, fmt.Sprintf("moment %d", i), w.asOf(t, btc, at), stored[i])
	}
}

func TestAsOfRefusesTheFuture(t *testing.T) {
	t.Parallel()
	w := newWorld(t, later)
	w.mustImport(t, enrich.ImportRequest{Symbol: btc, Timeframe: market.H1, Files: []string{writeCSV(t, walk(hours, start, 10, 1))}})
	_, err := w.CandlesAsOf(t.Context(), w.key(t, btc), market.H1, enrich.CandlePage{Limit: 3}, later.Add(time.Second))
	if !fault.Is(err, fault.BadUserInput) || !strings.Contains(err.Error(), "not known yet") {
		t.Errorf("error %v", err)
	}
}

// TestAsOfReadsTheBasisOfThen has a split that rewrites the series: what was known
// before it has the prices of before.
func TestAsOfReadsTheBasisOfThen(t *testing.T) {
	t.Parallel()
	w := newSimulated(t, beforeSplit, simOptions{market: splitting(4, 1), pageRows: 100})
	read := func() []pipeline.Candle {
		t.Helper()
		sym, err := w.store.Symbol(t.Context(), aapl)
		if err != nil {
			t.Fatal(err)
		}
		candles, err := w.store.CandlesIn(t.Context(), sym.ID, market.D1, store.Range{})
		if err != nil {
			t.Fatal(err)
		}
		return candles
	}
	asOf := func(at time.Time, p enrich.CandlePage) []pipeline.Candle {
		t.Helper()
		sym, err := w.store.Symbol(t.Context(), aapl)
		if err != nil {
			t.Fatal(err)
		}
		page, err := w.CandlesAsOf(t.Context(), enrich.SymbolKey{ID: sym.ID, Class: sym.Class}, market.D1, p, at)
		if err != nil {
			t.Fatal(err)
		}
		candles := make([]pipeline.Candle, len(page.Rows))
		for i := range page.Rows {
			candles[i] = *page.Rows[i].Candle
		}
		return candles
	}
	w.enrich(t, aapl, longAgo, market.D1)
	before := read()
	w.clock.set(afterSplit)
	w.enrich(t, aapl, lately, market.D1)
	after := read()
	if len(before) < 300 || before[0].Close == after[0].Close {
		t.Fatalf("%d candles, first close %v before and %v after the split", len(before), before[0].Close, after[0].Close)
	}
	all := enrich.CandlePage{Limit: 5000}
	sameCandles(t, "before the split", asOf(beforeSplit.Add(time.Hour), all), before)
	sameCandles(t, "the last ones before it", asOf(beforeSplit.Add(time.Hour), enrich.CandlePage{Limit: 5, Backward: true}), before[len(before)-5:])
	sameCandles(t, "after the split", asOf(w.clock.Now(), all), after)
	if n := len(asOf(beforeSplit.Add(-time.Hour), all)); n != 0 {
		t.Errorf("%d candles were known before there were any", n)
	}
}

func TestEachCandle(t *testing.T) {
	t.Parallel()
	w := newWorld(t, later)
	bars := walk(hours, start, 4500, 1)
	w.mustImport(t, enrich.ImportRequest{Symbol: btc, Timeframe: market.H1, Files: []string{writeCSV(t, bars)}})
	for name, c := range map[string]struct {
		r        enrich.CandlesRequest
		from, to int
	}{
		"all":             {enrich.CandlesRequest{}, 0, 4500},
		"the last":        {enrich.CandlesRequest{Last: 3}, 4497, 4500},
		"a range":         {enrich.CandlesRequest{Range: enrich.Range{From: bars[100].ts, To: bars[102].ts}}, 100, 102},
		"the last of one": {enrich.CandlesRequest{Range: enrich.Range{To: bars[102].ts}, Last: 2}, 100, 102},
		"none":            {enrich.CandlesRequest{Range: enrich.Range{To: bars[0].ts}}, 0, 0},
		"the last, then":  {enrich.CandlesRequest{Last: 3, AsOf: later}, 4497, 4500},
	} {
		c.r.Ticker, c.r.Timeframe = "btc", market.H1
		at := c.from
		err := w.EachCandle(t.Context(), c.r, func(x enrich.Candle) error {
			if at >= c.to || !x.TS.Equal(bars[at].ts) || !x.End().Equal(bars[at].ts.Add(time.Hour)) {
				t.Fatalf("%s: candle %d is of %s to %s", name, at, x.TS, x.End())
			}
			at++
			return nil
		})
		if err != nil || at != c.to {
			t.Errorf("%s: %d candles of %d, %v", name, at-c.from, c.to-c.from, err)
		}
	}
	for want, r := range map[string]enrich.CandlesRequest{
		"no candle of 5m":        {Ticker: "BTC", Timeframe: market.M5},
		"want 1 to 1000000":      {Ticker: "BTC", Timeframe: market.H1, Last: 1_000_001},
		"is empty":               {Ticker: "BTC", Timeframe: market.H1, Range: enrich.Range{From: later, To: later}},
		"is not known yet":       {Ticker: "BTC", Timeframe: market.H1, AsOf: later.Add(time.Hour)},
		"no symbol XYZ is known": {Ticker: "xyz", Timeframe: market.H1},
	} {
		if err := w.EachCandle(t.Context(), r, nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want %q", r, err, want)
		}
	}
}
