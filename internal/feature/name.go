package feature

import (
	"math/bits"
	"strconv"
)

// Name is one of the 22 features: its number in the rules minus 1.
type Name uint8

// The features, in the order of the rules. The first eight exist for every
// asset class, the others for crypto only.
const (
	Return1h              Name = iota // change since the slot that ended an hour earlier, 0.01 is 1 %
	Return1d                          // change since 24 hours (crypto) or the last session's close (stock, etf)
	Volatility20                      // sample standard deviation of the last 20 log returns, per bar
	Volatility50                      // the same over 50
	ATR                               // Wilder's average true range over 14 bars, in price units
	TrendDirection                    // a Trend
	MarketStructure                   // a Structure
	RollingVolume20                   // sum of the last 20 volumes
	OpenInterest                      // delivered; base units
	FundingRate                       // the last rate paid by the bar's end; 0.0001 is one basis point
	LiquidationsLong                  // delivered; base units
	LiquidationsShort                 // delivered; base units
	TakerBuyVolume                    // delivered; base units
	TakerSellVolume                   // delivered; base units
	Delta                             // taker buys less taker sells, base units
	BuySellRatio                      // taker buys / taker sells
	LiquidationIntensity              // liquidations of both sides / volume
	VolumeSpikeScore                  // distance from the mean of the 20 volumes before, in their standard deviations
	LongShortRatio                    // delivered; long accounts / short accounts
	FundingRatePercentile             // 0 (exclusive) to 100, among the last 90 payments
	ExchangeInflow                    // delivered; coins
	OpenInterestChange                // change since the bar before, 0.01 is 1 %
	Count                 = 22
)

var names = [Count]string{
	"return_1h", "return_1d", "volatility_20", "volatility_50", "atr", "trend_direction", "market_structure", "rolling_volume_20",
	"open_interest", "funding_rate", "liquidations_long", "liquidations_short", "taker_buy_volume", "taker_sell_volume",
	"delta", "buy_sell_ratio", "liquidation_intensity", "volume_spike_score",
	"long_short_ratio", "funding_rate_percentile", "exchange_inflow", "open_interest_change",
}

// Names lists the features in the order of the rules.
func Names() []Name {
	all := make([]Name, Count)
	for i := range all {
		all[i] = Name(i)
	}
	return all
}

// String is the feature's column name, "volatility_20".
func (n Name) String() string {
	if n >= Count {
		return "feature(" + strconv.Itoa(int(n)) + ")"
	}
	return names[n]
}

// ParseName reads a column name.
func ParseName(s string) (Name, bool) {
	for i, n := range names {
		if n == s {
			return Name(i), true
		}
	}
	return 0, false
}

// Set is a set of features.
type Set uint32

// SetOf makes a set.
func SetOf(ns ...Name) Set {
	var s Set
	for _, n := range ns {
		s |= 1 << n
	}
	return s
}

// Has reports whether the feature is in the set.
func (s Set) Has(n Name) bool { return s>>n&1 != 0 }

// Len is the number of features in the set.
func (s Set) Len() int { return bits.OnesCount32(uint32(s)) }

// Names lists the features in the set, in the order of the rules.
func (s Set) Names() []Name {
	ns := make([]Name, 0, s.Len())
	for n := range Name(Count) {
		if s.Has(n) {
			ns = append(ns, n)
		}
	}
	return ns
}
