package pipeline_test

import (
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/candlewright/candlewright/internal/grid"
	"github.com/candlewright/candlewright/internal/market"
	"github.com/candlewright/candlewright/internal/pipeline"
	"github.com/candlewright/candlewright/internal/quality"
)

func TestMergeInsertsWhatIsNew(t *testing.T) {
	t.Parallel()
	r := row(market.Polygon, func(r *quality.Checked) { r.Failed = r.Failed.With(quality.Monotonic) })
	bar, corrections := pipeline.Merge(nil, r, priority)
	if bar.Change != pipeline.Inserted || corrections != nil || bar.Candle.Revision != 1 || bar.Candle.Verdict.Failed != r.Failed {
		t.Errorf("%+v %v", bar, corrections)
	}
}

func TestMergePage(t *testing.T) {
	t.Parallel()
	at := func(day int) func(*quality.Checked) {
		return func(r *quality.Checked) { r.Candle.TS = mergeAt.AddDate(0, 0, day) }
	}
	both := func(fs ...func(*quality.Checked)) func(*quality.Checked) {
		return func(r *quality.Checked) {
			for _, f := range fs {
				f(r)
			}
		}
	}
	dear := func(r *quality.Checked) { r.Candle.Close = 11.5 }
	oi := func(r *quality.Checked) { delivers(r, map[market.Field]float64{market.OpenInterest: 5}) }
	stored := []pipeline.Candle{
		*holds(row(market.CSV, at(2))), *holds(row(market.CSV, at(3))), *holds(row(market.CSV, at(4))), *holds(row(market.Binance, at(6))),
	}
	rows := []quality.Checked{
		row(market.CSV, at(1)), row(market.CSV, both(at(3), dear)), row(market.CSV, both(at(4), oi)), row(market.CSV, at(5)),
		row(market.CSV, both(at(6), dear)), row(market.CSV, at(7)),
	}
	got := pipeline.MergePage(stored, rows, priority)
	var days []int
	var changes []pipeline.Change
	for _, b := range got.Bars {
		days = append(days, b.Candle.TS.Day()-mergeAt.Day())
		changes = append(changes, b.Change)
	}
	if diff := cmp.Diff([]int{1, 2, 3, 4, 5, 6, 7}, days); diff != "" {
		t.Errorf("days (-want +got):\n%s", diff)
	}
	const kept, inserted, amended, filled = pipeline.Kept, pipeline.Inserted, pipeline.Amended, pipeline.Filled
	if diff := cmp.Diff([]pipeline.Change{inserted, kept, amended, filled, inserted, kept, inserted}, changes); diff != "" {
		t.Errorf("changes (-want +got):\n%s", diff)
	}
	if got.Inserted != 3 || got.Amended != 1 || got.Filled != 1 || got.Unused != 1 || len(got.Corrections) != 1 {
		t.Errorf("counts %+v", got)
	}
}

// TestMergingTwiceIsMergingOnce merges checked rows of any kind into each other.
func TestMergingTwiceIsMergingOnce(t *testing.T) {
	t.Parallel()
	g := grid.New(market.Crypto, market.H1)
	rng := rand.New(rand.NewPCG(9, 9))
	some := func(xs ...float64) float64 { return xs[rng.IntN(len(xs))] }
	random := func() (quality.Checked, bool) {
		c := market.Candle{
			TS: mergeAt, Open: some(10, 10*(1+1e-10), 11), High: some(12, 13), Low: some(8, 9), Close: some(10, 11), Volume: some(0, 100, 101, 200),
			Offered: market.Fields(rng.IntN(1 << 9)), Source: []market.SourceName{market.CSV, market.Polygon, market.Binance}[rng.IntN(3)],
			Manual: rng.IntN(8) == 0, VolumeEstimated: rng.IntN(2) == 0,
		}
		for f := range c.Delivered {
			c.Delivered[f] = some(missing, 0.5, 40, 60, 100, -1)
		}
		d, err := quality.Arrange(g, []market.Candle{c}, mergeAt.AddDate(0, 0, 1))
		if err != nil {
			t.Fatal(err)
		}
		return d.Rows[0], rng.IntN(2) == 0
	}
	for range 20_000 {
		first, _ := random()
		second, late := random()
		if late {
			second.Failed = second.Failed.With(quality.Monotonic)
		}
		stored := holds(first)
		once, _ := pipeline.Merge(stored, second, priority)
		twice, corrections := pipeline.Merge(&once.Candle, second, priority)
		if twice.Change != pipeline.Kept || len(corrections) > 0 || comparable(once.Candle) != comparable(twice.Candle) {
			t.Fatalf("%+v\nand %+v\nonce (%d) %+v\ntwice (%d) %+v", first, second, once.Change, once.Candle, twice.Change, twice.Candle)
		}
		if !quality.SaneTakers(&once.Candle.Candle) {
			t.Fatalf("%+v\nand %+v\ngive taker volumes that cannot be: %+v", first, second, once.Candle)
		}
	}
}
