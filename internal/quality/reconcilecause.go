package quality

import (
	"cmp"
	"math"
	"slices"
	"time"

	"github.com/candlewright/candlewright/internal/grid"
	"github.com/candlewright/candlewright/internal/market"
)

// DifferenceCause is why two sources probably differ.
type DifferenceCause string

// The causes that leave a shape in the differences.
const (
	CauseSplit          DifferenceCause = "split_factor"     // prices in a ratio of small whole numbers
	CauseCurrency       DifferenceCause = "currency_factor"  // prices in the ratio 100, as of pence and pounds
	CauseDividends      DifferenceCause = "dividends"        // prices in a ratio that changes by little, from stretch to stretch
	CauseShift          DifferenceCause = "session_shift"    // the same bars, at other stamps
	CauseLiveQuote      DifferenceCause = "live_quote"       // the newest bar alone: it was not final
	CauseMarket         DifferenceCause = "different_market" // another exchange, or another quote currency
	CauseVolumeUnit     DifferenceCause = "volume_unit"      // volumes in the ratio of the price, or of a lot
	CauseVolumeEstimate DifferenceCause = "volume_estimate"  // one side divided a quote volume by a typical price
	CauseExtendedHours  DifferenceCause = "extended_hours"   // a day's volume with the trades before and after the session
	CauseHistory        DifferenceCause = "history"          // before one source's first bar, or after its last
	CauseNoTrade        DifferenceCause = "no_trade"         // a bar without volume here, no bar there
	CauseMissingBar     DifferenceCause = "missing_bar"      // one source leaves a bar out
	CauseUnknown        DifferenceCause = "unexplained"
)

// Group is the differences that have one cause, of one size and direction.
type Group struct {
	Cause     DifferenceCause
	Bars      int
	From, To  time.Time // first and last stamp
	Worst     float64   // of the relative differences, 0 … 1
	Ratio     [2]int    // of the second source's values to the first's, as 4 to 1; zero where there is none
	Inverse   bool      // of a split: the volumes are in the inverse ratio
	Quote     bool      // of a volume's unit: the ratio is about the price
	Later     int       // of a shift: bars by which the second source's lie later, negative: earlier
	LaterTime time.Duration
	Larger    market.SourceName // of volumes: who has more; of bars that one lacks: who has them
}

// kind is what the differences of a group have in common.
type kind struct {
	cause     DifferenceCause
	ratio     [2]int
	inverse   bool
	quote     bool
	later     int
	laterTime time.Duration
	larger    market.SourceName
}

// How near two numbers must be to count as the same shape. They are wider than
// a tolerance should be: prices are rounded to cents, volumes are settled later.
const (
	samePrices = 1e-5 // of one bar at two stamps
	sameRatio  = 2e-3 // of the prices of one bar to each other, and to p/q
	nearVolume = 0.02
	nearUnit   = 0.15 // the typical price is not the mean price of the trades
	otherPrice = 0.1  // two markets are not further apart
)

// seeker finds the causes of the differences of two sources.
type seeker struct {
	grid         grid.Grid
	tolerance    float64
	a, b         market.SourceName
	barsA, barsB bars
	common       []grid.Slot // that both have, ascending

	differing map[grid.Slot]*Difference
	groups    map[kind]*Group
}

// causes marks each difference and gives the groups.
func (s *seeker) causes(list []Difference, stray []*market.Candle) []Group {
	s.groups = map[kind]*Group{}
	s.differing = make(map[grid.Slot]*Difference, len(list))
	for i := range list {
		s.differing[list[i].slot] = &list[i]
	}
	s.shifts(list, stray)
	for i := range list {
		d := &list[i]
		switch {
		case len(d.Causes) > 0:
		case d.Only():
			s.lone(d)
		default:
			var of kind
			if d.prices {
				of = s.priceCause(d)
				s.put(d, of)
			}
			if d.volume {
				if k := s.volumeCause(d); k != of {
					s.put(d, k)
				}
			}
		}
	}
	groups := make([]Group, 0, len(s.groups))
	for _, g := range s.groups {
		groups = append(groups, *g)
	}
	slices.SortFunc(groups, func(a, b Group) int {
		return cmp.Or(b.Bars-a.Bars, a.From.Compare(b.From), cmp.Compare(a.Cause, b.Cause), cmp.Compare(a.Ratio[0], b.Ratio[0]))
	})
	return groups
}

