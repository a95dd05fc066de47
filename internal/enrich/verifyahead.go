package enrich

import (
	"math"
	"math/rand/v2"
	"slices"
	"sort"
	"time"

	"github.com/candlewright/candlewright/internal/market"
	"github.com/candlewright/candlewright/internal/pipeline"
	"github.com/candlewright/candlewright/internal/store"
)

// Whoever looks ahead sees at least the next bar; a swing point is known two bars
// later. So many made-up bars follow each bar that is computed alone.
const scrambledBars = 4

// alone computes each candle of a stretch twice: from the candles before it and
// nothing else, and with a made-up future behind it. What is stored must be the
// first, and the second must not differ from it.
func (k *seriesCheck) alone(stored []store.StoredCandle, bars []pipeline.Bar, payments []market.Payment) {
	for i := range bars {
		slot, _ := k.grid.At(bars[i].Candle.TS)
		end := k.grid.End(slot)
		known := payments[:sort.Search(len(payments), func(j int) bool { return payments[j].At.After(end) })]
		before := k.state
		in := pipeline.Input{Grid: k.grid, Prior: before, Bars: bars[i : i+1], Payments: known, Recompute: true}
		out := k.v.r.process(in)
		k.state = out.State

		rng := rand.New(rand.NewPCG(uint64(slot), uint64(len(bars)))) //nolint:gosec // a future that nobody guessed, not a secret
		in.Bars = k.scrambled(&bars[i].Candle, rng)
		in.Payments = scrambledPayments(known, end, rng)
		future := k.v.r.process(in)
		for _, d := range pipeline.Compare(&out.Candles[0], &future.Candles[0]) {
			at := k.at(stored[i].TS)
			at.Difference = pipeline.Difference{Field: d.Field, Stored: d.Computed, Computed: d.Stored}
			at.Note = "the rule itself looks ahead: computed with another future behind the bar"
			k.v.differs(at)
		}

		var next *pipeline.Candle
		if i+1 < len(bars) {
			next = &bars[i+1].Candle
		}
		k.compare(&stored[i], &out.Candles[0], func(field string) string {
			return k.leak(before, &stored[i].Candle, &bars[i].Candle, next, payments, field)
		})
	}
}

// scrambled is a bar with made-up bars behind it.
func (k *seriesCheck) scrambled(c *pipeline.Candle, rng *rand.Rand) []pipeline.Bar {
	bars := []pipeline.Bar{{Candle: *c}}
	slot, _ := k.grid.At(c.TS)
	for range scrambledBars {
		slot++
		ts := k.grid.Stamp(slot)
		if _, ok := k.grid.At(ts); !ok {
			break // the calendar ends here
		}
		x := *c
		x.TS = ts
		for _, price := range []*float64{&x.Open, &x.High, &x.Low, &x.Close, &x.Volume} {
			*price *= math.Exp(rng.NormFloat64())
		}
		for f := range x.Delivered {
			x.Delivered[f] *= math.Exp(rng.NormFloat64())
		}
		bars = append(bars, pipeline.Bar{Candle: x})
	}
	return bars
}

// scrambledPayments are the known payments with made-up ones behind them.
func scrambledPayments(known []market.Payment, end time.Time, rng *rand.Rand) []market.Payment {
	payments := slices.Clip(known)
	for n := range scrambledBars {
		payments = append(payments, market.Payment{At: end.Add(time.Duration(n+1) * time.Second), Rate: rng.Float64()})
	}
	return payments
}

// leak says whether a stored value that does not follow from its past is the one
// that follows when the next candle is known, in one of the ways in which that
// happens: a column that slipped by a row, or the next close in the bar's place.
func (k *seriesCheck) leak(before *pipeline.State, stored, c, next *pipeline.Candle, payments []market.Payment, field string) string {
	if next == nil {
		return ""
	}
	slipped := *c
	slipped.Close, slipped.High, slipped.Low = next.Close, max(c.High, next.Close), min(c.Low, next.Close)
	for _, try := range []struct {
		bars []pipeline.Bar
		note string
	}{
		{[]pipeline.Bar{{Candle: *c}, {Candle: *next}}, "that is the value of the next bar"},
		{[]pipeline.Bar{{Candle: slipped}}, "that is the value with the next bar's close"},
	} {
		out := k.v.r.process(pipeline.Input{Grid: k.grid, Prior: before, Bars: try.bars, Payments: payments, Recompute: true})
		agrees := true
		for _, d := range pipeline.Compare(stored, &out.Candles[len(try.bars)-1]) {
			agrees = agrees && d.Field != field
		}
		if agrees {
			return "it looks ahead: " + try.note
		}
	}
	return ""
}
