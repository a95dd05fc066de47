package quality_test

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/candlewright/candlewright/internal/grid"
	"github.com/candlewright/candlewright/internal/market"
	"github.com/candlewright/candlewright/internal/quality"
)

// walk is n bars of a made-up price path on a grid, all of them sound.
func walk(g grid.Grid, n int, offered market.Fields) []market.Candle {
	rng := rand.New(rand.NewPCG(1, 2))
	first := g.FirstFrom(time.Date(2010, 3, 1, 0, 0, 0, 0, time.UTC))
	rows := make([]market.Candle, n)
	price := 100.0
	for i := range rows {
		c := &rows[i]
		c.TS, c.Offered, c.Delivered, c.Source = g.Stamp(first+grid.Slot(i)), offered, market.NoFields(), market.CSV
		c.Open = price
		price *= math.Exp(0.001 * rng.NormFloat64())
		c.Close = price
		c.High, c.Low = max(c.Open, price)*1.0005, min(c.Open, price)*0.9995
		c.Volume = 100 * math.Exp(0.3*rng.NormFloat64())
		for f := range market.Field(market.NumFields) {
			if offered.Has(f) {
				c.Delivered[f] = 0.5
			}
		}
		if offered.Has(market.TakerBuyVolume) {
			c.Delivered[market.TakerBuyVolume], c.Delivered[market.TakerSellVolume] = c.Volume/4, 3*c.Volume/4
		}
	}
	return rows
}

const everyField = market.Fields(1<<market.NumFields - 1)

// The target is 25 ns a candle and nothing allocated.
func BenchmarkChecker(b *testing.B) {
	const n = 100_000
	for _, bm := range []struct {
		name    string
		grid    grid.Grid
		offered market.Fields
	}{
		{"stock-5m", grid.New(market.Stock, market.M5), 0},
		{"stock-1d", grid.New(market.Stock, market.D1), 0},
		{"crypto-5m", grid.New(market.Crypto, market.M5), 0},
		{"crypto-5m-all-fields", grid.New(market.Crypto, market.M5), everyField},
	} {
		size := n
		if bm.grid.Timeframe() == market.D1 {
			size = 5_000
		}
		rows := walk(bm.grid, size, bm.offered)
		now := bm.grid.End(bm.grid.FirstFrom(rows[size-1].TS))
		b.Run(bm.name, func(b *testing.B) {
			b.ReportAllocs()
			checker := quality.NewChecker(bm.grid, now)
			for i := range b.N {
				if _, failed, fate, err := checker.Row(&rows[i%size]); failed != 0 || fate != quality.Passed || err != nil {
					b.Fatal(failed, fate, err)
				}
			}
		})
	}
}

func BenchmarkOrder(b *testing.B) {
	const n = 1_000_000
	shuffled := rand.New(rand.NewPCG(1, 2)).Perm(n)
	for name, slot := range map[string]func(i int) grid.Slot{
		"ascending":  func(i int) grid.Slot { return grid.Slot(i) },
		"descending": func(i int) grid.Slot { return grid.Slot(n - i) },
		"shuffled":   func(i int) grid.Slot { return grid.Slot(shuffled[i]) },
	} {
		b.Run(name+"/rows=1M", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				var o quality.Order
				for i := range n {
					o.Add(slot(i))
				}
				if got := o.Finish().Len(); got != n {
					b.Fatal(got)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/row")
		})
	}
}

func BenchmarkArrange(b *testing.B) {
	const n = 100_000
	g := grid.New(market.Crypto, market.M5)
	rows := walk(g, n, everyField)
	now := g.End(g.FirstFrom(rows[n-1].TS))
	b.ReportAllocs()
	for b.Loop() {
		if d, err := quality.Arrange(g, rows, now); err != nil || len(d.Rows) != n {
			b.Fatal(len(d.Rows), err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/candle")
}

func BenchmarkDetector(b *testing.B) {
	for _, class := range []market.AssetClass{market.Crypto, market.Stock} {
		g := grid.New(class, market.M5)
		rows := walk(g, 100_000, 0)
		sessions := make([]market.Date, len(rows))
		for i := range rows {
			sessions[i] = market.DateOf(rows[i].TS)
		}
		b.Run(string(class), func(b *testing.B) {
			b.ReportAllocs()
			d := quality.NewDetector(g)
			for i := range b.N {
				k := i % len(rows)
				d.Push(sessions[k], rows[k].Close, rows[k].Volume)
			}
		})
	}
}
