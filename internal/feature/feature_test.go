package feature_test

import (
	"bytes"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/candlewright/candlewright/internal/feature"
	"github.com/candlewright/candlewright/internal/grid"
	"github.com/candlewright/candlewright/internal/market"
)

func TestFeaturesAreThoseOfAFreshComputation(t *testing.T) {
	t.Parallel()
	for _, k := range kinds() {
		t.Run(k.name, func(t *testing.T) {
			t.Parallel()
			seeds := uint64(3)
			if testing.Short() || raceDetector {
				seeds = 1
			}
			for seed := range seeds {
				candles, payments := k.series(600, seed)
				got := compute(t, k, candles, payments)
				r := newReference(grid.New(k.class, k.tf), candles, payments)
				for i := range candles {
					if !compareResults(t, candles, i, got[i], r.bar(i)) {
						t.FailNow()
					}
				}
			}
		})
	}
}

func compute(tb testing.TB, k kind, candles []market.Candle, payments []market.Payment) []feature.Result {
	tb.Helper()
	got, err := feature.Compute(grid.New(k.class, k.tf), candles, payments)
	if err != nil {
		tb.Fatal(err)
	}
	return got
}

func compareResults(t *testing.T, candles []market.Candle, i int, got, want feature.Result) bool {
	t.Helper()
	ok := true
	for _, n := range feature.Names() {
		if !agree(n, got.Values.Num[n], want.Values.Num[n], candles[i].Volume) {
			t.Errorf("bar %d: %s is %v, want %v", i, n, got.Values.Num[n], want.Values.Num[n])
			ok = false
		}
	}
	if got.Values.Trend != want.Values.Trend || got.Values.Structure != want.Values.Structure {
		t.Errorf("bar %d: %q and %q, want %q and %q", i, got.Values.Trend, got.Values.Structure, want.Values.Trend, want.Values.Structure)
		ok = false
	}
	if got.Insane != want.Insane {
		t.Errorf("bar %d: insane is %t, want %t", i, got.Insane, want.Insane)
		ok = false
	}
	if got.Expected != want.Expected {
		t.Errorf("bar %d: expected are\n%v, want\n%v", i, got.Expected.Names(), want.Expected.Names())
		ok = false
	}
	return ok
}

// sameBits compares results to the last bit; missing equals missing.
var sameBits = cmpopts.EquateNaNs()

// equal is cmp.Equal with sameBits, without its cost.
func equal(a, b feature.Result) bool {
	for i, x := range a.Values.Num {
		if y := b.Values.Num[i]; x != y && !(math.IsNaN(x) && math.IsNaN(y)) {
			return false
		}
	}
	a.Values.Num, b.Values.Num = [feature.Count]float64{}, [feature.Count]float64{}
	return a == b
}

func TestNoFeatureKnowsWhatFollows(t *testing.T) {
	t.Parallel()
	for _, k := range kinds() {
		t.Run(k.name, func(t *testing.T) {
			t.Parallel()
			candles, payments := k.series(400, 1)
			whole := compute(t, k, candles, payments)
			g := grid.New(k.class, k.tf)
			for _, cut := range []int{1, 2, 14, 15, 20, 21, 50, 51, 120, 399} {
				slot, _ := g.At(candles[cut-1].TS)
				var paid []market.Payment
				for _, p := range payments {
					if !p.At.After(g.End(slot)) {
						paid = append(paid, p)
					}
				}
				for i, got := range compute(t, k, candles[:cut], paid) {
					if !equal(whole[i], got) {
						t.Fatalf("of %d bars, bar %d differs when nothing follows (-whole +cut):\n%s", cut, i, cmp.Diff(whole[i], got, sameBits))
					}
				}
			}
		})
	}
}

