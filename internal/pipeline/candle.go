package pipeline

import (
	"time"

	"github.com/candlewright/candlewright/internal/feature"
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
	FirstStoredAt time.Time // when the slot was first filled; not changed by amendments
}

// Validated reports whether the candle passed every check that it must pass.
func (c *Candle) Validated() bool { return c.Verdict.Validated() }

// ValidationNotes are the names of its failed checks and what else is to be
// known of it; never nil.
func (c *Candle) ValidationNotes() []string { return c.Verdict.Notes(c.VolumeEstimated) }

// Anomaly reports whether it was flagged as standing out.
func (c *Candle) Anomaly() bool { return c.Verdict.Anomaly }

// QualityScore is its score, 0 … 1, unrounded.
func (c *Candle) QualityScore() float64 { return c.Verdict.Parts.Score() }

// Change is what a delivery does to a slot.
type Change uint8

// The changes of a slot. Every change but Kept makes the slot and those after it
// be computed anew.
const (
	Kept     Change = iota // nothing: no row, an equal one, or one of lesser priority
	Inserted               // a new candle
	Amended                // a delivered value differs: revision and corrections
	Filled                 // only missing values became known: neither
)

// Bar is one bar of the sequence to compute, in slot order without repetition.
type Bar struct {
	Candle Candle // with the delivered values as they will be stored; of a stored one also its features and verdict
	Change Change
}
