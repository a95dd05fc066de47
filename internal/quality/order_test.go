package quality_test

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/candlewright/candlewright/internal/grid"
	"github.com/candlewright/candlewright/internal/quality"
)

// ordered is the result of Order in a form that can be compared.
type ordered struct {
	Placed   []quality.Placed
	Copied   []grid.Slot
	Copies   int
	Reversed bool
}

func order(slots []grid.Slot) ordered {
	var o quality.Order
	for _, s := range slots {
		o.Add(s)
	}
	done := o.Finish()
	return ordered{slices.Collect(done.All()), slices.Clone(done.Copied()), done.Copies(), done.Reversed}
}

// naiveOrder does what the rules say, in their words and without care for time.
func naiveOrder(slots []grid.Slot) ordered {
	var o ordered
	last := map[grid.Slot]int{}
	for i, s := range slots {
		if _, twice := last[s]; twice {
			o.Copies++
			if !slices.Contains(o.Copied, s) {
				o.Copied = append(o.Copied, s)
			}
		}
		last[s] = i
	}
	slices.Sort(o.Copied)
	for i, s := range slots {
		if last[s] == i {
			o.Placed = append(o.Placed, quality.Placed{Number: i, Slot: s})
		}
	}
	o.Reversed = len(o.Placed) > 1
	for i := range o.Placed[:max(0, len(o.Placed)-1)] {
		o.Reversed = o.Reversed && o.Placed[i].Slot > o.Placed[i+1].Slot
	}
	for i := 1; i < len(o.Placed) && !o.Reversed; i++ {
		o.Placed[i].Late = o.Placed[i].Slot < o.Placed[i-1].Slot
	}
	slices.SortFunc(o.Placed, func(a, b quality.Placed) int { return int(a.Slot - b.Slot) })
	return o
}

func TestOrderIsThatOfTheRules(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(3, 4))
	for range 3000 {
		slots := make([]grid.Slot, rng.IntN(40))
		spread := 1 + rng.IntN(60)
		for i := range slots {
			slots[i] = grid.Slot(rng.IntN(spread) - 20)
		}
		switch rng.IntN(4) {
		case 0:
			slices.Sort(slots)
		case 1:
			slices.SortFunc(slots, func(a, b grid.Slot) int { return int(b - a) })
		case 2: // a few rows out of place
			slices.Sort(slots)
			for range min(2, len(slots)) {
				i, j := rng.IntN(len(slots)), rng.IntN(len(slots))
				slots[i], slots[j] = slots[j], slots[i]
			}
		}
		if diff := cmp.Diff(naiveOrder(slots), order(slots)); diff != "" {
			t.Fatalf("%v (-want +got):\n%s", slots, diff)
		}
	}
}

func TestOrderOfFewRows(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		slots []grid.Slot
		want  ordered
	}{
		"none":       {nil, ordered{}},
		"one":        {[]grid.Slot{7}, ordered{Placed: []quality.Placed{{0, 7, false}}}},
		"two copies": {[]grid.Slot{7, 7}, ordered{Placed: []quality.Placed{{1, 7, false}}, Copied: []grid.Slot{7}, Copies: 1}},
		"descending": {[]grid.Slot{7, -7}, ordered{Placed: []quality.Placed{{1, -7, false}, {0, 7, false}}, Reversed: true}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(c.want, order(c.slots)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
