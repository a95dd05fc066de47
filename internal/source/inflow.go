package source

import (
	"context"
	"time"

	"github.com/candlewright/candlewright/internal/grid"
	"github.com/candlewright/candlewright/internal/market"
)

// InflowSource has the coins that were sent to exchanges, by day: an input of
// its own beside the sources of candles.
type InflowSource interface {
	// Inflow is the inflow of each whole UTC day from and through, both
	// included, as far as it is published. ok is false of a coin that the source
	// does not have.
	Inflow(ctx context.Context, sym market.Symbol, from, through market.Date) (days map[market.Date]float64, ok bool, err error)
}

// inflowKnown is how long after a day's end its inflow counts as known, whenever
// it was fetched: it is published about a day late.
const inflowKnown = 24 * time.Hour

// WithInflow is the chain with the inflow added to the candles of coins,
// whoever delivers them. Where it cannot be had the candles come without.
func (c *Chain) WithInflow(in InflowSource) *Chain {
	with := *c
	with.inflow = in
	return &with
}

// inflows are the days of one walk.
type inflows struct {
	days    map[market.Date]float64
	offered bool
}

// inflowsOf asks for the days that the bars of a request can see.
func (c *Chain) inflowsOf(ctx context.Context, r Request) inflows {
	if c.inflow == nil || r.Symbol.Class != market.Crypto {
		return inflows{}
	}
	var in inflows
	var err error
	in.days, in.offered, err = c.inflow.Inflow(ctx, r.Symbol, inflowDay(r.From), inflowDay(r.Now))
	if err != nil {
		return inflows{} // the client has logged it; a later run fills what is missing
	}
	return in
}

// inflowDay is the last whole UTC day whose inflow is known at an instant.
func inflowDay(at time.Time) market.Date {
	return market.DateOf(at.Add(-24*time.Hour - inflowKnown))
}

// fill gives each candle the inflow of the last day known at its end.
func (in inflows) fill(g grid.Grid, candles []market.Candle) {
	if !in.offered {
		return
	}
	for i := range candles {
		c := &candles[i]
		c.Offered |= market.Offer(market.ExchangeInflow)
		slot, ok := g.At(c.TS)
		if !ok {
			continue
		}
		if v, known := in.days[inflowDay(g.End(slot))]; known {
			c.Delivered[market.ExchangeInflow] = v
		}
	}
}
