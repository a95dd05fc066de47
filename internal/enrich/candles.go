package enrich

import (
	"context"
	"time"

	"github.com/candlewright/candlewright/internal/feature"
	"github.com/candlewright/candlewright/internal/grid"
	"github.com/candlewright/candlewright/internal/market"
	"github.com/candlewright/candlewright/internal/pipeline"
)

// SymbolKey is what the calendar and the store need to know of a symbol.
type SymbolKey struct {
	ID    int64
	Class market.AssetClass
}

func idsOf(symbols []SymbolKey) []int64 {
	ids := make([]int64, len(symbols))
	for i, sym := range symbols {
		ids[i] = sym.ID
	}
	return ids
}

// Candle is a stored candle on its grid, which knows when it ended.
type Candle struct {
	*pipeline.Candle
	grid     grid.Grid
	symbolID int64 // 0: of no list of a symbol as it is now
}

// End is the instant at which the bar was complete by the calendar.
func (c Candle) End() time.Time { return c.grid.End(c.grid.FirstFrom(c.TS)) }

// CandlesOf lists the candles of one timeframe of each symbol, oldest first.
func (s *Service) CandlesOf(ctx context.Context, symbols []SymbolKey, tf market.Timeframe, p CandlePage) (map[SymbolKey]List[Candle], error) {
	lists, err := s.store.CandlesOf(ctx, idsOf(symbols), tf, p)
	if err != nil {
		return nil, err
	}
	out := make(map[SymbolKey]List[Candle], len(lists))
	for _, sym := range symbols {
		l, ok := lists[sym.ID]
		if !ok {
			continue
		}
		g := grid.New(sym.Class, tf)
		rows := make([]Candle, len(l.Rows))
		for i := range l.Rows {
			rows[i] = Candle{Candle: &l.Rows[i], grid: g, symbolID: sym.ID}
		}
		out[sym] = List[Candle]{Rows: rows, More: l.More}
	}
	return out, nil
}

// CountCandlesOf counts the candles of each symbol in the range; none has no
// entry.
func (s *Service) CountCandlesOf(ctx context.Context, symbols []SymbolKey, tf market.Timeframe, r Range) (map[SymbolKey]int64, error) {
	counts, err := s.store.CountCandles(ctx, idsOf(symbols), tf, r)
	if err != nil {
		return nil, err
	}
	out := make(map[SymbolKey]int64, len(counts))
	for _, sym := range symbols {
		if n, ok := counts[sym.ID]; ok {
			out[sym] = n
		}
	}
	return out, nil
}

// CandleColumns is candles as parallel lists, oldest first. A column is made
// when it is asked for; a missing number is NaN in it, a missing word "".
type CandleColumns struct{ rows []pipeline.Candle }

// CandleColumnsOf gives the newest n candles of the range of each symbol; one
// without any has no entry.
func (s *Service) CandleColumnsOf(ctx context.Context, symbols []SymbolKey, tf market.Timeframe, r Range, n int) (map[SymbolKey]CandleColumns, error) {
	lists, err := s.store.CandlesOf(ctx, idsOf(symbols), tf, CandlePage{Range: r, Limit: n, Backward: true})
	if err != nil {
		return nil, err
	}
	out := make(map[SymbolKey]CandleColumns, len(lists))
	for _, sym := range symbols {
		if l, ok := lists[sym.ID]; ok {
			out[sym] = CandleColumns{l.Rows}
		}
	}
	return out, nil
}

func column[T any](c CandleColumns, cell func(*pipeline.Candle) T) []T {
	cells := make([]T, len(c.rows))
	for i := range c.rows {
		cells[i] = cell(&c.rows[i])
	}
	return cells
}

func (c CandleColumns) feature(n feature.Name) []float64 {
	return column(c, func(c *pipeline.Candle) float64 { return c.Features.Num[n] })
}

// Count is the length of every column.
func (c CandleColumns) Count() int { return len(c.rows) }

// Ts is the stamps.
func (c CandleColumns) Ts() []time.Time {
	return column(c, func(c *pipeline.Candle) time.Time { return c.TS })
}

// Open is the first prices.
func (c CandleColumns) Open() []float64 {
	return column(c, func(c *pipeline.Candle) float64 { return c.Open })
}

// High is the highest prices.
func (c CandleColumns) High() []float64 {
	return column(c, func(c *pipeline.Candle) float64 { return c.High })
}

// Low is the lowest prices.
func (c CandleColumns) Low() []float64 {
	return column(c, func(c *pipeline.Candle) float64 { return c.Low })
}