func TestSavedAndRestoredAnywhereItGoesOnToTheLastBit(t *testing.T) {
	t.Parallel()
	for _, k := range kinds() {
		t.Run(k.name, func(t *testing.T) {
			t.Parallel()
			candles, payments := k.series(700, 2)
			whole := compute(t, k, candles, payments)
			g := grid.New(k.class, k.tf)
			rnd := rand.New(rand.NewPCG(3, 3))
			s, cuts := feature.New(g), 0
			p := feature.NewPayments(payments)
			for i := range candles {
				if i < 70 || rnd.IntN(10) == 0 {
					s = saveAndRestore(t, s)
					p = feature.NewPayments(payments)
					cuts++
				}
				slot, _ := g.At(candles[i].TS)
				got := s.Push(&candles[i], slot, p.At(g.End(slot)))
				if !equal(whole[i], got) {
					t.Fatalf("bar %d after %d cuts (-whole +cut):\n%s", i, cuts, cmp.Diff(whole[i], got, sameBits))
				}
			}
		})
	}
}

// saveAndRestore takes a state through its bytes and sees that these are the
// same for the restored one.
func saveAndRestore(tb testing.TB, s *feature.State) *feature.State {
	tb.Helper()
	saved, err := s.AppendBinary([]byte("before"))
	if err != nil {
		tb.Fatal(err)
	}
	restored := feature.New(s.Grid())
	if err := restored.UnmarshalBinary(saved[len("before"):]); err != nil {
		tb.Fatal(err)
	}
	again, err := restored.AppendBinary([]byte("before"))
	if err != nil {
		tb.Fatal(err)
	}
	if !bytes.Equal(saved, again) {
		tb.Fatal("the restored state saves differently")
	}
	if !restored.Converged(s) || !s.Converged(restored) {
		tb.Fatal("the restored state is not the saved one")
	}
	return restored
}

func TestAStateFitsIn12KB(t *testing.T) {
	t.Parallel()
	for _, k := range kinds() {
		candles, payments := k.series(700, 2)
		g := grid.New(k.class, k.tf)
		s, p := feature.New(g), feature.NewPayments(payments)
		for i := range candles {
			slot, _ := g.At(candles[i].TS)
			s.Push(&candles[i], slot, p.At(g.End(slot)))
		}
		if b, _ := s.AppendBinary(nil); len(b) > 12_000 {
			t.Errorf("%s: %d bytes", k.name, len(b))
		}
	}
}

func TestACloneIsIndependent(t *testing.T) {
	t.Parallel()
	k := kinds()[0]
	candles, _ := k.series(300, 4)
	g := grid.New(k.class, k.tf)
	s := feature.New(g)
	push := func(s *feature.State, i int) feature.Result {
		slot, _ := g.At(candles[i].TS)
		return s.Push(&candles[i], slot, feature.NoFunding())
	}
	for i := range 200 {
		push(s, i)
	}
	c := s.Clone()
	for i := 200; i < 300; i++ {
		push(c, i)
	}
	whole := feature.New(g)
	for i := range 300 {
		want := push(whole, i)
		if i < 200 {
			continue
		}
		if diff := cmp.Diff(want, push(s, i), sameBits); diff != "" {
			t.Fatalf("bar %d: the clone's bars changed the original:\n%s", i, diff)
		}
	}
}

func TestPushPanicsOnASlotThatIsNotAfterTheLast(t *testing.T) {
	t.Parallel()
	candles, slots := walk(grid.New(market.Crypto, market.H1), start, 2)
	for _, again := range []grid.Slot{slots[1], slots[0]} {
		s := feature.New(grid.New(market.Crypto, market.H1))
		s.Push(&candles[0], slots[0], feature.NoFunding())
		s.Push(&candles[1], slots[1], feature.NoFunding())
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("slot %d after slot %d went through", again, slots[1])
				}
			}()
			s.Push(&candles[1], again, feature.NoFunding())
		}()
	}
}

