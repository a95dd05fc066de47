package polygon

import (
	"time"

	"github.com/candlewright/candlewright/internal/market"
	"github.com/candlewright/candlewright/internal/source"
)

// Cost implements source.Planned: a call for each chunk, or more where pages are
// kept small. That an empty range needs one more to tell it from an unknown
// ticker is not foreseen.
func (s *Source) Cost(r source.Request) source.Cost {
	w := r.Window(s.plan.published(r.Now))
	q := query{Source: s, r: r, fetch: fetchFor(r.Symbol.Class, r.Timeframe)}
	calls := 0
	for !w.Empty() {
		end := q.chunkEnd(w)
		pages := 1
		if s.rows > 0 {
			slots := int(end - w.First)
			pages = max(1, (slots*q.rowsPerSlot()+s.rows-1)/s.rows)
		}
		calls += pages
		w.First = end
	}
	return source.Cost{Calls: calls, Weight: calls}
}

// rowsPerSlot is how many native rows make a bar.
func (q *query) rowsPerSlot() int {
	switch {
	case !q.fetch.resample:
		return 1
	case q.r.Timeframe == market.W1 && q.r.Symbol.Class == market.Crypto:
		return 7
	case q.r.Timeframe == market.W1:
		return 5
	}
	return int(q.r.Timeframe.Duration() / max(q.fetch.part, time.Minute))
}

// Budget implements source.Planned: the plan's calls.
func (s *Source) Budget() int { return s.plan.Calls }
