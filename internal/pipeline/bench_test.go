package pipeline_test

import (
	"testing"

	"github.com/candlewright/candlewright/internal/grid"
	"github.com/candlewright/candlewright/internal/market"
	"github.com/candlewright/candlewright/internal/pipeline"
	"github.com/candlewright/candlewright/internal/quality"
)

func BenchmarkProcess(b *testing.B) {
	const n = 10_000
	for _, bm := range []struct {
		name    string
		grid    grid.Grid
		offered market.Fields
	}{
		{"stock-5m", grid.New(market.Stock, market.M5), 0},
		{"crypto-5m", grid.New(market.Crypto, market.M5), 0},
		{"crypto-5m-all-fields", grid.New(market.Crypto, market.M5), everyField | market.FundingPayments},
	} {
		rows := walk(bm.grid, n, bm.offered, 1)
		d, err := quality.Arrange(bm.grid, rows, bm.grid.End(bm.grid.FirstFrom(rows[n-1].TS)))
		if err != nil {
			b.Fatal(err)
		}
		bars := pipeline.MergePage(nil, d.Rows, nil).Bars
		payments := paymentsFor(rows)
		b.Run(bm.name+"/bars=10k", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				pipeline.Process(pipeline.Input{Grid: bm.grid, Bars: bars, Payments: payments})
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/candle")
		})
	}
}

func BenchmarkState(b *testing.B) {
	g := grid.New(market.Stock, market.M5)
	rows := walk(g, 10_000, 0, 1)
	d, err := quality.Arrange(g, rows, g.End(g.FirstFrom(rows[len(rows)-1].TS)))
	if err != nil {
		b.Fatal(err)
	}
	state := pipeline.Process(pipeline.Input{Grid: g, Bars: pipeline.MergePage(nil, d.Rows, nil).Bars}).State
	saved, err := state.MarshalBinary()
	if err != nil {
		b.Fatal(err)
	}
	b.Run("save", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := state.MarshalBinary(); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(len(saved)), "bytes/state")
	})
	b.Run("restore", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if err := pipeline.NewState(g).UnmarshalBinary(saved); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("clone", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			state.Clone()
		}
	})
}
