package store_test

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/candlewright/candlewright/internal/market"
	"github.com/candlewright/candlewright/internal/pipeline"
	"github.com/candlewright/candlewright/internal/quality"
	"github.com/candlewright/candlewright/internal/store"
)

// hour is the stamp of the n-th candle of a test's series.
func hour(n int) time.Time { return monday.Add(time.Duration(n) * time.Hour) }

// hours tells which candles a page has.
func hours(l store.List[pipeline.Candle]) string {
	var text []string
	for _, c := range l.Rows {
		text = append(text, strconv.Itoa(int(c.TS.Sub(monday).Hours())))
	}
	if l.More {
		text = append(text, "…")
	}
	return strings.Join(text, " ")
}

func TestCandlePages(t *testing.T) {
	t.Parallel()
	s, _ := open(t)
	a, b := track(t, s, "A", market.Crypto).ID, track(t, s, "B", market.Crypto).ID
	none := track(t, s, "C", market.Crypto).ID
	write(t, s, a, market.H1, 1, series(1, monday, 10))
	write(t, s, b, market.H1, 1, series(2, monday, 3))
	write(t, s, a, market.D1, 1, series(3, monday, 5))
	for _, tc := range []struct {
		page         store.CandlePage
		want, wantOf string // of a, of b
	}{
		{store.CandlePage{Limit: 20}, "0 1 2 3 4 5 6 7 8 9", "0 1 2"},
		{store.CandlePage{Limit: 10}, "0 1 2 3 4 5 6 7 8 9", "0 1 2"},
		{store.CandlePage{Limit: 2}, "0 1 …", "0 1 …"},
		{store.CandlePage{Limit: 2, Backward: true}, "8 9 …", "1 2 …"},
		{store.CandlePage{Limit: 3, After: hour(1)}, "2 3 4 …", "2"},
		{store.CandlePage{Limit: 9, Before: hour(2)}, "0 1", "0 1"},
		{store.CandlePage{Limit: 2, Before: hour(8), Backward: true}, "6 7 …", "1 2 …"},
		{store.CandlePage{Limit: 9, Range: store.Range{From: hour(2), To: hour(5)}}, "2 3 4", "2"},
		{store.CandlePage{Limit: 9, Range: store.Range{From: hour(2), To: hour(8)}, After: hour(3), Before: hour(6)}, "4 5", ""},
		{store.CandlePage{Limit: 9, Range: store.Range{From: hour(2), To: hour(8)}, After: hour(0), Before: hour(9)}, "2 3 4 5 6 7", "2"},
		{store.CandlePage{Limit: 9, Range: store.Range{From: hour(10)}}, "", ""},
		{store.CandlePage{Limit: 9, Range: store.Range{From: hour(5), To: hour(2)}}, "", ""},
	} {
		l, err := s.Candles(t.Context(), a, market.H1, tc.page)
		check(t, err)
		same(t, fmt.Sprintf("page %+v", tc.page), hours(l), tc.want)

		of, err := s.CandlesOf(t.Context(), []int64{b, none, a}, market.H1, tc.page)
		check(t, err)
		same(t, fmt.Sprintf("page of many %+v", tc.page), hours(of[a])+"|"+hours(of[b])+"|"+hours(of[none]), tc.want+"|"+tc.wantOf+"|")
		if len(of[a].Rows) > 0 {
			same(t, "the rows of both", of[a], l)
		}
	}
	last, err := s.LastCandles(t.Context(), a, market.H1, hour(8), 2)
	check(t, err)
	same(t, "the last before", hours(store.List[pipeline.Candle]{Rows: last}), "6 7")
	last, err = s.LastCandles(t.Context(), a, market.H1, time.Time{}, 2)
	check(t, err)
	same(t, "the last of all", hours(store.List[pipeline.Candle]{Rows: last}), "8 9")
	in, err := s.CandlesIn(t.Context(), a, market.H1, store.Range{From: hour(3), To: hour(6)})
	check(t, err)
	same(t, "in the range", hours(store.List[pipeline.Candle]{Rows: in}), "3 4 5")

	n, err := s.CountCandles(t.Context(), []int64{a, b, none}, market.H1, store.Range{From: hour(1), To: hour(9)})
	check(t, err)
	same(t, "counted", n, map[int64]int64{a: 8, b: 2})
}

func TestStamps(t *testing.T) {
	t.Parallel()
	s, _ := open(t)
	id := track(t, s, "A", market.Crypto).ID
	write(t, s, id, market.H1, 1, series(1, monday, 10))
	var got []time.Time
	check(t, s.Stamps(t.Context(), id, market.H1, store.Range{From: hour(7)}, func(ts time.Time) error {
		got = append(got, ts)
		return nil
	}))
	same(t, "stamps", got, []time.Time{hour(7), hour(8), hour(9)})

	n := 0
	err := s.Stamps(t.Context(), id, market.H1, store.Range{}, func(time.Time) error { n++; return errStop })
	if !errors.Is(err, errStop) || n != 1 {
		t.Errorf("got %v after %d stamps, want the callback's error after one", err, n)
	}
}

