package binance

import (
	"fmt"
	"math"
	"time"

	"github.com/candlewright/candlewright/internal/market"
	"github.com/candlewright/candlewright/internal/source"
)

// interval is a timeframe as Binance writes it: case-sensitive, 1m is a minute
// and 1M a month. Ours are written alike.
func interval(tf market.Timeframe) string { return string(tf) }

// candle converts one row. Volumes are in base units already; the sells are
// what the takers did not buy.
func (k *kline) candle(offered market.Fields) market.Candle {
	c := market.Candle{
		TS:   k.stamp(),
		Open: k.open, High: k.high, Low: k.low, Close: k.close, Volume: k.volume,
		Delivered: market.NoFields(),
		Offered:   offered,
		Source:    market.Binance,
	}
	c.Delivered[market.TakerBuyVolume] = k.takerBase
	c.Delivered[market.TakerSellVolume] = k.volume - k.takerBase
	return c
}

func (k *kline) stamp() time.Time { return time.UnixMilli(k.openTime).UTC() }

// priceless reports whether a row has no price at all, and so is no row.
func (k *kline) priceless() bool {
	return math.IsNaN(k.open) && math.IsNaN(k.high) && math.IsNaN(k.low) && math.IsNaN(k.close)
}

// page is what convert makes of an answer's rows.
type page struct {
	candles []market.Candle
	last    time.Time // greatest open time in the window; zero where no row was
	outside int       // rows outside the window, left out
	after   int       // of these, rows after the window
}

// convert keeps the rows in the window, in their order. It refuses a page whose
// rows are those of another interval: single rows off the grid are for the
// checks, a page of them is another series.
func convert(rows []kline, w source.Window, offered market.Fields) (page, error) {
	p := page{candles: make([]market.Candle, 0, len(rows))}
	length := w.Grid.Timeframe().Duration().Milliseconds()
	foreign := 0
	for i := range rows {
		k := &rows[i]
		ts := k.stamp()
		switch {
		case !w.Has(ts):
			p.outside++
			if !ts.Before(w.Grid.Stamp(w.End)) {
				p.after++
			}
			continue
		case ts.After(p.last):
			p.last = ts
		}
		if k.priceless() {
			continue
		}
		if _, ok := w.Grid.At(ts); !ok || k.closeTime != k.openTime+length-1 {
			foreign++
		}
		p.candles = append(p.candles, k.candle(offered))
	}
	if n := len(p.candles); 2*foreign > n {
		return page{}, &source.Error{
			Kind: source.BadResponse, Source: market.Binance,
			Message: fmt.Sprintf("%d of %d rows are no bars of %s", foreign, n, w.Grid.Timeframe()),
		}
	}
	return p, nil
}

// detail says what was left out.
func (p page) detail() string {
	if p.outside == 0 {
		return ""
	}
	return fmt.Sprintf("%d rows outside the range left out", p.outside)
}
