package feature

// wilder is Wilder's smoothing of the true range (J. Welles Wilder, "New
// Concepts in Technical Trading Systems", 1978): the mean of the first 14, then
// each new one with a weight of 1/14.
type wilder struct {
	value float64 // the average; before the 14th true range, seedScale × their sum
}

const (
	atrBars   = 14
	seedScale = 1. / 16 // so that the sum of 14 ranges is finite whatever they are
)

// trueRange is the greatest of the bar's height and its reach above and below
// the close before.
func trueRange(high, low, before float64) float64 {
	tr, up, down := high-low, abs(high-before), abs(low-before)
	if up > tr {
		tr = up
	}
	if down > tr {
		tr = down
	}
	return tr
}

func abs(x float64) float64 {
	if x < 0 {
		return -x
	}
	return x
}

// push takes the true range of bar i (from 0) and gives the average, which
// exists from bar 14 on. Bar 0 has no true range.
func (w *wilder) push(i int64, tr float64) (atr float64, ok bool) {
	switch {
	case i < atrBars:
		w.value += seedScale * tr
		return 0, false
	case i == atrBars:
		w.value = (w.value + seedScale*tr) / atrBars * (1 / seedScale)
		return w.value, true
	}
	next := ((atrBars-1)*w.value + tr) / atrBars
	if !finite(next) {
		next = w.value + (tr-w.value)/atrBars // the same, a bit less exact, for the largest of numbers
	}
	w.value = next
	return next, true
}
