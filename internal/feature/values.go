package feature

import "math"

// Trend is where the close stands to its averages; "" is missing.
type Trend string

// The trends.
const (
	Up      Trend = "up"      // close above the 20-bar average, that above the 50-bar average
	Down    Trend = "down"    // the other way round
	Neutral Trend = "neutral" // neither
)

// Structure is what the last two swing highs and lows say; "" is missing.
type Structure string

// The market structures.
const (
	Bullish Structure = "bullish" // swing highs and swing lows rise
	Bearish Structure = "bearish" // both fall
	Range   Structure = "range"   // neither
)

// Values are the features of one bar. Use NoValues to make one by hand: the
// zero value claims twenty zeros.
type Values struct {
	// Num holds the numbers by Name, NaN where missing. The two entries of
	// TrendDirection and MarketStructure are always NaN.
	Num       [Count]float64
	Trend     Trend
	Structure Structure
}

var noValues = func() (v Values) {
	for i := range v.Num {
		v.Num[i] = math.NaN()
	}
	return v
}()

// NoValues is Values in which every feature is missing.
func NoValues() Values { return noValues }

// Has reports whether the feature has a value.
func (v *Values) Has(n Name) bool {
	switch n {
	case TrendDirection:
		return v.Trend != ""
	case MarketStructure:
		return v.Structure != ""
	default:
		return present(v.Num[n])
	}
}

// Present is the set of features that have a value.
func (v *Values) Present() Set {
	var s Set
	for i, x := range v.Num {
		if present(x) {
			s |= 1 << i
		}
	}
	if v.Trend != "" {
		s |= 1 << TrendDirection
	}
	if v.Structure != "" {
		s |= 1 << MarketStructure
	}
	return s
}

// The accessors below give each feature and whether it has a value.

func (v Values) number(n Name) (float64, bool) { return v.Num[n], present(v.Num[n]) }

// Return1h is feature 1.
func (v Values) Return1h() (float64, bool) { return v.number(Return1h) }

// Return1d is feature 2.
func (v Values) Return1d() (float64, bool) { return v.number(Return1d) }

// Volatility20 is feature 3.
func (v Values) Volatility20() (float64, bool) { return v.number(Volatility20) }

// Volatility50 is feature 4.
func (v Values) Volatility50() (float64, bool) { return v.number(Volatility50) }

// Atr is feature 5.
func (v Values) Atr() (float64, bool) { return v.number(ATR) }

// TrendDirection is feature 6.
func (v Values) TrendDirection() (Trend, bool) { return v.Trend, v.Trend != "" }

// MarketStructure is feature 7.
func (v Values) MarketStructure() (Structure, bool) { return v.Structure, v.Structure != "" }

// RollingVolume20 is feature 8.
func (v Values) RollingVolume20() (float64, bool) { return v.number(RollingVolume20) }

// OpenInterest is feature 9.
func (v Values) OpenInterest() (float64, bool) { return v.number(OpenInterest) }

// FundingRate is feature 10.
func (v Values) FundingRate() (float64, bool) { return v.number(FundingRate) }

// LiquidationsLong is feature 11.
func (v Values) LiquidationsLong() (float64, bool) { return v.number(LiquidationsLong) }

// LiquidationsShort is feature 12.
func (v Values) LiquidationsShort() (float64, bool) { return v.number(LiquidationsShort) }

// TakerBuyVolume is feature 13.
func (v Values) TakerBuyVolume() (float64, bool) { return v.number(TakerBuyVolume) }

// TakerSellVolume is feature 14.
func (v Values) TakerSellVolume() (float64, bool) { return v.number(TakerSellVolume) }

// Delta is feature 15.
func (v Values) Delta() (float64, bool) { return v.number(Delta) }

// BuySellRatio is feature 16.
func (v Values) BuySellRatio() (float64, bool) { return v.number(BuySellRatio) }

// LiquidationIntensity is feature 17.
func (v Values) LiquidationIntensity() (float64, bool) { return v.number(LiquidationIntensity) }

// VolumeSpikeScore is feature 18.
func (v Values) VolumeSpikeScore() (float64, bool) { return v.number(VolumeSpikeScore) }

// LongShortRatio is feature 19.
func (v Values) LongShortRatio() (float64, bool) { return v.number(LongShortRatio) }

// FundingRatePercentile is feature 20.
func (v Values) FundingRatePercentile() (float64, bool) { return v.number(FundingRatePercentile) }

// ExchangeInflow is feature 21.
func (v Values) ExchangeInflow() (float64, bool) { return v.number(ExchangeInflow) }

// OpenInterestChange is feature 22.
func (v Values) OpenInterestChange() (float64, bool) { return v.number(OpenInterestChange) }
