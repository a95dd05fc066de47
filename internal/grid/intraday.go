package grid

import "github.com/candlewright/candlewright/internal/market"

// intraday is the axis of a stock's bars shorter than a session, anchored at
// each opening; the last bar of a session may be short.
type intraday struct {
	t     *sessions
	step  int64 // seconds of a bar
	full  int64 // bars of a full session
	short int64 // bars of a short session
	n     Slot  // number of slots, which are 0 to n-1

	// session holds, for each run of `short` slots, the position of the session
	// that the run's first slot belongs to. No session has fewer slots, so at
	// most one more starts within the run.
	session []uint16
}

func newIntraday(t *sessions, step int64) *intraday {
	a := &intraday{t: t, step: step, full: ceilDiv(fullDay, step), short: ceilDiv(shortDay, step)}
	a.n = a.first(t.count())
	a.session = make([]uint16, ceilDiv(int64(a.n), a.short))
	i := 0
	for run := range a.session {
		for a.first(i+1) <= Slot(int64(run)*a.short) {
			i++
		}
		a.session[run] = uint16(i)
	}
	return a
}

// first is the first slot of the session at a position of the table.
func (a *intraday) first(i int) Slot {
	return Slot(int64(i)*a.full - int64(a.t.list[i].shorts)*(a.full-a.short))
}

// locate is the session that holds a slot of the axis, and the slot's number in
// it. The division is of 32 bits because that of 64 takes several times as long.
func (a *intraday) locate(s Slot) (i int, k int64) {
	i = int(a.session[uint32(s)/uint32(a.short)])
	if next := a.first(i + 1); next <= s {
		return i + 1, int64(s - next)
	}
	return i, int64(s - a.first(i))
}

func (a *intraday) at(sec int64) (Slot, bool) {
	i, ok := a.t.before(floorDiv(sec, day))
	if !ok {
		return 0, false
	}
	into := sec - a.t.list[i].open
	if into < 0 || into >= a.t.list[i].length() {
		return 0, false
	}
	k := uint32(into) / uint32(a.step)
	return a.first(i) + Slot(k), int64(k)*a.step == into
}

func (a *intraday) lastEnded(sec int64) Slot {
	i, ok := a.t.before(floorDiv(sec, day))
	if !ok {
		return a.first(i) - 1
	}
	into := sec - a.t.list[i].open
	switch {
	case into < 0:
		return a.first(i) - 1
	case into >= a.t.list[i].length():
		return a.first(i+1) - 1
	}
	return a.first(i) + Slot(into/a.step) - 1
}

func (a *intraday) firstFrom(sec int64) Slot {
	i, ok := a.t.before(floorDiv(sec, day))
	if !ok {
		return a.first(i)
	}
	into := max(0, sec-a.t.list[i].open)
	return min(a.first(i)+Slot(ceilDiv(into, a.step)), a.first(i+1))
}

func (a *intraday) stamp(s Slot) int64 {
	if s < 0 || s >= a.n {
		return bound(s)
	}
	i, k := a.locate(s)
	return a.t.list[i].open + k*a.step
}

func (a *intraday) end(s Slot) int64 {
	if s < 0 || s >= a.n {
		return bound(s)
	}
	i, k := a.locate(s)
	session := a.t.list[i]
	return session.open + min((k+1)*a.step, session.length())
}

func (a *intraday) date(s Slot) market.Date {
	if s < 0 || s >= a.n {
		return market.Date(bound(s) / day)
	}
	i, _ := a.locate(s)
	return a.t.list[i].date
}

func (a *intraday) ofDate(d market.Date) (first, end Slot) {
	i, ok := a.t.before(int64(d))
	if !ok {
		return a.first(i), a.first(i)
	}
	return a.first(i), a.first(i + 1)
}

func (a *intraday) hourBefore(s Slot) (Slot, bool) {
	if a.step > hour || s < 0 || s >= a.n {
		return 0, false
	}
	i, k := a.locate(s)
	ended := min((k+1)*a.step, a.t.list[i].length()) - hour
	if ended < a.step {
		// Nothing of this session has ended by then, all of the one before has.
		return a.first(i) - 1, i > 0
	}
	return a.first(i) + Slot(uint32(ended)/uint32(a.step)) - 1, true
}

func (a *intraday) dayBefore(s Slot) (Slot, bool) {
	if s < 0 || s >= a.n {
		return 0, false
	}
	i, _ := a.locate(s)
	return a.first(i) - 1, i > 0
}

// bound is the stamp and the end of the slots before and after a stock's axis.
func bound(s Slot) int64 {
	if s < 0 {
		return int64(firstDay) * day
	}
	return int64(endDay) * day
}

// ceilDiv rounds up; a must not be negative.
func ceilDiv(a, b int64) int64 { return (a + b - 1) / b }
