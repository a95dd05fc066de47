package grid

import (
	"math/rand/v2"
	"slices"
	"sort"
	"testing"
	"time"

	"github.com/candlewright/candlewright/internal/market"
)

// modelSlot is a slot as the slow model has it: found by walking the days with
// the clock of the exchange, bar by bar, as the rules describe it.
type modelSlot struct {
	stamp, end time.Time
	date       market.Date
}

// model lists the slots of every session from `from` to the day before `to`.
func model(t *testing.T, class market.AssetClass, tf market.Timeframe, from, to market.Date) []modelSlot {
	t.Helper()
	newYork, err := time.LoadLocation("America/New_York")
	if err != nil {
		t.Fatal(err)
	}
	holiday, early := specialDays()
	var slots []modelSlot
	for d := from; d < to; d++ {
		y, m, dom := d.Time().Date()
		open, closing := d.Time(), d.Time().AddDate(0, 0, 1)
		if class != market.Crypto {
			if w := d.Weekday(); w == time.Saturday || w == time.Sunday || holiday[d] {
				continue
			}
			open = time.Date(y, m, dom, 9, 30, 0, 0, newYork).UTC()
			closing = time.Date(y, m, dom, 16, 0, 0, 0, newYork).UTC()
			if early[d] {
				closing = time.Date(y, m, dom, 13, 0, 0, 0, newYork).UTC()
			}
		}
		switch tf {
		case market.D1:
			slots = append(slots, modelSlot{d.Time(), closing, d})
		case market.W1:
			monday := d.Monday()
			if n := len(slots); n > 0 && slots[n-1].date == monday {
				slots[n-1].end = closing
			} else {
				slots = append(slots, modelSlot{monday.Time(), closing, monday})
			}
		default:
			for ts := open; ts.Before(closing); ts = ts.Add(tf.Duration()) {
				end := ts.Add(tf.Duration())
				if end.After(closing) {
					end = closing
				}
				slots = append(slots, modelSlot{ts, end, d})
			}
		}
	}
	return slots
}

// modelRange is what the model is asked for: of stocks every slot there is, of
// crypto whole weeks on both sides of the epoch.
func modelRange(class market.AssetClass, tf market.Timeframe) (from, to market.Date) {
	switch {
	case class == market.Crypto:
		return market.NewDate(1969, time.June, 30), market.NewDate(1970, time.June, 29)
	case tf == market.W1:
		return firstMonday, lastMonday + 7
	}
	return firstDay, endDay
}

// The arithmetic gives what the model gives: for every slot, for every reference
// of a return, at random instants and over random ranges.
func TestGridAgreesWithTheModel(t *testing.T) {
	t.Parallel()
	for _, class := range []market.AssetClass{market.Stock, market.Crypto} {
		for _, tf := range market.Timeframes() {
			g := New(class, tf)
			t.Run(g.String(), func(t *testing.T) {
				t.Parallel()
				from, to := modelRange(class, tf)
				slots := model(t, class, tf, from, to)
				zero, ok := g.At(slots[0].stamp)
				if !ok {
					t.Fatalf("the model's first slot %v is none", slots[0].stamp)
				}
				checkSlots(t, g, zero, slots)
				checkReferences(t, g, zero, slots)
				checkInstants(t, g, zero, slots)
				checkRanges(t, g, slots)
			})
		}
	}
}

// checkSlots: every slot has the stamp, end and date of the model, and At finds it.
func checkSlots(t *testing.T, g Grid, zero Slot, slots []modelSlot) {
	t.Helper()
	for i, m := range slots {
		s := zero + Slot(i)
		if got := g.Stamp(s); !got.Equal(m.stamp) {
			t.Fatalf("slot %d is stamped %v, want %v", s, got, m.stamp)
		}
		if got := g.End(s); !got.Equal(m.end) {
			t.Fatalf("slot of %v ends at %v, want %v", m.stamp, got, m.end)
		}
		if got := g.SessionOf(s); got != m.date {
			t.Fatalf("slot of %v is of session %s, want %s", m.stamp, got, m.date)
		}
		if got, ok := g.At(m.stamp); !ok || got != s {
			t.Fatalf("slot stamped %v is %d %t, want %d", m.stamp, got, ok, s)
		}
		if got, ok := g.At(m.stamp.Add(time.Nanosecond)); ok {
			t.Fatalf("a nanosecond after %v is slot %d", m.stamp, got)
		}
		if first, end := g.SessionSlots(m.date); s < first || s >= end {
			t.Fatalf("slot %d of %v is not among %d to %d", s, m.stamp, first, end)
		}
	}
	if g.class != market.Crypto {
		all := g.Count(time.Unix(0, 0), time.Unix(1e11, 0))
		if all != int64(len(slots)) {
			t.Errorf("the axis has %d slots, the model %d", all, len(slots))
		}
	}
}

// checkReferences looks the references of returns up by the words of the rules:
// the calendar's last slot that had ended an hour (or 24) before, or the last of
// the session before.
func checkReferences(t *testing.T, g Grid, zero Slot, slots []modelSlot) {
	t.Helper()
	hourOK := g.tf.Duration() <= time.Hour
	dayOK := g.tf != market.W1
	hour, day, sessionBefore := -1, -1, -1 // positions; -1 is before the model starts
	for i, m := range slots {
		for slots[hour+1].end.Compare(m.end.Add(-time.Hour)) <= 0 {
			hour++
		}
		for slots[day+1].end.Compare(m.end.Add(-24*time.Hour)) <= 0 {
			day++
		}
		if i > 0 && slots[i-1].date != m.date {
			sessionBefore = i - 1
		}
		before := sessionBefore
		if g.class == market.Crypto {
			before = day
			if before < 0 {
				continue // the model starts too late to tell
			}
		}
		checkReference(t, g, "HourBefore", zero+Slot(i), zero+Slot(hour), hourOK && hour >= 0)
		checkReference(t, g, "DayBefore", zero+Slot(i), zero+Slot(before), dayOK && before >= 0)
		if t.Failed() {
			return
		}
	}
}

