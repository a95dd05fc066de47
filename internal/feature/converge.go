package feature

import "github.com/candlewright/candlewright/internal/grid"

// Converged reports whether the states of two computations of one series after
// the same bar give the same features from here on: all that a later bar can
// look back to is equal, bit for bit, and the average true ranges, which forget
// only gradually, differ by no more than 1e-12 relative. A recomputation that
// meets the stored state again in this sense may stop.
func (s *State) Converged(o *State) bool {
	const forgotten = savedBars + 1 // bars after which every window is full
	switch {
	case s.g != o.g || min(s.n, forgotten) != min(o.n, forgotten):
		return false
	case s.n == 0:
		return true
	case s.last != o.last || s.close != o.close:
		return false
	case above(s.atr.value, o.atr.value) || above(o.atr.value, s.atr.value):
		return false
	case s.swings != o.swings:
		return false
	case s.interest.offered != o.interest.offered || !same(s.interest.value, o.interest.value):
		return false
	}
	return s.sameStart(o) && s.sameWindows(o) && s.sameCloses(o)
}

// same takes two missing values for equal.
func same(a, b float64) bool { return a == b || !present(a) && !present(b) }

// sameStart reports whether later bars expect the same returns: a return is
// expected where its reference slot is not before the first stored bar.
func (s *State) sameStart(o *State) bool {
	oldest := s.oldestReference()
	return s.first == o.first || s.first <= oldest && o.first <= oldest
}

// sameWindows compares what the next bar's windows will hold of the past.
func (s *State) sameWindows(o *State) bool {
	for ago := int64(1); ago <= min(s.n, savedBars-1); ago++ {
		a, b := s.window.ago(ago), o.window.ago(ago)
		if a.close[0] != b.close[0] || a.ret[0].sum != b.ret[0].sum {
			return false
		}
		if ago <= spikeBars && a.volume[0] != b.volume[0] {
			return false
		}
	}
	return true
}

func (s *State) sameCloses(o *State) bool {
	for slot := s.oldestReference(); slot <= s.last; slot++ {
		a, stored := s.closes.at(slot)
		b, also := o.closes.at(slot)
		if stored != also || stored && a != b {
			return false
		}
	}
	return true
}

// oldestReference is a slot before which no return of a later bar refers to one.
func (s *State) oldestReference() grid.Slot { return s.last + 1 - grid.Slot(lookback(s.g)) }
