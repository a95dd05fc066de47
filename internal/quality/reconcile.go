package quality

import (
	"maps"
	"math"
	"slices"
	"time"

	"github.com/candlewright/candlewright/internal/grid"
	"github.com/candlewright/candlewright/internal/market"
)

// BarField is one of the five numbers that every bar has.
type BarField uint8

// The five numbers of a bar.
const (
	Open BarField = iota
	High
	Low
	Close
	Volume
	NumBarFields = 5
)

// String is the field's name, "open".
func (f BarField) String() string {
	return [NumBarFields]string{"open", "high", "low", "close", "volume"}[f]
}

// Witness is one source's bars of a stretch of a series, in any order. Rows that
// lie off the grid are looked at for where they belong, and counted nowhere.
type Witness struct {
	Source  market.SourceName
	Candles []market.Candle
}

// Comparison is what two sources say of the same stretch of one series.
type Comparison struct {
	Class     market.AssetClass
	Timeframe market.Timeframe
	A, B      market.SourceName
	Tolerance float64 // relative; a difference up to it is none

	BarsA, BarsB, Common int
	Fields               [NumBarFields]FieldDifference
	Differences          []Difference // bars that differ or that only one has, oldest first
	Groups               []Group      // differences of one likely cause, most bars first
}

// FieldDifference is how far one field differs over all bars that both have.
type FieldDifference struct {
	Bars    int       // that differ by more than the tolerance
	Worst   float64   // relative to the larger value, 0 … 1; also where it is within the tolerance
	WorstAt time.Time // its stamp; zero where nothing differs at all
}

// Difference is one bar on which the sources do not agree.
type Difference struct {
	TS         time.Time
	HasA, HasB bool
	A, B       [NumBarFields]float64 // in the order of BarField; of a source without the bar zero
	Relative   [NumBarFields]float64 // to the larger value, 0 … 1; 0 where only one has the bar
	Causes     []DifferenceCause     // of the prices, then of the volume where it is another

	a, b           *market.Candle
	slot           grid.Slot
	prices, volume bool // differ and have no cause yet
}

// Only reports whether one source alone has the bar.
func (d *Difference) Only() bool { return d.HasA != d.HasB }

// Worst is the field that differs most, and by how much.
func (d *Difference) Worst() (BarField, float64) {
	worst := Open
	for f := range BarField(NumBarFields) {
		if d.Relative[f] > d.Relative[worst] {
			worst = f
		}
	}
	return worst, d.Relative[worst]
}

// Agree reports whether both have the same bars, within the tolerance.
func (c *Comparison) Agree() bool { return len(c.Differences) == 0 }

// Differing counts the bars that both have and that differ.
func (c *Comparison) Differing() int { return len(c.Differences) - c.OnlyA() - c.OnlyB() }

// OnlyA counts the bars that only the first has.
func (c *Comparison) OnlyA() int { return c.BarsA - c.Common }

// OnlyB counts the bars that only the second has.
func (c *Comparison) OnlyB() int { return c.BarsB - c.Common }

// Reconcile compares the bars of two sources, field by field, and finds for each
// difference a likely cause. A cause is a guess from the shape of the
// differences: it says what usually looks like this. tolerance is relative to
// the larger of two values.
func Reconcile(g grid.Grid, a, b Witness, tolerance float64) Comparison {
	c := Comparison{Class: g.Class(), Timeframe: g.Timeframe(), A: a.Source, B: b.Source, Tolerance: tolerance}
	barsA, _ := bySlot(g, a.Candles)
	barsB, strayB := bySlot(g, b.Candles)
	c.BarsA, c.BarsB = len(barsA.at), len(barsB.at)
	slots := slices.AppendSeq(make([]grid.Slot, 0, c.BarsA+c.BarsB), maps.Keys(barsA.at))
	slots = slices.AppendSeq(slots, maps.Keys(barsB.at))
	slices.Sort(slots)
	slots = slices.Compact(slots)
	seek := &seeker{grid: g, tolerance: tolerance, a: a.Source, b: b.Source, barsA: barsA, barsB: barsB}
	for _, s := range slots {
		d, differs := c.bar(g, s, barsA.at[s], barsB.at[s])
		if d.HasA && d.HasB {
			c.Common++
			seek.common = append(seek.common, s)
		}
		if differs {
			c.Differences = append(c.Differences, d)
		}
	}
	c.Groups = seek.causes(c.Differences, strayB)
	return c
}

// bars are those of one source by their place, and the first and last of it.
type bars struct {
	at          map[grid.Slot]*market.Candle
	first, last grid.Slot
}

// bySlot places bars; of two of one slot the last counts. Those off the grid
// come beside them.
func bySlot(g grid.Grid, candles []market.Candle) (b bars, stray []*market.Candle) {
	b.at = make(map[grid.Slot]*market.Candle, len(candles))
	for i := range candles {
		s, ok := g.At(candles[i].TS)
		if !ok {
			stray = append(stray, &candles[i])
			continue
		}
		if len(b.at) == 0 {
			b.first, b.last = s, s
		}
		b.first, b.last = min(b.first, s), max(b.last, s)
		b.at[s] = &candles[i]
	}
	return b, stray
}

// outside reports whether a slot lies before the first bar or after the last.
func (b bars) outside(s grid.Slot) bool { return len(b.at) == 0 || s < b.first || s > b.last }

// bar compares one slot and enters it in the table of fields.
func (c *Comparison) bar(g grid.Grid, s grid.Slot, a, b *market.Candle) (Difference, bool) {
	d := Difference{TS: g.Stamp(s), slot: s, a: a, b: b, HasA: a != nil, HasB: b != nil}
	if a != nil {
		d.A = numbers(a)
	}
	if b != nil {
		d.B = numbers(b)
	}
	if d.Only() {
		return d, true
	}
	for f := range BarField(NumBarFields) {
		rel := relative(d.A[f], d.B[f])
		d.Relative[f] = rel
		if t := &c.Fields[f]; rel > t.Worst {
			t.Worst, t.WorstAt = rel, d.TS
		}
		if rel <= c.Tolerance {
			continue
		}
		c.Fields[f].Bars++
		if f == Volume {
			d.volume = true
		} else {
			d.prices = true
		}
	}
	return d, d.prices || d.volume
}

func numbers(c *market.Candle) [NumBarFields]float64 {
	return [NumBarFields]float64{c.Open, c.High, c.Low, c.Close, c.Volume}
}

// relative is the difference of two numbers in shares of the larger one; a
// number beside none is a whole difference.
func relative(x, y float64) float64 {
	switch {
	case x == y || math.IsNaN(x) && math.IsNaN(y):
		return 0
	case !finite(x) || !finite(y):
		return 1
	}
	return min(math.Abs(x-y)/max(math.Abs(x), math.Abs(y)), 1)
}
