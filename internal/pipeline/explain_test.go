package pipeline_test

import (
	"math"
	"strings"
	"testing"

	"github.com/candlewright/candlewright/internal/feature"
	"github.com/candlewright/candlewright/internal/grid"
	"github.com/candlewright/candlewright/internal/market"
	"github.com/candlewright/candlewright/internal/pipeline"
	"github.com/candlewright/candlewright/internal/quality"
)

// explained explains bar n of a stored series.
func explained(g grid.Grid, candles []pipeline.Candle, payments []market.Payment, n int) pipeline.Explanation {
	bars := make([]pipeline.Bar, n+1)
	bySlot := map[grid.Slot]*pipeline.Candle{}
	for i := range bars {
		bars[i].Candle = candles[i]
		slot, _ := g.At(candles[i].TS)
		bySlot[slot] = &candles[i]
	}
	first, _ := g.At(candles[0].TS)
	last, _ := g.At(candles[n].TS)
	known := 0
	for _, p := range payments {
		if !p.At.After(g.End(last)) {
			known++
		}
	}
	return pipeline.Explain(pipeline.ExplainInput{
		Input: pipeline.Input{Grid: g, Bars: bars}, First: first, Payments: known, Known: feature.NewPayments(payments).At(g.End(last)),
		Stored: func(s grid.Slot) (*pipeline.Candle, bool) {
			c, ok := bySlot[s]
			return c, ok
		},
	})
}

// TestExplanationsAgreeWithTheScore explains every bar of spoiled series: what is
// told adds up to what is stored, and whatever is missing has a reason.
func TestExplanationsAgreeWithTheScore(t *testing.T) {
	t.Parallel()
	for name, g := range grids() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rows := spoil(walk(g, 140, offeredBy(g), 9), 9)
			var payments []market.Payment
			if g.Class() == market.Crypto {
				payments = paymentsFor(rows)
			}
			candles := pipeline.Process(pipeline.Input{Grid: g, Bars: barsOf(t, g, rows), Payments: payments}).Candles
			for n := range candles {
				e := explained(g, candles, payments, n)
				parts := &candles[n].Verdict.Parts
				points := 0.0
				for _, p := range e.Parts {
					points += p.Points
				}
				if math.Abs(points-parts.Score()) > 1e-12 {
					t.Errorf("bar %d: %v points, score %v", n, points, parts.Score())
				}
				var expected, present, failed, made int16
				for _, f := range e.Features {
					if f.Expected {
						expected++
					}
					if f.Expected && f.Present {
						present++
					}
					if whole := f.Expected && f.Present; whole != (f.Why == "") {
						t.Errorf("bar %d: %s expected %v, present %v, why %q", n, f.Name, f.Expected, f.Present, f.Why)
					}
				}
				for _, c := range e.Checks {
					if c.Outcome != pipeline.CheckNotMade {
						made++
					}
					if c.Outcome == pipeline.CheckFailed {
						failed++
						if c.Why == "" {
							t.Errorf("bar %d: %s failed for no reason", n, c.Check)
						}
					}
				}
				if expected != parts.FeaturesExpected || present != parts.FeaturesPresent || made != parts.ChecksMade || made-failed != parts.ChecksPassed {
					t.Errorf("bar %d: %d of %d features, %d of %d checks; stored %+v", n, present, expected, made-failed, made, *parts)
				}
				fields := int16(0)
				for _, f := range e.Fields {
					if f.Expected {
						fields++
					}
				}
				if fields != parts.FieldsExpected {
					t.Errorf("bar %d: %d fields, stored %+v", n, fields, *parts)
				}
			}
		})
	}
}

