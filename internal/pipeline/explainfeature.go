package pipeline

import (
	"fmt"
	"time"

	"github.com/candlewright/candlewright/internal/feature"
	"github.com/candlewright/candlewright/internal/grid"
	"github.com/candlewright/candlewright/internal/market"
)

// fieldAs is the field that a feature is delivered as.
var fieldAs = map[feature.Name]market.Field{
	feature.OpenInterest: market.OpenInterest, feature.FundingRate: market.FundingRate,
	feature.LiquidationsLong: market.LiquidationsLong, feature.LiquidationsShort: market.LiquidationsShort,
	feature.TakerBuyVolume: market.TakerBuyVolume, feature.TakerSellVolume: market.TakerSellVolume,
	feature.LongShortRatio: market.LongShortRatio, feature.ExchangeInflow: market.ExchangeInflow,
}

// barsNeeded is how many stored bars fill the window of a feature.
var barsNeeded = map[feature.Name]int64{
	feature.ATR: 15, feature.RollingVolume20: 20, feature.Volatility20: 21, feature.VolumeSpikeScore: 21,
	feature.TrendDirection: 50, feature.Volatility50: 51,
}

// features are all 22; of an asset class other than crypto the first 8.
func (x *explaining) features() []FeatureState {
	var states []FeatureState
	for _, n := range feature.Names() {
		if x.in.Grid.Class() != market.Crypto && n >= feature.OpenInterest {
			break
		}
		s := FeatureState{Name: n, Expected: x.result.Expected.Has(n), Present: x.c.Features.Has(n)}
		if !s.Expected || !s.Present {
			s.Why = x.why(n)
		}
		states = append(states, s)
	}
	return states
}

// why says why a feature is missing or is not expected.
func (x *explaining) why(n feature.Name) string {
	if need, ok := barsNeeded[n]; ok {
		if x.bar+1 < need {
			return fmt.Sprintf("its window is not full: it needs %d stored bars and this is number %d", need, x.bar+1)
		}
		if n == feature.VolumeSpikeScore {
			return "the 20 volumes before this bar are all alike"
		}
		return "its value is no finite number"
	}
	switch n {
	case feature.Return1h, feature.Return1d:
		return x.whyReturn(n)
	case feature.MarketStructure:
		return "two swing highs and two swing lows are not known yet"
	case feature.Delta, feature.BuySellRatio:
		return x.whyTaker(n)
	case feature.LiquidationIntensity:
		return x.whyLiquidations()
	case feature.FundingRatePercentile:
		return x.whyPercentile()
	case feature.OpenInterestChange:
		return x.whyInterestChange()
	default:
		if x.c.Features.Has(n) {
			return "delivered although the source does not state that it offers it"
		}
		return x.whyField(fieldAs[n])
	}
}

// reference is the slot that a return refers to.
func (x *explaining) reference(n feature.Name) (grid.Slot, bool) {
	if n == feature.Return1h {
		return x.in.Grid.HourBefore(x.slot)
	}
	return x.in.Grid.DayBefore(x.slot)
}

func (x *explaining) whyReturn(n feature.Name) string {
	ref, ok := x.reference(n)
	tf := x.in.Grid.Timeframe()
	switch stamp := x.in.Grid.Stamp(ref).Format(time.RFC3339); {
	case !ok && (tf == market.W1 || n == feature.Return1h && tf.Duration() > time.Hour):
		return "bars of " + string(tf) + " have none"
	case !ok:
		return "the calendar knows no slot that it could refer to"
	case ref < x.in.First:
		return "the slot that it refers to, " + stamp + ", is before the first stored bar"
	default:
		if why := x.insane(n); why != "" {
			return why
		}
		return "the slot that it refers to, " + stamp + ", has no stored bar"
	}
}

// insane says of a return that nobody can believe how large it is.
func (x *explaining) insane(n feature.Name) string {
	ref, ok := x.reference(n)
	if !ok {
		return ""
	}
	before, ok := x.in.Stored(ref)
	if !ok {
		return ""
	}
	r := x.c.Close/before.Close - 1
	if r >= -1 && r <= 5 {
		return ""
	}
	return fmt.Sprintf("%s / %s - 1 = %s is not within -1 … +5 and so made missing", plain(x.c.Close), plain(before.Close), plain(r))
}

func (x *explaining) whyTaker(n feature.Name) string {
	const both = "it needs taker buys and sells, and "
	switch buys, sells := x.delivered(market.TakerBuyVolume), x.delivered(market.TakerSellVolume); {
	case !x.result.Expected.Has(n):
		return both + string(x.c.Source) + " does not offer both"
	case !buys || !sells:
		return both + "not both are there"
	}
	return "the taker sells are 0"
}

func (x *explaining) whyLiquidations() string {
	const both = "it needs the liquidations of longs and shorts, and "
	switch longs, shorts := x.delivered(market.LiquidationsLong), x.delivered(market.LiquidationsShort); {
	case !x.result.Expected.Has(feature.LiquidationIntensity):
		return both + string(x.c.Source) + " does not offer both"
	case !longs || !shorts:
		return both + "not both are there"
	}
	return "the volume is 0"
}

func (x *explaining) whyPercentile() string {
	if x.c.Offered&market.FundingPayments == 0 {
		return string(x.c.Source) + " does not offer funding payments for this bar"
	}
	return fmt.Sprintf("it needs %d funding payments, and %d are known by the bar's end", feature.PaymentsKnown, x.in.Payments)
}

func (x *explaining) whyInterestChange() string {
	offered := func(c *Candle) bool { return c.Offered.Has(market.OpenInterest) }
	switch {
	case !offered(x.c):
		return string(x.c.Source) + " does not offer open interest for this bar"
	case x.bar == 0:
		return "there is no bar before this one"
	case x.before != nil && !offered(x.before):
		return string(x.before.Source) + " does not offer open interest for the bar before"
	case !x.delivered(market.OpenInterest):
		return "the open interest of this bar is missing"
	}
	return "the open interest of the bar before is missing or 0"
}
