package grid

import (
	"time"

	"github.com/candlewright/candlewright/internal/market"
)

// Slot is the position of a bar on a grid's axis: consecutive expected bars
// have consecutive numbers, whatever nights, weekends and holidays lie between.
type Slot int64

// Grid is the axis of slots of one asset class and timeframe. The zero value is
// not valid; Grids are small, immutable and comparable.
type Grid struct {
	class market.AssetClass
	tf    market.Timeframe
}

// New is the grid of an asset class and timeframe.
func New(class market.AssetClass, tf market.Timeframe) Grid { return Grid{class, tf} }

func (g Grid) Class() market.AssetClass    { return g.class }
func (g Grid) Timeframe() market.Timeframe { return g.tf }

// Known is an error where the calendar knows nothing of t; it names the years known.
func (g Grid) Known(t time.Time) error { panic("grid") }

// At is the slot stamped exactly ts.
func (g Grid) At(ts time.Time) (Slot, bool) { panic("grid") }

// Containing is the slot whose bar is open at t: open <= t < end.
// (Of a 1d or 1w bar of a stock the open is its first session's opening bell.)
func (g Grid) Containing(t time.Time) (Slot, bool) { panic("grid") }

// Stamp is the ts of a slot, End the instant at which its bar is complete.
func (g Grid) Stamp(s Slot) time.Time { panic("grid") }
func (g Grid) End(s Slot) time.Time   { panic("grid") }

// LastEnded is the last slot whose end is at or before t; FirstFrom the first slot stamped at or after t.
func (g Grid) LastEnded(t time.Time) Slot { panic("grid") }
func (g Grid) FirstFrom(t time.Time) Slot { panic("grid") }

// Count is the number of slots stamped in [from, to).
func (g Grid) Count(from, to time.Time) int64 { panic("grid") }

// SessionOf is the session date of a slot (of 1w: its Monday).
func (g Grid) SessionOf(s Slot) market.Date { panic("grid") }

// HourBefore is the last slot that ended at least 1 h before s did, DayBefore the reference slot of return_1d
// (enrichment.md §4.1, §4.2); false where the feature does not exist for this timeframe.
func (g Grid) HourBefore(s Slot) (Slot, bool) { panic("grid") }
func (g Grid) DayBefore(s Slot) (Slot, bool)  { panic("grid") }

// Behind is the number of slots after last that have ended by now; Lag the time since the first of them ended, less delay, not below 0.
func (g Grid) Behind(last Slot, now time.Time) int64                             { panic("grid") }
func (g Grid) Lag(last Slot, now time.Time, delay time.Duration) time.Duration   { panic("grid") }