// Close is the last prices.
func (c CandleColumns) Close() []float64 {
	return column(c, func(c *pipeline.Candle) float64 { return c.Close })
}

// Volume is the volumes.
func (c CandleColumns) Volume() []float64 {
	return column(c, func(c *pipeline.Candle) float64 { return c.Volume })
}

// Source is who delivered each.
func (c CandleColumns) Source() []market.SourceName {
	return column(c, func(c *pipeline.Candle) market.SourceName { return c.Source })
}

// Revision counts how often each was stored: 1 and one more for each amendment.
func (c CandleColumns) Revision() []int {
	return column(c, func(c *pipeline.Candle) int { return c.Revision })
}

// Validated is whether each passed every check.
func (c CandleColumns) Validated() []bool { return column(c, (*pipeline.Candle).Validated) }

// Anomaly is whether each was flagged.
func (c CandleColumns) Anomaly() []bool { return column(c, (*pipeline.Candle).Anomaly) }

// QualityScore is the unrounded scores.
func (c CandleColumns) QualityScore() []float64 { return column(c, (*pipeline.Candle).QualityScore) }

// TrendDirection is feature 6.
func (c CandleColumns) TrendDirection() []*feature.Trend {
	return column(c, func(c *pipeline.Candle) *feature.Trend { return word(c.Features.TrendDirection()) })
}

// MarketStructure is feature 7.
func (c CandleColumns) MarketStructure() []*feature.Structure {
	return column(c, func(c *pipeline.Candle) *feature.Structure { return word(c.Features.MarketStructure()) })
}

func word[T any](w T, ok bool) *T {
	if !ok {
		return nil
	}
	return &w
}

// Return1h is feature 1.
func (c CandleColumns) Return1h() []float64 { return c.feature(feature.Return1h) }

// Return1d is feature 2.
func (c CandleColumns) Return1d() []float64 { return c.feature(feature.Return1d) }

// Volatility20 is feature 3.
func (c CandleColumns) Volatility20() []float64 { return c.feature(feature.Volatility20) }

// Volatility50 is feature 4.
func (c CandleColumns) Volatility50() []float64 { return c.feature(feature.Volatility50) }

// Atr is feature 5.
func (c CandleColumns) Atr() []float64 { return c.feature(feature.ATR) }

// RollingVolume20 is feature 8.
func (c CandleColumns) RollingVolume20() []float64 { return c.feature(feature.RollingVolume20) }

// OpenInterest is feature 9.
func (c CandleColumns) OpenInterest() []float64 { return c.feature(feature.OpenInterest) }

// FundingRate is feature 10.
func (c CandleColumns) FundingRate() []float64 { return c.feature(feature.FundingRate) }

// LiquidationsLong is feature 11.
func (c CandleColumns) LiquidationsLong() []float64 { return c.feature(feature.LiquidationsLong) }

// LiquidationsShort is feature 12.
func (c CandleColumns) LiquidationsShort() []float64 { return c.feature(feature.LiquidationsShort) }

// TakerBuyVolume is feature 13.
func (c CandleColumns) TakerBuyVolume() []float64 { return c.feature(feature.TakerBuyVolume) }

// TakerSellVolume is feature 14.
func (c CandleColumns) TakerSellVolume() []float64 { return c.feature(feature.TakerSellVolume) }

// Delta is feature 15.
func (c CandleColumns) Delta() []float64 { return c.feature(feature.Delta) }

// BuySellRatio is feature 16.
func (c CandleColumns) BuySellRatio() []float64 { return c.feature(feature.BuySellRatio) }

// LiquidationIntensity is feature 17.
func (c CandleColumns) LiquidationIntensity() []float64 {
	return c.feature(feature.LiquidationIntensity)
}

// VolumeSpikeScore is feature 18.
func (c CandleColumns) VolumeSpikeScore() []float64 { return c.feature(feature.VolumeSpikeScore) }

// LongShortRatio is feature 19.
func (c CandleColumns) LongShortRatio() []float64 { return c.feature(feature.LongShortRatio) }

// FundingRatePercentile is feature 20.
func (c CandleColumns) FundingRatePercentile() []float64 {
	return c.feature(feature.FundingRatePercentile)
}

// ExchangeInflow is feature 21.
func (c CandleColumns) ExchangeInflow() []float64 { return c.feature(feature.ExchangeInflow) }

// OpenInterestChange is feature 22.
func (c CandleColumns) OpenInterestChange() []float64 { return c.feature(feature.OpenInterestChange) }
