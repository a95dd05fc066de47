package binance

import (
	"context"
	"math"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/candlewright/candlewright/internal/grid"
	"github.com/candlewright/candlewright/internal/market"
	"github.com/candlewright/candlewright/internal/source"
)

const (
	statsRows  = 500                         // of one page
	statsReach = 30*24*time.Hour - time.Hour // an older start is refused
	ratioAge   = 24 * time.Hour              // a ratio older than that says nothing
)

// reading is one row of a statistic.
type reading struct {
	at    time.Time
	value float64
}

// statistic is one of the two histories that Binance keeps for 30 days.
type statistic struct {
	field market.Field
	path  string
	value func(statRow) string
	// before is how long before a bar's end a reading may be stamped; 0 is the
	// bar itself.
	before time.Duration
}

var statistics = [2]statistic{
	{market.OpenInterest, "/futures/data/openInterestHist", func(r statRow) string { return r.OpenInterest }, 0},
	{market.LongShortRatio, "/futures/data/globalLongShortAccountRatio", func(r statRow) string { return r.Ratio }, ratioAge},
}

// statRow has the fields of both; numbers are decimal text.
type statRow struct {
	Timestamp    int64  `json:"timestamp"`
	OpenInterest string `json:"sumOpenInterest"` // of the contract's units
	Ratio        string `json:"longShortRatio"`
}

// attach fills in what the perpetual tells of each candle: the newest open
// interest stamped in (ts, end], and the newest ratio known at the end. Only a
// cancel is an error.
func (f *futures) attach(ctx context.Context, r source.Request, p perpetual, g grid.Grid, candles []market.Candle) error {
	if len(candles) == 0 {
		return nil
	}
	first, last := candles[0].TS, candles[0].TS
	for _, c := range candles {
		if c.TS.Before(first) {
			first = c.TS
		}
		if c.TS.After(last) {
			last = c.TS
		}
	}
	to := last.Add(g.Timeframe().Duration())
	oldest := r.Now.Add(-statsReach)
	for _, s := range statistics {
		from := first.Add(-s.before)
		if from.Before(oldest) {
			from = oldest
		}
		if !from.Before(to) {
			continue
		}
		readings, err := f.history(ctx, r, p, s, period(g.Timeframe()), from, to)
		if err != nil {
			return err
		}
		scale := 1.0
		if s.field == market.OpenInterest {
			scale = p.units
		}
		s.fill(g, candles, readings, scale)
	}
	return nil
}

// period is the interval of a statistic for bars of a timeframe; there is none
// of a week.
func period(tf market.Timeframe) market.Timeframe {
	if tf == market.W1 {
		return market.D1
	}
	return tf
}

// history reads a statistic, ascending. It is anchored at the end of what is
// asked for, so each call spans no more than a page can hold.
func (f *futures) history(ctx context.Context, r source.Request, p perpetual, s statistic, every market.Timeframe, from, to time.Time) ([]reading, error) {
	var all []reading
	for from.Before(to) {
		end := from.Add(statsRows * every.Duration())
		if end.After(to) {
			end = to
		}
		var rows []statRow
		err := f.call(ctx, r, s.path, 1, url.Values{
			"symbol": {p.name}, "period": {string(every)}, "limit": {strconv.Itoa(statsRows)},
			"startTime": {millis(from)}, "endTime": {millis(end)},
		}, func(a source.Answer) error {
			rows = nil
			return source.DecodeJSON(market.Binance, a, &rows)
		})
		if source.KindOf(err) == source.Cancelled {
			return nil, err
		}
		for _, row := range rows {
			at := time.UnixMilli(row.Timestamp).UTC()
			v, perr := strconv.ParseFloat(s.value(row), 64)
			if perr == nil && !at.Before(from) && !at.After(end) && !math.IsNaN(v) && !math.IsInf(v, 0) {
				all = append(all, reading{at, v})
			}
		}
		from = end
	}
	slices.SortStableFunc(all, func(a, b reading) int { return a.at.Compare(b.at) })
	return all, nil
}

// fill gives each candle its newest reading.
func (s statistic) fill(g grid.Grid, candles []market.Candle, readings []reading, scale float64) {
	for i := range candles {
		c := &candles[i]
		slot, ok := g.At(c.TS)
		if !ok {
			continue
		}
		end := g.End(slot)
		after := c.TS
		if s.before > 0 {
			after = end.Add(-s.before - time.Nanosecond)
		}
		n, _ := slices.BinarySearchFunc(readings, end, func(r reading, t time.Time) int {
			if r.at.After(t) {
				return 1
			}
			return -1
		})
		if n > 0 && readings[n-1].at.After(after) {
			c.Delivered[s.field] = readings[n-1].value * scale
		}
	}
}
