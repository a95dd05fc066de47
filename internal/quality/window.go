package quality

import "math"

// window is the last values of one kind, oldest first, up to memory of them.
// They lie side by side, so that a sum over them runs in time order and depends
// on nothing but the values: a batch, a stream and a restored state agree to
// the bit. Nothing is ever subtracted from a sum, so that a value of any size
// leaves no trace once it has left the window.
type window struct {
	start, n int
	missing  int // how many of the values are NaN
	buf      [2 * memory]float64
}

func (w *window) values() []float64 { return w.buf[w.start : w.start+w.n] }

func (w *window) push(x float64) {
	if w.start+w.n == len(w.buf) {
		copy(w.buf[:], w.values())
		w.start = 0
	}
	w.buf[w.start+w.n] = x
	w.n++
	if x != x {
		w.missing++
	}
	if w.n > memory {
		if old := w.buf[w.start]; old != old {
			w.missing--
		}
		w.start++
		w.n--
	}
}

// z is the distance of x from the mean of the values in their sample standard
// deviations, and the distance itself; NaN with too few values, and where they
// are all alike, since a division by 0 has no value.
func (w *window) z(x float64) (z, distance float64) {
	if w.n-w.missing < minRemembered {
		return math.NaN(), math.NaN()
	}
	xs := w.values()
	var present [memory]float64
	if w.missing > 0 {
		n := 0
		for _, v := range xs {
			if v == v {
				present[n] = v
				n++
			}
		}
		xs = present[:n]
	}
	mean, deviation := moments(xs)
	if deviation <= minDeviation {
		return math.NaN(), x - mean
	}
	return (x - mean) / deviation, x - mean
}

// minDeviation is the deviation below which logarithms of prices or volumes
// differ by rounding only and count as equal.
const minDeviation = 1e-12

// moments are the mean and the sample standard deviation, in two passes. Four
// sums at once keep the processor from waiting for each addition.
func moments(xs []float64) (mean, deviation float64) {
	var a, b, c, d float64
	n, rest := float64(len(xs)), xs
	for ; len(rest) >= 4; rest = rest[4:] {
		a += rest[0]
		b += rest[1]
		c += rest[2]
		d += rest[3]
	}
	for _, x := range rest {
		a += x
	}
	mean = (a + b + (c + d)) / n

	a, b, c, d = 0, 0, 0, 0
	for rest = xs; len(rest) >= 4; rest = rest[4:] {
		e, f, g, h := rest[0]-mean, rest[1]-mean, rest[2]-mean, rest[3]-mean
		a += e * e
		b += f * f
		c += g * g
		d += h * h
	}
	for _, x := range rest {
		a += (x - mean) * (x - mean)
	}
	return mean, math.Sqrt((a + b + (c + d)) / (n - 1))
}

func (w *window) equal(o *window) bool {
	if w.n != o.n {
		return false
	}
	theirs := o.values()
	for i, x := range w.values() {
		if !same(x, theirs[i]) {
			return false
		}
	}
	return true
}
