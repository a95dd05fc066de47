package feature_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/candlewright/candlewright/internal/feature"
	"github.com/candlewright/candlewright/internal/grid"
	"github.com/candlewright/candlewright/internal/market"
)

// A change of one bar, in each of the ways in which a series changes, is told
// from the stored computation until some 400 bars later, or as long as it takes
// an average of 14 to forget more; from where the two have converged, they give
// the same features.
func TestStatesConvergeAfterAChange(t *testing.T) {
	t.Parallel()
	const changed, bars = 300, 900
	for _, change := range []struct {
		name string
		make func([]market.Candle) []market.Candle
	}{
		{"close amended", func(c []market.Candle) []market.Candle { c[changed].Close *= 1.001; return c }},
		{"close amended a thousandfold", func(c []market.Candle) []market.Candle { c[changed].Close *= 1000; return c }},
		{"high amended", func(c []market.Candle) []market.Candle { c[changed].High *= 1.01; return c }},
		{"low amended", func(c []market.Candle) []market.Candle { c[changed].Low *= 0.99; return c }},
		{"volume amended", func(c []market.Candle) []market.Candle { c[changed].Volume *= 2; return c }},
		{"open interest amended", func(c []market.Candle) []market.Candle {
			c[changed].Delivered[market.OpenInterest] = 1
			return c
		}},
		{"offers amended", func(c []market.Candle) []market.Candle { c[changed].Offered = 0; return c }},
		{"gap filled", func(c []market.Candle) []market.Candle { return c }}, // the original lacks it, see below
		{"bars added before", func(c []market.Candle) []market.Candle { return c }},
	} {
		for _, k := range []kind{kinds()[0], kinds()[1], kinds()[5], kinds()[7], kinds()[18]} {
			t.Run(change.name+"/"+k.name, func(t *testing.T) {
				t.Parallel()
				candles, _ := k.series(bars, 8)
				original := slices.Clone(candles)
				switch change.name {
				case "gap filled":
					original = slices.Delete(original, changed, changed+1)
				case "bars added before":
					original = original[changed+1:]
				}
				converges(t, k, original, change.make(slices.Clone(candles)), changed)
			})
		}
	}
}

// converges walks both series slot by slot from where they differ.
func converges(t *testing.T, k kind, a, b []market.Candle, changed int) {
	t.Helper()
	g := grid.New(k.class, k.tf)
	sa, sb := feature.New(g), feature.New(g)
	var ra, rb feature.Result
	met, i := -1, 0
	for j := range b {
		slot, _ := g.At(b[j].TS)
		rb = sb.Push(&b[j], slot, feature.NoFunding())
		if i == len(a) || !a[i].TS.Equal(b[j].TS) {
			continue
		}
		ra = sa.Push(&a[i], slot, feature.NoFunding())
		i++
		if met >= 0 {
			sameButForATR(t, j, ra, rb)
		}
		switch same := sa.Converged(sb); {
		case same != sb.Converged(sa):
			t.Fatalf("bar %d: one has converged with the other but not the other with it", j)
		case same && j >= changed && met < 0:
			met = j
		case !same && met >= 0:
			t.Fatalf("bar %d: diverged again after bar %d", j, met)
		case !same && j < changed && len(a) == len(b):
			t.Fatalf("bar %d: differs before the change", j)
		}
	}
	if met < 0 || met > changed+500 {
		t.Errorf("converged at bar %d, want it within 500 bars of bar %d", met, changed)
	}
}

func sameButForATR(t *testing.T, bar int, a, b feature.Result) {
	t.Helper()
	if !agree(feature.ATR, a.Values.Num[feature.ATR], b.Values.Num[feature.ATR], 0) {
		t.Fatalf("bar %d: the true ranges are %v and %v", bar, a.Values.Num[feature.ATR], b.Values.Num[feature.ATR])
	}
	b.Values.Num[feature.ATR] = a.Values.Num[feature.ATR]
	if !equal(a, b) {
		t.Fatalf("bar %d: features differ after the states converged:\n%s", bar, cmp.Diff(a, b, sameBits))
	}
}