func checkReference(t *testing.T, g Grid, name string, of, want Slot, exists bool) {
	t.Helper()
	get := g.HourBefore
	if name == "DayBefore" {
		get = g.DayBefore
	}
	if got, ok := get(of); ok != exists || ok && got != want {
		t.Errorf("%s of %v is %d %t, want %d %t", name, g.Stamp(of), got, ok, want, exists)
	}
}

// someInstant is at, beside or anywhere between the slots, before the last one's
// end, beyond which the model does not know crypto's.
func someInstant(rnd *rand.Rand, slots []modelSlot) time.Time {
	m := slots[rnd.IntN(len(slots)-1)]
	switch rnd.IntN(4) {
	case 0:
		return m.stamp
	case 1:
		return m.end
	case 2:
		return m.end.Add(time.Duration(rnd.IntN(3)-1) * time.Nanosecond)
	default:
		lo, hi := slots[0].stamp, slots[len(slots)-1].end
		return lo.Add(time.Duration(rnd.Int64N(int64(hi.Sub(lo))))).Truncate(time.Second)
	}
}

// checkInstants: at random instants the arithmetic gives what a search of the
// model gives.
func checkInstants(t *testing.T, g Grid, zero Slot, slots []modelSlot) {
	t.Helper()
	rnd := rand.New(rand.NewPCG(1, uint64(g.tf.Order())))
	for range 20_000 {
		at := someInstant(rnd, slots)
		// The numbers of slots that have ended by then and that are stamped before.
		ended := sort.Search(len(slots), func(i int) bool { return slots[i].end.After(at) })
		stamped := sort.Search(len(slots), func(i int) bool { return !slots[i].stamp.Before(at) })
		if got, want := g.LastEnded(at), zero+Slot(ended)-1; got != want {
			t.Fatalf("last slot ended by %v is %d, want %d", at, got, want)
		}
		if got, want := g.FirstFrom(at), zero+Slot(stamped); got != want {
			t.Fatalf("first slot from %v is %d, want %d", at, got, want)
		}
		open := ended < len(slots) && !slots[ended].stamp.After(at)
		if got, ok := g.Containing(at); ok != open || ok && got != zero+Slot(ended) {
			t.Fatalf("slot at %v is %d %t, want %d %t", at, got, ok, zero+Slot(ended), open)
		}
		_, exact := slices.BinarySearchFunc(slots, at, func(m modelSlot, at time.Time) int { return m.stamp.Compare(at) })
		if got, ok := g.At(at); ok != exact || ok && got != zero+Slot(stamped) {
			t.Fatalf("slot stamped %v is %d %t, want %t", at, got, ok, exact)
		}
	}
}

// checkRanges: a random range holds as many slots as a walk over the model counts.
func checkRanges(t *testing.T, g Grid, slots []modelSlot) {
	t.Helper()
	rnd := rand.New(rand.NewPCG(2, uint64(g.tf.Order())))
	for range 8 {
		from, to := someInstant(rnd, slots), someInstant(rnd, slots)
		var want int64
		for _, m := range slots {
			if !m.stamp.Before(from) && m.stamp.Before(to) {
				want++
			}
		}
		if got := g.Count(from, to); got != want {
			t.Fatalf("%d slots in %v to %v, want %d", got, from, to, want)
		}
	}
}

// The answers about any instant fit together, on every grid.
func FuzzInstants(f *testing.F) {
	for _, sec := range []int64{0, -1, 1e9, 1720013400, 883751400, 1924981200, -1 << 63, 1<<63 - 1} {
		f.Add(sec, uint32(0))
		f.Add(sec, uint32(1))
	}
	f.Fuzz(func(t *testing.T, sec int64, nano uint32) {
		at := time.Unix(sec, int64(nano%1e9)).UTC()
		// Beyond the years 0 to 9999 an answer need only come without panic.
		sane := -62167219200 <= sec && sec < 253402300800
		for _, class := range market.AssetClasses() {
			CalendarOf(class).Open(at)
			for _, tf := range market.Timeframes() {
				g := New(class, tf)
				if message := contradiction(g, at); message != "" && sane {
					t.Errorf("%s at %v: %s", g, at, message)
				}
			}
		}
	})
}

func contradiction(g Grid, at time.Time) string {
	ended, from := g.LastEnded(at), g.FirstFrom(at)
	open, isOpen := g.Containing(at)
	exact, isExact := g.At(at)
	known := g.Known(at) == nil
	switch {
	case ended >= 0 && known && (g.End(ended).After(at) || !g.End(ended+1).After(at)):
		return "another slot was the last to end"
	case known && g.Stamp(from).Before(at):
		return "the first slot from it is before it"
	case isOpen && (g.Stamp(open).After(at) || !g.End(open).After(at)):
		return "it is not within its slot"
	case isOpen && open != ended+1:
		return "the open slot is not the one after the last ended"
	case isExact && (exact != from || exact != open || !isOpen || !g.Stamp(exact).Equal(at)):
		return "the slot stamped so is not the one that starts then"
	case isExact && !known && g.Class() != market.Crypto: // whose axis has no end
		return "a slot in unknown years"
	case g.Behind(ended, at) != 0 || g.Lag(ended, at, 0) != 0:
		return "behind what has just ended"
	}
	return ""
}
