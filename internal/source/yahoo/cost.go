package yahoo

import "github.com/candlewright/candlewright/internal/source"

// Cost implements source.Planned: a call for each page of slots.
func (s *Source) Cost(r source.Request) source.Cost {
	w := r.Window(0)
	if w.Empty() {
		return source.Cost{}
	}
	calls := (int(w.End-w.First) + s.slots - 1) / s.slots
	return source.Cost{Calls: calls, Weight: calls}
}

// Budget implements source.Planned: what we allow ourselves, since no limit is
// known.
func (s *Source) Budget() int { return callsAMin }
