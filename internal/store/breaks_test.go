package store_test

import (
	"testing"
	"time"

	"github.com/candlewright/candlewright/internal/market"
	"github.com/candlewright/candlewright/internal/pipeline"
	"github.com/candlewright/candlewright/internal/quality"
	"github.com/candlewright/candlewright/internal/store"
)

// TestBreaksAreWhereBarsAreMissing takes hours 0 to 9 of a day less 3, 4 and 7.
func TestBreaksAreWhereBarsAreMissing(t *testing.T) {
	t.Parallel()
	s, _ := open(t)
	start := time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC)
	hour := func(h int) time.Time { return start.Add(time.Duration(h) * time.Hour) }
	var ids []int64
	for _, ticker := range []string{"A", "B", "C"} {
		sym := track(t, s, ticker, market.Crypto)
		ids = append(ids, sym.ID)
		if ticker == "C" {
			continue
		}
		r := run(t, s, sym.ID, now)
		candles := series(1, start, 10)
		write(t, s, sym.ID, market.H1, r.ID, append(append(candles[:3:3], candles[5:7]...), candles[8:]...))
	}
	a, b := store.Break{Before: hour(2), After: hour(5)}, store.Break{Before: hour(6), After: hour(8)}
	for _, c := range []struct {
		what  string
		r     store.Range
		limit int
		want  []store.Break
	}{
		{"all", store.Range{}, 0, []store.Break{a, b}},
		{"the first", store.Range{}, 1, []store.Break{a}},
		{"from within a gap", store.Range{From: hour(4)}, 0, []store.Break{a, b}},
		{"from the end of a gap", store.Range{From: hour(5)}, 0, []store.Break{a, b}},
		{"from behind a gap", store.Range{From: hour(6)}, 0, []store.Break{b}},
		{"to within a gap", store.Range{To: hour(4)}, 0, []store.Break{a}},
		{"to before a gap", store.Range{To: hour(2)}, 0, nil},
		{"within a gap", store.Range{From: hour(3), To: hour(4)}, 0, []store.Break{a}},
		{"before the first", store.Range{To: hour(-5)}, 0, nil},
		{"behind the last", store.Range{From: hour(20)}, 0, nil},
	} {
		got, err := s.Breaks(t.Context(), ids, market.H1, c.r, c.limit)
		check(t, err)
		for _, id := range ids[:2] {
			same(t, c.what, got[id], c.want)
		}
		same(t, c.what+": no candles", got[ids[2]], []store.Break(nil))
	}
	other, err := s.Breaks(t.Context(), ids, market.D1, store.Range{}, 0)
	check(t, err)
	same(t, "another timeframe", len(other), 0)
}

// TestWhatWasTriedIsReadForManySymbols compares the reads of many with those of
// one.
func TestWhatWasTriedIsReadForManySymbols(t *testing.T) {
	t.Parallel()
	s, _ := open(t)
	var ids []int64
	for i, ticker := range []string{"A", "B"} {
		sym := track(t, s, ticker, market.Crypto)
		ids = append(ids, sym.ID)
		for h := range 3 {
			_, err := s.AddFetchLog(t.Context(), pipeline.FetchLog{
				SymbolID: sym.ID, Timeframe: market.H1, Source: market.Binance, Success: h != i, Attempt: 1,
				From: now.Add(time.Duration(h) * time.Hour), To: now.Add(time.Duration(h+2) * time.Hour), CreatedAt: now.Add(time.Duration(h) * time.Minute),
			})
			check(t, err)
		}
		_, err := s.AddFailures(t.Context(), sym.ID, market.H1, []quality.Failure{
			quality.NewFailure(now.Truncate(time.Hour), quality.PricePositive), quality.NewFailure(now.Truncate(time.Hour), quality.OnGrid),
			quality.NewFailure(now.Add(time.Hour).Truncate(time.Hour), quality.OHLCOrder),
		}, now)
		check(t, err)
	}
	for _, r := range []store.Range{{}, {From: now.Add(2 * time.Hour)}, {To: now}} {
		ranges, err := s.FetchRangesOf(t.Context(), ids, market.H1, r)
		check(t, err)
		stamps, err := s.FailedStampsOf(t.Context(), ids, market.H1, r, quality.Refusing)
		check(t, err)
		for _, id := range ids {
			one, err := s.FetchRanges(t.Context(), id, market.H1, r)
			check(t, err)
			same(t, "ranges", append([]store.FetchRange{}, ranges[id]...), one)
			at, err := s.FailedStamps(t.Context(), id, market.H1, r, quality.Refusing)
			check(t, err)
			same(t, "stamps", append([]time.Time{}, stamps[id]...), append([]time.Time{}, at...))
		}
	}
}
