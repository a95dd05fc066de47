package pipeline

import (
	"math"
	"slices"

	"github.com/candlewright/candlewright/internal/market"
	"github.com/candlewright/candlewright/internal/quality"
)

// A split changes the prices of all bars before it, at the source and not in the
// store: whoever only adds what is new has two price bases in one series. It
// shows where a delivery overlaps what is stored: every price differs by the
// same factor, and that factor is a ratio of small whole numbers.

// BasisChange is a delivery whose prices are on another basis than the stored
// ones.
type BasisChange struct {
	Factor   float64 // shares that one became: the stored prices are so many times the delivered ones
	To, From int     // the factor as a ratio
	Bars     int     // bars in which it shows
	Certain  bool    // the bars alone are evidence enough; else a split has to be known
}

const (
	leastChange  = 0.04 // a factor nearer to 1 is no split: dividends, corrections
	mostStray    = 0.1  // share of the bars that may differ otherwise, by a correction of their own
	certainBars  = 3    // bars whose opens and closes agree by chance no more
	roundedPrice = 0.006
	roundedRatio = 1e-3
)

// FindBasisChange compares rows of a delivery with the stored candles of the same
// stretch, both in time order; false where the prices are on one basis or the
// two have no bar in common.
func FindBasisChange(stored []Candle, rows []quality.Checked) (BasisChange, bool) {
	var bars []barRatio
	for i, j := 0, 0; i < len(stored) && j < len(rows); {
		switch order := stored[i].TS.Compare(rows[j].Candle.TS); {
		case order < 0:
			i++
		case order > 0:
			j++
		default:
			bars = append(bars, ratioOf(&stored[i].Candle, &rows[j].Candle))
			i, j = i+1, j+1
		}
	}
	if len(bars) == 0 {
		return BasisChange{}, false
	}
	closes := make([]float64, len(bars))
	for i, b := range bars {
		closes[i] = b.close
	}
	slices.Sort(closes)
	median := closes[len(closes)/2]
	to, from, ok := smallRatio(median, bars[0].near)
	if !ok || math.Abs(float64(to)/float64(from)-1) < leastChange {
		return BasisChange{}, false
	}
	c := BasisChange{Factor: float64(to) / float64(from), To: to, From: from}
	whole := true
	for _, b := range bars {
		if b.is(b.open, c.Factor) && b.is(b.close, c.Factor) {
			c.Bars++
		}
		whole = whole && b.is(b.open, c.Factor) && b.is(b.high, c.Factor) && b.is(b.low, c.Factor) && b.is(b.close, c.Factor)
	}
	c.Certain = whole || c.Bars >= certainBars
	return c, float64(c.Bars) >= (1-mostStray)*float64(len(bars))
}

// barRatio is a bar's stored prices over the delivered ones, and how far the
// rounding of quotes can carry such a ratio from the true one.
type barRatio struct{ open, high, low, close, near float64 }

func ratioOf(stored, row *market.Candle) barRatio {
	return barRatio{
		open: stored.Open / row.Open, high: stored.High / row.High, low: stored.Low / row.Low, close: stored.Close / row.Close,
		near: roundedRatio + roundedPrice/min(stored.Low, row.Low),
	}
}

func (b barRatio) is(ratio, factor float64) bool { return math.Abs(ratio/factor-1) <= b.near }

// smallRatio is the simplest ratio near x that a split can have: n for 1 and 1
// for n, whole numbers up to 10, and the stock dividends of 5 and 10 percent.
func smallRatio(x, near float64) (to, from int, ok bool) {
	best := math.MaxInt
	try := func(t, f int) {
		if t >= 1 && f >= 1 && t+f < best && math.Abs(x*float64(f)/float64(t)-1) <= near {
			to, from, ok, best = t, f, true, t+f
		}
	}
	const most = 10_000
	if x < most && x > 1.0/most { // NaN is neither
		try(int(math.Round(x)), 1)
		try(1, int(math.Round(1/x)))
		for f := 2; f <= 10; f++ {
			if t := int(math.Round(x * float64(f))); t <= 10 {
				try(t, f)
			}
		}
		for _, r := range [][2]int{{11, 10}, {10, 11}, {21, 20}, {20, 21}} {
			try(r[0], r[1])
		}
	}
	return to, from, ok
}

// Rescaled is a stored candle on the basis after a split, as a delivery: its
// prices divided and its volume multiplied by the factor. What the checks said
// of it stays.
func Rescaled(c *Candle, factor float64) quality.Checked {
	row := quality.Checked{Candle: c.Candle, Failed: c.Verdict.Failed.Without(quality.FeatureSane)}
	for _, p := range [...]*float64{&row.Candle.Open, &row.Candle.High, &row.Candle.Low, &row.Candle.Close} {
		*p /= factor
	}
	row.Candle.Volume *= factor
	return row
}

const (
	takeoverHole = 30  // sessions without a bar
	takeoverJump = 2.0 // factor between the prices before and after
)

// TakenOver reports whether a bar is likely to be of another security than the
// one before it under the same ticker: more than 30 sessions lie between them,
// and the price is on another level.
func TakenOver(before, after *market.Candle, sessionsBetween int64) bool {
	jump := math.Abs(math.Log(after.Open / before.Close))
	return sessionsBetween > takeoverHole && jump > math.Log(takeoverJump)
}