//nolint:paralleltest // allocations are counted for the whole program
func TestPushAllocatesNothing(t *testing.T) {
	g := grid.New(market.Crypto, market.M5)
	candles, slots := walk(g, start, 1200)
	s, i := feature.New(g), 0
	if n := testing.AllocsPerRun(1000, func() {
		s.Push(&candles[i], slots[i], feature.NoFunding())
		i++
	}); n > 0 {
		t.Errorf("%v allocations per bar", n)
	}
}

func TestComputeRefusesWhatIsNoSeries(t *testing.T) {
	t.Parallel()
	g := grid.New(market.Crypto, market.H1)
	candles, _ := walk(g, start, 3)
	candles[2].TS = candles[1].TS
	if _, err := feature.Compute(g, candles, nil); err == nil {
		t.Error("two candles of one slot went through")
	}
	candles[2].TS = candles[1].TS.Add(1)
	if _, err := feature.Compute(g, candles, nil); err == nil {
		t.Error("a candle off the grid went through")
	}
}

func TestNumbersBeyondFloat64AreMissing(t *testing.T) {
	t.Parallel()
	g := grid.New(market.Crypto, market.H1)
	s := feature.New(g)
	first := g.FirstFrom(start)
	for i := range 200 {
		price, volume := math.SmallestNonzeroFloat64, 0.
		if i%3 == 0 {
			price, volume = math.MaxFloat64, math.MaxFloat64
		}
		c := market.Candle{Open: price, High: price, Low: price, Close: price, Volume: volume, Offered: allFields}
		for f := range c.Delivered {
			c.Delivered[f] = []float64{math.MaxFloat64, math.SmallestNonzeroFloat64, math.Inf(-1)}[(i+f)%3]
		}
		r := s.Push(&c, first+grid.Slot(i), feature.Funding{Rate: math.Inf(1), Percentile: math.Inf(-1)})
		wellFormed(t, r)
		if i >= 50 && (!r.Values.Has(feature.ATR) || !r.Values.Has(feature.Volatility50) || !r.Values.Has(feature.TrendDirection)) {
			t.Fatalf("bar %d has %v", i, r.Values.Present().Names())
		}
	}
}

// wellFormed sees that a result holds nothing that may not leave the package.
func wellFormed(tb testing.TB, r feature.Result) {
	tb.Helper()
	for n, x := range r.Values.Num {
		if math.IsInf(x, 0) {
			tb.Fatalf("%s is %v", feature.Name(n), x)
		}
	}
	for _, n := range []feature.Name{feature.TrendDirection, feature.MarketStructure} {
		if !math.IsNaN(r.Values.Num[n]) {
			tb.Fatalf("the number of %s is %v", n, r.Values.Num[n])
		}
	}
	switch r.Values.Trend {
	case "", feature.Up, feature.Down, feature.Neutral:
	default:
		tb.Fatalf("the trend is %q", r.Values.Trend)
	}
	switch r.Values.Structure {
	case "", feature.Bullish, feature.Bearish, feature.Range:
	default:
		tb.Fatalf("the structure is %q", r.Values.Structure)
	}
	for _, n := range []feature.Name{feature.Volatility20, feature.Volatility50, feature.ATR, feature.RollingVolume20} {
		if r.Values.Num[n] < 0 {
			tb.Fatalf("%s is %v", n, r.Values.Num[n])
		}
	}
}

func TestADeviationOfRoundingErrorsIsNone(t *testing.T) {
	t.Parallel()
	for _, k := range kinds() {
		if k.name != "steady growth" && k.name != "constant but for the last bits" {
			continue
		}
		candles, _ := k.series(200, 1)
		for i, r := range compute(t, k, candles, nil)[50:] {
			if r.Values.Num[feature.Volatility20] != 0 || r.Values.Num[feature.Volatility50] != 0 {
				t.Fatalf("%s, bar %d: the volatilities are %v", k.name, 50+i, r.Values.Num[feature.Volatility20:feature.ATR])
			}
		}
	}
}
