package feature

import "math"

const spikeBars = 20

// volumes are the last 20 volumes. Each is kept twice, 20 places apart, so that
// the 20 of any moment lie side by side, the oldest first.
type volumes struct {
	next int // where the next one goes, 0 to 19
	ring [2 * spikeBars]float64
}

func (v *volumes) push(x float64) {
	v.ring[v.next], v.ring[v.next+spikeBars] = x, x
	v.next++
	if v.next == spikeBars {
		v.next = 0
	}
}

// last20 are the 20 newest, zeros in front while there are fewer.
func (v *volumes) last20() *[spikeBars]float64 {
	return (*[spikeBars]float64)(v.ring[v.next:])
}

// spikeScore is the distance of v from the mean of 20 volumes in their sample
// standard deviations, NaN where these do not deviate.
//
// The score divides one small difference of large numbers by another when the
// volumes are nearly equal, so both are taken from the first of them: between
// close numbers that difference is exact.
func spikeScore(v float64, w *[spikeBars]float64) float64 {
	const least, most = 1e-140, 1e150 // squares of what lies between stay normal numbers
	base := w[0]
	a, b := w[1]-base, w[2]-base
	c, d := w[3]-base, 0.
	for i := 4; i < spikeBars; i += 4 {
		a, b = a+(w[i]-base), b+(w[i+1]-base)
		c, d = c+(w[i+2]-base), d+(w[i+3]-base)
	}
	mean := ((a + b) + (c + d)) / spikeBars
	if total := mean + base; !(total > least && total < most) {
		return spikeScoreScaled(v, w)
	}
	a, b, c, d = 0, 0, 0, 0
	for i := 0; i < spikeBars; i += 4 {
		p, q := w[i]-base-mean, w[i+1]-base-mean
		r, s := w[i+2]-base-mean, w[i+3]-base-mean
		a, b, c, d = a+p*p, b+q*q, c+r*r, d+s*s
	}
	sd := math.Sqrt(((a + b) + (c + d)) / (spikeBars - 1))
	if sd <= tolerance*spikeBars*(mean+base) && sd <= tolerance*largest(w) { // the sum is not less than the largest
		return math.NaN()
	}
	return (v - base - mean) / sd
}

func largest(w *[spikeBars]float64) float64 {
	m := w[0]
	for _, x := range w {
		if x > m {
			m = x
		}
	}
	return m
}

// spikeScoreScaled brings the volumes near 1 first, for those whose squares
// would be too large or too small for a float64.
func spikeScoreScaled(v float64, w *[spikeBars]float64) float64 {
	m := largest(w)
	if m == 0 {
		return math.NaN()
	}
	_, exp := math.Frexp(m)
	var scaled [spikeBars]float64
	for i, x := range w {
		scaled[i] = math.Ldexp(x, -exp)
	}
	return spikeScore(math.Ldexp(v, -exp), &scaled)
}