// put enters a difference in the group of a kind.
func (s *seeker) put(d *Difference, k kind) {
	if !slices.Contains(d.Causes, k.cause) {
		d.Causes = append(d.Causes, k.cause)
	}
	g := s.groups[k]
	if g == nil {
		g = &Group{
			Cause: k.cause, From: d.TS, To: d.TS, Ratio: k.ratio, Inverse: k.inverse, Quote: k.quote,
			Later: k.later, LaterTime: k.laterTime, Larger: k.larger,
		}
		s.groups[k] = g
	}
	_, worst := d.Worst()
	g.Bars++
	g.Worst = max(g.Worst, worst)
	if d.TS.Before(g.From) {
		g.From = d.TS
	}
	if d.TS.After(g.To) {
		g.To = d.TS
	}
}

// priceCause is why the prices of a bar differ. It takes the volume with it
// where the same cause explains that too.
func (s *seeker) priceCause(d *Difference) kind {
	if s.newestAlone(d, func(d *Difference) bool { return d.prices || d.Relative[Close] > s.tolerance }) {
		d.volume = false
		return kind{cause: CauseLiveQuote}
	}
	ratio, uniform := uniformRatio(d)
	if uniform {
		if p, q, ok := s.smallRatio(d, ratio); ok {
			return s.factor(d, ratio, p, q)
		}
	}
	if s.grid.Class() == market.Crypto && s.a != s.b && math.Abs(d.B[Close]/d.A[Close]-1) < otherPrice {
		return kind{cause: CauseMarket}
	}
	if uniform && s.grid.Class() != market.Crypto && ratio > 0.2 && ratio < 5 && s.lasts(d, ratio) {
		return kind{cause: CauseDividends, larger: s.larger(d.A[Close], d.B[Close])}
	}
	return kind{cause: CauseUnknown}
}

// factor tells a currency's 100 from a split by the volume, which a split
// changes inversely.
func (s *seeker) factor(d *Difference, ratio float64, p, q int) kind {
	k := kind{cause: CauseSplit, ratio: [2]int{p, q}}
	volumes := d.B[Volume] / d.A[Volume]
	k.inverse = math.Abs(math.Log(volumes*ratio)) < math.Abs(math.Log(volumes))
	if !k.inverse && max(p, q) == 100 && min(p, q) == 1 {
		k.cause = CauseCurrency
	}
	if k.inverse {
		d.volume = relative(d.A[Volume], d.B[Volume]*ratio) > nearVolume
	}
	return k
}

// uniformRatio is the second's prices over the first's, where all four say the
// same.
func uniformRatio(d *Difference) (float64, bool) {
	ratio := d.B[Close] / d.A[Close]
	if !finite(ratio) || ratio <= 0 {
		return 0, false
	}
	for f := Open; f <= Close; f++ {
		if r := d.B[f] / d.A[f]; !(math.Abs(r/ratio-1) <= sameRatio) {
			return ratio, false
		}
	}
	return ratio, true
}

// smallRatio finds p/q of small whole numbers: n to 1, and the few others in
// which shares are split. A ratio near 1 counts only where it lasts, since the
// prices of one bar can be in it by chance.
func (s *seeker) smallRatio(d *Difference, ratio float64) (p, q int, ok bool) {
	big := max(ratio, 1/ratio)
	for den := 1; den <= 5 && !ok; den++ {
		num := int(math.Round(big * float64(den)))
		if num <= den || den > 1 && num > 10 || den == 1 && num > 100 && num != 1000 && num != 1_000_000 {
			continue
		}
		if math.Abs(big/(float64(num)/float64(den))-1) <= sameRatio {
			p, q, ok = num, den, true
		}
	}
	if !ok || big < 1.4 && !s.lasts(d, ratio) {
		return 0, 0, false
	}
	if ratio < 1 {
		p, q = q, p
	}
	return p, q, true
}