func TestStatesOfDifferentSeriesDoNotConverge(t *testing.T) {
	t.Parallel()
	g, h := grid.New(market.Crypto, market.H1), grid.New(market.Crypto, market.M30)
	if feature.New(g).Converged(feature.New(h)) {
		t.Error("empty states of two timeframes converged")
	}
	if !feature.New(g).Converged(feature.New(g)) {
		t.Error("empty states of one series did not converge")
	}
	candles, slots := walk(g, start, 2)
	s, o := feature.New(g), feature.New(g)
	s.Push(&candles[0], slots[0], feature.NoFunding())
	if s.Converged(o) || o.Converged(s) {
		t.Error("a state of one bar converged with one of none")
	}
	o.Push(&candles[0], slots[1], feature.NoFunding())
	if s.Converged(o) {
		t.Error("states after different slots converged")
	}
}

func TestAMissingOpenInterestConvergesWithItself(t *testing.T) {
	t.Parallel()
	g := grid.New(market.Crypto, market.H1)
	candles, slots := walk(g, start, 1)
	candles[0].Delivered[market.OpenInterest] = math.NaN()
	s, o := feature.New(g), feature.New(g)
	s.Push(&candles[0], slots[0], feature.NoFunding())
	o.Push(&candles[0], slots[0], feature.NoFunding())
	if !s.Converged(o) {
		t.Error("did not converge")
	}
}

// The windows' features depend on what is in the windows alone: two series of
// different beginnings agree on them to the last bit.
func TestWindowsForgetTheirHistory(t *testing.T) {
	t.Parallel()
	k := kinds()[0]
	candles, _ := k.series(800, 9)
	rnd := rand.New(rand.NewPCG(1, 1))
	whole := compute(t, k, candles, nil)
	for range 20 {
		from := rnd.IntN(700)
		late := compute(t, k, candles[from:], nil)
		for i := 50; i < len(late); i++ {
			a, b := whole[from+i].Values, late[i].Values
			for _, n := range []feature.Name{feature.Volatility20, feature.Volatility50, feature.RollingVolume20, feature.VolumeSpikeScore} {
				if x, y := a.Num[n], b.Num[n]; x != y && !(math.IsNaN(x) && math.IsNaN(y)) {
					t.Fatalf("bar %d: %s is %v, and %v for the series begun at %d", from+i, n, x, y, from)
				}
			}
			if a.Trend != b.Trend {
				t.Fatalf("bar %d, begun at %d: trend %q and %q", from+i, from, a.Trend, b.Trend)
			}
		}
	}
}

// Rising bars make no swing points, so the last ones stay remembered however
// long ago they were.
func TestStatesThatRememberOtherSwingsHaveNotConverged(t *testing.T) {
	t.Parallel()
	g := grid.New(market.Crypto, market.H1)
	first := g.FirstFrom(start)
	state := func(swing float64) *feature.State {
		s := feature.New(g)
		for i := range 700 {
			c := market.Candle{High: 100 + float64(i), Low: 99 + float64(i), Close: 99.5 + float64(i), Volume: 1}
			if i == 10 {
				c.High += swing
			}
			s.Push(&c, first+grid.Slot(i), feature.NoFunding())
		}
		return s
	}
	if !state(50).Converged(state(50)) {
		t.Error("equal states have not converged")
	}
	if state(50).Converged(state(51)) {
		t.Error("swing highs differ, and the states converged")
	}
}

// A first bar long before the others decides what is expected of later bars, and
// of nothing else that is remembered.
func TestStatesThatBeganElsewhereHaveNotConverged(t *testing.T) {
	t.Parallel()
	g := grid.New(market.Crypto, market.M5)
	first := g.FirstFrom(start)
	bar := market.Candle{High: 1, Low: 1, Close: 1, Volume: 1}
	early, late := feature.New(g), feature.New(g)
	early.Push(&bar, first, feature.NoFunding())
	for i := range 500 {
		slot := first + 1000 + grid.Slot(i)
		a, b := early.Push(&bar, slot, feature.NoFunding()), late.Push(&bar, slot, feature.NoFunding())
		if sameLater := i >= 287; early.Converged(late) != sameLater && i > 60 {
			t.Fatalf("bar %d: converged is %t", i, !sameLater)
		}
		if i > 288 && a.Expected != b.Expected {
			t.Fatalf("bar %d: expected are %v and %v", i, a.Expected.Names(), b.Expected.Names())
		}
	}
}
