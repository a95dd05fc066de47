package feature_test

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/candlewright/candlewright/internal/feature"
	"github.com/candlewright/candlewright/internal/grid"
	"github.com/candlewright/candlewright/internal/market"
)

// allFields is what a source offers that delivers everything.
const allFields = market.FundingPayments<<1 - 1

// walk makes n candles of a random walk on the first n slots from a date, with
// every crypto field, and their slots.
func walk(g grid.Grid, from time.Time, n int) ([]market.Candle, []grid.Slot) {
	rnd := rand.New(rand.NewPCG(1, 1))
	candles, slots := make([]market.Candle, n), make([]grid.Slot, n)
	first, price := g.FirstFrom(from), 100.
	for i := range candles {
		slots[i] = first + grid.Slot(i)
		c := &candles[i]
		c.TS, c.Offered = g.Stamp(slots[i]), allFields
		c.Open = price
		price *= math.Exp(0.002 * rnd.NormFloat64())
		c.Close = price
		c.High = max(c.Open, c.Close) * (1 + 0.001*rnd.Float64())
		c.Low = min(c.Open, c.Close) * (1 - 0.001*rnd.Float64())
		c.Volume = 1000 * math.Exp(rnd.NormFloat64())
		buys := c.Volume * rnd.Float64()
		c.Delivered = [market.NumFields]float64{
			1e5 + 100*rnd.NormFloat64(), 0.0001, 10 * rnd.Float64(), 10 * rnd.Float64(),
			buys, c.Volume - buys, 1 + rnd.Float64(), 2e4,
		}
	}
	return candles, slots
}

func BenchmarkPush(b *testing.B) {
	for _, bench := range []struct {
		name  string
		class market.AssetClass
		tf    market.Timeframe
	}{
		{"features=8/stock_5m", market.Stock, market.M5},
		{"features=8/stock_1d", market.Stock, market.D1},
		{"features=22/crypto_5m", market.Crypto, market.M5},
		{"features=22/crypto_1h", market.Crypto, market.H1},
	} {
		b.Run(bench.name, func(b *testing.B) {
			g := grid.New(bench.class, bench.tf)
			candles, slots := walk(g, time.Date(2000, 1, 3, 0, 0, 0, 0, time.UTC), 6000)
			funding := feature.Funding{Rate: 0.0001, Percentile: 50}
			b.ReportAllocs()
			s := feature.New(g)
			i := 0
			for b.Loop() {
				if i == len(candles) {
					s, i = feature.New(g), 0
				}
				r := s.Push(&candles[i], slots[i], funding)
				sink |= r.Expected
				i++
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "candles/s")
		})
	}
}

var start = time.Date(2020, 1, 6, 0, 0, 0, 0, time.UTC)

var sink feature.Set // so that nothing is computed in vain

// BenchmarkRestoreAndPush is what an append of one bar costs: a state out of its
// bytes, one bar, and back.
func BenchmarkRestoreAndPush(b *testing.B) {
	for _, bench := range []struct {
		name  string
		class market.AssetClass
		tf    market.Timeframe
	}{
		{"stock_1h", market.Stock, market.H1},
		{"crypto_5m", market.Crypto, market.M5},
	} {
		g := grid.New(bench.class, bench.tf)
		candles, slots := walk(g, time.Date(2000, 1, 3, 0, 0, 0, 0, time.UTC), 2001)
		s := feature.New(g)
		for i := range 2000 {
			s.Push(&candles[i], slots[i], feature.NoFunding())
		}
		saved, err := s.AppendBinary(nil)
		if err != nil {
			b.Fatal(err)
		}
		b.Run("restore/"+bench.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := s.UnmarshalBinary(saved); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(len(saved)), "bytes")
		})
		b.Run("push/"+bench.name, func(b *testing.B) {
			b.ReportAllocs()
			var restored feature.State
			restored = *s
			for b.Loop() {
				restored = *s // the memory that is shared is overwritten alike each time
				sink |= restored.Push(&candles[2000], slots[2000], feature.NoFunding()).Expected
			}
		})
		b.Run("save/"+bench.name, func(b *testing.B) {
			b.ReportAllocs()
			buf := saved
			for b.Loop() {
				buf, _ = s.AppendBinary(buf[:0])
			}
		})
	}
}
