package pipeline_test

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/candlewright/candlewright/internal/feature"
	"github.com/candlewright/candlewright/internal/grid"
	"github.com/candlewright/candlewright/internal/market"
	"github.com/candlewright/candlewright/internal/pipeline"
	"github.com/candlewright/candlewright/internal/quality"
)

// compareToTheBit stops at the first candle that differs; missing numbers are
// equal to each other.
func compareToTheBit(t *testing.T, want, got []pipeline.Candle) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d candles, want %d", len(got), len(want))
	}
	for i := range want {
		if comparable(want[i]) != comparable(got[i]) {
			t.Fatalf("bar %d (-want +got):\n%s", i, cmp.Diff(want[i], got[i], cmpopts.EquateNaNs()))
		}
	}
}

// comparable is a candle that equals itself.
func comparable(c pipeline.Candle) pipeline.Candle {
	for _, numbers := range [][]float64{c.Delivered[:], c.Features.Num[:]} {
		for i, x := range numbers {
			if math.IsNaN(x) {
				numbers[i] = -math.MaxFloat64
			}
		}
	}
	return c
}

// grids are one of each kind of calendar and timeframe.
func grids() map[string]grid.Grid {
	return map[string]grid.Grid{
		"crypto-1h": grid.New(market.Crypto, market.H1),
		"crypto-1w": grid.New(market.Crypto, market.W1),
		"stock-30m": grid.New(market.Stock, market.M30),
		"stock-4h":  grid.New(market.Stock, market.H4),
		"etf-1d":    grid.New(market.ETF, market.D1),
	}
}

func offeredBy(g grid.Grid) market.Fields {
	if g.Class() == market.Crypto {
		return everyField | market.FundingPayments
	}
	return 0
}

func TestOrderOfDeliveryDoesNotMatter(t *testing.T) {
	t.Parallel()
	dir := oracleDir(t)
	var index map[string]oracleSet
	readJSON(t, filepath.Join(dir, "index.json"), &index)
	for name, set := range index {
		if set.Input == "" {
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var payments []market.Payment
			if set.Funding != "" {
				payments = readPayments(t, filepath.Join(dir, set.Funding))
			}
			read := func() []market.Candle {
				rows, _, _ := readCandles(t, filepath.Join(dir, set.Input), set.Source, set.VolumeUnit == "quote", set.Funding != "")
				return rows
			}
			g := grid.New(set.Class, set.TF)
			want := enrich(t, g, read(), payments, set.Now)
			shuffled := shuffle(read(), 17)
			got := enrich(t, g, shuffled, payments, set.Now)

			forget := func(e *enriched) []quality.Failure {
				for i := range e.out.Candles {
					v := &e.out.Candles[i].Verdict
					v.Failed = v.Failed.Without(quality.Monotonic)
					v.Parts.ChecksPassed = 0
				}
				return slices.DeleteFunc(e.failures, func(f quality.Failure) bool { return f.Check == quality.Monotonic })
			}
			if diff := cmp.Diff(forget(&want), forget(&got), cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("failures (-in order +shuffled):\n%s", diff)
			}
			compareToTheBit(t, want.out.Candles, got.out.Candles)
			if diff := cmp.Diff(gapsOf(want), gapsOf(got)); diff != "" {
				t.Errorf("gaps (-in order +shuffled):\n%s", diff)
			}
			if diff := cmp.Diff(want.delivery.Counts, got.delivery.Counts); diff != "" {
				t.Errorf("counts (-in order +shuffled):\n%s", diff)
			}
		})
	}
}

// shuffle brings rows into another order in which those of one stamp follow each
// other as before.
func shuffle(rows []market.Candle, seed uint64) []market.Candle {
	rng := rand.New(rand.NewPCG(seed, 1))
	places := map[int64][]int{}
	order := rng.Perm(len(rows))
	for place, i := range order {
		ts := rows[i].TS.UnixNano()
		places[ts] = append(places[ts], place)
	}
	shuffled := make([]market.Candle, len(rows))
	for _, c := range rows {
		ts := c.TS.UnixNano()
		shuffled[places[ts][0]] = c
		places[ts] = places[ts][1:]
	}
	return shuffled
}

func TestCutsDoNotMatter(t *testing.T) {
	t.Parallel()
	for name, g := range grids() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rows := spoil(walk(g, 900, offeredBy(g), 1), 1)
			payments := paymentsFor(rows)
			bars := barsOf(t, g, rows)
			want := pipeline.Process(pipeline.Input{Grid: g, Bars: bars, Payments: payments, Behind: 3})

			rng := rand.New(rand.NewPCG(2, 2))
			for range 5 {
				got := pipeline.Output{State: pipeline.NewState(g)}
				for rest := bars; len(rest) > 0; {
					n := 1 + rng.IntN(min(len(rest), 1+rng.IntN(200)))
					prior := saveAndRestore(t, g, got.State)
					out := pipeline.Process(pipeline.Input{Grid: g, Prior: prior, Bars: rest[:n], Payments: payments, Behind: 3})
					got.Candles = append(got.Candles, out.Candles...)
					got.Failures = append(got.Failures, out.Failures...)
					got.State = out.State
					rest = rest[n:]
				}
				compareToTheBit(t, want.Candles, got.Candles)
				if diff := cmp.Diff(want.Failures, got.Failures); diff != "" {
					t.Fatalf("failures (-at once +in pieces):\n%s", diff)
				}
				if !want.State.Converged(got.State) {
					t.Fatal("the states differ at the end")
				}
			}
		})
	}
}

func saveAndRestore(t testing.TB, g grid.Grid, s *pipeline.State) *pipeline.State {
	t.Helper()
	restored := pipeline.NewState(g)
	if err := restored.UnmarshalBinary(save(t, s)); err != nil {
		t.Fatal(err)
	}
	return restored
}

func save(t testing.TB, s *pipeline.State) []byte {
	t.Helper()
	b, err := s.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

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
func build(t testing.TB, g grid.Grid, bars []pipeline.Bar, payments []market.Payment) stored {
	t.Helper()
	s := stored{}
	state := pipeline.NewState(g)
	for n := 0; n < len(bars); {
		s.checkpoints = append(s.checkpoints, checkpoint{n, save(t, state)})
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
func amend(t testing.TB, g grid.Grid, s stored, rows []quality.Checked, payments []market.Payment) ([]pipeline.Candle, int) {
	t.Helper()
	first, last := rows[0].Candle.TS, rows[len(rows)-1].Candle.TS
	k := len(s.checkpoints) - 1
	for k > 0 && !s.candles[s.checkpoints[k].n-1].TS.Before(first) {
		k--
	}
	done := slices.Clone(s.candles[:s.checkpoints[k].n])
	state, recompute, after := pipeline.NewState(g), false, 0
	if err := state.UnmarshalBinary(s.checkpoints[k].state); err != nil {
		t.Fatal(err)
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
				t.Fatal(err)
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
			for range 12 {
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
