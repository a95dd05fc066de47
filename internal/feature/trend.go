package feature

// closeScale keeps the sum of 50 closes finite whatever they are. A power of
// two, so that nothing is rounded by it.
const closeScale = 1. / 64

// trend compares a close with the averages of the last 20 and 50, given the sums
// of those. It multiplies up instead of dividing.
func trend(close, sum20, sum50 float64) Trend {
	close20, long20 := 20*close, sum20*(50./20)
	switch {
	case above(close20, sum20) && above(long20, sum50):
		return Up
	case above(sum20, close20) && above(sum50, long20):
		return Down
	}
	return Neutral
}
