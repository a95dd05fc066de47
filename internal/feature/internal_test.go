package feature

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/candlewright/candlewright/internal/grid"
	"github.com/candlewright/candlewright/internal/market"
)

// The ring of closes is as long as the calendar's references reach back.
func TestNoReturnRefersFurtherBackThanTheRingReaches(t *testing.T) {
	t.Parallel()
	for _, class := range market.AssetClasses() {
		for _, tf := range market.Timeframes() {
			g := grid.New(class, tf)
			first := g.FirstFrom(time.Date(1998, 1, 1, 0, 0, 0, 0, time.UTC))
			last := g.FirstFrom(time.Date(2031, 1, 1, 0, 0, 0, 0, time.UTC))
			if class == market.Crypto {
				last = first + 2000
			}
			furthest := grid.Slot(0)
			for slot := first; slot < last; slot++ {
				for _, before := range []func(grid.Slot) (grid.Slot, bool){g.HourBefore, g.DayBefore} {
					if ref, ok := before(slot); ok {
						furthest = max(furthest, slot-ref)
					}
				}
			}
			if int(furthest) != lookback(g) {
				t.Errorf("%s refers %d slots back, the ring reaches %d", g, furthest, lookback(g))
			}
			if n := len(newCloses(g).places); n <= lookback(g) || n&(n-1) != 0 {
				t.Errorf("%s has a ring of %d", g, n)
			}
		}
	}
}

func TestDeliveredFieldsHaveTheirFeaturesNames(t *testing.T) {
	t.Parallel()
	for f := range market.Field(market.NumFields) {
		if f.String() != deliveredAs[f].String() {
			t.Errorf("%s is delivered as %s", f, deliveredAs[f])
		}
	}
}

func TestLogReturnIsExact(t *testing.T) {
	t.Parallel()
	rnd := rand.New(rand.NewPCG(1, 2))
	for range 200_000 {
		before := math.Exp(40 * rnd.NormFloat64())
		move := math.Exp(-20*rnd.Float64()) * (2*rnd.Float64() - 1)
		close := before * (1 + move)
		if close <= 0 {
			continue
		}
		want := math.Log(close / before)
		if math.Abs(move) < 0.25 { // the quotient's rounding error would be most of it
			want = math.Log1p((close - before) / before)
		}
		if got := logReturn(close, before); math.Abs(got-want) > 1e-15*math.Abs(want)+1e-16 {
			t.Fatalf("ln(%v/%v) is %v, want %v", close, before, got, want)
		}
	}
	for _, test := range []struct{ close, before, want float64 }{
		{1, 1, 0},
		{math.E, 1, 1},
		{1e6, 1, math.Log(1e6)},
		{math.MaxFloat64, math.MaxFloat64, 0},
		{math.MaxFloat64, math.MaxFloat64 / 2, math.Ln2},
		{math.SmallestNonzeroFloat64, math.SmallestNonzeroFloat64, 0},
		{math.SmallestNonzeroFloat64, math.MaxFloat64, -1074*math.Ln2 - 1024*math.Ln2},
		{math.MaxFloat64, math.SmallestNonzeroFloat64, 1074*math.Ln2 + 1024*math.Ln2},
	} {
		if got := logReturn(test.close, test.before); math.Abs(got-test.want) > 1e-15*math.Abs(test.want) {
			t.Errorf("ln(%v/%v) is %v, want %v", test.close, test.before, got, test.want)
		}
	}
}

// Volumes whose squares a float64 cannot hold have the same scores as others.
func TestSpikeScoresDoNotDependOnTheUnit(t *testing.T) {
	t.Parallel()
	var w [spikeBars]float64
	for i := range w {
		w[i] = float64(1 + i*i%7)
	}
	want := spikeScore(9, &w)
	for _, unit := range []float64{1e-300, 1e-200, 1e-100, 1e100, 1e200, 1e300} {
		scaled := w
		for i := range scaled {
			scaled[i] *= unit
		}
		if got := spikeScore(9*unit, &scaled); math.Abs(got-want) > 1e-12 {
			t.Errorf("in units of %v: %v, want %v", unit, got, want)
		}
	}
	if got := spikeScore(9, new([spikeBars]float64)); !math.IsNaN(got) {
		t.Errorf("after no volume at all: %v", got)
	}
}

