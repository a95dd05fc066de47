package quality

import (
	"cmp"
	"iter"
	"slices"

	"github.com/candlewright/candlewright/internal/grid"
)

// Order decides unique and monotonic over the rows of one fetch that passed the
// Checker. It holds 12 bytes a row and none of their values, so that the values
// of ten million rows can wait on a disk.
type Order struct {
	slots    []grid.Slot
	unsorted bool // not strictly ascending
}

// Add is the next row in the order delivered. Its number is that of the rows
// added before it.
func (o *Order) Add(s grid.Slot) {
	if n := len(o.slots); n > 0 && s <= o.slots[n-1] {
		o.unsorted = true
	}
	o.slots = append(o.slots, s)
}

// Len is the number of rows added.
func (o *Order) Len() int { return len(o.slots) }

// Finish decides. The Order must not be used afterwards.
//
// Of several rows for a slot the last delivered one counts. Then, if the
// remaining ones are in strictly descending order, they are reversed and fail
// nothing; else each fails monotonic whose slot is lower than that of the
// remaining row before it.
func (o *Order) Finish() *Ordered {
	done := &Ordered{slots: o.slots}
	if !o.unsorted {
		return done
	}
	byTime := make([]uint32, len(o.slots))
	for i := range byTime {
		byTime[i] = uint32(i)
	}
	slices.SortFunc(byTime, func(a, b uint32) int {
		if x, y := o.slots[a], o.slots[b]; x != y {
			return cmp.Compare(x, y)
		}
		return cmp.Compare(a, b)
	})
	survives := newBits(len(o.slots))
	kept := byTime[:0]
	for i, n := range byTime {
		slot := o.slots[n]
		if i+1 < len(byTime) && o.slots[byTime[i+1]] == slot {
			if k := len(done.copied); k == 0 || done.copied[k-1] != slot {
				done.copied = append(done.copied, slot)
			}
			continue
		}
		survives.set(n)
		kept = append(kept, n)
	}
	done.copies = len(byTime) - len(kept)
	done.byTime = kept
	done.late, done.Reversed = lateRows(o.slots, survives, len(kept))
	return done
}

// lateRows walks the n surviving rows as delivered.
func lateRows(slots []grid.Slot, survives bits64, n int) (late bits64, reversed bool) {
	late = newBits(len(slots))
	before, steps := -1, 0
	for i := range slots {
		if !survives.has(uint32(i)) {
			continue
		}
		if before >= 0 && slots[i] < slots[before] {
			late.set(uint32(i))
			steps++
		}
		before = i
	}
	if n > 1 && steps == n-1 {
		return nil, true
	}
	return late, false
}

// Ordered is what remains of a delivery: one row per slot, in time order.
type Ordered struct {
	Reversed bool // the rows came in strictly descending order, which fails nothing

	slots  []grid.Slot // as delivered
	byTime []uint32    // numbers of the surviving rows; nil: all of them, as delivered
	late   bits64      // by number; nil: none
	copied []grid.Slot
	copies int
}

// Placed is one surviving row.
type Placed struct {
	Number int // of the row, in the order delivered
	Slot   grid.Slot
	Late   bool // it fails monotonic
}

// Len is the number of surviving rows.
func (o *Ordered) Len() int { return len(o.slots) - o.copies }

// At is the i-th surviving row in time order.
func (o *Ordered) At(i int) Placed {
	if o.byTime == nil {
		return Placed{Number: i, Slot: o.slots[i]}
	}
	n := o.byTime[i]
	return Placed{Number: int(n), Slot: o.slots[n], Late: o.late != nil && o.late.has(n)}
}

// All walks the surviving rows in time order.
func (o *Ordered) All() iter.Seq[Placed] {
	return func(yield func(Placed) bool) {
		for i := range o.Len() {
			if !yield(o.At(i)) {
				return
			}
		}
	}
}

// Copies is the number of rows dropped because a later one has their slot.
func (o *Ordered) Copies() int { return o.copies }

// Copied lists the slots that had more than one row, in time order: each fails
// unique once.
func (o *Ordered) Copied() []grid.Slot { return o.copied }

// bits64 is a set of row numbers.
type bits64 []uint64

func newBits(n int) bits64         { return make(bits64, (n+63)/64) }
func (b bits64) set(i uint32)      { b[i/64] |= 1 << (i % 64) }
func (b bits64) has(i uint32) bool { return b[i/64]&(1<<(i%64)) != 0 }
