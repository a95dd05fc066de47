package grid

import "github.com/candlewright/candlewright/internal/market"

const (
	minute = 60
	hour   = 60 * minute
	day    = 24 * hour
	week   = 7 * day
)

// The years in which a stamp of crypto is believed, and their bounds in Unix
// seconds: 2009-01-01, two days before Bitcoin's first block, and 2200-01-01.
const (
	firstCoinYear = 2009
	lastCoinYear  = 2199
	firstCoin     = 14245 * day
	endCoins      = 84006 * day
)

// even is the axis of a market that never closes: slots of one length without
// end in either direction, slot 0 being the one at the Unix epoch.
type even struct {
	step int64 // seconds
	zero int64 // stamp of slot 0
}

// cryptoAxes are the axes by Timeframe.Order. The epoch was a Thursday, so the
// week that it lies in starts three days before.
var cryptoAxes = [...]even{
	{step: 5 * minute},
	{step: 15 * minute},
	{step: 30 * minute},
	{step: hour},
	{step: 4 * hour},
	{step: day},
	{step: week, zero: -3 * day},
}

func (e *even) at(sec int64) (Slot, bool) {
	s := floorDiv(sec-e.zero, e.step)
	return Slot(s), s*e.step+e.zero == sec
}

func (e *even) lastEnded(sec int64) Slot { return Slot(floorDiv(sec-e.zero, e.step) - 1) }
func (e *even) firstFrom(sec int64) Slot { return Slot(-floorDiv(e.zero-sec, e.step)) }
func (e *even) stamp(s Slot) int64       { return int64(s)*e.step + e.zero }
func (e *even) end(s Slot) int64         { return e.stamp(s) + e.step }
func (e *even) date(s Slot) market.Date  { return market.Date(floorDiv(e.stamp(s), day)) }

func (e *even) ofDate(d market.Date) (first, end Slot) {
	return e.firstFrom(int64(d) * day), e.firstFrom((int64(d) + 1) * day)
}

func (e *even) hourBefore(s Slot) (Slot, bool) {
	if e.step > hour {
		return 0, false
	}
	return s - Slot(hour/e.step), true
}

func (e *even) dayBefore(s Slot) (Slot, bool) {
	if e.step > day {
		return 0, false
	}
	return s - Slot(day/e.step), true
}

// floorDiv rounds down where Go's division rounds towards 0.
func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}
