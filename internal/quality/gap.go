package quality

import (
	"iter"
	"slices"
	"time"

	"github.com/candlewright/candlewright/internal/grid"
)

// Cause is why an expected bar is not stored.
type Cause string

// The causes of gaps. Of several that hold for a slot the last of this list is
// shown: what is known of the slot outweighs what was tried, and an answer
// outweighs the errors before or after it.
const (
	NotRequested Cause = "not_requested" // no source was asked
	SourceError  Cause = "source_error"  // sources were asked and none answered
	SourceEmpty  Cause = "source_empty"  // a source answered, without a bar: no trade, outage, halt
	RowRejected  Cause = "rejected"      // a refused row's stamp lies in the slot
)

// Causes lists the causes of gaps.
func Causes() []Cause { return []Cause{NotRequested, SourceError, SourceEmpty, RowRejected} }

// Asked is a range that a source was asked for: the slots stamped in [From, To).
type Asked struct {
	LogID    int64 // the fetch-log row
	From, To time.Time
	Answered bool // false: the source failed
}

// Gap is a stretch of consecutive slots without candle that have one cause.
type Gap struct {
	First, Last time.Time // stamps of the first and the last slot
	Slots       int64
	Cause       Cause
}

// Evidence lists the fetch-log rows that show the gap's cause, lowest id first:
// the answers in which its slots are empty or refused, or the errors. Where none
// was requested there is none.
func (g Gap) Evidence(asked []Asked) []int64 {
	var ids []int64
	for _, a := range asked {
		shows := a.Answered && (g.Cause == SourceEmpty || g.Cause == RowRejected) || !a.Answered && g.Cause == SourceError
		if shows && !a.From.After(g.Last) && a.To.After(g.First) {
			ids = append(ids, a.LogID)
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// Span is a run of consecutive slots, both ends included.
type Span struct{ First, Last grid.Slot }

// Missing walks the runs of slots between stored ones, which come in time order.
// What lies before the first and after the last is none: the missing tail is lag.
func Missing(stored iter.Seq[grid.Slot]) iter.Seq[Span] {
	return func(yield func(Span) bool) {
		var before grid.Slot
		started := false
		for s := range stored {
			if started && s > before+1 && !yield(Span{before + 1, s - 1}) {
				return
			}
			before, started = s, true
		}
	}
}

// Record is what was tried to fill a series, from which the causes of its gaps
// follow.
type Record struct {
	grid                      grid.Grid
	refused, answered, failed []Span // disjoint, in order
}

// NewRecord takes what sources were asked for and the stamps of refused rows
// (failures of the Refusing checks), both in any order.
func NewRecord(g grid.Grid, asked []Asked, refused []time.Time) *Record {
	r := &Record{grid: g}
	for _, ts := range refused {
		if s, ok := g.Containing(ts); ok {
			r.refused = append(r.refused, Span{s, s})
		}
	}
	for _, a := range asked {
		s := Span{g.FirstFrom(a.From), g.FirstFrom(a.To) - 1}
		switch {
		case s.First > s.Last:
		case a.Answered:
			r.answered = append(r.answered, s)
		default:
			r.failed = append(r.failed, s)
		}
	}
	for _, spans := range []*[]Span{&r.refused, &r.answered, &r.failed} {
		*spans = union(*spans)
	}
	return r
}

// union sorts spans and joins those that touch.
func union(spans []Span) []Span {
	slices.SortFunc(spans, func(a, b Span) int { return int(min(max(a.First-b.First, -1), 1)) })
	joined := spans[:0]
	for _, s := range spans {
		if n := len(joined); n > 0 && s.First <= joined[n-1].Last+1 {
			joined[n-1].Last = max(joined[n-1].Last, s.Last)
			continue
		}
		joined = append(joined, s)
	}
	return joined
}

// Cause is why a slot without candle is empty, and the last slot up to which
// that is so without a break.
func (r *Record) Cause(s grid.Slot) (Cause, grid.Slot) {
	until := grid.Slot(1<<63 - 1)
	for _, e := range [...]struct {
		spans []Span
		cause Cause
	}{{r.refused, RowRejected}, {r.answered, SourceEmpty}, {r.failed, SourceError}} {
		in, end := locate(e.spans, s)
		until = min(until, end)
		if in {
			return e.cause, until
		}
	}
	return NotRequested, until
}

// locate reports whether a slot is in one of the spans, and the last slot for
// which the answer is the same.
func locate(spans []Span, s grid.Slot) (in bool, until grid.Slot) {
	i, _ := slices.BinarySearchFunc(spans, s, func(span Span, s grid.Slot) int { return int(min(max(span.Last-s, -1), 1)) })
	switch {
	case i == len(spans):
		return false, 1<<63 - 1
	case spans[i].First <= s:
		return true, spans[i].Last
	}
	return false, spans[i].First - 1
}

// Split walks a run of empty slots as stretches of one cause.
func (r *Record) Split(s Span) iter.Seq[Gap] {
	return func(yield func(Gap) bool) {
		for first := s.First; first <= s.Last; {
			cause, until := r.Cause(first)
			last := min(until, s.Last)
			for last < s.Last {
				next, end := r.Cause(last + 1)
				if next != cause {
					break
				}
				last = min(end, s.Last)
			}
			g := Gap{First: r.grid.Stamp(first), Last: r.grid.Stamp(last), Slots: int64(last-first) + 1, Cause: cause}
			if !yield(g) {
				return
			}
			first = last + 1
		}
	}
}

// Gaps walks the gaps of a series whose stored slots come in time order.
func (r *Record) Gaps(stored iter.Seq[grid.Slot]) iter.Seq[Gap] {
	return func(yield func(Gap) bool) {
		for s := range Missing(stored) {
			for g := range r.Split(s) {
				if !yield(g) {
					return
				}
			}
		}
	}
}
