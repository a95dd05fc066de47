package feature

import (
	"iter"
	"math"
	"time"

	"github.com/candlewright/candlewright/internal/grid"
	"github.com/candlewright/candlewright/internal/market"
)

// closes finds the close that was stored at a calendar slot. Each slot has one
// place, which it shares with slots so far from it that the two are never asked
// for in one breath.
type closes struct {
	places []closeAt // a power of two
}

type closeAt struct {
	slot  grid.Slot
	close float64
}

const noSlot = grid.Slot(math.MinInt64)

func newCloses(g grid.Grid) closes {
	size := 1
	for size <= lookback(g) {
		size *= 2
	}
	c := closes{make([]closeAt, size)}
	for i := range c.places {
		c.places[i].slot = noSlot
	}
	return c
}

// lookback is the greatest number of slots between a bar and the bar that one of
// its returns refers to: the slots of 24 hours, or of a session. (An hour never
// holds more of them than that.)
func lookback(g grid.Grid) int {
	const fullSession = 6*time.Hour + 30*time.Minute
	tf := g.Timeframe()
	switch {
	case tf == market.W1:
		return 0
	case g.Class() == market.Crypto:
		return int(24 * time.Hour / tf.Duration())
	case tf == market.D1:
		return 1
	default:
		return int((fullSession + tf.Duration() - 1) / tf.Duration())
	}
}

func (c *closes) put(slot grid.Slot, close float64) {
	c.places[uint64(slot)&uint64(len(c.places)-1)] = closeAt{slot, close}
}

// at is the close stored at the slot, false where none is.
func (c *closes) at(slot grid.Slot) (float64, bool) {
	p := &c.places[uint64(slot)&uint64(len(c.places)-1)]
	return p.close, p.slot == slot
}

// between is what is stored at the slots of [first, last], ascending.
func (c *closes) between(first, last grid.Slot) iter.Seq2[grid.Slot, float64] {
	return func(yield func(grid.Slot, float64) bool) {
		for slot := first; slot <= last; slot++ {
			if x, ok := c.at(slot); ok && !yield(slot, x) {
				return
			}
		}
	}
}

// Bounds of a believable return; what lies outside fails the check feature_sane.
const (
	leastReturn    = -1
	greatestReturn = 5
)

// setReturn fills return_1h or return_1d from the slot that the calendar refers
// it to.
func (s *State) setReturn(r *Result, n Name, ref grid.Slot, close float64) {
	if ref < s.first {
		return
	}
	r.Expected |= 1 << n
	before, ok := s.closes.at(ref)
	if !ok {
		return
	}
	x := close/before - 1
	if x < leastReturn || x > greatestReturn {
		r.Insane = true
		return
	}
	r.Values.Num[n] = x
}

// logReturn is ln(close/before), exact to the last bit or two.
//
// With s = (close-before) / (close+before) it is 2 artanh s = 2 (s + s³/3 + s⁵/5 …),
// which for the small moves of most bars takes few terms, starts from a
// difference without rounding error, and costs half as much as a logarithm.
func logReturn(close, before float64) float64 {
	const few = 1. / 32 // where the first term left out, s¹¹/11, is below the last bit
	d, sum := close-before, close+before
	if limit := few * sum; d <= limit && d >= -limit && sum <= math.MaxFloat64 {
		s := d / sum
		z := s * s
		return 2*s + 2*s*z*((1./3+z*(1./5))+z*z*(1./7+z*(1./9)))
	}
	if q := close / before; q > 0x1p-1000 && q < 0x1p1000 {
		return math.Log(q)
	}
	// The quotient, or what it is made of, is not a normal number.
	c, cExp := math.Frexp(close)
	b, bExp := math.Frexp(before)
	return math.Log(c/b) + float64(cExp-bExp)*math.Ln2
}
