package feature_test

import (
	"encoding/json"
	"math"
	"os"
	"testing"
	"time"

	"github.com/candlewright/candlewright/internal/feature"
	"github.com/candlewright/candlewright/internal/grid"
	"github.com/candlewright/candlewright/internal/market"
)

// Values that others published for real prices, wherever their definition is
// ours or can be turned into it; each test says what differs. Their files name
// the programs that made them. Not used, because no feature has their window:
// standard deviation over 14, smoothed averages over 13 and 15, averages over 13.

// publishedSPY is the input of the files ds_*.json and one of these files.
func publishedSPY(t *testing.T, results string, into any) []market.Candle {
	t.Helper()
	tab := readTable(t, shared(t, "ohlcv", "ds_default_SPY_1d_2017-2018.csv"))
	candles := make([]market.Candle, len(tab.rows))
	for i := range candles {
		ts, err := time.Parse(time.DateOnly, tab.text(i, "date"))
		if err != nil {
			t.Fatal(err)
		}
		candles[i] = market.Candle{
			TS: ts, Open: tab.number(t, i, "open"), High: tab.number(t, i, "high"), Low: tab.number(t, i, "low"),
			Close: tab.number(t, i, "close"), Volume: tab.number(t, i, "volume"),
		}
	}
	b, err := os.ReadFile(shared(t, "expected", results))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, into); err != nil {
		t.Fatal(err)
	}
	return candles
}

// onGrid stamps candles that have no dates of use to us at consecutive slots.
func onGrid(g grid.Grid, candles []market.Candle) []market.Candle {
	first := g.FirstFrom(start)
	for i := range candles {
		candles[i].TS = g.Stamp(first + grid.Slot(i))
	}
	return candles
}

func computed(t *testing.T, g grid.Grid, candles []market.Candle) []feature.Values {
	t.Helper()
	results, err := feature.Compute(g, candles, nil)
	if err != nil {
		t.Fatal(err)
	}
	values := make([]feature.Values, len(results))
	for i := range results {
		values[i] = results[i].Values
	}
	return values
}

func near(t *testing.T, what string, i int, got, want, tolerance float64) {
	t.Helper()
	if !(math.Abs(got-want) <= tolerance) {
		t.Errorf("%s at %d is %v, want %v", what, i, got, want)
	}
}

var (
	etfDaily   = grid.New(market.ETF, market.D1)
	cryptoHour = grid.New(market.Crypto, market.H1)
)

// The same definition: seeded at index 14 with the mean of the first 14 ranges.
func TestPublishedAverageTrueRange(t *testing.T) {
	t.Parallel()
	var want []struct{ TR, ATR *float64 }
	got := computed(t, etfDaily, publishedSPY(t, "ds_atr.standard.json", &want))
	for i, w := range want {
		atr, ok := got[i].Atr()
		if ok != (w.ATR != nil) {
			t.Fatalf("there is an average at %d: %t", i, ok)
		}
		if ok {
			near(t, "average", i, atr, *w.ATR, 1e-9**w.ATR)
		}
		if i > 14 { // the range that took the average from the last value to this one
			before, _ := got[i-1].Atr()
			near(t, "range", i, 14*atr-13*before, *w.TR, 1e-9)
		}
	}
}

func TestPublishedTrueRange(t *testing.T) {
	t.Parallel()
	var want []struct{ TR *float64 }
	got := computed(t, etfDaily, publishedSPY(t, "ds_tr.standard.json", &want))
	for i := 15; i < len(want); i++ {
		near(t, "range", i, 14*got[i].Num[feature.ATR]-13*got[i-1].Num[feature.ATR], *want[i].TR, 1e-9)
	}
}

// The ranges to six decimals; a simple average of 50 of them to two.
func TestPublishedTrueRangeAndItsSimpleAverage(t *testing.T) {
	t.Parallel()
	ranges := readTable(t, shared(t, "expected", "cinar_tr.csv"))
	averages := readTable(t, shared(t, "expected", "cinar_atr.csv"))
	candles := make([]market.Candle, len(ranges.rows))
	for i := range candles {
		candles[i].High, candles[i].Low, candles[i].Close = ranges.number(t, i, "High"), ranges.number(t, i, "Low"), ranges.number(t, i, "Close")
	}
	got := computed(t, etfDaily, onGrid(etfDaily, candles))
	tr := func(i int) float64 { return 14*got[i].Num[feature.ATR] - 13*got[i-1].Num[feature.ATR] }
	for i := 15; i < len(candles); i++ {
		near(t, "range", i, tr(i), ranges.number(t, i, "Tr"), 1e-6)
	}
	for i := 15 + 49; i < len(candles); i++ {
		sum := 0.
		for k := i - 49; k <= i; k++ {
			sum += tr(k)
		}
		near(t, "average of 50", i, sum/50, averages.number(t, i, "Atr"), 0.00501)
	}
}

// Counts the first bar's high - low as a true range, so its seed is one bar
// early: with a bar in front that changes nothing, ours is the same.
func TestPublishedAverageTrueRangeFromTheFirstBarOn(t *testing.T) {
	t.Parallel()
	tab := readTable(t, shared(t, "expected", "ta_cs-atr.csv"))
	first := market.Candle{High: tab.number(t, 0, "High"), Low: tab.number(t, 0, "Low"), Close: tab.number(t, 0, "Low")}
	candles := []market.Candle{first}
	for i := range tab.rows {
		candles = append(candles, market.Candle{High: tab.number(t, i, "High"), Low: tab.number(t, i, "Low"), Close: tab.number(t, i, "Close")})
	}
	got := computed(t, etfDaily, onGrid(etfDaily, candles))
	for i := 13; i < len(tab.rows); i++ {
		near(t, "average", i, got[i+1].Num[feature.ATR], tab.number(t, i, "ATR"), 1e-9)
	}
}

