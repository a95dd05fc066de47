package enrich_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/candlewright/candlewright/internal/enrich"
	"github.com/candlewright/candlewright/internal/grid"
	"github.com/candlewright/candlewright/internal/market"
	"github.com/candlewright/candlewright/internal/pipeline"
	"github.com/candlewright/candlewright/internal/quality"
)

// gap is a gap as a test tells of it: slots from the start of the series on.
type gap struct {
	From, To int
	Cause    quality.Cause
	Tries    int
	Next     time.Duration // from now on
	Sources  string        // of the evidence
}

func (w *world) gaps(t *testing.T, r enrich.GapsRequest) ([]gap, enrich.GapTotals) {
	t.Helper()
	var list []gap
	totals, err := w.EachGap(t.Context(), r, func(g enrich.Gap) error {
		list = append(list, gapOf(t, g, w.now))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return list, totals
}

func gapOf(t *testing.T, g enrich.Gap, now time.Time) gap {
	t.Helper()
	var sources []string
	for _, e := range g.Evidence {
		sources = append(sources, string(e.Source))
	}
	from, to := hours.FirstFrom(g.From)-start, hours.FirstFrom(g.To)-start
	if int64(to-from)+1 != g.Slots {
		t.Errorf("%d slots from %s to %s", g.Slots, g.From, g.To)
	}
	if len(g.FetchLogIDs()) != len(sources) {
		t.Errorf("%d logs, %d sources", len(g.FetchLogIDs()), len(sources))
	}
	return gap{int(from), int(to), g.Cause, g.Tries, g.NextTry.Sub(now), strings.Join(sources, " ")}
}

// asked logs that a source was asked for hours, and whether it answered.
func (w *world) asked(t *testing.T, source market.SourceName, from, to int, answered bool, ago time.Duration) {
	t.Helper()
	_, err := w.store.AddFetchLog(t.Context(), pipeline.FetchLog{
		SymbolID: w.key(t, btc).ID, Timeframe: market.H1, Source: source, Success: answered, Attempt: 1,
		From: hours.Stamp(start + grid.Slot(from)), To: hours.Stamp(start + grid.Slot(to+1)), CreatedAt: w.now.Add(-ago),
	})
	if err != nil {
		t.Fatal(err)
	}
}

// newGappyWorld has a series of 100 hours with a gap of every kind.
func newGappyWorld(t *testing.T) *world {
	t.Helper()
	w := newWorld(t, later)
	bars := walk(hours, start, 101, 1)
	part := func(from, to int, without ...int) {
		t.Helper()
		var rows []bar
		for i := from; i <= to; i++ {
			if !slices.Contains(without, i) {
				rows = append(rows, bars[i])
			}
		}
		w.mustImport(t, enrich.ImportRequest{Symbol: btc, Timeframe: market.H1, Files: []string{writeCSV(t, rows)}})
	}
	bars[30].low = 0 // refused
	part(0, 40, 10, 11, 12)
	part(45, 49)
	part(60, 100, 70, 80)
	day := 24 * time.Hour
	w.asked(t, market.Polygon, 50, 54, false, day)
	w.asked(t, market.Binance, 50, 54, false, day)
	for n := range 6 {
		w.asked(t, market.Binance, 70, 70, true, time.Duration(10-n)*day)
	}
	w.asked(t, market.Binance, 80, 80, false, 40*day)
	w.asked(t, market.Binance, 79, 81, true, 35*day)
	return w
}

var gapsOfEveryKind = []gap{
	{10, 12, quality.SourceEmpty, 1, 0, "csv"},
	{30, 30, quality.RowRejected, 1, 0, "csv"},
	{41, 44, quality.NotRequested, 0, 0, ""},
	{50, 54, quality.SourceError, 2, 0, "polygon binance"},
	{55, 59, quality.NotRequested, 0, 0, ""},
	// The file was read now, after the six answers of the last ten days; the last was five days ago.
	{70, 70, quality.SourceEmpty, 7, 25 * 24 * time.Hour, "binance binance binance binance binance binance csv"},
	{80, 80, quality.SourceEmpty, 3, 0, "binance csv"},
}

func TestGapsHaveACauseAndItsProof(t *testing.T) {
	t.Parallel()
	w := newGappyWorld(t)
	got, totals := w.gaps(t, enrich.GapsRequest{Ticker: "BTC", Timeframe: market.H1})
	if diff := cmp.Diff(gapsOfEveryKind, got); diff != "" {
		t.Errorf("gaps (-want +got):\n%s", diff)
	}
	want := enrich.GapTotals{Expected: 101, Missing: map[quality.Cause]int64{
		quality.SourceEmpty: 5, quality.RowRejected: 1, quality.NotRequested: 9, quality.SourceError: 5,
	}}
	if diff := cmp.Diff(want, totals); diff != "" {
		t.Errorf("totals (-want +got):\n%s", diff)
	}
	// 81 of 101 slots are stored, and of those that are not confirmed empty 81 of 96.
	if all, without := totals.Completeness(); all != 0.80 || without != 0.84 {
		t.Errorf("completeness %v and %v, want 0.80 and 0.84", all, without)
	}
}

// TestGapsOfAPageAreThose of the ledger.
func TestGapsOfAPageAreThoseOfTheLedger(t *testing.T) {
	t.Parallel()
	w := newGappyWorld(t)
	key := w.key(t, btc)
	var got []gap
	p := enrich.GapPage{Limit: 2}
	for {
		lists, err := w.GapsOf(t.Context(), []enrich.SymbolKey{key}, market.H1, p)
		if err != nil {
			t.Fatal(err)
		}
		for _, g := range lists[key].Rows {
			got = append(got, gapOf(t, g, w.now))
			p.After = g.From
		}
		if !lists[key].More {
			break
		}
	}
	if diff := cmp.Diff(gapsOfEveryKind, got); diff != "" {
		t.Errorf("gaps (-want +got):\n%s", diff)
	}
}

func TestGapsOfARange(t *testing.T) {
	t.Parallel()
	w := newGappyWorld(t)
	at := func(n int) time.Time { return hours.Stamp(start + grid.Slot(n)) }
	got, totals := w.gaps(t, enrich.GapsRequest{Ticker: "BTC", Timeframe: market.H1, Range: enrich.Range{From: at(11), To: at(43)}})
	want := []gap{
		{11, 12, quality.SourceEmpty, 1, 0, "csv"},
		{30, 30, quality.RowRejected, 1, 0, "csv"},
		{41, 42, quality.NotRequested, 0, 0, ""},
	}
	if diff := cmp.Diff(want, got); diff != "" || totals.Expected != 32 || totals.Gaps() != 5 {
		t.Errorf("%d gaps of %d slots (-want +got):\n%s", totals.Gaps(), totals.Expected, diff)
	}
	for name, r := range map[string]enrich.Range{"before": {To: at(0)}, "after": {From: at(101)}} {
		if got, totals := w.gaps(t, enrich.GapsRequest{Ticker: "BTC", Timeframe: market.H1, Range: r}); len(got) > 0 || totals.Expected != 0 {
			t.Errorf("%s the series: %v of %d", name, got, totals.Expected)
		}
	}
}

// TestGapsOfALongSeries has more interruptions than are read at once, of a market
// that closes every night.
func TestGapsOfALongSeries(t *testing.T) {
	t.Parallel()
	g := grid.New(market.Stock, market.D1)
	first := g.FirstFrom(time.Date(2000, 1, 3, 0, 0, 0, 0, time.UTC))
	bars := walk(g, first, 6001, 1)
	var rows []bar
	for i := range bars {
		if i%2 == 0 {
			rows = append(rows, bars[i])
		}
	}
	w := newWorld(t, later)
	w.mustImport(t, enrich.ImportRequest{Symbol: aapl, Timeframe: market.D1, Files: []string{writeCSV(t, rows)}})
	n := 0
	totals, err := w.EachGap(t.Context(), enrich.GapsRequest{Ticker: "AAPL", Timeframe: market.D1}, func(gap enrich.Gap) error {
		if want := g.Stamp(first + grid.Slot(2*n) + 1); !gap.From.Equal(want) || gap.Slots != 1 {
			t.Fatalf("gap %d of %d slots from %s, want one slot of %s", n, gap.Slots, gap.From, want)
		}
		n++
		return nil
	})
	if err != nil || n != 3000 || totals.Missing[quality.SourceEmpty] != 3000 {
		t.Errorf("%d gaps, %+v, %v", n, totals, err)
	}
}
