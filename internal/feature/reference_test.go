package feature_test

import (
	"math"
	"math/big"
	"time"

	"github.com/candlewright/candlewright/internal/feature"
	"github.com/candlewright/candlewright/internal/grid"
	"github.com/candlewright/candlewright/internal/market"
)

// reference computes the features a second time, slowly: each bar afresh from
// the bars up to it, word by word from the rules, with sums and square roots in
// 300 bits. Nothing is shared with the package but its words and the calendar's
// stamps and ends.
type reference struct {
	g        grid.Grid
	candles  []market.Candle
	slots    []grid.Slot
	payments []market.Payment
	stored   map[grid.Slot]int // the bar of a slot
	atr      []float64
}

func newReference(g grid.Grid, candles []market.Candle, payments []market.Payment) *reference {
	r := &reference{g: g, candles: candles, payments: payments, stored: map[grid.Slot]int{}}
	for i, c := range candles {
		slot, ok := g.At(c.TS)
		if !ok {
			panic("off grid")
		}
		r.slots = append(r.slots, slot)
		r.stored[slot] = i
	}
	r.atr = r.averageTrueRanges()
	return r
}

func bf(x float64) *big.Float { return new(big.Float).SetPrec(300).SetFloat64(x) }

func bigSum(xs []float64) *big.Float {
	s := bf(0)
	for _, x := range xs {
		s.Add(s, bf(x))
	}
	return s
}

func bigMean(xs []float64) *big.Float { return new(big.Float).Quo(bigSum(xs), bf(float64(len(xs)))) }

// bigDeviation is the sample standard deviation, 0 where it is within 1e-12 of
// the scale.
func bigDeviation(xs []float64, scale float64) *big.Float {
	mean, squares := bigMean(xs), bf(0)
	for _, x := range xs {
		d := new(big.Float).Sub(bf(x), mean)
		squares.Add(squares, d.Mul(d, d))
	}
	sd := new(big.Float).Quo(squares, bf(float64(len(xs)-1)))
	sd.Sqrt(sd)
	if sd.Cmp(new(big.Float).Mul(bf(1e-12), bf(scale))) <= 0 {
		return bf(0)
	}
	return sd
}

func float(x *big.Float) float64 {
	f, _ := x.Float64()
	return f
}

// greater is > between values of which those within 1e-12 relative are equal.
func greater(a, b float64) bool {
	return a > b && math.Abs(a-b) > 1e-12*max(math.Abs(a), math.Abs(b))
}

func (r *reference) averageTrueRanges() []float64 {
	atr := make([]float64, len(r.candles))
	sum, now := bf(0), bf(0)
	for i, c := range r.candles {
		atr[i] = math.NaN()
		if i == 0 {
			continue
		}
		before := r.candles[i-1].Close
		tr := bf(max(c.High-c.Low, math.Abs(c.High-before), math.Abs(c.Low-before)))
		switch {
		case i < 14:
			sum.Add(sum, tr)
			continue
		case i == 14:
			now = new(big.Float).Quo(sum.Add(sum, tr), bf(14))
		default:
			now = new(big.Float).Quo(now.Add(now.Mul(now, bf(13)), tr), bf(14))
		}
		atr[i] = float(now)
	}
	return atr
}

func (r *reference) last(i, n int, of func(k int) float64) []float64 {
	var xs []float64
	for k := i - n + 1; k <= i; k++ {
		xs = append(xs, of(k))
	}
	return xs
}

func (r *reference) close(k int) float64  { return r.candles[k].Close }
func (r *reference) volume(k int) float64 { return r.candles[k].Volume }
func (r *reference) logReturn(k int) float64 {
	q, _ := new(big.Float).Quo(bf(r.close(k)), bf(r.close(k-1))).Float64()
	return math.Log(q)
}

