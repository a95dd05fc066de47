package pipeline_test

import (
	"fmt"
	"time"

	"github.com/candlewright/candlewright/internal/feature"
	"github.com/candlewright/candlewright/internal/grid"
	"github.com/candlewright/candlewright/internal/market"
	"github.com/candlewright/candlewright/internal/pipeline"
	"github.com/candlewright/candlewright/internal/quality"
)

// A delivery of three days, one of them without trades, into an empty series;
// then the series goes on from its saved state.
func ExampleProcess() {
	g := grid.New(market.Stock, market.D1)
	day := func(d int, closing, volume float64) market.Candle {
		return market.Candle{
			TS:   time.Date(2024, time.March, d, 0, 0, 0, 0, time.UTC),
			Open: 100, High: max(100, closing), Low: min(100, closing), Close: closing, Volume: volume,
			Source: market.CSV,
		}
	}
	now := time.Date(2024, time.March, 8, 22, 0, 0, 0, time.UTC)

	delivery, err := quality.Arrange(g, []market.Candle{day(5, 101, 900), day(6, 102, 0), day(7, 99, 800)}, now)
	if err != nil {
		fmt.Println(err)
		return
	}
	merged := pipeline.MergePage(nil, delivery.Rows, nil)
	out := pipeline.Process(pipeline.Input{Grid: g, Bars: merged.Bars, Behind: 1})
	for _, c := range out.Candles {
		change := "?"
		if x, known := c.Features.Return1d(); known {
			change = fmt.Sprintf("%.2f%%", 100*x)
		}
		fmt.Println(c.TS.Format(time.DateOnly), change, c.Verdict.Notes(false), quality.Round2(c.Verdict.Parts.Score()))
	}

	saved, _ := out.State.MarshalBinary()
	prior := pipeline.NewState(g)
	if err := prior.UnmarshalBinary(saved); err != nil {
		fmt.Println(err)
		return
	}
	delivery, _ = quality.Arrange(g, []market.Candle{day(8, 100.98, 700)}, now)
	out = pipeline.Process(pipeline.Input{Grid: g, Prior: prior, Bars: pipeline.MergePage(nil, delivery.Rows, nil).Bars})
	fmt.Printf("%.4f\n", out.Candles[0].Features.Num[feature.Return1d])
	// Output:
	// 2024-03-05 ? [] 1
	// 2024-03-06 0.99% [volume_positive] 0.97
	// 2024-03-07 -2.94% [] 1
	// 0.0200
}
