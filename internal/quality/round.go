package quality

import "math"

// Round2 rounds to the two decimals in which rates and scores are shown, halves
// away from 0. The tiny addition makes a half of what is just below one in
// binary (0.285 is 0.28499…), so that a value and its decimal text round alike.
func Round2(x float64) float64 {
	return math.Copysign(math.Floor(math.Abs(x)*100+0.5+1e-7)/100, x)
}

// Completeness is stored / (stored + gaps), as shown: never 1.00 while there is a
// gap. It is false where both are 0.
func Completeness(stored, gaps int64) (float64, bool) {
	if stored+gaps == 0 {
		return 0, false
	}
	c := Round2(float64(stored) / float64(stored+gaps))
	if gaps > 0 {
		c = min(c, 0.99)
	}
	return c, true
}

func rate(validated, total int64) (float64, bool) {
	if total == 0 {
		return 0, false
	}
	return Round2(100 * float64(validated) / float64(total)), true
}

func meanScore(sum float64, total int64) (float64, bool) {
	if total == 0 {
		return 0, false
	}
	return Round2(sum / float64(total)), true
}