// TestReasons holds the words for each way in which a feature or a check can come
// to nothing.
func TestReasons(t *testing.T) {
	t.Parallel()
	stocks := grid.New(market.Stock, market.H1)
	days := grid.New(market.Stock, market.D1)
	none := market.Fields(0)
	taker := market.Offer(market.TakerBuyVolume, market.TakerSellVolume)
	for name, c := range map[string]struct {
		grid    grid.Grid
		offered market.Fields
		n       int
		edit    func(rows []market.Candle)
		of      string
		want    string
	}{
		"window":                 {hours, none, 9, nil, "atr", "needs 15 stored bars and this is number 10"},
		"too early for a return": {hours, none, 5, nil, "return_1d", "is before the first stored bar"},
		"no such return":         {days, none, 5, nil, "return_1h", "bars of 1d have none"},
		"a gap":                  {hours, none, 40, func(rows []market.Candle) { rows[39].Open = math.NaN() }, "return_1h", "T15:00:00Z, has no stored bar"},
		"a leap":                 {hours, none, 40, func(rows []market.Candle) { rows[40].Close *= 100 }, "return_1h", "is not within -1 … +5"},
		"the leap's check":       {hours, none, 40, func(rows []market.Candle) { rows[40].Close *= 100 }, "feature_sane", "return_1h: "},
		"structure":              {hours, none, 3, nil, "market_structure", "are not known yet"},
		"equal volumes": {hours, none, 40, func(rows []market.Candle) {
			for i := range rows {
				rows[i].Volume = 7
			}
		}, "volume_spike_score", "all alike"},
		"not offered":   {hours, none, 40, nil, "open_interest", "csv does not offer it"},
		"left empty":    {hours, everyField, 40, func(rows []market.Candle) { rows[40].Delivered[market.LongShortRatio] = math.NaN() }, "long_short_ratio", "left empty by the source"},
		"impossible":    {hours, everyField, 40, func(rows []market.Candle) { rows[40].Delivered[market.OpenInterest] = -1 }, "open_interest", "impossible (microstructure_sane)"},
		"no taker":      {hours, none, 40, nil, "delta", "csv does not offer both"},
		"a taker short": {hours, taker, 40, func(rows []market.Candle) { rows[40].Delivered[market.TakerSellVolume] = math.NaN() }, "delta", "not both are there"},
		"no sells": {hours, taker, 40, func(rows []market.Candle) {
			rows[40].Delivered[market.TakerSellVolume] = 0
			rows[40].Delivered[market.TakerBuyVolume] = rows[40].Volume
		}, "buy_sell_ratio", "sells are 0"},
		"no payments":    {hours, none, 40, nil, "funding_rate_percentile", "does not offer funding payments"},
		"few payments":   {hours, market.FundingPayments, 40, nil, "funding_rate_percentile", "needs 90 funding payments, and 0 are known"},
		"no rate":        {hours, market.FundingPayments, 40, nil, "funding_rate", "no funding payment is known"},
		"interest first": {hours, everyField, 0, nil, "open_interest_change", "no bar before"},
		"interest new":   {hours, everyField, 40, func(rows []market.Candle) { rows[39].Offered = 0 }, "open_interest_change", "for the bar before"},
		"interest gone":  {hours, everyField, 40, func(rows []market.Candle) { rows[39].Delivered[market.OpenInterest] = 0 }, "open_interest_change", "missing or 0"},
		"no volume": {hours, everyField, 40, func(rows []market.Candle) {
			rows[40].Volume = 0
			rows[40].Delivered[market.TakerBuyVolume] = 0
			rows[40].Delivered[market.TakerSellVolume] = 0
		}, "liquidation_intensity", "the volume is 0"},
		"volume's check": {hours, none, 40, func(rows []market.Candle) { rows[40].Volume = 0 }, "volume_positive", "the volume is 0"},
		"a high too low": {stocks, none, 9, func(rows []market.Candle) { rows[9].High = rows[9].Close / 2 }, "ohlc_order", "the high "},
		"a low too high": {stocks, none, 9, func(rows []market.Candle) { rows[9].Low = rows[9].Close * 1.0004; rows[9].Open = rows[9].Close }, "ohlc_order", "the low "},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rows := walk(c.grid, 60, c.offered, 4)
			if c.edit != nil {
				c.edit(rows)
			}
			last := rows[c.n].TS
			candles := pipeline.Process(pipeline.Input{Grid: c.grid, Bars: barsOf(t, c.grid, rows)}).Candles
			n := 0
			for !candles[n].TS.Equal(last) {
				n++
			}
			e := explained(c.grid, candles, nil, n)
			got := "nothing of that name"
			for _, f := range e.Features {
				if f.Name.String() == c.of {
					got = f.Why
				}
			}
			for _, k := range e.Checks {
				if k.Check.String() == c.of {
					got = string(k.Outcome) + ": " + k.Why
				}
			}
			if !strings.Contains(got, c.want) {
				t.Errorf("%s: %q, want %q", c.of, got, c.want)
			}
		})
	}
}

func TestFreshnessIsToldInBars(t *testing.T) {
	t.Parallel()
	for behind, want := range map[int64]string{0: "at most 1 bar behind", 1: "at most 1 bar behind", 4: "4 bars behind", 9: "9 bars behind", 12: "10 bars behind or more"} {
		c := computed(t, walk(hours, 3, 0, 1), behind)
		e := explained(hours, c, nil, 2)
		if got := e.Parts[3]; got.Why != want || got.Share != quality.Freshness(behind) {
			t.Errorf("%d behind: %+v, want %q", behind, got, want)
		}
	}
}