// An average of 20 closes is a twentieth of the sum of 20 volumes that equal them.
func TestPublishedMovingAverage(t *testing.T) {
	t.Parallel()
	var want []struct{ SMA *float64 }
	candles := publishedSPY(t, "ds_sma.standard.json", &want)
	for i := range candles {
		candles[i].Volume = candles[i].Close
	}
	for i, v := range computed(t, etfDaily, candles) {
		sum, ok := v.RollingVolume20()
		if ok != (want[i].SMA != nil) {
			t.Fatalf("there is a sum at %d: %t", i, ok)
		}
		if ok {
			near(t, "average", i, sum/20, *want[i].SMA, 1e-9)
		}
	}
}

// A change over 14 sessions, in percent, is 14 of our changes over one, compounded.
func TestPublishedRateOfChange(t *testing.T) {
	t.Parallel()
	var want []struct{ ROC *float64 }
	got := computed(t, etfDaily, publishedSPY(t, "ds_roc.standard.json", &want))
	for i := 14; i < len(want); i++ {
		product := 1.
		for k := i - 13; k <= i; k++ {
			product *= 1 + got[k].Num[feature.Return1d]
		}
		near(t, "rate of change", i, 100*(product-1), *want[i].ROC, 1e-9)
	}
}

// A change over 12 bars, in percent: bars of 5m are 12 to the hour.
func TestPublishedRateOfChangeOver12Bars(t *testing.T) {
	t.Parallel()
	tab := readTable(t, shared(t, "expected", "ta_cs-roc.csv"))
	g := grid.New(market.Crypto, market.M5)
	candles := make([]market.Candle, len(tab.rows))
	for i := range candles {
		c := tab.number(t, i, "Close")
		candles[i] = market.Candle{High: c, Low: c, Close: c}
	}
	for i, v := range computed(t, g, onGrid(g, candles)) {
		if _, ok := v.Return1h(); ok != (i >= 12) {
			t.Fatalf("there is a return at %d: %t", i, ok)
		}
		if i >= 12 {
			near(t, "rate of change", i, 100*v.Num[feature.Return1h], tab.number(t, i, "ROC"), 1e-8)
		}
	}
}

// Population standard deviations of 20 closes, not of returns: prices whose log
// returns are a hundredth of those closes have a sample deviation that is greater
// by √(20/19). A volume's distance from the mean of the 20 before is in sample
// deviations too.
func TestPublishedStandardDeviation(t *testing.T) {
	t.Parallel()
	for _, file := range []struct {
		name, mean, deviation string
		tolerance             float64
	}{
		{"ta_cs-bbands.csv", "MiddleBand", "20-day Standard Deviation", 1e-6},
		{"cinar_moving_std.csv", "", "Std", 0.00501},
	} {
		tab := readTable(t, shared(t, "expected", file.name))
		closes := make([]float64, len(tab.rows))
		for i := range closes {
			closes[i] = tab.number(t, i, "Close")
		}
		candles, price := []market.Candle{{High: 1, Low: 1, Close: 1}}, 1.
		for _, c := range closes {
			price *= math.Exp((c - closes[0]) / 100)
			candles = append(candles, market.Candle{High: price, Low: price, Close: price, Volume: c})
		}
		got := computed(t, cryptoHour, onGrid(cryptoHour, candles))
		toPopulation := math.Sqrt(19. / 20)
		for i := 19; i < len(closes); i++ {
			want := tab.number(t, i, file.deviation)
			near(t, file.name, i, 100*got[i+1].Num[feature.Volatility20]*toPopulation, want, file.tolerance)
			if file.mean != "" && i > 19 {
				score := (closes[i] - tab.number(t, i-1, file.mean)) / tab.number(t, i-1, file.deviation) * toPopulation
				near(t, file.name+" score", i, got[i+1].Num[feature.VolumeSpikeScore], score, 1e-5)
			}
		}
	}
}

// Fractals are listed at the bar they belong to, as all of the future knows
// them; ours are known two bars later.
func TestPublishedFractals(t *testing.T) {
	t.Parallel()
	var want []struct{ FractalBear, FractalBull *float64 }
	got := computed(t, etfDaily, publishedSPY(t, "ds_fractal.standard.json", &want))
	var highs, lows []float64
	for i := range want {
		if i >= 2 && want[i-2].FractalBear != nil {
			highs = append(highs, *want[i-2].FractalBear)
		}
		if i >= 2 && want[i-2].FractalBull != nil {
			lows = append(lows, *want[i-2].FractalBull)
		}
		if w := structureOf(highs, lows); got[i].Structure != w {
			t.Errorf("structure at %d is %q, want %q", i, got[i].Structure, w)
		}
	}
	if len(highs) < 50 || len(lows) < 50 {
		t.Errorf("%d highs and %d lows, want more of each", len(highs), len(lows))
	}
}

func structureOf(highs, lows []float64) feature.Structure {
	nh, nl := len(highs), len(lows)
	switch {
	case nh < 2 || nl < 2:
		return ""
	case highs[nh-1] > highs[nh-2] && lows[nl-1] > lows[nl-2]:
		return feature.Bullish
	case highs[nh-1] < highs[nh-2] && lows[nl-1] < lows[nl-2]:
		return feature.Bearish
	}
	return feature.Range
}
