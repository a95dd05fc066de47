package polygon

import (
	"fmt"
	"math"
	"time"

	"github.com/candlewright/candlewright/internal/grid"
	"github.com/candlewright/candlewright/internal/market"
	"github.com/candlewright/candlewright/internal/source"
)

// converter turns the rows of one request into candles, across its pages.
type converter struct {
	fetch     fetch
	class     market.AssetClass
	window    source.Window
	resampler *grid.Resampler // nil: rows are the bars
	pending   grid.Slot       // of the newest row pushed
	last      time.Time       // stamp of the newest row seen, in the session or not
}

func newConverter(f fetch, w source.Window, class market.AssetClass) (*converter, error) {
	c := &converter{fetch: f, class: class, window: w}
	if f.resample {
		r, err := grid.NewResampler(f.part, w.Grid)
		if err != nil {
			return nil, err
		}
		c.resampler = r
	}
	return c, nil
}

// rows converts a page. Left out are over-the-counter rows, rows outside the
// session, rows of the dates asked for that belong to other slots, and foreign
// ones, of other dates; a page that has nothing but those is refused.
func (c *converter) rows(results []agg, from, to market.Date) (rows []market.Candle, foreign int, err error) {
	rows = make([]market.Candle, 0, len(results))
	calendar := grid.CalendarOf(c.class)
	for i := range results {
		r := &results[i]
		at := time.UnixMilli(*r.Time).UTC()
		date := c.date(at)
		if date < from || date > to {
			foreign++
			continue
		}
		ts := at
		switch {
		case c.fetch.timespan == "day":
			ts = date.Time()
		case !calendar.Open(at):
			c.seen(at)
			continue
		}
		c.seen(ts)
		if c.window.Has(ts) && !r.OTC && !r.priceless() {
			rows = append(rows, r.candle(ts))
		}
	}
	if foreign > 0 && foreign == len(results) {
		return nil, 0, &source.Error{
			Kind: source.BadResponse, Source: market.Polygon,
			Message: fmt.Sprintf("all %d rows lie outside the dates asked for, %s to %s", foreign, from, to),
		}
	}
	return rows, foreign, nil
}

func (c *converter) seen(ts time.Time) {
	if ts.After(c.last) {
		c.last = ts
	}
}

// date is the date that a row counts for: New York's for stocks, UTC's for
// coins.
func (c *converter) date(at time.Time) market.Date {
	if c.class == market.Crypto {
		return market.DateOf(at)
	}
	y, m, d := at.In(newYork).Date()
	return market.NewDate(y, m, d)
}

// bars makes what the rows complete: themselves, or the bars whose last part
// has come. final says that no further row follows in this range.
func (c *converter) bars(rows []market.Candle, final bool) ([]market.Candle, error) {
	if c.resampler == nil {
		return rows, nil
	}
	var out []market.Candle
	for _, row := range source.Parts(rows) {
		bar, ok, err := c.resampler.Push(row)
		if err != nil {
			return nil, &source.Error{Kind: source.BadResponse, Source: market.Polygon, Message: "rows do not fit", Err: err}
		}
		if ok {
			out = append(out, bar)
		}
		c.pending, _ = c.window.Grid.Containing(row.TS)
	}
	// Rows are in order, so one from after a slot's end completes its bar.
	if final || c.pending < c.answered() {
		if bar, ok := c.resampler.Flush(); ok {
			out = append(out, bar)
		}
	}
	return out, nil
}

// answered is the slot up to which a page that is not the last of its range has
// answered: rows of the newest slot may follow.
func (c *converter) answered() grid.Slot {
	if c.last.IsZero() {
		return c.window.First
	}
	if c.resampler != nil {
		if s, ok := c.window.Grid.Containing(c.last); ok {
			return s
		}
	}
	return c.window.Grid.FirstFrom(c.last.Add(time.Millisecond))
}

func (r *agg) candle(ts time.Time) market.Candle {
	return market.Candle{
		TS: ts, Source: market.Polygon, Delivered: market.NoFields(),
		Open: value(r.Open), High: value(r.High), Low: value(r.Low), Close: value(r.Close), Volume: value(r.Volume),
	}
}

// priceless reports whether a row has no price at all, and so is no row.
func (r *agg) priceless() bool {
	return r.Open == nil && r.High == nil && r.Low == nil && r.Close == nil
}

func value(p *float64) float64 {
	if p == nil {
		return math.NaN()
	}
	return *p
}
