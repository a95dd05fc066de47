package pipeline

import (
	"time"

	"github.com/candlewright/candlewright/internal/feature"
	"github.com/candlewright/candlewright/internal/grid"
	"github.com/candlewright/candlewright/internal/market"
	"github.com/candlewright/candlewright/internal/quality"
)

// Candle is one stored bar: what its source delivered, the features computed
// from it and what the rules say of it.
type Candle struct {
	market.Candle
	Features      feature.Values
	Verdict       quality.Verdict
	Revision      int       // 1 when first stored, one more with each amendment
	Basis         int       // split basis of the series
	FirstStoredAt time.Time
}

// Change is what a delivery does to a slot.
type Change uint8

const (
	Kept     Change = iota // nothing
	Inserted               // a new candle
	Amended                // a delivered value differs, by priority
	Filled                 // only nulls became values: no correction, no revision... 
)

// Bar is one bar of the sequence to compute, in slot order without repetition.
type Bar struct {
	Candle Candle // with the delivered values as they will be stored
	Change Change
}

// Merge decides what a checked row does to the candle that is stored in its slot (nil: none) and gives the bar to
// compute and the corrections to keep.
//   func Merge(stored *Candle, row quality.Checked, p Priority, ...) (Bar, []Correction)

// State is the running computation of a series after one bar: features and anomaly windows.
type State struct {
	// Features *feature.State; anomaly quality.AnomalyState ...
}

// Input of Process: one stretch of consecutive bars of one series.
type Input struct {
	Grid     grid.Grid
	Prior    *State // after the bar before Bars[0]; nil at the start of the series
	Bars     []Bar
	Payments []market.Payment // ascending: the last 90 before Bars[0]'s end and all up to the last bar's end
	Behind   int64            // bars behind of the series after the run's last write
}

// Output is what Process found. Candles are parallel to Input.Bars, features and verdict filled.
type Output struct {
	Candles  []Candle
	Failures []quality.Failure // feature_sane
	State    *State            // after the last bar
}
