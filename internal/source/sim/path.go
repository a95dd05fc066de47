package sim

import (
	"math"
	"time"

	"github.com/candlewright/candlewright/internal/grid"
	"github.com/candlewright/candlewright/internal/market"
)

// five is one 5-minute bar. Volumes are counted in lots, so that sums are exact.
type five struct {
	open, high, low, close float64
	volume, taker          int64
	halted                 bool // no trade: no row
}

// day is one session of a symbol.
type day struct {
	date       market.Date
	open, end  time.Time
	fives      []five
	path       []float64 // log prices at the bars' ends, before the first one's its start
	amended    int       // index of the bar whose first reading differs, or -1
	settled    time.Time
	perUnit    float64 // lots in a unit of volume
	priceScale float64 // for splits that have not happened yet: price times, volume divided by
}

// octaves of the daily path: periods of 1 to 2,048 sessions.
const octaves = 12

// Streams of random numbers of a listing; 1 to octaves are those of the path.
const (
	streamJump = 100 + iota
	streamOpen
	streamClose
	streamMiddle
	streamBusy
	streamWick
	streamVolume
	streamHalt
	streamAmend
	streamFunding
	streamOpenInterest
	streamAccounts
)

// key numbers the draws: stream, session and position within it.
func key(stream int, session int64, pos int) uint64 {
	return uint64(stream)<<56 | uint64(session&0xffffffff)<<16 | uint64(pos&0xffff)
}

// day makes x one session from nothing but the listing and its date; false
// where the calendar has none.
func (l Listing) day(x *day, d market.Date) bool {
	open, end, ok := grid.CalendarOf(l.Symbol.Class).Hours(d)
	if !ok || d < l.First {
		return false
	}
	n := int(end.Sub(open) / (5 * time.Minute))
	if cap(x.fives) < n {
		x.fives, x.path = make([]five, n), make([]float64, n+1)
	}
	*x = day{
		date: d, open: open, end: end, fives: x.fives[:n], path: x.path[:n+1],
		amended: -1, perUnit: l.perUnit, priceScale: 1,
	}
	i := int64(d)
	if l.Symbol.Class == market.Crypto { // trade never stops: one day's close is the next one's open, but for jumps
		x.path[0], x.path[n] = l.anchor(i, 0), l.anchor(i+1, 0)-l.jump(i+1)+l.jump(i)
	} else {
		s, _ := grid.New(l.Symbol.Class, market.D1).SessionSlots(d)
		i = int64(s)
		x.path[0] = l.anchor(i, 0) + l.shock(streamOpen, i)
		x.path[n] = l.anchor(i, 0.8) + l.shock(streamClose, i)
	}
	step := l.daily * 0.9 / math.Sqrt(float64(n))
	l.bridge(x.path, i, 0, n, step)
	l.trade(x, i, step)
	return true
}

// anchor is the log price at a point of a session's axis: value noise of
// doubling periods, which wanders like a market over all horizons and is known
// at any point without walking there.
func (l Listing) anchor(i int64, part float64) float64 {
	const origin2024 = 6500 // sessions since 1998: about 2024 for a stock
	t := float64(i) + part
	years := (t - origin2024) / 252
	drift := 0.07
	if l.Symbol.Class == market.Crypto {
		years, drift = (t-19723)/365, 0.12
	}
	v := math.Log(l.level) + drift*years + l.jump(i)
	amplitude := 0.45 * l.daily
	for k := range octaves {
		period := int64(1) << k
		cell := i / period
		f := (float64(i-cell*period) + part) / float64(period)
		v += amplitude * (normal(l.seed, key(k+1, cell, 0))*(1-f) + normal(l.seed, key(k+1, cell+1, 0))*f)
		amplitude *= math.Sqrt2
	}
	return v
}

// jump is a level that changes once in 63 sessions, as after earnings.
func (l Listing) jump(i int64) float64 {
	return 2.2 * l.daily * normal(l.seed, key(streamJump, (i+int64(l.seed%63))/63, 0))
}

