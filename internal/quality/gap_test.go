package quality_test

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/candlewright/candlewright/internal/grid"
	"github.com/candlewright/candlewright/internal/market"
	"github.com/candlewright/candlewright/internal/quality"
)

func TestGapsAreStretchesOfOneCause(t *testing.T) {
	t.Parallel()
	g := grid.New(market.Crypto, market.H1)
	at := func(hour int) time.Time { return time.Date(2024, 3, 10, hour, 0, 0, 0, time.UTC) }
	asked := []quality.Asked{
		{LogID: 1, From: at(0), To: at(8), Answered: true},
		{LogID: 2, From: at(8), To: at(12)},
		{LogID: 3, From: at(10), To: at(12)},                 // the same again
		{LogID: 4, From: at(6), To: at(9), Answered: true},   // over the edge of an error
		{LogID: 5, From: at(14), To: at(14), Answered: true}, // empty
		{LogID: 6, From: at(20), To: at(40), Answered: true}, // beyond the end
	}
	refused := []time.Time{at(3), at(3).Add(time.Minute), at(13), at(4).Add(59 * time.Minute)}
	stored := []int{0, 7, 16, 17, 19, 22}
	want := []quality.Gap{
		{First: at(1), Last: at(2), Slots: 2, Cause: quality.SourceEmpty},
		{First: at(3), Last: at(4), Slots: 2, Cause: quality.RowRejected},
		{First: at(5), Last: at(6), Slots: 2, Cause: quality.SourceEmpty},
		{First: at(8), Last: at(8), Slots: 1, Cause: quality.SourceEmpty},
		{First: at(9), Last: at(11), Slots: 3, Cause: quality.SourceError},
		{First: at(12), Last: at(12), Slots: 1, Cause: quality.NotRequested},
		{First: at(13), Last: at(13), Slots: 1, Cause: quality.RowRejected},
		{First: at(14), Last: at(15), Slots: 2, Cause: quality.NotRequested},
		{First: at(18), Last: at(18), Slots: 1, Cause: quality.NotRequested},
		{First: at(20), Last: at(21), Slots: 2, Cause: quality.SourceEmpty},
	}
	slots := func(yield func(grid.Slot) bool) {
		for _, hour := range stored {
			if s, _ := g.At(at(hour)); !yield(s) {
				return
			}
		}
	}
	got := slices.Collect(quality.NewRecord(g, asked, refused).Gaps(slots))
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatalf("(-want +got):\n%s", diff)
	}
	for i, ids := range [][]int64{{1}, {1}, {1, 4}, {4}, {2, 3}, nil, nil, nil, nil, {6}} {
		if diff := cmp.Diff(ids, got[i].Evidence(asked)); diff != "" {
			t.Errorf("evidence of %+v (-want +got):\n%s", got[i], diff)
		}
	}
}

