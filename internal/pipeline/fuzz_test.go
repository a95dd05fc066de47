package pipeline_test

import (
	"encoding/binary"
	"math"
	"testing"

	"github.com/candlewright/candlewright/internal/feature"
	"github.com/candlewright/candlewright/internal/market"
	"github.com/candlewright/candlewright/internal/pipeline"
	"github.com/candlewright/candlewright/internal/quality"
)

// FuzzProcess feeds rows of any numbers through checks, merge and computation:
// what comes out is finite or missing, and no score leaves 0 … 1.
func FuzzProcess(f *testing.F) {
	f.Add([]byte("seed"), uint8(0), uint16(0))
	for _, x := range []float64{math.MaxFloat64, 5e-324, 1e-300, math.Inf(1), math.NaN(), 1, -1} {
		f.Add(binary.LittleEndian.AppendUint64(nil, math.Float64bits(x)), uint8(3), uint16(511))
	}
	f.Fuzz(func(t *testing.T, data []byte, kind uint8, offered uint16) {
		names := []string{"crypto-1h", "crypto-1w", "stock-30m", "stock-4h", "etf-1d"}
		g := grids()[names[int(kind)%len(names)]]
		rows := walk(g, 140, market.Fields(offered)&(everyField|market.FundingPayments), uint64(kind))
		for i := 0; len(data) >= 3; i++ {
			c := &rows[(int(data[0])+120)%140]
			fields := []*float64{&c.Open, &c.High, &c.Low, &c.Close, &c.Volume}
			for f := range c.Delivered {
				fields = append(fields, &c.Delivered[f])
			}
			var raw [8]byte
			copy(raw[:], data[2:])
			*fields[int(data[1])%len(fields)] = math.Float64frombits(binary.LittleEndian.Uint64(raw[:]))
			data = data[min(len(data), 10):]
		}
		d, err := quality.Arrange(g, rows, rows[len(rows)-1].TS.AddDate(0, 1, 0))
		if err != nil {
			t.Fatal(err)
		}
		bars := pipeline.MergePage(nil, d.Rows, nil).Bars
		out := pipeline.Process(pipeline.Input{Grid: g, Bars: bars, Payments: paymentsFor(rows)})
		for i := range out.Candles {
			c := &out.Candles[i]
			if s := c.Verdict.Parts.Score(); !(s >= 0 && s <= 1) {
				t.Errorf("bar %d: score %v", i, s)
			}
			for n, x := range c.Features.Num {
				if math.IsInf(x, 0) {
					t.Errorf("bar %d: %s is %v", i, feature.Name(n), x)
				}
			}
			for _, x := range []float64{c.Open, c.High, c.Low, c.Close, c.Volume} {
				if math.IsNaN(x) || math.IsInf(x, 0) || x < 0 {
					t.Errorf("bar %d: stored %v", i, x)
				}
			}
		}
		saveAndRestore(t, g, out.State)
	})
}
