package file

import (
	"time"

	"github.com/candlewright/candlewright/internal/grid"
	"github.com/candlewright/candlewright/internal/market"
)

// placer turns stamps into the stamps of candles, see the package documentation.
type placer struct {
	stock    bool // stock or etf: dates are of an exchange's zone
	daily    bool // 1d or 1w: the date counts
	weekly   bool
	interval time.Duration
	zone     wallClock
	slots    grid.Grid // of stock and etf, where a session's last bar may be short
	slotted  bool      // false for files of minutes, which no grid has
}

func newPlacer(o Options) *placer {
	p := &placer{
		stock:    o.Class != market.Crypto,
		daily:    !o.Interval.Intraday(),
		weekly:   o.Interval == Interval(market.W1),
		interval: o.Interval.Duration(),
		zone:     wallClock{zone: o.Zone},
	}
	if p.stock && o.Interval != Minute {
		p.slots, p.slotted = grid.New(o.Class, market.Timeframe(o.Interval)), true
	}
	return p
}

// open is the candle's stamp of a bar whose row carries its opening; want says
// what would be right where the stamp names no instant.
func (p *placer) open(s stamp) (ts time.Time, want string) {
	if p.daily && (p.stock || s.kind == naive) {
		return p.date(s).Time(), ""
	}
	return p.instant(s)
}

// close is the candle's stamp of a bar whose row carries its end, which many
// programs write one millisecond (or microsecond) early.
func (p *placer) close(s stamp) (ts time.Time, want string) {
	if p.daily && (p.stock || s.kind == naive) {
		d := p.date(s)
		if p.weekly {
			d = d.Monday()
		}
		return d.Time(), ""
	}
	end, want := p.instant(s)
	if want != "" {
		return end, want
	}
	end = roundEnd(end)
	if p.slotted {
		slot, ok := p.slots.Containing(end.Add(-1))
		if ok && p.slots.End(slot).Equal(end) {
			return p.slots.Stamp(slot), ""
		}
	}
	return end.Add(-p.interval), ""
}

// roundEnd moves the last millisecond or microsecond of a second to its end.
func roundEnd(t time.Time) time.Time {
	if ns := t.Nanosecond(); ns == 999_000_000 || ns == 999_999_000 {
		return t.Add(time.Second - time.Duration(ns))
	}
	return t
}

// instant is the moment of any stamp.
func (p *placer) instant(s stamp) (t time.Time, want string) {
	if s.kind != naive {
		return s.instant(), ""
	}
	sec, n := p.zone.utc(s.sec)
	switch n {
	case 0:
		return t, "a time that exists in " + p.zone.zone.String() + ", where the clocks skip this one, or its offset from UTC"
	case 1:
		return time.Unix(sec, s.nsec).UTC(), ""
	}
	return t, "its offset from UTC: in " + p.zone.zone.String() + " the clocks show this time twice"
}

// date is the day that a daily stamp stands for.
func (p *placer) date(s stamp) market.Date {
	if s.kind != epoch || s.sec%secondsPerDay == 0 && s.nsec == 0 {
		return market.DateOf(time.Unix(s.sec, 0))
	}
	year, month, day := s.instant().In(p.zone.zone).Date()
	return market.NewDate(year, month, day)
}

// wallClock finds the instants at which the clocks of a zone show a time. It
// remembers a stretch of wall times that are far from every clock change, so a
// file costs a few look-ups per change.
type wallClock struct {
	zone     *time.Location
	from, to int64 // wall seconds
	east     int64 // offset within them
}

// reach is more than any zone's distance from UTC, in seconds.
const reach = 26 * 3600

// utc is the instant of a wall time, both in seconds, and how many there are: 0
// where clocks were put forward over it, 2 where they were put back over it
// (then sec is one of them).
func (w *wallClock) utc(wall int64) (sec int64, n int) {
	if w.from <= wall && wall < w.to {
		return wall - w.east, 1
	}
	for at := wall - reach; at <= wall+reach; {
		east, _, end := w.stretch(at)
		shows, _, _ := w.stretch(wall - east)
		if shows == east && (n == 0 || sec != wall-east) {
			sec = wall - east
			n++
		}
		// No stretch is shorter than an hour; package time lets the last one
		// of a leap year far ahead end a day early, before its own instants.
		at = max(end, at+3600)
	}
	if n == 1 {
		// Further than reach from both ends no other offset can show the same time.
		east, begin, end := w.stretch(sec)
		w.from, w.to, w.east = begin+reach, end-reach, east
	}
	return sec, n
}

// stretch is the offset at an instant and the instants between which it stays.
func (w *wallClock) stretch(sec int64) (east, begin, end int64) {
	t := time.Unix(sec, 0).In(w.zone)
	_, seconds := t.Zone()
	begin, end = minWall, maxWall
	first, last := t.ZoneBounds()
	if !first.IsZero() {
		begin = first.Unix()
	}
	if !last.IsZero() {
		end = last.Unix()
	}
	return int64(seconds), begin, end
}

const (
	minWall = -1 << 60
	maxWall = 1 << 60
)