// shock is what a session's first or last price differs from the path: the
// news of the night.
func (l Listing) shock(stream int, i int64) float64 {
	return 0.25 * l.daily * normal(l.seed, key(stream, i, 0))
}

// bridge fills the path between lo and hi by displacing the middle.
func (l Listing) bridge(path []float64, i int64, lo, hi int, step float64) {
	if hi-lo < 2 {
		return
	}
	mid := (lo + hi) / 2
	path[mid] = (path[lo]+path[hi])/2 + math.Sqrt(float64(hi-lo))/2*step*normal(l.seed, key(streamMiddle, i, mid))
	l.bridge(path, i, lo, mid, step)
	l.bridge(path, i, mid, hi, step)
}

// trade turns a path of log prices into bars with wicks, volumes, halts.
func (l Listing) trade(x *day, i int64, step float64) {
	n := len(x.fives)
	busy := l.volume * l.perUnit / float64(n) * math.Exp(0.3*normal(l.seed, key(streamBusy, i, 0)))
	r := rounder{cents: l.Symbol.Class != market.Crypto}
	at := r.round(math.Exp(x.path[0]))
	for k := range x.fives {
		b := &x.fives[k]
		b.halted = false
		b.open = at
		at = r.round(math.Exp(x.path[k+1]))
		b.close = at
		h := hash(l.seed, key(streamWick, i, k))
		up, down, share := float64(h&0x3ff)/0x400, float64(h>>10&0x3ff)/0x400, float64(h>>20&0x3ff)/0x400
		b.high = max(b.open, b.close, r.round(max(b.open, b.close)*(1+0.7*step*up)))
		b.low = min(b.open, b.close, r.round(min(b.open, b.close)*(1-0.7*step*down)))
		v := busy * l.hour(k, n) * bursts[hash(l.seed, key(streamVolume, i, k))%uint64(len(bursts))]
		b.volume = max(1, int64(v))
		b.taker = int64(float64(b.volume) * (0.35 + 0.3*share))
	}
}

// hour is how busy a part of the session is, 1 on average: a U for stocks, a
// slow wave for coins.
func (l Listing) hour(k, n int) float64 {
	f := (float64(k) + 0.5) / float64(n)
	if l.Symbol.Class == market.Crypto {
		return 1 + 0.35*math.Sin(2*math.Pi*(f-0.35))
	}
	return 0.6 + 1.2*(2*f-1)*(2*f-1)
}

// bursts are factors of volume, evenly spread over a lognormal distribution.
var bursts = func() (t [256]float64) {
	for i := range t {
		p := (float64(i) + 0.5) / float64(len(t))
		t[i] = math.Exp(0.45 * math.Sqrt2 * math.Erfinv(2*p-1))
	}
	return t
}()

// rounder cuts prices to what is quoted: 6 significant digits, and cents for
// stocks from a dollar up. It remembers the decade of the last price, since
// the next one is near.
type rounder struct {
	cents        bool
	from, to     float64
	scale, shift float64 // 10 to the digits after the point; 1 unless these are negative
}

func (r *rounder) round(p float64) float64 {
	if p < r.from || p >= r.to {
		digits := sixDigits(p)
		r.from = math.Pow10(5 - digits)
		r.to = 10 * r.from
		if r.cents && p >= 1 {
			digits = min(digits, 2)
		}
		r.scale, r.shift = math.Pow10(max(digits, 0)), math.Pow10(max(-digits, 0))
	}
	return math.Round(p/r.shift*r.scale) / r.scale * r.shift
}

// sixDigits is how many digits after the point leave p six that count.
func sixDigits(p float64) int { return 5 - int(math.Floor(math.Log10(p))) }

// decimal is the double nearest to p rounded to so many digits after the point.
func decimal(p float64, digits int) float64 {
	if digits < 0 {
		scale := math.Pow10(-digits)
		return math.Round(p/scale) * scale
	}
	scale := math.Pow10(digits)
	return math.Round(p*scale) / scale
}
