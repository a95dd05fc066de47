package grid

import (
	"iter"
	"time"

	"github.com/candlewright/candlewright/internal/market"
)

// Calendar is the sessions of an asset class. The years that a stock's or ETF's
// is known for are those of Grid.Known; it has no session outside them.
type Calendar struct{ nyse bool }

// CalendarOf is the calendar that an asset class trades by. It panics where
// package market does not list the class.
func CalendarOf(class market.AssetClass) Calendar {
	switch class {
	case market.Stock, market.ETF:
		return Calendar{nyse: true}
	case market.Crypto:
		return Calendar{}
	}
	panic("grid: no such asset class: " + string(class))
}

// Hours is when the session of a date opens and closes (UTC), and whether the
// date has one. Every UTC date is a session of crypto.
func (c Calendar) Hours(d market.Date) (open, end time.Time, ok bool) {
	if !c.nyse {
		return d.Time(), (d + 1).Time(), true
	}
	t := nyse()
	i, ok := t.before(int64(d))
	if !ok {
		return time.Time{}, time.Time{}, false
	}
	return instant(t.list[i].open), instant(t.list[i].close()), true
}

// Open reports whether a session is under way at t: it has opened by t and
// closes after. Rows that start while none is are no rows of the grid and are
// left out before any check.
func (c Calendar) Open(t time.Time) bool {
	if !c.nyse {
		return true
	}
	sec, table := t.Unix(), nyse()
	i, ok := table.before(floorDiv(sec, day))
	return ok && table.list[i].open <= sec && sec < table.list[i].close()
}

// Dates walks the session dates from `from` to the day before `to`.
func (c Calendar) Dates(from, to market.Date) iter.Seq[market.Date] {
	return func(yield func(market.Date) bool) {
		if !c.nyse {
			for d := from; d < to; d++ {
				if !yield(d) {
					return
				}
			}
			return
		}
		t := nyse()
		i, _ := t.before(int64(from))
		end, _ := t.before(int64(to))
		for ; i < end; i++ {
			if !yield(t.list[i].date) {
				return
			}
		}
	}
}
