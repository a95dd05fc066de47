package grid

import (
	"sync"
	"time"
	_ "time/tzdata" // the table must come out the same on a machine without zone files

	"github.com/candlewright/candlewright/internal/market"
)

// Lengths of the regular session, 09:30-16:00 and 09:30-13:00 New York time, in
// seconds. Clocks change on Sundays, never within a session.
const (
	fullDay  = 6*hour + 30*minute
	shortDay = 3*hour + 30*minute
)

// The bounds of the table in days since 1970, 1998-01-01 and 2031-01-01, and the
// weeks in it. The week of 1997-12-29 starts before and that of 2030-12-30 ends
// after, so neither is known.
const (
	firstDay    market.Date = 10227
	endDay      market.Date = 22280
	firstMonday market.Date = 10231
	lastMonday  market.Date = 22271
)

// sessions is the exchange's calendar as a table.
type sessions struct {
	list []session // by date; one more at the end, of endDay, that only closes the sums
	rank []uint16  // by day since firstDay, endDay included: number of sessions before it
	axes [7]axis   // by Timeframe.Order
}

type session struct {
	open   int64 // Unix seconds
	date   market.Date
	shorts uint16 // short sessions before this one
	short  bool   // ends at 13:00
}

func (s session) length() int64 {
	if s.short {
		return shortDay
	}
	return fullDay
}

func (s session) close() int64 { return s.open + s.length() }

// nyse is computed when first asked for and never changes.
var nyse = sync.OnceValue(newSessions)

func newSessions() *sessions {
	newYork, err := time.LoadLocation("America/New_York")
	if err != nil {
		panic("grid: time/tzdata is imported and knows no America/New_York: " + err.Error())
	}
	t := &sessions{rank: make([]uint16, 0, endDay-firstDay+1)}
	closed, early := specialDays()
	var shorts uint16
	for d := firstDay; d < endDay; d++ {
		t.rank = append(t.rank, uint16(len(t.list)))
		if w := d.Weekday(); w == time.Saturday || w == time.Sunday || closed[d] {
			continue
		}
		y, m, dom := d.Time().Date()
		open := time.Date(y, m, dom, 9, 30, 0, 0, newYork).Unix()
		t.list = append(t.list, session{open, d, shorts, early[d]})
		if early[d] {
			shorts++
		}
	}
	t.rank = append(t.rank, uint16(len(t.list)))
	t.list = append(t.list, session{open: int64(endDay) * day, date: endDay, shorts: shorts})

	for i, tf := range market.Timeframes() {
		switch tf {
		case market.D1:
			t.axes[i] = &daily{t}
		case market.W1:
			t.axes[i] = &weekly{t}
		default:
			t.axes[i] = newIntraday(t, int64(tf.Duration()/time.Second))
		}
	}
	return t
}

func specialDays() (closed, early map[market.Date]bool) {
	closed, early = map[market.Date]bool{}, map[market.Date]bool{}
	for _, d := range closures() {
		closed[d] = true
	}
	for y := firstYear; y <= lastYear; y++ {
		for _, d := range holidays(y) {
			closed[d] = true
		}
		for _, d := range earlyCloses(y) {
			early[d] = true
		}
	}
	return closed, early
}

// count is the number of sessions in the table.
func (t *sessions) count() int { return len(t.list) - 1 }

// before is the number of sessions before a day since 1970, which is also the
// position of the day's own session, and whether it has one.
func (t *sessions) before(d int64) (n int, open bool) {
	switch {
	case d < int64(firstDay):
		return 0, false
	case d >= int64(endDay):
		return t.count(), false
	}
	i := d - int64(firstDay)
	return int(t.rank[i]), t.rank[i] < t.rank[i+1]
}
