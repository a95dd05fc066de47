package store_test

import (
	"strconv"
	"testing"

	"github.com/candlewright/candlewright/internal/market"
	"github.com/candlewright/candlewright/internal/store"
)

// BenchmarkWriteCandles writes 100,000 candles in chunks of 10,000, one
// transaction each, as a run does: new ones, and the same over stored ones.
func BenchmarkWriteCandles(b *testing.B) {
	const rows, chunk = 100_000, 10_000
	candles := series(1, monday, rows)
	write := func(b *testing.B, s *store.Store, symbolID int64) {
		b.Helper()
		for at := 0; at < rows; at += chunk {
			check(b, s.InTx(b.Context(), func(tx *store.Tx) error {
				return tx.WriteCandles(b.Context(), symbolID, market.H1, 1, candles[at:at+chunk])
			}))
		}
	}
	b.Run("new/rows=100k", func(b *testing.B) {
		s, _ := open(b)
		b.ReportAllocs()
		for n := 0; b.Loop(); n++ {
			b.StopTimer()
			sym := track(b, s, "S"+strconv.Itoa(n), market.Crypto)
			b.StartTimer()
			write(b, s, sym.ID)
		}
		b.ReportMetric(float64(rows)*float64(b.N)/b.Elapsed().Seconds(), "candles/s")
	})
	b.Run("stored/rows=100k", func(b *testing.B) {
		s, _ := open(b)
		sym := track(b, s, "BTC", market.Crypto)
		write(b, s, sym.ID)
		b.ReportAllocs()
		for b.Loop() {
			write(b, s, sym.ID)
		}
		b.ReportMetric(float64(rows)*float64(b.N)/b.Elapsed().Seconds(), "candles/s")
	})
}

// BenchmarkCandles reads a page as GraphQL asks for it.
func BenchmarkCandles(b *testing.B) {
	const rows = 1000
	s, _ := open(b)
	sym := track(b, s, "BTC", market.Crypto)
	write(b, s, sym.ID, market.H1, 1, series(1, monday, 20_000))
	b.ReportAllocs()
	for b.Loop() {
		l, err := s.Candles(b.Context(), sym.ID, market.H1, store.CandlePage{After: monday.AddDate(0, 1, 0), Limit: rows})
		check(b, err)
		if len(l.Rows) != rows || !l.More {
			b.Fatal(len(l.Rows), l.More)
		}
	}
	b.ReportMetric(rows*float64(b.N)/b.Elapsed().Seconds(), "candles/s")
}
