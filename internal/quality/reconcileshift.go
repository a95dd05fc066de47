package quality

import (
	"cmp"
	"math"
	"slices"
	"time"

	"github.com/candlewright/candlewright/internal/grid"
	"github.com/candlewright/candlewright/internal/market"
)

// fewest is how many bars must be found at the same distance before that counts
// as a shift and not as chance.
const fewest = 3

// shift is a distance between the two sources' stamps of one bar: in slots, of
// bars that lie off the grid in time.
type shift struct {
	slots int
	time  time.Duration
}

// shifts looks for the second source's bars at other stamps of the first, and
// explains by the distance that most of them have.
func (s *seeker) shifts(list []Difference, stray []*market.Candle) {
	search := newTwins(s.grid, s.barsA)
	found := map[shift][]grid.Slot{} // of the first source's bars
	candidates := len(stray)
	look := func(c *market.Candle) {
		for _, t := range search.find(c) {
			found[t.shift] = append(found[t.shift], t.slot)
		}
	}
	for _, c := range stray {
		look(c)
	}
	for i := range list {
		if d := &list[i]; d.HasB && (d.prices || d.Only()) {
			candidates++
			look(d.b)
		}
	}
	best := shift{}
	for at, twins := range found {
		if n := len(twins) - len(found[best]); n > 0 || n == 0 && smaller(at, best) {
			best = at
		}
	}
	if n := len(found[best]); n < fewest || 2*n < candidates {
		return
	}
	k := kind{cause: CauseShift, later: best.slots, laterTime: best.time}
	slices.Sort(found[best])
	for i := range list {
		d := &list[i]
		if !d.Only() && !d.prices {
			continue
		}
		if best.time != 0 { // the first has bars where the second's strays have their twins
			if _, ok := slices.BinarySearch(found[best], d.slot); ok && !d.HasB {
				s.put(d, k)
			}
		} else if s.shifted(d, grid.Slot(best.slots)) {
			s.put(d, k)
		}
	}
}

// shifted reports whether a difference follows from the distance: the bar's twin
// is there, or it would lie beyond what the other source has.
func (s *seeker) shifted(d *Difference, by grid.Slot) bool {
	bar, twin, beyond := d.b, s.barsA.at[d.slot-by], s.barsA.outside(d.slot-by)
	if !d.HasB {
		bar, twin, beyond = d.a, s.barsB.at[d.slot+by], s.barsB.outside(d.slot+by)
	}
	return twin != nil && alike(twin, bar) || twin == nil && beyond
}

// smaller orders distances, so that of two that explain as much the shorter is
// taken.
func smaller(a, b shift) bool {
	return cmp.Or(cmp.Compare(a.time.Abs(), b.time.Abs()), cmp.Compare(max(a.slots, -a.slots), max(b.slots, -b.slots)), cmp.Compare(b.slots, a.slots)) < 0
}

// twins finds bars by their prices.
type twins struct {
	grid grid.Grid
	bars []placed // by close
}

type placed struct {
	slot grid.Slot
	*market.Candle
}

func newTwins(g grid.Grid, b bars) *twins {
	t := &twins{grid: g, bars: make([]placed, 0, len(b.at))}
	for s, c := range b.at {
		t.bars = append(t.bars, placed{s, c})
	}
	slices.SortFunc(t.bars, func(a, b placed) int { return cmp.Or(cmp.Compare(a.Close, b.Close), cmp.Compare(a.slot, b.slot)) })
	return t
}

// twin is a bar of the first source with the prices of one of the second, and
// how much later that one is stamped.
type twin struct {
	shift
	slot grid.Slot
}

// mostTwins bounds what a price that never moves can cost.
const mostTwins = 64

// find gives the bars with the same prices at other stamps.
func (t *twins) find(c *market.Candle) []twin {
	i, _ := slices.BinarySearchFunc(t.bars, c.Close*(1-samePrices), func(p placed, price float64) int { return cmp.Compare(p.Close, price) })
	slot, onGrid := t.grid.At(c.TS)
	var found []twin
	for ; i < len(t.bars) && t.bars[i].Close <= c.Close*(1+samePrices) && len(found) < mostTwins; i++ {
		p := t.bars[i]
		if !alike(p.Candle, c) {
			continue
		}
		switch {
		case !onGrid:
			found = append(found, twin{shift{time: c.TS.Sub(p.TS)}, p.slot})
		case p.slot != slot:
			found = append(found, twin{shift{slots: int(slot - p.slot)}, p.slot})
		}
	}
	return found
}

// alike reports whether two bars have the same four prices.
func alike(a, b *market.Candle) bool {
	near := func(x, y float64) bool { return math.Abs(x-y) <= samePrices*math.Abs(x) }
	return near(a.Open, b.Open) && near(a.High, b.High) && near(a.Low, b.Low) && near(a.Close, b.Close)
}
