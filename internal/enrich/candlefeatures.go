package enrich

import "github.com/candlewright/candlewright/internal/feature"

// The features of a candle, each with whether it has a value: a shape that a face
// can bind a nullable field to.

// Return1h is feature 1.
func (c Candle) Return1h() (float64, bool) { return c.Features.Return1h() }

// Return1d is feature 2.
func (c Candle) Return1d() (float64, bool) { return c.Features.Return1d() }

// Volatility20 is feature 3.
func (c Candle) Volatility20() (float64, bool) { return c.Features.Volatility20() }

// Volatility50 is feature 4.
func (c Candle) Volatility50() (float64, bool) { return c.Features.Volatility50() }

// Atr is feature 5.
func (c Candle) Atr() (float64, bool) { return c.Features.Atr() }

// TrendDirection is feature 6.
func (c Candle) TrendDirection() (feature.Trend, bool) { return c.Features.TrendDirection() }

// MarketStructure is feature 7.
func (c Candle) MarketStructure() (feature.Structure, bool) { return c.Features.MarketStructure() }

// RollingVolume20 is feature 8.
func (c Candle) RollingVolume20() (float64, bool) { return c.Features.RollingVolume20() }

// OpenInterest is feature 9.
func (c Candle) OpenInterest() (float64, bool) { return c.Features.OpenInterest() }

// FundingRate is feature 10.
func (c Candle) FundingRate() (float64, bool) { return c.Features.FundingRate() }

// LiquidationsLong is feature 11.
func (c Candle) LiquidationsLong() (float64, bool) { return c.Features.LiquidationsLong() }

// LiquidationsShort is feature 12.
func (c Candle) LiquidationsShort() (float64, bool) { return c.Features.LiquidationsShort() }

// TakerBuyVolume is feature 13.
func (c Candle) TakerBuyVolume() (float64, bool) { return c.Features.TakerBuyVolume() }

// TakerSellVolume is feature 14.
func (c Candle) TakerSellVolume() (float64, bool) { return c.Features.TakerSellVolume() }

// Delta is feature 15.
func (c Candle) Delta() (float64, bool) { return c.Features.Delta() }

// BuySellRatio is feature 16.
func (c Candle) BuySellRatio() (float64, bool) { return c.Features.BuySellRatio() }

// LiquidationIntensity is feature 17.
func (c Candle) LiquidationIntensity() (float64, bool) { return c.Features.LiquidationIntensity() }

// VolumeSpikeScore is feature 18.
func (c Candle) VolumeSpikeScore() (float64, bool) { return c.Features.VolumeSpikeScore() }

// LongShortRatio is feature 19.
func (c Candle) LongShortRatio() (float64, bool) { return c.Features.LongShortRatio() }

// FundingRatePercentile is feature 20.
func (c Candle) FundingRatePercentile() (float64, bool) { return c.Features.FundingRatePercentile() }

// ExchangeInflow is feature 21.
func (c Candle) ExchangeInflow() (float64, bool) { return c.Features.ExchangeInflow() }

// OpenInterestChange is feature 22.
func (c Candle) OpenInterestChange() (float64, bool) { return c.Features.OpenInterestChange() }