// bar is what is known of bar i at its end.
func (r *reference) bar(i int) feature.Result {
	res := feature.Result{Values: feature.NoValues()}
	v := &res.Values
	want := func(n feature.Name, full bool, x func() float64) {
		if !full {
			return
		}
		res.Expected |= feature.SetOf(n)
		if y := x(); !math.IsInf(y, 0) {
			v.Num[n] = y
		}
	}
	r.returns(i, &res)
	want(feature.Volatility20, i >= 20, func() float64 { return float(bigDeviation(r.last(i, 20, r.logReturn), 1)) })
	want(feature.Volatility50, i >= 50, func() float64 { return float(bigDeviation(r.last(i, 50, r.logReturn), 1)) })
	want(feature.ATR, i >= 14, func() float64 { return r.atr[i] })
	if i >= 49 {
		res.Expected |= feature.SetOf(feature.TrendDirection)
		v.Trend = r.trend(i)
	}
	if v.Structure = r.structure(i); v.Structure != "" {
		res.Expected |= feature.SetOf(feature.MarketStructure)
	}
	want(feature.RollingVolume20, i >= 19, func() float64 { return float(bigSum(r.last(i, 20, r.volume))) })
	if r.g.Class() == market.Crypto {
		want(feature.VolumeSpikeScore, i >= 20, func() float64 { return r.spike(i) })
		r.crypto(i, &res)
	}
	return res
}

func (r *reference) returns(i int, res *feature.Result) {
	end, slot := r.g.End(r.slots[i]), r.slots[i]
	refer := func(n feature.Name, j grid.Slot) {
		if j < r.slots[0] {
			return
		}
		res.Expected |= feature.SetOf(n)
		if k, ok := r.stored[j]; ok && k < i {
			x := r.close(i)/r.close(k) - 1
			if x < -1 || x > 5 {
				res.Insane = true
				return
			}
			res.Values.Num[n] = x
		}
	}
	tf := r.g.Timeframe()
	if tf.Intraday() && tf != market.H4 {
		j := slot - 1
		for r.g.End(j).After(end.Add(-time.Hour)) {
			j--
		}
		refer(feature.Return1h, j)
	}
	if tf == market.W1 {
		return
	}
	j := slot - 1
	if r.g.Class() == market.Crypto {
		for r.g.End(j).After(end.Add(-24 * time.Hour)) {
			j--
		}
	} else {
		for r.g.SessionOf(j) == r.g.SessionOf(slot) {
			j--
		}
	}
	refer(feature.Return1d, j)
}

func (r *reference) trend(i int) feature.Trend {
	c, sma20, sma50 := r.close(i), float(bigMean(r.last(i, 20, r.close))), float(bigMean(r.last(i, 50, r.close)))
	switch {
	case greater(c, sma20) && greater(sma20, sma50):
		return feature.Up
	case greater(sma20, c) && greater(sma50, sma20):
		return feature.Down
	}
	return feature.Neutral
}

func (r *reference) structure(i int) feature.Structure {
	swings := func(beyond func(mid, other market.Candle) bool, value func(market.Candle) float64) (two []float64) {
		for k := i - 2; k >= 2 && len(two) < 2; k-- {
			c := r.candles
			if beyond(c[k], c[k-2]) && beyond(c[k], c[k-1]) && beyond(c[k], c[k+1]) && beyond(c[k], c[k+2]) {
				two = append(two, value(c[k]))
			}
		}
		return two
	}
	h := swings(func(a, b market.Candle) bool { return greater(a.High, b.High) }, func(c market.Candle) float64 { return c.High })
	l := swings(func(a, b market.Candle) bool { return greater(b.Low, a.Low) }, func(c market.Candle) float64 { return c.Low })
	switch {
	case len(h) < 2 || len(l) < 2:
		return ""
	case greater(h[0], h[1]) && greater(l[0], l[1]):
		return feature.Bullish
	case greater(h[1], h[0]) && greater(l[1], l[0]):
		return feature.Bearish
	}
	return feature.Range
}

