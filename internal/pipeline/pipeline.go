package pipeline

import (
	"fmt"

	"github.com/candlewright/candlewright/internal/feature"
	"github.com/candlewright/candlewright/internal/grid"
	"github.com/candlewright/candlewright/internal/market"
	"github.com/candlewright/candlewright/internal/quality"
)

// Input of Process: one stretch of consecutive bars of one series.
type Input struct {
	Grid     grid.Grid
	Prior    *State           // after the bar before Bars[0]; nil at the start of the series. It is not changed.
	Bars     []Bar            // in slot order, as Merge made them. They are not changed.
	Payments []market.Payment // ascending: the last 90 known at the end of Bars[0] and all up to the end of the last bar
	Behind   int64            // bars behind of the series after the run's last write to it

	// Recompute says that something before Bars[0] has changed, so that Kept bars
	// are computed anew from the start. Else the Kept bars before the first
	// changed one only bring the State up to it and come out as they are stored.
	Recompute bool
}

// Output is what Process found. Candles and Dirty are parallel to Input.Bars.
type Output struct {
	Candles  []Candle
	Dirty    []bool            // the candle differs from what is stored: write it
	Failures []quality.Failure // feature_sane; the other checks' are in quality.Delivery
	State    *State            // after the last bar
	Changed  bool              // a bar was computed anew: Input.Recompute of the bars that follow
	Missing  feature.Set       // expected of a bar that was computed anew, and without a value there
}

// Process computes a stretch of a series: what stands out, the features, and
// what the rules say of each bar.
//
// The bars have passed the checks that drop rows, and carry the marks of the
// others (Merge). Each meets the rules in the order in which they are written
// down: its place on the grid, the anomalies, the features, the verdict.
func Process(in Input) Output {
	out := Output{
		Candles: make([]Candle, len(in.Bars)),
		Dirty:   make([]bool, len(in.Bars)),
		State:   in.start(),
		Changed: in.Recompute,
	}
	payments := feature.NewPayments(in.Payments)
	freshness := quality.Freshness(in.Behind)

	for i := range in.Bars {
		bar, c := &in.Bars[i], &out.Candles[i]
		*c = bar.Candle
		out.Changed = out.Changed || bar.Change != Kept

		slot := place(in.Grid, c)
		known := payments.At(in.Grid.End(slot))
		if out.Changed && c.Offered&market.FundingPayments != 0 {
			c.Delivered[market.FundingRate] = known.Rate
		}
		deviation := out.State.anomaly.Push(in.Grid.SessionOf(slot), c.Close, c.Volume)
		computed := out.State.features.Push(&c.Candle, slot, known)
		if !out.Changed {
			continue
		}

		c.Features = computed.Values
		out.Missing |= computed.Expected &^ computed.Values.Present()
		c.Verdict = judge(in.Grid.Class(), c, computed, deviation, freshness)
		if computed.Insane {
			out.Failures = append(out.Failures, quality.NewFailure(c.TS, quality.FeatureSane))
		}
		out.Dirty[i] = bar.Change != Kept || differs(c, &bar.Candle)
	}
	return out
}

// start is a state of Process's own.
func (in *Input) start() *State {
	if in.Prior == nil {
		return NewState(in.Grid)
	}
	return in.Prior.Clone()
}

// place is the slot of a stored candle.
func place(g grid.Grid, c *Candle) grid.Slot {
	slot, ok := g.At(c.TS)
	if !ok {
		panic(fmt.Sprintf("pipeline: bar stamped %v is not on the grid of %v", c.TS, g))
	}
	return slot
}

// judge is the verdict on a computed candle. Its marks are those of the delivery
// that last inserted or amended it; feature_sane alone is found anew with the
// features.
func judge(class market.AssetClass, c *Candle, r feature.Result, d quality.Deviation, freshness float64) quality.Verdict {
	failed := c.Verdict.Failed.Without(quality.FeatureSane)
	if r.Insane {
		failed = failed.With(quality.FeatureSane)
	}
	v := quality.Verdict{Failed: failed, Anomaly: d.Anomaly}
	p := &v.Parts
	p.FieldsPresent, p.FieldsExpected = countFields(class, c)
	p.ChecksPassed, p.ChecksMade = countChecks(class, c, failed)
	p.FeaturesPresent = int16((r.Values.Present() & r.Expected).Len())
	p.FeaturesExpected = int16(r.Expected.Len())
	p.Freshness = freshness
	return v
}

// countFields counts open, high, low, close and volume, which a stored candle
// has, and for crypto the offered ones of the features 9 to 14.
func countFields(class market.AssetClass, c *Candle) (present, expected int16) {
	present, expected = 5, 5
	if class != market.Crypto {
		return present, expected
	}
	for f := market.OpenInterest; f <= market.TakerSellVolume; f++ {
		if offers(c.Offered, f) {
			expected++
			if x := c.Delivered[f]; x == x {
				present++
			}
		}
	}
	return present, expected
}

// offers reports whether a field is offered; the payments of a perpetual offer
// its funding rate.
func offers(offered market.Fields, f market.Field) bool {
	return offered.Has(f) || f == market.FundingRate && offered&market.FundingPayments != 0
}

// countChecks counts all checks but, where no crypto field is offered,
// microstructure_sane. A stored candle has passed those that drop rows.
func countChecks(class market.AssetClass, c *Candle, failed quality.Checks) (passed, made int16) {
	made = quality.NumChecks
	if class != market.Crypto || c.Offered == 0 {
		made--
	}
	return made - int16(failed.Len()), made
}

// differs reports whether a stored candle, whose delivered values are kept, was
// computed to something else than what is stored.
func differs(computed, stored *Candle) bool {
	a, b := &computed.Features, &stored.Features
	if computed.Verdict != stored.Verdict || a.Trend != b.Trend || a.Structure != b.Structure {
		return true
	}
	for n, x := range a.Num {
		if y := b.Num[n]; x != y && (x == x || y == y) {
			return true
		}
	}
	if computed.Offered&market.FundingPayments != 0 {
		return false // the rate follows from the payments and was compared as a feature; it is stored once
	}
	x, y := computed.Delivered[market.FundingRate], stored.Delivered[market.FundingRate]
	return x != y && (x == x || y == y)
}
