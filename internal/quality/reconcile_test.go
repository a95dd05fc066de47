package quality_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/candlewright/candlewright/internal/grid"
	"github.com/candlewright/candlewright/internal/market"
	"github.com/candlewright/candlewright/internal/quality"
)

// walkBars are n bars of a random walk from the first slot of 2024 on.
func walkBars(g grid.Grid, n int) []market.Candle {
	rng := rand.New(rand.NewPCG(5, 6))
	first := g.FirstFrom(time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC))
	price := 180.0
	list := make([]market.Candle, n)
	for i := range list {
		cents := func(x float64) float64 { return math.Round(x*100) / 100 }
		open := price
		price *= 1 + 0.015*rng.NormFloat64()
		list[i] = market.Candle{
			TS: g.Stamp(first + grid.Slot(i)), Open: cents(open), Close: cents(price), Delivered: market.NoFields(),
			High: cents(max(open, price) * 1.004), Low: cents(min(open, price) * 0.996), Volume: math.Round(1e6 * (1 + rng.Float64())),
		}
	}
	return list
}

func scaled(c market.Candle, prices, volume float64) market.Candle {
	c.Open, c.High, c.Low, c.Close, c.Volume = c.Open*prices, c.High*prices, c.Low*prices, c.Close*prices, c.Volume*volume
	return c
}

// planted are differences made on purpose: what a second source says instead,
// and the cause that must be found for the most bars.
var planted = map[string]struct {
	class  market.AssetClass
	tf     market.Timeframe
	a, b   market.SourceName
	change func(g grid.Grid, list []market.Candle) []market.Candle
	want   quality.DifferenceCause
	bars   int
	words  string
}{
	"a split that one has not adjusted": {
		market.Stock, market.D1, market.Polygon, market.Yahoo,
		each(func(i int, c market.Candle) market.Candle {
			if i < 60 {
				c = scaled(c, 4, 0.25)
			}
			return c
		}), quality.CauseSplit, 60, "4 times",
	},
	"three for two, prices alone": {
		market.Stock, market.D1, market.Polygon, market.Yahoo,
		each(func(_ int, c market.Candle) market.Candle { return scaled(c, 2.0/3, 1) }), quality.CauseSplit, 100, "not in the inverse ratio",
	},
	"a split of 100, with its volume": {
		market.Stock, market.D1, market.Polygon, market.Yahoo,
		each(func(_ int, c market.Candle) market.Candle { return scaled(c, 0.01, 100) }), quality.CauseSplit, 100, "1/100 of",
	},
	"pence": {
		market.Stock, market.D1, market.Polygon, market.Yahoo,
		each(func(i int, c market.Candle) market.Candle {
			if i%9 == 4 {
				c = scaled(c, 100, 1)
			}
			return c
		}), quality.CauseCurrency, 11, "hundredths",
	},
	"dates one session late": {
		market.Stock, market.D1, market.Polygon, market.Yahoo, shiftedBy(1), quality.CauseShift, 101, "one bar later",
	},
	"hours stamped by their end": {
		market.Crypto, market.H1, market.Binance, market.Yahoo, shiftedBy(1), quality.CauseShift, 101, "one bar later at yahoo",
	},
	"hours that begin at :00": {
		market.Stock, market.H1, market.Polygon, market.Yahoo,
		each(func(_ int, c market.Candle) market.Candle { c.TS = c.TS.Add(-30 * time.Minute); return c }), quality.CauseShift, 100, "30m0s earlier",
	},
	"volume in dollars": {
		market.Crypto, market.D1, market.Binance, market.Yahoo,
		each(func(_ int, c market.Candle) market.Candle { return scaled(c, 1, (c.Open+c.Close)/2) }), quality.CauseVolumeUnit, 100, "quote currency",
	},
	"volume in lots": {
		market.Stock, market.D1, market.Polygon, market.Yahoo,
		each(func(_ int, c market.Candle) market.Candle { return scaled(c, 1, 0.01) }), quality.CauseVolumeUnit, 100, "1/100 of",
	},
	"a live quote": {
		market.Stock, market.D1, market.Polygon, market.Yahoo,
		each(func(i int, c market.Candle) market.Candle {
			if i == 99 {
				c.Open, c.High, c.Low, c.Close, c.Volume = c.Close, c.Close, c.Close, c.Close*1.02, 0
			}
			return c
		}), quality.CauseLiveQuote, 1, "newest bar",
	},
	"the evening's volume": {
		market.ETF, market.D1, market.Yahoo, market.Polygon,
		each(func(i int, c market.Candle) market.Candle { return scaled(c, 1, 1.02+float64(i%7)/50) }), quality.CauseExtendedHours, 100, "volume of polygon is larger",
	},
	"dollars and tethers": {
		market.Crypto, market.D1, market.Binance, market.Polygon,
		each(func(i int, c market.Candle) market.Candle { return scaled(c, 1.002+float64(i%5)/2000, 1.3) }), quality.CauseMarket, 100, "USDT",
	},
	"dividends": {
		market.Stock, market.D1, market.Polygon, market.Yahoo,
		each(func(i int, c market.Candle) market.Candle {
			switch {
			case i < 40:
				c = scaled(c, 0.9881, 1)
			case i < 80:
				c = scaled(c, 0.9937, 1)
			}
			return c
		}), quality.CauseDividends, 80, "yahoo looks adjusted",
	},
	"a hole": {
		market.Stock, market.D1, market.Polygon, market.Yahoo,
		func(_ grid.Grid, list []market.Candle) []market.Candle { return slices.Delete(list, 30, 33) }, quality.CauseMissingBar, 3, "yahoo leaves out",
	},
	"a shorter history": {
		market.Stock, market.D1, market.Polygon, market.Yahoo,
		func(_ grid.Grid, list []market.Candle) []market.Candle { return list[40:] }, quality.CauseHistory, 40, "Only polygon",
	},
	"nothing known": {
		market.Stock, market.D1, market.Polygon, market.Yahoo,
		each(func(i int, c market.Candle) market.Candle {
			if i == 50 {
				c.High *= 1.3
			}
			return c
		}), quality.CauseUnknown, 1, "No known cause",
	},
}