func TestSetFreshness(t *testing.T) {
	t.Parallel()
	s, _ := open(t)
	id := track(t, s, "A", market.Crypto).ID
	candles := series(1, monday, 60)
	write(t, s, id, market.H1, 1, candles[:30])
	write(t, s, id, market.H1, 2, candles[30:])
	const stale = 1. / 9
	var changed int64
	check(t, s.InTx(t.Context(), func(tx *store.Tx) (err error) {
		changed, err = tx.SetFreshness(t.Context(), id, market.H1, 2, hour(40), stale)
		return err
	}))
	var differed int64
	for i := 40; i < 60; i++ {
		if candles[i].Verdict.Parts.Freshness != stale {
			differed++
		}
		candles[i].Verdict.Parts.Freshness = stale
	}
	same(t, "changed", changed, differed)
	same(t, "the series", read(t, s, id, market.H1), candles)

	// The stored scores are those of the formula: days are made of them.
	days, err := s.DayCounts(t.Context(), id, market.DateOf(monday), market.DateOf(monday)+10, []market.Timeframe{market.H1})
	check(t, err)
	var sum, want float64
	for _, d := range days {
		sum += d.ScoreSum
	}
	for _, c := range candles {
		want += c.Verdict.Parts.Score()
	}
	if diff := sum - want; diff > 1e-9 || diff < -1e-9 {
		t.Errorf("sum of scores %v, want %v", sum, want)
	}
}

func TestMeasureSeries(t *testing.T) {
	t.Parallel()
	s, _ := open(t)
	id := track(t, s, "A", market.Crypto).ID
	empty, err := s.MeasureSeries(t.Context(), id, market.H1)
	check(t, err)
	same(t, "empty", empty, pipeline.SeriesInfo{SymbolID: id, Timeframe: market.H1})

	candles := series(1, monday, 200)
	write(t, s, id, market.H1, 1, candles)
	want := pipeline.SeriesInfo{SymbolID: id, Timeframe: market.H1, First: hour(0), Last: hour(199), Records: 200}
	for _, c := range candles {
		if c.Verdict.Validated() {
			want.Validated++
		}
		if c.Verdict.Anomaly {
			want.Anomalies++
		}
	}
	got, err := s.MeasureSeries(t.Context(), id, market.H1)
	check(t, err)
	same(t, "measured", got, want)
}

func TestDayCounts(t *testing.T) {
	t.Parallel()
	s, _ := open(t)
	id := track(t, s, "A", market.Crypto).ID
	hourly, daily := series(1, monday.Add(20*time.Hour), 10), series(2, monday, 1)
	write(t, s, id, market.H1, 1, hourly)
	write(t, s, id, market.D1, 1, daily)
	write(t, s, id, market.W1, 1, daily)
	day := market.DateOf(monday)
	failures := []quality.Failure{
		{TS: hour(23), Check: quality.OHLCOrder},
		{TS: hour(22), Check: quality.OHLCOrder},
		{TS: hour(49), Check: quality.OnGrid}, // a date without candles
		{TS: hour(-1), Check: quality.OnGrid}, // outside
	}
	_, err := s.AddFailures(t.Context(), id, market.H1, failures, now)
	check(t, err)

	sum := func(tf market.Timeframe, d market.Date, cs []pipeline.Candle) store.DayCount {
		c := store.DayCount{Date: d, Timeframe: tf}
		for i := range cs {
			c.Total++
			c.ScoreSum += cs[i].Verdict.Parts.Score()
			if cs[i].Verdict.Validated() {
				c.Validated++
			}
			if cs[i].Verdict.Anomaly {
				c.Anomalies++
			}
		}
		return c
	}
	first, second := sum(market.H1, day, hourly[:4]), sum(market.H1, day+1, hourly[4:])
	first.Failed[quality.OHLCOrder] = 2
	third := store.DayCount{Date: day + 2, Timeframe: market.H1}
	third.Failed[quality.OnGrid] = 1
	got, err := s.DayCounts(t.Context(), id, day, day+2, []market.Timeframe{market.D1, market.H1})
	check(t, err)
	same(t, "the days", got, []store.DayCount{first, sum(market.D1, day, daily), second, third})

	weeks, err := s.LastWeeks(t.Context(), id)
	check(t, err)
	w := sum(market.W1, 0, daily)
	same(t, "the weeks", weeks, quality.Window{Records: 1, Validated: int64(w.Validated), ScoreSum: w.ScoreSum})
}

func TestLastSessionsAreThoseWithData(t *testing.T) {
	t.Parallel()
	s, _ := open(t)
	id := track(t, s, "A", market.Crypto).ID
	empty, err := s.LastSessions(t.Context(), id, market.DateOf(monday))
	check(t, err)
	same(t, "of nothing", empty, quality.Window{})

	var metrics []quality.DayMetric
	for d := range market.Date(70) {
		m := quality.DayMetric{Date: market.DateOf(monday) + d, Gaps: 1}
		if d%2 == 1 {
			m.Total, m.Validated, m.ScoreSum = 10, 9, 8.5
		}
		metrics = append(metrics, m)
	}
	check(t, s.PutDayMetrics(t.Context(), id, metrics, now))
	for _, newest := range []market.Date{69, 109} { // of the second all but the last 10 lie further back than is looked at first
		got, err := s.LastSessions(t.Context(), id, market.DateOf(monday)+newest)
		check(t, err)
		same(t, "30 of 35", got, quality.Window{Records: 300, Validated: 270, ScoreSum: 255})
	}
}
