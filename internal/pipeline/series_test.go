package pipeline_test

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/candlewright/candlewright/internal/grid"
	"github.com/candlewright/candlewright/internal/market"
	"github.com/candlewright/candlewright/internal/pipeline"
	"github.com/candlewright/candlewright/internal/quality"
)

const everyField = market.Fields(1<<market.NumFields - 1)

// walk is n bars of a made-up price path on a grid, without gaps, all sound.
func walk(g grid.Grid, n int, offered market.Fields, seed uint64) []market.Candle {
	rng := rand.New(rand.NewPCG(seed, 2))
	first := g.FirstFrom(time.Date(2010, 3, 1, 0, 0, 0, 0, time.UTC))
	rows := make([]market.Candle, n)
	price := 100.0
	for i := range rows {
		c := &rows[i]
		c.TS, c.Offered, c.Delivered, c.Source = g.Stamp(first+grid.Slot(i)), offered, market.NoFields(), market.CSV
		c.Open = price
		price *= math.Exp(0.01 * rng.NormFloat64())
		c.Close = price
		c.High, c.Low = max(c.Open, price)*1.0005, min(c.Open, price)*0.9995
		c.Volume = 100 * math.Exp(0.3*rng.NormFloat64())
		for f := range market.Field(market.NumFields) {
			if offered.Has(f) {
				c.Delivered[f] = rng.Float64()
			}
		}
		if offered.Has(market.TakerBuyVolume) {
			c.Delivered[market.TakerBuyVolume], c.Delivered[market.TakerSellVolume] = c.Volume/4, 3*c.Volume/4
		}
	}
	return rows
}

// spoil puts defects of every kind into bars and removes some.
func spoil(rows []market.Candle, seed uint64) []market.Candle {
	rng := rand.New(rand.NewPCG(seed, 3))
	kept := rows[:0]
	for _, c := range rows {
		switch rng.IntN(40) {
		case 0:
			continue
		case 1:
			c.Volume = 0
		case 2:
			c.High, c.Low = c.Low, c.High
		case 3:
			c.Close *= 30
		case 4:
			c.Volume *= 1e6
		case 5:
			c.Delivered[market.Field(rng.IntN(market.NumFields))] = -2
		case 6:
			c.Delivered[market.Field(rng.IntN(market.NumFields))] = math.NaN()
		case 7:
			c.Open = math.NaN()
		case 8:
			c.Low = 0
		}
		kept = append(kept, c)
	}
	return kept
}

// paymentsFor is a payment every 8 hours from 40 days before the bars on.
func paymentsFor(rows []market.Candle) []market.Payment {
	rng := rand.New(rand.NewPCG(7, 7))
	var payments []market.Payment
	for at := rows[0].TS.AddDate(0, 0, -40); at.Before(rows[len(rows)-1].TS); at = at.Add(8 * time.Hour) {
		payments = append(payments, market.Payment{At: at, Rate: 1e-4 * float64(rng.IntN(10))})
	}
	return payments
}

// barsOf is what a delivery puts into an empty series.
func barsOf(tb testing.TB, g grid.Grid, rows []market.Candle) []pipeline.Bar {
	tb.Helper()
	d, err := quality.Arrange(g, rows, rows[len(rows)-1].TS.AddDate(1, 0, 0))
	if err != nil {
		tb.Fatal(err)
	}
	return pipeline.MergePage(nil, d.Rows, nil).Bars
}
