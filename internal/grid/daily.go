package grid

import "github.com/candlewright/candlewright/internal/market"

// daily is the axis of a stock's daily bars: a slot is the position of its
// session in the table.
type daily struct{ t *sessions }

func (a *daily) at(sec int64) (Slot, bool) {
	d := floorDiv(sec, day)
	i, ok := a.t.before(d)
	return Slot(i), ok && d*day == sec
}

func (a *daily) lastEnded(sec int64) Slot {
	i, ok := a.t.before(floorDiv(sec, day))
	if ok && a.t.list[i].close() <= sec {
		return Slot(i)
	}
	return Slot(i) - 1
}

func (a *daily) firstFrom(sec int64) Slot {
	i, _ := a.t.before(-floorDiv(-sec, day))
	return Slot(i)
}

func (a *daily) stamp(s Slot) int64 { return int64(a.date(s)) * day }

func (a *daily) end(s Slot) int64 {
	if !a.has(s) {
		return bound(s)
	}
	return a.t.list[s].close()
}

func (a *daily) date(s Slot) market.Date {
	if !a.has(s) {
		return market.Date(bound(s) / day)
	}
	return a.t.list[s].date
}

func (a *daily) ofDate(d market.Date) (first, end Slot) {
	i, ok := a.t.before(int64(d))
	if !ok {
		return Slot(i), Slot(i)
	}
	return Slot(i), Slot(i) + 1
}

func (a *daily) hourBefore(Slot) (Slot, bool) { return 0, false }

func (a *daily) dayBefore(s Slot) (Slot, bool) { return s - 1, s > 0 && a.has(s) }

func (a *daily) has(s Slot) bool { return 0 <= s && s < Slot(a.t.count()) }

// weekly is the axis of a stock's weekly bars. Every week of the years known
// has a session (a test says so), so that slots are weeks since firstMonday.
type weekly struct{ t *sessions }

const weeks = Slot(lastMonday-firstMonday)/7 + 1

func (a *weekly) at(sec int64) (Slot, bool) {
	s := a.week(sec)
	return s, 0 <= s && s < weeks && a.stamp(s) == sec
}

func (a *weekly) lastEnded(sec int64) Slot {
	s := min(max(a.week(sec), 0), weeks)
	if s < weeks && a.end(s) <= sec {
		return s
	}
	return s - 1
}

func (a *weekly) firstFrom(sec int64) Slot {
	return min(max(a.week(sec-1)+1, 0), weeks)
}

func (a *weekly) stamp(s Slot) int64 { return int64(a.date(s)) * day }

func (a *weekly) end(s Slot) int64 {
	if s < 0 || s >= weeks {
		return bound(s)
	}
	i, _ := a.t.before(int64(a.date(s)) + 7)
	return a.t.list[i-1].close()
}

func (a *weekly) date(s Slot) market.Date {
	if s < 0 || s >= weeks {
		return market.Date(bound(s) / day)
	}
	return firstMonday + 7*market.Date(s)
}

func (a *weekly) ofDate(d market.Date) (first, end Slot) {
	return a.firstFrom(int64(d) * day), a.firstFrom((int64(d) + 1) * day)
}

func (a *weekly) hourBefore(Slot) (Slot, bool) { return 0, false }
func (a *weekly) dayBefore(Slot) (Slot, bool)  { return 0, false }

// week is the number of the week that an instant lies in, on the axis or not.
func (a *weekly) week(sec int64) Slot {
	return Slot(floorDiv(sec-int64(firstMonday)*day, week))
}
