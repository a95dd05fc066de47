package sim

import (
	"iter"
	"slices"
	"time"

	"github.com/candlewright/candlewright/internal/grid"
	"github.com/candlewright/candlewright/internal/market"
)

// Bar is one bar as a provider could know it at some moment.
type Bar struct {
	TS, End                time.Time // as grid.Stamp and grid.End
	Open, High, Low, Close float64
	Volume, TakerBuy       float64 // base units
	Trades                 int64
	Running                bool // has not ended
}

// Bars are the bars of a series stamped in [from, to) that have begun by now,
// ascending, as they look at now. A slot in which nothing was traded has none.
func (m *Market) Bars(sym market.Symbol, tf market.Timeframe, from, to, now time.Time) []Bar {
	return slices.Collect(m.Walk(sym, tf, from, to, now))
}

// Walk is Bars one by one, made as they are asked for.
func (m *Market) Walk(sym market.Symbol, tf market.Timeframe, from, to, now time.Time) iter.Seq[Bar] {
	return func(yield func(Bar) bool) {
		l, ok := m.Listing(sym)
		if !ok {
			return
		}
		g := grid.New(sym.Class, tf)
		var cur bucket
		for x := range m.days(l, tf, from, to, now) {
			for k := range x.fives {
				ts := x.start(k)
				if ts.After(now) {
					break
				}
				b, ok := x.five(k, now)
				stamp := stampOf(g, x.date, ts)
				if !ok || stamp.Before(from) || !stamp.Before(to) {
					continue
				}
				if !cur.stamp.Equal(stamp) {
					if cur.count > 0 && !yield(cur.finish(g, now)) {
						return
					}
					cur = bucket{stamp: stamp, perUnit: x.perUnit, scale: x.priceScale}
				}
				cur.add(b)
			}
		}
		if cur.count > 0 {
			yield(cur.finish(g, now))
		}
	}
}

// days are the sessions that hold the bars of [from, to). One day's memory is
// the next one's.
func (m *Market) days(l Listing, tf market.Timeframe, from, to, now time.Time) iter.Seq[*day] {
	return func(yield func(*day) bool) {
		first, last := market.DateOf(from), min(market.DateOf(to), market.DateOf(now))
		if tf == market.W1 {
			first, last = first.Monday(), last.Monday()+6
		}
		x := &day{}
		for d := range grid.CalendarOf(l.Symbol.Class).Dates(max(first, l.First), last+1) {
			if m.day(x, l, d, now) && !yield(x) {
				return
			}
		}
	}
}

// stampOf is the slot's stamp of the grid for a 5-minute bar of a session.
func stampOf(g grid.Grid, d market.Date, ts time.Time) time.Time {
	switch g.Timeframe() {
	case market.D1:
		return d.Time()
	case market.W1:
		return d.Monday().Time()
	case market.M5:
		return ts
	default:
		s, _ := g.Containing(ts)
		return g.Stamp(s)
	}
}

// bucket puts 5-minute bars together.
type bucket struct {
	stamp          time.Time
	perUnit, scale float64
	bar            five
	count, trades  int64
}

func (c *bucket) add(b five) {
	if c.count == 0 {
		c.bar = b
	} else {
		c.bar.high = max(c.bar.high, b.high)
		c.bar.low = min(c.bar.low, b.low)
		c.bar.close = b.close
		c.bar.volume += b.volume
		c.bar.taker += b.taker
	}
	c.count++
	c.trades += 1 + b.volume%997
}

func (c *bucket) finish(g grid.Grid, now time.Time) Bar {
	s, _ := g.At(c.stamp)
	end := g.End(s)
	return Bar{
		TS: c.stamp, End: end, Running: end.After(now), Trades: c.trades,
		Open: c.price(c.bar.open), High: c.price(c.bar.high), Low: c.price(c.bar.low), Close: c.price(c.bar.close),
		Volume: c.units(c.bar.volume), TakerBuy: c.units(c.bar.taker),
	}
}

// price undoes splits that have not happened yet.
func (c *bucket) price(p float64) float64 {
	if c.scale == 1 {
		return p
	}
	p *= c.scale
	return decimal(p, sixDigits(p))
}

// units counts lots; the quotient is the double nearest to the decimal number.
func (c *bucket) units(lots int64) float64 {
	v := float64(lots) / c.perUnit
	if c.scale == 1 {
		return v
	}
	return decimal(v/c.scale, 5)
}

func (x *day) start(k int) time.Time { return x.open.Add(time.Duration(k) * 5 * time.Minute) }

// five is a bar as it looks at now: part of it while it runs, the first reading
// until it is settled; false where nothing was traded.
func (x *day) five(k int, now time.Time) (five, bool) {
	b := x.fives[k]
	if b.halted {
		return five{}, false
	}
	if k == x.amended && now.Before(x.settled) {
		b.high = max(b.open, b.close)
		b.volume -= b.volume / 16
		b.taker = min(b.taker, b.volume)
	}
	if left := x.start(k + 1).Sub(now); left > 0 { // running
		done := 1 - float64(left)/float64(5*time.Minute)
		b.volume = max(1, int64(float64(b.volume)*done))
		b.taker = int64(float64(b.taker) * done)
		b.high, b.low = max(b.open, b.close), min(b.open, b.close)
	}
	return b, true
}

// day is a session as it is quoted at now: halts, amendments and splits on top
// of the path.
func (m *Market) day(x *day, l Listing, d market.Date, now time.Time) bool {
	if !l.day(x, d) {
		return false
	}
	for _, s := range m.cfg.Splits {
		if s.Symbol == l.Symbol && s.Date.Time().After(now) {
			x.priceScale *= s.To / s.From
		}
	}
	if m.cfg.Calm {
		return true
	}
	l.halt(x)
	if h := hash(l.seed, key(streamAmend, int64(d), 0)); h%8 == 0 {
		x.amended = int(h >> 8 % uint64(len(x.fives)))
		x.settled = x.end.Add(time.Duration(2+h>>32%28) * time.Hour)
	}
	return true
}

// halt stops trade for a while: a coin's exchange about every 60 days for one
// or two hours, a stock about every 40 sessions for 5 to 15 minutes.
func (l Listing) halt(x *day) {
	every, length := uint64(40), uint64(1)
	h := hash(l.seed, key(streamHalt, int64(x.date), 0))
	length += h >> 8 % 3
	if l.Symbol.Class == market.Crypto {
		every, length = 60, 12+h>>8%13
	}
	if h%every != 0 {
		return
	}
	at := int(h >> 32 % uint64(len(x.fives)-int(length)))
	for k := at; k < at+int(length); k++ {
		x.fives[k].halted = true
	}
}
