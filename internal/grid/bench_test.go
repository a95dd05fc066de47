package grid

import (
	"testing"
	"time"

	"github.com/candlewright/candlewright/internal/market"
)

// Consecutive slots, as the features of a series ask for them.
func BenchmarkGrid(b *testing.B) {
	for _, class := range []market.AssetClass{market.Stock, market.Crypto} {
		for _, tf := range []market.Timeframe{market.M5, market.D1, market.W1} {
			g := New(class, tf)
			from := g.FirstFrom(time.Date(1998, time.February, 2, 0, 0, 0, 0, time.UTC))
			n := Slot(g.Count(g.Stamp(from), time.Date(2028, time.January, 1, 0, 0, 0, 0, time.UTC)))
			times := make([]time.Time, n)
			for i := range times {
				times[i] = g.Stamp(from + Slot(i))
			}
			for _, op := range []struct {
				name string
				run  func(i Slot)
			}{
				{"At", func(i Slot) { g.At(times[i]) }},
				{"Containing", func(i Slot) { g.Containing(times[i]) }},
				{"Stamp", func(i Slot) { g.Stamp(from + i) }},
				{"End", func(i Slot) { g.End(from + i) }},
				{"SessionOf", func(i Slot) { g.SessionOf(from + i) }},
				{"HourBefore", func(i Slot) { g.HourBefore(from + i) }},
				{"DayBefore", func(i Slot) { g.DayBefore(from + i) }},
				{"LastEnded", func(i Slot) { g.LastEnded(times[i]) }},
			} {
				b.Run(op.name+"/"+string(class)+"/"+string(tf), func(b *testing.B) {
					b.ReportAllocs()
					var i Slot
					for b.Loop() {
						op.run(i)
						if i++; i == n {
							i = 0
						}
					}
				})
			}
		}
	}
}

func BenchmarkCount(b *testing.B) {
	from := time.Date(1998, time.January, 1, 0, 0, 0, 0, time.UTC)
	to := time.Date(2028, time.January, 1, 0, 0, 0, 0, time.UTC)
	for _, class := range []market.AssetClass{market.Stock, market.Crypto} {
		b.Run(string(class)+"/5m/years=30", func(b *testing.B) {
			g := New(class, market.M5)
			b.ReportAllocs()
			for b.Loop() {
				g.Count(from, to)
			}
		})
	}
}

// The one-off cost of the table.
func BenchmarkSessions(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		newSessions()
	}
}

func BenchmarkNew(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		New(market.Stock, market.M5)
	}
}

func BenchmarkResample(b *testing.B) {
	g := New(market.Crypto, market.H1)
	start := time.Date(2024, time.January, 1, 0, 0, 0, 0, time.UTC)
	const n = 100_000
	b.Run("rows=100k", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			r, err := NewResampler(time.Minute, g)
			if err != nil {
				b.Fatal(err)
			}
			for i := range n {
				c := market.Candle{TS: start.Add(time.Duration(i) * time.Minute), Open: 1, High: 1, Low: 1, Close: 1, Volume: 1}
				if _, _, err := r.Push(c); err != nil {
					b.Fatal(err)
				}
			}
		}
		b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
	})
}
