package feature

import "github.com/candlewright/candlewright/internal/market"

// windowed is the set of features whose window is full at bar i (from 0). A
// return needs the bar before it, so 20 returns take 21 bars.
func windowed(i int64) (s Set) {
	switch {
	case i >= 50:
		s |= 1 << Volatility50
		fallthrough
	case i >= 49:
		s |= 1 << TrendDirection
		fallthrough
	case i >= 20:
		s |= 1 << Volatility20
		fallthrough
	case i >= 19:
		s |= 1 << RollingVolume20
		fallthrough
	case i >= atrBars:
		s |= 1 << ATR
	}
	return s
}

// expectedOf is the set of crypto features that follow from what the candle's
// source offers, but for open_interest_change, which looks at two bars. A
// source that tells taker buys thereby tells the sells.
func expectedOf(offered market.Fields, percentileKnown bool) Set {
	const (
		buys   = 1 << market.TakerBuyVolume
		sells  = 1 << market.TakerSellVolume
		longs  = 1 << market.LiquidationsLong
		shorts = 1 << market.LiquidationsShort
	)
	if offered&buys != 0 {
		offered |= sells
	}
	var s Set
	for i, name := range deliveredAs {
		s |= Set(offered>>i&1) << name
	}
	if offered&(buys|sells) == buys|sells {
		s |= 1<<Delta | 1<<BuySellRatio
	}
	if offered&(longs|shorts) == longs|shorts {
		s |= 1 << LiquidationIntensity
	}
	if offered&market.FundingPayments != 0 {
		s |= 1 << FundingRate
		if percentileKnown {
			s |= 1 << FundingRatePercentile
		}
	}
	return s
}