func (r *reference) spike(i int) float64 {
	before := r.last(i-1, 20, r.volume)
	scale := 0.
	for _, x := range before {
		scale = max(scale, x)
	}
	sd := bigDeviation(before, scale)
	if sd.Sign() == 0 {
		return math.NaN()
	}
	d := new(big.Float).Sub(bf(r.volume(i)), bigMean(before))
	return float(d.Quo(d, sd))
}

func (r *reference) crypto(i int, res *feature.Result) {
	c, v := &r.candles[i], &res.Values
	field := func(f market.Field, n feature.Name) float64 {
		if x := c.Delivered[f]; !math.IsInf(x, 0) {
			v.Num[n] = x
		}
		return v.Num[n]
	}
	set := func(n feature.Name, x float64) {
		if !math.IsInf(x, 0) {
			v.Num[n] = x
		}
	}
	oi := field(market.OpenInterest, feature.OpenInterest)
	field(market.FundingRate, feature.FundingRate)
	longs, shorts := field(market.LiquidationsLong, feature.LiquidationsLong), field(market.LiquidationsShort, feature.LiquidationsShort)
	buy, sell := field(market.TakerBuyVolume, feature.TakerBuyVolume), field(market.TakerSellVolume, feature.TakerSellVolume)
	field(market.LongShortRatio, feature.LongShortRatio)
	field(market.ExchangeInflow, feature.ExchangeInflow)
	set(feature.Delta, buy-sell)
	set(feature.BuySellRatio, buy/sell)
	set(feature.LiquidationIntensity, (longs+shorts)/c.Volume)
	if i > 0 {
		if before := r.candles[i-1].Delivered[market.OpenInterest]; !math.IsInf(before, 0) {
			set(feature.OpenInterestChange, oi/before-1)
		}
	}
	known := 0
	if c.Offered&market.FundingPayments != 0 {
		known = r.funding(i, v)
	}
	r.expectCrypto(i, known, res)
}

// funding fills 10 and 20 and gives the number of payments known.
func (r *reference) funding(i int, v *feature.Values) int {
	var rates []float64
	for _, p := range r.payments {
		if math.Abs(p.Rate) <= 1 && !p.At.After(r.g.End(r.slots[i])) {
			rates = append(rates, p.Rate)
		}
	}
	v.Num[feature.FundingRate] = math.NaN()
	if len(rates) > 0 {
		v.Num[feature.FundingRate] = rates[len(rates)-1]
	}
	if len(rates) >= 90 {
		count := 0.
		for _, x := range rates[len(rates)-90:] {
			if !greater(x, rates[len(rates)-1]) {
				count++
			}
		}
		v.Num[feature.FundingRatePercentile] = 100 * count / 90
	}
	return len(rates)
}

func (r *reference) expectCrypto(i, known int, res *feature.Result) {
	o := r.candles[i].Offered
	payments := o&market.FundingPayments != 0
	buys := o.Has(market.TakerBuyVolume)
	for n, expected := range map[feature.Name]bool{
		feature.OpenInterest:          o.Has(market.OpenInterest),
		feature.FundingRate:           o.Has(market.FundingRate) || payments,
		feature.LiquidationsLong:      o.Has(market.LiquidationsLong),
		feature.LiquidationsShort:     o.Has(market.LiquidationsShort),
		feature.TakerBuyVolume:        buys,
		feature.TakerSellVolume:       buys || o.Has(market.TakerSellVolume),
		feature.Delta:                 buys, // and so both
		feature.BuySellRatio:          buys, // and so both
		feature.LiquidationIntensity:  o.Has(market.LiquidationsLong) && o.Has(market.LiquidationsShort),
		feature.LongShortRatio:        o.Has(market.LongShortRatio),
		feature.FundingRatePercentile: payments && known >= 90,
		feature.ExchangeInflow:        o.Has(market.ExchangeInflow),
		feature.OpenInterestChange:    o.Has(market.OpenInterest) && i > 0 && r.candles[i-1].Offered.Has(market.OpenInterest),
	} {
		if expected {
			res.Expected |= feature.SetOf(n)
		}
	}
}
