package feature

import (
	"github.com/candlewright/candlewright/internal/grid"
	"github.com/candlewright/candlewright/internal/market"
)

// Name is one of the 22 features by its number in the rules minus 1, so that names[i] is the column name.
type Name uint8

const (
	Return1h Name = iota
	Return1d
	Volatility20
	Volatility50
	ATR
	TrendDirection
	MarketStructure
	RollingVolume20
	OpenInterest
	FundingRate
	LiquidationsLong
	LiquidationsShort
	TakerBuyVolume
	TakerSellVolume
	Delta
	BuySellRatio
	LiquidationIntensity
	VolumeSpikeScore
	LongShortRatio
	FundingRatePercentile
	ExchangeInflow
	OpenInterestChange
	Count = 22
)

// Trend and Structure are the two features that are words; "" is missing.
type Trend string     // "up" "down" "neutral"
type Structure string // "bullish" "bearish" "range"

// Values are the features of one bar. Num holds the numeric ones by Name (NaN is missing); the entries of the two words stay NaN.
type Values struct {
	Num       [Count]float64
	Trend     Trend
	Structure Structure
}

// Set is a set of features by Name.
type Set uint32

// Result is what Push tells of a bar.
type Result struct {
	Values   Values
	Expected Set  // enrichment.md §4 *Expected*
	Insane   bool // feature_sane failed: the features concerned are missing in Values, the recursion keeps them
}

// Funding is what the payments say at a bar's end: the last rate paid and its percentile among the last 90; NaN while unknown.
type Funding struct{ Rate, Percentile float64 }

// State is the running computation of one series.
type State struct {
	g grid.Grid
	// ...
}

func New(g grid.Grid) *State { panic("feature") }

// Push computes the features of the next bar. slot must be greater than that of the bar before. Allocates nothing.
// The delivered crypto fields are taken from c (already nulled by quality where insane). With market.FundingPayments offered, f holds 10 and 20.
func (s *State) Push(c *market.Candle, slot grid.Slot, f Funding) Result { panic("feature") }

// Clone is an independent copy; AppendBinary and UnmarshalBinary save and restore (versioned, compact, exact).
func (s *State) Clone() *State                            { panic("feature") }
func (s *State) AppendBinary(b []byte) ([]byte, error)    { panic("feature") }
func (s *State) UnmarshalBinary(b []byte) error           { panic("feature") }

// Converged reports whether two states of the same bar will give the same features from here on: same windows and swing
// points, ATR within 1e-12 relative, counts that still matter equal.
func (s *State) Converged(o *State) bool { panic("feature") }

// Payments walks a series of funding payments in step with bars.
type Payments struct{ /* ... */ }

func NewPayments(p []market.Payment) *Payments { panic("feature") }
// At is what was known at end; ends must not go back.
// func (p *Payments) At(end time.Time) Funding
