package pipeline_test

import (
	"math"
	"testing"
	"time"

	"github.com/candlewright/candlewright/internal/market"
	"github.com/candlewright/candlewright/internal/pipeline"
	"github.com/candlewright/candlewright/internal/quality"
)

// TestUndoTakesBackWhatMergeDid amends candles again and again and takes the
// amendments back to each of the states between.
func TestUndoTakesBackWhatMergeDid(t *testing.T) {
	t.Parallel()
	first := time.Date(2024, 5, 1, 12, 0, 0, 0, time.UTC)
	for seed := range uint64(20) {
		candles := computed(t, walk(hours, 60, everyField, seed), 0)
		was := []pipeline.Candle{candles[59]}
		var corrections []pipeline.Correction
		for n := range 5 {
			row := was[n].Candle
			switch (int(seed) + n) % 5 {
			case 0:
				row.Close *= 1.01
				row.High *= 1.02
			case 1:
				row.Volume = 0
			case 2:
				row.Low = row.High * 2
			case 3:
				row.Delivered[market.OpenInterest] += 1e-3
				row.Open = 1e-7
			case 4:
				row.Volume = 1e22 + float64(n)
			}
			m := pipeline.MergePage(was[n:n+1], []quality.Checked{{Candle: row, Failed: quality.Marks(&row)}}, nil)
			for _, c := range m.Corrections {
				c.CorrectedAt = first.Add(time.Duration(n) * time.Hour)
				corrections = append(corrections, c)
			}
			was = append(was, m.Bars[0].Candle)
		}
		for n := range was {
			c := was[len(was)-1]
			k := 0
			for k < len(corrections) && corrections[k].CorrectedAt.Before(first.Add(time.Duration(n)*time.Hour)) {
				k++
			}
			pipeline.Undo(&c, corrections[k:])
			want := was[n]
			if comparable(c) != comparable(want) {
				t.Fatalf("seed %d: as of %d the candle is\n%+v\nwant\n%+v", seed, n, comparable(c), comparable(want))
			}
		}
	}
}

func TestUndoOfNothing(t *testing.T) {
	t.Parallel()
	c := pipeline.Candle{Candle: market.Candle{Open: 1, High: 1, Low: 2, Close: 1, Delivered: market.NoFields()}, Revision: 1}
	before := c
	pipeline.Undo(&c, nil)
	if comparable(c) != comparable(before) {
		t.Errorf("%+v", c)
	}
	pipeline.Undo(&c, []pipeline.Correction{{Field: "basis", Old: "3"}, {Field: "funding_rate", Old: ""}})
	if c.Revision != 1 || !math.IsNaN(c.Delivered[market.FundingRate]) {
		t.Errorf("%+v, want revision 1 at least and no rate", c)
	}
}