func each(f func(i int, c market.Candle) market.Candle) func(grid.Grid, []market.Candle) []market.Candle {
	return func(_ grid.Grid, list []market.Candle) []market.Candle {
		for i := range list {
			list[i] = f(i, list[i])
		}
		return list
	}
}

func shiftedBy(slots grid.Slot) func(grid.Grid, []market.Candle) []market.Candle {
	return func(g grid.Grid, list []market.Candle) []market.Candle {
		for i := range list {
			s, _ := g.At(list[i].TS)
			list[i].TS = g.Stamp(s + slots)
		}
		return list
	}
}

func TestReconcileNamesAPlantedCause(t *testing.T) {
	t.Parallel()
	for name, tc := range planted {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := grid.New(tc.class, tc.tf)
			list := walkBars(g, 100)
			c := quality.Reconcile(g, quality.Witness{Source: tc.a, Candles: list},
				quality.Witness{Source: tc.b, Candles: tc.change(g, slices.Clone(list))}, 0.001)
			if c.Agree() || len(c.Groups) == 0 {
				t.Fatalf("no differences: %+v", c.Fields)
			}
			got := c.Groups[0]
			if words := c.Explain(got); got.Cause != tc.want || got.Bars != tc.bars || !strings.Contains(words, tc.words) {
				t.Errorf("%d bars %s (%q) of %d groups, want %d bars %s (%q): %+v", got.Bars, got.Cause, words, len(c.Groups), tc.bars, tc.want, tc.words, c.Groups)
			}
			for _, d := range c.Differences {
				if len(d.Causes) == 0 {
					t.Errorf("%s has no cause", d.TS)
				}
			}
		})
	}
}

func TestReconcileOfTheSameBarsAgrees(t *testing.T) {
	t.Parallel()
	g := grid.New(market.Stock, market.H1)
	list := walkBars(g, 300)
	other := slices.Clone(list)
	for i := range other {
		other[i] = scaled(other[i], 1.0004, 0.9995)
	}
	c := quality.Reconcile(g, quality.Witness{Source: market.Polygon, Candles: list}, quality.Witness{Source: market.Yahoo, Candles: other}, 0.001)
	if !c.Agree() || c.Common != 300 || c.Fields[quality.Close].Bars != 0 || c.Fields[quality.Close].Worst == 0 {
		t.Errorf("within the tolerance: %+v", c)
	}
	if c = quality.Reconcile(g, quality.Witness{}, quality.Witness{}, 0); !c.Agree() {
		t.Errorf("two empty ones: %+v", c)
	}
}

// TestReconcileOfEveryBarWrong holds that causes are found in about the time of
// a sort, whatever differs: prices that never move too.
func TestReconcileOfEveryBarWrong(t *testing.T) {
	t.Parallel()
	g := grid.New(market.Crypto, market.M5)
	list := walkBars(g, 50_000)
	for i := range list {
		list[i] = scaled(list[0], 1, 1)
		list[i].TS = g.Stamp(g.FirstFrom(time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)) + grid.Slot(i))
	}
	other := slices.Clone(list)
	for i := range other {
		other[i].Close *= 3
		other[i].Volume = math.NaN()
	}
	c := quality.Reconcile(g, quality.Witness{Source: market.Binance, Candles: list}, quality.Witness{Source: market.Yahoo, Candles: other}, 0.001)
	if c.Differing() != 50_000 || c.Fields[quality.Volume].Worst != 1 {
		t.Errorf("%d differ, %+v", c.Differing(), c.Fields)
	}
}
