package pipeline_test

import (
	"math"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

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

func saveAndRestore(tb testing.TB, g grid.Grid, s *pipeline.State) *pipeline.State {
	tb.Helper()
	restored := pipeline.NewState(g)
	if err := restored.UnmarshalBinary(save(tb, s)); err != nil {
		tb.Fatal(err)
	}
	return restored
}

func save(tb testing.TB, s *pipeline.State) []byte {
	tb.Helper()
	b, err := s.MarshalBinary()
	if err != nil {
		tb.Fatal(err)
	}
	return b
}
