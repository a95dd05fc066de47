package pipeline_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/candlewright/candlewright/internal/feature"
	"github.com/candlewright/candlewright/internal/grid"
	"github.com/candlewright/candlewright/internal/market"
	"github.com/candlewright/candlewright/internal/pipeline"
	"github.com/candlewright/candlewright/internal/quality"
)

// checkpoint is a saved state after the first n bars of a series.
type checkpoint struct {
	n     int
	state []byte
}

// stored is a series as a store keeps it.
type stored struct {
	candles     []pipeline.Candle
	checkpoints []checkpoint
}

const checkpointEvery = 150

// build computes a series from its start and keeps checkpoints.
func build(tb testing.TB, g grid.Grid, bars []pipeline.Bar, payments []market.Payment) stored {
	tb.Helper()
	s := stored{}
	state := pipeline.NewState(g)
	for n := 0; n < len(bars); {
		s.checkpoints = append(s.checkpoints, checkpoint{n, save(tb, state)})
		page := bars[n:min(len(bars), n+checkpointEvery)]
		out := pipeline.Process(pipeline.Input{Grid: g, Prior: state, Bars: page, Payments: payments})
		s.candles = append(s.candles, out.Candles...)
		state, n = out.State, n+len(page)
	}
	return s
}

// amend merges rows into a stored series as the service layer does: from the
// last checkpoint before the first row, page by page, until a checkpoint at
// least 400 bars after the last row whose state has converged. It gives the
// series and the number of bars that were not computed again.
func amend(tb testing.TB, g grid.Grid, s stored, rows []quality.Checked, payments []market.Payment) ([]pipeline.Candle, int) {
	tb.Helper()
	first, last := rows[0].Candle.TS, rows[len(rows)-1].Candle.TS
	k := len(s.checkpoints) - 1
	for k > 0 && !s.candles[s.checkpoints[k].n-1].TS.Before(first) {
		k--
	}
	done := slices.Clone(s.candles[:s.checkpoints[k].n])
	state, recompute, after := pipeline.NewState(g), false, 0
	if err := state.UnmarshalBinary(s.checkpoints[k].state); err != nil {
		tb.Fatal(err)
	}
	for ; k < len(s.checkpoints); k++ {
		from, to := s.checkpoints[k].n, len(s.candles)
		page := rows
		if k+1 < len(s.checkpoints) {
			to = s.checkpoints[k+1].n
			end := s.candles[to].TS
			page = rows[:len(rows)-len(trimBefore(rows, func(r quality.Checked) bool { return r.Candle.TS.Before(end) }))]
		}
		rows = rows[len(page):]
		merged := pipeline.MergePage(s.candles[from:to], page, nil)
		out := pipeline.Process(pipeline.Input{Grid: g, Prior: state, Bars: merged.Bars, Payments: payments, Recompute: recompute})
		for i := range out.Candles {
			c := out.Candles[i]
			if !out.Dirty[i] { // what is not written stays as it is
				c = merged.Bars[i].Candle
			}
			done = append(done, c)
			if c.TS.After(last) {
				after++
			}
		}
		state, recompute = out.State, out.Changed
		if k+1 < len(s.checkpoints) && after >= 400 {
			saved := pipeline.NewState(g)
			if err := saved.UnmarshalBinary(s.checkpoints[k+1].state); err != nil {
				tb.Fatal(err)
			}
			if state.Converged(saved) {
				return append(done, s.candles[to:]...), len(s.candles) - to
			}
		}
	}
	return done, 0
}

func trimBefore[T any](xs []T, before func(T) bool) []T {
	for len(xs) > 0 && before(xs[0]) {
		xs = xs[1:]
	}
	return xs
}

func TestAmendmentEqualsAFreshComputation(t *testing.T) {
	t.Parallel()
	for name, g := range grids() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := 2400
			if g.Timeframe() == market.W1 || g.Timeframe() == market.D1 {
				n = 1500
			}
			whole := spoil(walk(g, n, offeredBy(g), 4), 4)
			payments := paymentsFor(whole)
			rng := rand.New(rand.NewPCG(5, 5))
			spared := 0
			for range 8 {
				// A series lacks a few bars and has others wrong; then a delivery brings them.
				k, count := rng.IntN(len(whole)), 1+rng.IntN(5)
				k, count = min(k, len(whole)-count), min(count, len(whole))
				var before, rows []market.Candle
				for i, c := range whole {
					changed := i >= k && i < k+count
					if changed {
						rows = append(rows, c)
					}
					switch {
					case !changed || len(before) == 0 && i == 0:
						before = append(before, c)
					case rng.IntN(2) == 0:
						c.Open, c.High, c.Low, c.Close, c.Volume = c.Open*3, c.High*3, c.Low*3, c.Close*3, c.Volume*3
						before = append(before, c)
					}
				}
				d, err := quality.Arrange(g, rows, whole[len(whole)-1].TS.AddDate(1, 0, 0))
				if err != nil {
					t.Fatal(err)
				}
				if len(d.Rows) == 0 {
					continue
				}
				s := build(t, g, barsOf(t, g, before), payments)
				got, kept := amend(t, g, s, d.Rows, payments)
				spared += kept
				want := pipeline.Process(pipeline.Input{Grid: g, Bars: barsOf(t, g, whole), Payments: payments})
				compareSeriesOfCandles(t, want.Candles, got)
			}
			if spared == 0 && g.Timeframe() != market.M30 {
				t.Error("every amendment was computed to the end: no checkpoint ever converged")
			}
		})
	}
}

// compareSeriesOfCandles holds features to the tolerance of the rules and all
// else to equality, but for what tells an amended candle from a first delivery.
func compareSeriesOfCandles(t *testing.T, want, got []pipeline.Candle) {
	t.Helper()
	got = slices.Clone(got)
	for i := range want[:min(len(want), len(got))] {
		w, g := &want[i], &got[i]
		for n := range feature.Name(feature.Count) {
			if !agree(g.Features.Num[n], w.Features.Num[n]) {
				t.Fatalf("bar %d: %s is %v, want %v", i, n, g.Features.Num[n], w.Features.Num[n])
			}
		}
		g.Features.Num, g.Revision = w.Features.Num, w.Revision
	}
	compareToTheBit(t, want, got)
}

func agree(a, b float64) bool {
	if math.IsNaN(a) || math.IsNaN(b) {
		return math.IsNaN(a) && math.IsNaN(b)
	}
	return math.Abs(a-b) <= 1e-9*max(math.Abs(a), math.Abs(b))
}
