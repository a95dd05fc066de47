package enrich

import (
	"slices"
	"time"

	"github.com/candlewright/candlewright/internal/grid"
	"github.com/candlewright/candlewright/internal/market"
	"github.com/candlewright/candlewright/internal/quality"
	"github.com/candlewright/candlewright/internal/store"
)

// FetchRange is a stretch of slots that a source was asked for. It says of an
// attempt what proves the cause of a gap, also when the attempt's log is gone.
type FetchRange = store.FetchRange

// attempts is what was tried to fill a stretch of a series.
type attempts struct {
	record *quality.Record
	asked  []quality.Asked // parallel to ranges
	ranges []FetchRange    // in the order in which they were asked for
}

func newAttempts(g grid.Grid, ranges []FetchRange, refused []time.Time) attempts {
	a := attempts{ranges: slices.Clone(ranges), asked: make([]quality.Asked, len(ranges))}
	slices.SortStableFunc(a.ranges, func(x, y FetchRange) int { return x.FetchedAt.Compare(y.FetchedAt) })
	for i, r := range a.ranges {
		a.asked[i] = quality.Asked{LogID: r.LogID, From: r.From, To: r.To, Answered: r.Success}
	}
	a.record = quality.NewRecord(g, a.asked, refused)
	return a
}

// gap is a gap with what was tried to fill it.
func (a attempts) gap(tf market.Timeframe, g quality.Gap, now time.Time) Gap {
	gap := Gap{Timeframe: tf, From: g.First, To: g.Last, Slots: g.Slots, Cause: g.Cause}
	proof := g.Evidence(a.asked)
	var answered []time.Time // by a source that can be asked again
	for _, r := range a.ranges {
		if r.From.After(g.Last) || !r.To.After(g.First) {
			continue
		}
		gap.Tries++
		if r.Success && r.Source != market.CSV {
			answered = append(answered, r.FetchedAt)
		}
		if _, ok := slices.BinarySearch(proof, r.LogID); ok {
			gap.Evidence = append(gap.Evidence, r)
		}
	}
	gap.NextTry = now
	if g.Cause == quality.SourceEmpty || g.Cause == quality.RowRejected {
		gap.NextTry = quality.NextTry(answered, now)
	}
	return gap
}

// FetchLogIDs are the fetch logs that show the cause. A log that was removed since
// leaves its place in Evidence.
func (g Gap) FetchLogIDs() []int64 {
	ids := make([]int64, len(g.Evidence))
	for i, r := range g.Evidence {
		ids[i] = r.LogID
	}
	return ids
}
