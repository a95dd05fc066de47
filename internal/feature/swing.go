package feature

// swings follows the swing points of a series, the fractals of Bill Williams
// ("Trading Chaos", 1995): a bar whose high is above the highs of the two bars
// before it and of the two after it, or whose low is below their lows. The two
// bars after must have ended, so a swing is known two bars late.
type swings struct {
	highs, lows   [4]float64 // of the last four bars, newest first
	tops, bottoms points
}

// points are the last two swing highs, or lows.
type points struct {
	last, before float64
	known        int8 // 0, 1, 2
}

func (p *points) add(x float64) {
	p.last, p.before = x, p.last
	p.known = min(p.known+1, 2)
}

// push takes bar i (from 0) and gives the structure that is known at its end, ""
// until two swings of each kind are.
func (s *swings) push(i int64, high, low float64) Structure {
	h, l := &s.highs, &s.lows
	if i >= 4 {
		if mid := h[1]; above(mid, high) && above(mid, h[0]) && above(mid, h[2]) && above(mid, h[3]) {
			s.tops.add(mid)
		}
		if mid := l[1]; above(low, mid) && above(l[0], mid) && above(l[2], mid) && above(l[3], mid) {
			s.bottoms.add(mid)
		}
	}
	h[0], h[1], h[2], h[3] = high, h[0], h[1], h[2]
	l[0], l[1], l[2], l[3] = low, l[0], l[1], l[2]
	return s.structure()
}

func (s *swings) structure() Structure {
	t, b := &s.tops, &s.bottoms
	switch {
	case t.known < 2 || b.known < 2:
		return ""
	case above(t.last, t.before) && above(b.last, b.before):
		return Bullish
	case above(t.before, t.last) && above(b.before, b.last):
		return Bearish
	}
	return Range
}
