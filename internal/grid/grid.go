package grid

import (
	"errors"
	"fmt"
	"time"

	"github.com/candlewright/candlewright/internal/market"
)

// Slot is the position of a bar on a grid's axis: consecutive expected bars
// have consecutive numbers, whatever nights, weekends and holidays lie between.
//
// Slots of two Grids cannot be compared, and a Slot must not be stored: adding
// a closure to the calendar renumbers all that follow. Store stamps.
type Slot int64

// ErrUnknown is what Known's errors wrap.
var ErrUnknown = errors.New("calendar unknown")

// Grid is the axis of slots of one asset class and timeframe. The zero value is
// not valid; Grids are small, immutable and comparable with ==.
//
// Stock and ETF grids end where the calendar does (see Known). Slots and
// instants beyond are no errors to the other methods. They are treated as if
// the first slot had nothing before it and the last one nothing after it:
// LastEnded and FirstFrom give the number before the first slot or after the
// last one, and Stamp, End and SessionOf of any such number give the bounds,
// 1998-01-01 or 2031-01-01 at 00:00 UTC. So [Stamp(a), Stamp(b)) holds the
// slots from a to b-1 at the edges too.
type Grid struct {
	class market.AssetClass
	tf    market.Timeframe
	axis  axis
}

// axis is a Grid's arithmetic, in Unix seconds.
type axis interface {
	at(sec int64) (Slot, bool)
	lastEnded(sec int64) Slot
	firstFrom(sec int64) Slot
	stamp(s Slot) int64
	end(s Slot) int64
	date(s Slot) market.Date
	ofDate(d market.Date) (first, end Slot)
	hourBefore(s Slot) (Slot, bool)
	dayBefore(s Slot) (Slot, bool)
}

// New is the grid of an asset class and timeframe. It panics where either is
// none of those that package market lists.
func New(class market.AssetClass, tf market.Timeframe) Grid {
	i := tf.Order()
	if CalendarOf(class).nyse {
		return Grid{class, tf, nyse().axes[i]}
	}
	return Grid{class, tf, &cryptoAxes[i]}
}

// Class is the asset class, which decides the calendar.
func (g Grid) Class() market.AssetClass { return g.class }

// Timeframe is the timeframe, which decides the length of the bars.
func (g Grid) Timeframe() market.Timeframe { return g.tf }

// String gives "stock 5m".
func (g Grid) String() string { return string(g.class) + " " + string(g.tf) }

// Known is an error that wraps ErrUnknown where the calendar knows nothing of
// t's UTC date; it names the years known and how to cut a delivery to them. Of
// a stock's or ETF's 1w it is an error too where the week is not over in the
// years known.
//
// Crypto's axis has no end, but a stamp before the year of the first block or
// after 2199 is a misread one: it would make years of gaps.
func (g Grid) Known(t time.Time) error {
	t = t.UTC()
	if !CalendarOf(g.class).nyse {
		if sec := t.Unix(); sec < firstCoin || sec >= endCoins {
			return outside(t, firstCoinYear, lastCoinYear)
		}
		return nil
	}
	if y := t.Year(); y < firstYear || y > lastYear {
		return outside(t, firstYear, lastYear)
	}
	if monday := market.DateOf(t).Monday(); g.tf == market.W1 && monday > lastMonday {
		return fmt.Errorf("%w: the week of %s ends outside %d to %d; cut the range with --from and --to",
			ErrUnknown, monday, firstYear, lastYear)
	}
	return nil
}

func outside(t time.Time, first, last int) error {
	return fmt.Errorf("%w: %s is outside %d to %d; cut the range with --from and --to",
		ErrUnknown, t.Format(time.DateOnly), first, last)
}

// At is the slot stamped exactly ts.
func (g Grid) At(ts time.Time) (Slot, bool) {
	if ts.Nanosecond() != 0 {
		return 0, false
	}
	return g.axis.at(ts.Unix())
}

// Containing is the slot whose bar is open at t: Stamp <= t < End. A stock's 1d
// bar is open in this sense from 00:00 UTC of its date, a 1w bar from Monday.
func (g Grid) Containing(t time.Time) (Slot, bool) {
	sec := t.Unix()
	s := g.axis.firstFrom(sec+1) - 1
	if g.axis.stamp(s) > sec || g.axis.end(s) <= sec {
		return 0, false
	}
	return s, true
}

// Stamp is the ts of a slot: the opening of an intraday bar, the session's date
// at 00:00 UTC of a daily one, the Monday at 00:00 UTC of a weekly one.
func (g Grid) Stamp(s Slot) time.Time { return instant(g.axis.stamp(s)) }

// End is the instant at which the slot's bar is complete, and from which it
// counts as ended: for 1d the session's close, for 1w that of the week's last.
func (g Grid) End(s Slot) time.Time { return instant(g.axis.end(s)) }

// LastEnded is the last slot whose end is at or before t.
func (g Grid) LastEnded(t time.Time) Slot { return g.axis.lastEnded(t.Unix()) }

// FirstFrom is the first slot stamped at or after t.
func (g Grid) FirstFrom(t time.Time) Slot {
	sec := t.Unix()
	if t.Nanosecond() != 0 {
		sec++
	}
	return g.axis.firstFrom(sec)
}

// Count is the number of slots stamped in [from, to), 0 where to is not after
// from.
func (g Grid) Count(from, to time.Time) int64 {
	return max(0, int64(g.FirstFrom(to)-g.FirstFrom(from)))
}

// SessionOf is the session date of a slot: for crypto the UTC date of its
// stamp, for 1w its Monday.
func (g Grid) SessionOf(s Slot) market.Date { return g.axis.date(s) }

// SessionSlots is the slots whose session date is d, from first to end-1; of 1w
// the one slot of the week whose Monday is d. Where there are none, first is end.
func (g Grid) SessionSlots(d market.Date) (first, end Slot) { return g.axis.ofDate(d) }

// HourBefore is the slot that return_1h of s refers to: the last one that ended
// at least an hour before s does. It is false for 4h, 1d and 1w, and where the
// calendar knows no such slot.
func (g Grid) HourBefore(s Slot) (Slot, bool) { return g.axis.hourBefore(s) }

// DayBefore is the slot that return_1d of s refers to: for crypto the last one
// that ended at least 24 hours before s does, for stocks and ETFs the last one
// of the session before. It is false for 1w, and where the calendar knows no
// such slot.
func (g Grid) DayBefore(s Slot) (Slot, bool) { return g.axis.dayBefore(s) }

// Behind is the number of slots after last that have ended by now: the bars
// that a series whose newest bar is last could have and has not.
func (g Grid) Behind(last Slot, now time.Time) int64 {
	return max(0, int64(g.LastEnded(now)-last))
}

// Lag is the time from the end of the first slot after last to now, less the
// source's publishing delay and not below 0; it is 0 while Behind is.
func (g Grid) Lag(last Slot, now time.Time, delay time.Duration) time.Duration {
	if g.Behind(last, now) == 0 {
		return 0
	}
	return max(0, now.Sub(g.End(last+1))-delay)
}

func instant(sec int64) time.Time { return time.Unix(sec, 0).UTC() }