func TestNightsAreNoGaps(t *testing.T) {
	t.Parallel()
	g := grid.New(market.Stock, market.H1)
	at := func(s string) grid.Slot {
		slot, ok := g.At(instant(t, s))
		if !ok {
			t.Fatalf("%s is no slot", s)
		}
		return slot
	}
	// Wednesday 15:30, the half day after Thanksgiving, Monday 09:30
	stored := []grid.Slot{at("2024-11-27T20:30:00Z"), at("2024-11-29T14:30:00Z"), at("2024-11-29T17:30:00Z"), at("2024-12-02T14:30:00Z")}
	got := slices.Collect(quality.Missing(slices.Values(stored)))
	want := []quality.Span{{First: at("2024-11-29T15:30:00Z"), Last: at("2024-11-29T16:30:00Z")}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestGapsOfStocksKnowTheCalendar(t *testing.T) {
	t.Parallel()
	g := grid.New(market.Stock, market.D1)
	day := func(d int) time.Time { return time.Date(2024, 3, d, 0, 0, 0, 0, time.UTC) }
	// asked from Saturday to Sunday of the week after; refused on a Saturday (no slot) and at midnight in New York
	record := quality.NewRecord(g, []quality.Asked{{LogID: 1, From: day(9), To: day(17), Answered: true}}, []time.Time{day(16), day(13).Add(4 * time.Hour)})
	first, _ := g.At(day(8))
	last, _ := g.At(day(19))
	got := slices.Collect(record.Gaps(slices.Values([]grid.Slot{first, last})))
	want := []quality.Gap{
		{First: day(11), Last: day(12), Slots: 2, Cause: quality.SourceEmpty},
		{First: day(13), Last: day(13), Slots: 1, Cause: quality.RowRejected},
		{First: day(14), Last: day(15), Slots: 2, Cause: quality.SourceEmpty},
		{First: day(18), Last: day(18), Slots: 1, Cause: quality.NotRequested},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestCausesSlotBySlot compares stretches with a look at every single slot.
func TestCausesSlotBySlot(t *testing.T) {
	t.Parallel()
	g := grid.New(market.Crypto, market.M5)
	rng := rand.New(rand.NewPCG(8, 9))
	for range 300 {
		var asked []quality.Asked
		var refused []time.Time
		for range rng.IntN(6) {
			from := grid.Slot(rng.IntN(50))
			asked = append(asked, quality.Asked{From: g.Stamp(from), To: g.Stamp(from + grid.Slot(rng.IntN(20))), Answered: rng.IntN(2) == 0})
		}
		for range rng.IntN(6) {
			refused = append(refused, g.Stamp(grid.Slot(rng.IntN(60))).Add(time.Duration(rng.IntN(300))*time.Second))
		}
		record := quality.NewRecord(g, asked, refused)
		next := grid.Slot(0)
		var before quality.Cause
		for gap := range record.Split(quality.Span{First: 0, Last: 59}) {
			if gap.Cause == before || !gap.First.Equal(g.Stamp(next)) {
				t.Fatalf("%+v does not follow a stretch of %s up to slot %d", gap, before, next)
			}
			for range gap.Slots {
				if want := naiveCause(g, next, asked, refused); gap.Cause != want {
					t.Fatalf("slot %d: cause %s, want %s", next, gap.Cause, want)
				}
				next++
			}
			if before = gap.Cause; !gap.Last.Equal(g.Stamp(next - 1)) {
				t.Fatalf("%+v does not end at slot %d", gap, next-1)
			}
		}
		if next != 60 {
			t.Fatalf("the stretches end before slot %d", next)
		}
	}
}

func naiveCause(g grid.Grid, s grid.Slot, asked []quality.Asked, refused []time.Time) quality.Cause {
	for _, ts := range refused {
		if !ts.Before(g.Stamp(s)) && ts.Before(g.End(s)) {
			return quality.RowRejected
		}
	}
	cause := quality.NotRequested
	for _, a := range asked {
		if ts := g.Stamp(s); !ts.Before(a.From) && ts.Before(a.To) {
			if a.Answered {
				return quality.SourceEmpty
			}
			cause = quality.SourceError
		}
	}
	return cause
}

func TestAskAgain(t *testing.T) {
	t.Parallel()
	start := time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)
	days := func(ds ...int) (ts []time.Time) {
		for _, d := range ds {
			ts = append(ts, start.AddDate(0, 0, d))
		}
		return ts
	}
	for name, c := range map[string]struct {
		asked []time.Time
		now   int
		want  bool
	}{
		"never asked":                    {nil, 0, true},
		"the fifth time again":           {days(0, 1, 2, 3, 4), 5, true},
		"the sixth time again":           {days(0, 1, 2, 3, 4, 5), 29, false},
		"after 30 days, asked lately":    {days(0, 1, 2, 3, 4, 5), 30, false},
		"30 days after the last time":    {days(0, 1, 2, 3, 4, 5), 35, true},
		"each 30 days from then on":      {days(0, 1, 35), 64, false},
		"each 30 days from then on, due": {days(0, 1, 35), 65, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			now := start.AddDate(0, 0, c.now)
			if got := quality.AskAgain(c.asked, now); got != c.want {
				t.Errorf("got %v", got)
			}
			next := quality.NextTry(c.asked, now)
			if next.Equal(now) != c.want || !quality.AskAgain(c.asked, next) || !c.want && quality.AskAgain(c.asked, next.Add(-1)) {
				t.Errorf("the next try is at %v, now it is %v", next, now)
			}
		})
	}
}