func TestTheAverageTrueRangeOfTheGreatestPricesIsFinite(t *testing.T) {
	t.Parallel()
	var w wilder
	for i := int64(1); i < 100; i++ {
		atr, ok := w.push(i, math.MaxFloat64)
		if ok != (i >= atrBars) {
			t.Fatalf("there is an average at %d: %t", i, ok)
		}
		if ok && !(atr > 0.999*math.MaxFloat64 && finite(atr)) {
			t.Fatalf("%v at %d", atr, i)
		}
	}
}

func TestNamesAreThoseOfTheRules(t *testing.T) {
	t.Parallel()
	for i, n := range Names() {
		if int(n) != i {
			t.Errorf("%d stands at %d", n, i)
		}
		if got, ok := ParseName(n.String()); !ok || got != n {
			t.Errorf("%s is read as %d, %t", n, got, ok)
		}
	}
	if n, ok := ParseName("Atr"); ok {
		t.Errorf("Atr is read as %s", n)
	}
	if s := Name(Count).String(); s != "feature(22)" {
		t.Errorf("the name after the last is %s", s)
	}
	s := SetOf(ATR, Return1h, OpenInterestChange)
	if got := s.Names(); s.Len() != 3 || len(got) != 3 || got[0] != Return1h || got[1] != ATR || got[2] != OpenInterestChange {
		t.Errorf("the set has %v", got)
	}
	if s.Has(Return1d) || !s.Has(ATR) {
		t.Error("the set has what it was not given, or not what it was")
	}
}

func TestAccessorsGiveTheirOwnFeature(t *testing.T) {
	t.Parallel()
	v := NoValues()
	if v.Present() != 0 {
		t.Errorf("of none are there %v", v.Present().Names())
	}
	accessors := map[Name]func(Values) (float64, bool){
		Return1h: Values.Return1h, Return1d: Values.Return1d, Volatility20: Values.Volatility20, Volatility50: Values.Volatility50,
		ATR: Values.Atr, RollingVolume20: Values.RollingVolume20, OpenInterest: Values.OpenInterest, FundingRate: Values.FundingRate,
		LiquidationsLong: Values.LiquidationsLong, LiquidationsShort: Values.LiquidationsShort,
		TakerBuyVolume: Values.TakerBuyVolume, TakerSellVolume: Values.TakerSellVolume, Delta: Values.Delta,
		BuySellRatio: Values.BuySellRatio, LiquidationIntensity: Values.LiquidationIntensity, VolumeSpikeScore: Values.VolumeSpikeScore,
		LongShortRatio: Values.LongShortRatio, FundingRatePercentile: Values.FundingRatePercentile,
		ExchangeInflow: Values.ExchangeInflow, OpenInterestChange: Values.OpenInterestChange,
	}
	if len(accessors) != Count-2 {
		t.Fatalf("%d accessors", len(accessors))
	}
	for n, get := range accessors {
		v := NoValues()
		if _, ok := get(v); ok || v.Has(n) {
			t.Errorf("%s is there before it is set", n)
		}
		v.Num[n] = float64(n) + 0.5
		if x, ok := get(v); !ok || x != float64(n)+0.5 || !v.Has(n) || v.Present() != SetOf(n) {
			t.Errorf("%s is %v, %t", n, x, ok)
		}
	}
	v.Trend, v.Structure = Up, Range
	if x, ok := v.TrendDirection(); !ok || x != Up {
		t.Errorf("the trend is %q, %t", x, ok)
	}
	if x, ok := v.MarketStructure(); !ok || x != Range {
		t.Errorf("the structure is %q, %t", x, ok)
	}
	if v.Present() != SetOf(TrendDirection, MarketStructure) {
		t.Errorf("there are %v", v.Present().Names())
	}
}