// lasts reports whether a bar next to this one differs in the same ratio.
func (s *seeker) lasts(d *Difference, ratio float64) bool {
	i, _ := slices.BinarySearch(s.common, d.slot)
	for _, j := range [2]int{i - 1, i + 1} {
		if j < 0 || j >= len(s.common) {
			continue
		}
		if next := s.differing[s.common[j]]; next != nil {
			if r, ok := uniformRatio(next); ok && math.Abs(r/ratio-1) <= sameRatio {
				return true
			}
		}
	}
	return false
}

// newestAlone reports whether a bar is the newest that both have, and the one
// before it does not differ in the same way.
func (s *seeker) newestAlone(d *Difference, alike func(*Difference) bool) bool {
	n := len(s.common)
	if n < 2 || s.common[n-1] != d.slot {
		return false
	}
	before := s.differing[s.common[n-2]]
	return before == nil || !alike(before)
}

// volumeCause is why the volumes of a bar differ.
func (s *seeker) volumeCause(d *Difference) kind {
	a, b := d.A[Volume], d.B[Volume]
	if ratio, uniform := uniformRatio(d); uniform && slices.Contains(d.Causes, CauseSplit) {
		if adjusted := b * ratio; math.Abs(math.Log(adjusted/a)) < math.Abs(math.Log(b/a)) {
			b = adjusted
		}
	}
	k := kind{larger: s.larger(a, b)}
	if unit, quote, p, q := s.volumeUnit(d, b/a); unit {
		return kind{cause: CauseVolumeUnit, quote: quote, ratio: [2]int{p, q}, larger: k.larger}
	}
	crypto := s.grid.Class() == market.Crypto
	switch {
	case (d.a.VolumeEstimated || d.b.VolumeEstimated) && relative(a, b) < nearVolume:
		k.cause = CauseVolumeEstimate
	case crypto && s.a != s.b:
		k = kind{cause: CauseMarket}
	case s.newestAlone(d, func(d *Difference) bool { return d.Relative[Volume] > s.tolerance }):
		k.cause = CauseLiveQuote
	case !crypto && !s.grid.Timeframe().Intraday() && k.larger == market.Polygon && relative(a, b) < 0.7:
		k.cause = CauseExtendedHours
	default:
		k = kind{cause: CauseUnknown}
	}
	return k
}

// volumeUnit reports whether the ratio of two volumes is that of units: the
// price, where one counts money, or a lot of 100, 1,000 or a million.
func (s *seeker) volumeUnit(d *Difference, ratio float64) (unit, quote bool, p, q int) {
	if !finite(ratio) || ratio <= 0 {
		return false, false, 0, 0
	}
	typical := (d.A[High] + d.A[Low] + d.A[Close]) / 3
	if math.Abs(math.Log(typical)) > math.Log(1.5) {
		for _, r := range [2]float64{ratio / typical, ratio * typical} {
			if math.Abs(math.Log(r)) < math.Log(1+nearUnit) {
				return true, true, 0, 0
			}
		}
	}
	for _, lot := range [3]int{100, 1000, 1_000_000} {
		switch {
		case math.Abs(ratio/float64(lot)-1) <= nearVolume:
			return true, false, lot, 1
		case math.Abs(ratio*float64(lot)-1) <= nearVolume:
			return true, false, 1, lot
		}
	}
	return false, false, 0, 0
}

func (s *seeker) larger(a, b float64) market.SourceName {
	if b > a {
		return s.b
	}
	return s.a
}

// lone is why only one source has a bar.
func (s *seeker) lone(d *Difference) {
	has, other, bar := s.a, s.barsB, d.a
	if d.HasB {
		has, other, bar = s.b, s.barsA, d.b
	}
	k := kind{cause: CauseMissingBar, larger: has}
	switch {
	case other.outside(d.slot):
		k.cause = CauseHistory
	case bar.Volume == 0:
		k.cause = CauseNoTrade
	}
	s.put(d, k)
}
