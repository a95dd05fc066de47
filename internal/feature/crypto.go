package feature

import (
	"math"

	"github.com/candlewright/candlewright/internal/market"
)

// interest is the open interest of the bar before.
type interest struct {
	value   float64 // NaN where it was missing
	offered bool
}

// pushCrypto fills what only crypto has: the delivered fields and the features
// computed from one bar's fields. (The volume score has a window of its own.)
func (s *State) pushCrypto(r *Result, c *market.Candle, f Funding) {
	d, num := &c.Delivered, &r.Values.Num
	for i, name := range deliveredAs {
		if finite(d[i]) {
			num[name] = d[i]
		}
	}
	if c.Offered&market.FundingPayments != 0 {
		num[FundingRate] = math.NaN()
		set(num, FundingRate, f.Rate)
		set(num, FundingRatePercentile, f.Percentile)
	}
	buy, sell := num[TakerBuyVolume], num[TakerSellVolume]
	set(num, Delta, buy-sell)
	set(num, BuySellRatio, buy/sell)
	set(num, LiquidationIntensity, (num[LiquidationsLong]+num[LiquidationsShort])/c.Volume)
	set(num, OpenInterestChange, num[OpenInterest]/s.interest.value-1)

	offered := c.Offered.Has(market.OpenInterest)
	r.Expected |= expectedOf(c.Offered, present(f.Percentile))
	if offered && s.interest.offered {
		r.Expected |= 1 << OpenInterestChange
	}
	s.interest = interest{num[OpenInterest], offered}
}

// set stores a computed value. Of a missing operand or a division by 0 comes
// NaN or an infinity, which is to say nothing.
func set(num *[Count]float64, n Name, x float64) {
	if finite(x) {
		num[n] = x
	}
}

// deliveredAs is the feature that a delivered field is.
var deliveredAs = [market.NumFields]Name{
	market.OpenInterest:      OpenInterest,
	market.FundingRate:       FundingRate,
	market.LiquidationsLong:  LiquidationsLong,
	market.LiquidationsShort: LiquidationsShort,
	market.TakerBuyVolume:    TakerBuyVolume,
	market.TakerSellVolume:   TakerSellVolume,
	market.LongShortRatio:    LongShortRatio,
	market.ExchangeInflow:    ExchangeInflow,
}
