package feature

// window keeps the last 64 closes, volumes and log returns as sums over runs of
// 1, 2, 4, 8 and 16 bars, each of which is the sum of two runs half as long:
//
//	sum of 20 = 16 up to here + 4 up to 16 bars ago
//	sum of 50 = 32 up to here + 16 up to 32 bars ago + 2 up to 48 bars ago
//
// Nothing is ever subtracted, so a value of any size that leaves the window
// leaves no rounding error behind. The cost is a fixed number of additions per
// bar, without the bursts of a queue made of two stacks, and a sum depends on
// the values in the window alone, not on where the series began.
//
// Log returns carry beside their sum the squared deviations from their mean.
// Two runs are merged by the pairwise rule of Chan, Golub and LeVeque ("Updating
// formulae and a pairwise algorithm for computing sample variances", 1979),
// which adds squares and never takes the difference of two large ones.
type window struct {
	n     uint64 // bars pushed
	nodes [windowBars]node
}

const (
	windowBars = 64 // a power of two, more than the 48 bars that sums look back
	windowMask = windowBars - 1
)

// node is the runs of 1, 2, 4, 8 and 16 bars that end at one bar.
type node struct {
	close  [5]float64
	volume [5]float64
	ret    [5]moments
}

// moments of a run: the sum, and the sum of squared deviations from the mean.
type moments struct{ sum, dev float64 }

// totals is what a window tells of its last 20 and 50 bars. They mean something
// only once so many bars (and for returns one more) have been pushed.
type totals struct {
	close20, close50 float64
	volume20         float64
	dev20, dev50     float64 // of the log returns
}

// push takes the next bar's values.
func (w *window) push(c, v, r float64) (t totals) {
	i := w.n
	w.n++
	now := &w.nodes[i&windowMask]
	b1, b2 := &w.nodes[(i-1)&windowMask], &w.nodes[(i-2)&windowMask]
	b4, b8 := &w.nodes[(i-4)&windowMask], &w.nodes[(i-8)&windowMask]
	b16, b32, b48 := &w.nodes[(i-16)&windowMask], &w.nodes[(i-32)&windowMask], &w.nodes[(i-48)&windowMask]

	c2 := c + b1.close[0]
	c4 := c2 + b2.close[1]
	c8 := c4 + b4.close[2]
	c16 := c8 + b8.close[3]
	now.close[0], now.close[1], now.close[2], now.close[3], now.close[4] = c, c2, c4, c8, c16
	t.close20 = c16 + b16.close[2]
	t.close50 = (c16 + b16.close[4]) + b32.close[4] + b48.close[1]

	v2 := v + b1.volume[0]
	v4 := v2 + b2.volume[1]
	v8 := v4 + b4.volume[2]
	v16 := v8 + b8.volume[3]
	now.volume[0], now.volume[1], now.volume[2], now.volume[3], now.volume[4] = v, v2, v4, v8, v16
	t.volume20 = v16 + b16.volume[2]

	r1 := moments{sum: r}
	r2 := merge(r1, b1.ret[0], 1./2)
	r4 := merge(r2, b2.ret[1], 1./4)
	r8 := merge(r4, b4.ret[2], 1./8)
	r16 := merge(r8, b8.ret[3], 1./16)
	now.ret[0], now.ret[1], now.ret[2], now.ret[3], now.ret[4] = r1, r2, r4, r8, r16
	t.dev20 = merged(r16, b16.ret[2], 1./16, 1./4, 16.*4/20)
	r32 := merge(r16, b16.ret[4], 1./32)
	r48 := moments{r32.sum + b32.ret[4].sum, merged(r32, b32.ret[4], 1./32, 1./16, 32.*16/48)}
	t.dev50 = merged(r48, b48.ret[1], 1./48, 1./2, 48.*2/50)
	return t
}

// merge joins two runs of equal length; perBar is 1 / the bars of both.
func merge(a, b moments, perBar float64) moments {
	d := a.sum - b.sum
	return moments{a.sum + b.sum, a.dev + b.dev + d*d*perBar}
}

// merged is the squared deviations of two runs of m and n bars together, given
// 1/m, 1/n and m×n / (m+n).
func merged(a, b moments, perA, perB, weight float64) float64 {
	d := a.sum*perA - b.sum*perB
	return a.dev + b.dev + d*d*weight
}

// ago is the bar pushed so many bars ago, 1 for the last one.
func (w *window) ago(bars int64) *node { return &w.nodes[(w.n-uint64(bars))&windowMask] }
