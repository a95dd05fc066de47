package feature

import (
	"encoding/binary"
	"fmt"
	"math"
	"time"

	"github.com/candlewright/candlewright/internal/grid"
	"github.com/candlewright/candlewright/internal/market"
)

// decoder reads a saved state. Its first error stays, and nothing is left to
// read after it; what is read then is zeros.
type decoder struct {
	b   []byte
	g   grid.Grid
	err error
}

func (d *decoder) fail(format string, args ...any) {
	if d.err == nil {
		d.err, d.b = fmt.Errorf(format, args...), nil
	}
}

func (d *decoder) byte() byte {
	if len(d.b) < 1 {
		d.fail("it is cut short")
		return 0
	}
	x := d.b[0]
	d.b = d.b[1:]
	return x
}

func (d *decoder) uint64() uint64 {
	if len(d.b) < 8 {
		d.fail("it is cut short")
		return 0
	}
	x := binary.LittleEndian.Uint64(d.b)
	d.b = d.b[8:]
	return x
}

func (d *decoder) float() float64  { return math.Float64frombits(d.uint64()) }
func (d *decoder) flag() bool      { return d.atMost(1) == 1 }
func (d *decoder) slot() grid.Slot { return d.stamped(int64(d.uint64())) }

func (d *decoder) atMost(most byte) byte {
	x := d.byte()
	if x > most {
		d.fail("%d stands where at most %d can", x, most)
	}
	return x
}

// number reads a finite number that is not below 0, as all but the log returns are.
func (d *decoder) number() float64 {
	x := d.float()
	if !(x >= 0 && finite(x)) {
		d.fail("%v stands where only a finite number >= 0 can", x)
	}
	return x
}

func (d *decoder) price() float64 {
	x := d.number()
	if x == 0 {
		d.fail("a price is 0")
	}
	return x
}

// stamped is the slot of a stamp. Stamps are held to years that a time can be
// reckoned with.
func (d *decoder) stamped(sec int64) grid.Slot {
	const most = 1 << 38 // in the year 10680
	if sec < -most || sec > most {
		d.fail("%d is no time", sec)
		return 0
	}
	slot, ok := d.g.At(time.Unix(sec, 0))
	if !ok {
		d.fail("%s is no slot of %s", time.Unix(sec, 0).UTC().Format(time.RFC3339), d.g)
	}
	return slot
}

func (d *decoder) state() *State {
	if v := d.byte(); v != codecVersion {
		d.fail("it is of version %d, want %d", v, codecVersion)
	}
	classes, tfs := market.AssetClasses(), market.Timeframes()
	class := classes[d.atMost(byte(len(classes)-1))%byte(len(classes))]
	tf := tfs[d.atMost(byte(len(tfs)-1))%byte(len(tfs))]
	if class != d.g.Class() || tf != d.g.Timeframe() {
		d.fail("it is of %s %s, want %s", class, tf, d.g)
	}
	if d.err != nil {
		return nil
	}
	s := New(d.g)
	if s.n = int64(d.uint64()); s.n < 0 {
		d.fail("it tells of %d bars", s.n)
	}
	if s.n > 0 && d.err == nil {
		d.bars(s)
	}
	return s
}

func (d *decoder) bars(s *State) {
	if s.first, s.last = d.slot(), d.slot(); s.last-s.first < grid.Slot(s.n-1) {
		d.fail("there are not %d slots between its first bar and its last", s.n)
	}
	s.close, s.atr.value = d.price(), d.number()
	for _, p := range []*points{&s.swings.tops, &s.swings.bottoms} {
		*p = points{known: int8(d.atMost(2)), last: d.number(), before: d.number()}
	}
	for _, list := range []*[4]float64{&s.swings.highs, &s.swings.lows} {
		for i := range list {
			list[i] = d.number()
		}
	}
	s.interest = interest{d.float(), d.flag()}
	if x := s.interest.value; present(x) && !finite(x) {
		d.fail("its open interest is infinite")
	}
	d.window(s)
	d.closes(s)
}

// mostReturn is above the log return from the least price to the greatest.
const mostReturn = 1500

// window pushes the last bars again, upon which every sum in reach is what it was.
func (d *decoder) window(s *State) {
	kept := min(s.n, savedBars)
	s.window.n = uint64(s.n - kept)
	for range kept {
		c, v, r := d.number(), d.number(), d.float()
		if c > closeScale*math.MaxFloat64 || !(r >= -mostReturn && r <= mostReturn) {
			d.fail("no closes are %v and have a log return of %v", c/closeScale, r)
		}
		s.window.push(c, v, r)
		s.volumes.push(v)
	}
}

func (d *decoder) closes(s *State) {
	n, before := int(d.byte())|int(d.byte())<<8, noSlot
	for range n {
		slot, c := d.slot(), d.price()
		if slot <= before || slot < max(s.first, s.oldestReference()) || slot > s.last {
			d.fail("its closes are out of order or out of reach")
		}
		if d.err != nil {
			return
		}
		s.closes.put(slot, c)
		before = slot
	}
}
