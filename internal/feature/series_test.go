package feature_test

import (
	"math"
	"math/rand/v2"
	"time"

	"github.com/candlewright/candlewright/internal/grid"
	"github.com/candlewright/candlewright/internal/market"
)

// kind is what a made-up series is like.
type kind struct {
	name  string
	class market.AssetClass
	tf    market.Timeframe
	scale float64 // of the first price
	gaps  float64 // share of slots without a bar
	next  func(rnd *rand.Rand, i int, price float64) float64
	vol   func(rnd *rand.Rand, i int) float64
}

func wander(rnd *rand.Rand, _ int, p float64) float64 { return p * math.Exp(0.01*rnd.NormFloat64()) }

func anyVolume(rnd *rand.Rand, _ int) float64 { return 1000 * math.Exp(rnd.NormFloat64()) }

func kinds() []kind {
	return []kind{
		{"plain", market.Crypto, market.H1, 100, 0, wander, anyVolume},
		{"fine", market.Crypto, market.M5, 100, 0.02, wander, anyVolume},
		{"gaps", market.Crypto, market.M30, 100, 0.3, wander, anyVolume},
		{"many gaps", market.ETF, market.M15, 100, 0.7, wander, anyVolume},
		{"stock 5m", market.Stock, market.M5, 100, 0.1, wander, anyVolume},
		{"stock 1h", market.Stock, market.H1, 100, 0.1, wander, anyVolume},
		{"etf 4h", market.ETF, market.H4, 100, 0.1, wander, anyVolume},
		{"stock 1d", market.Stock, market.D1, 100, 0.1, wander, anyVolume},
		{"stock 1w", market.Stock, market.W1, 100, 0.1, wander, anyVolume},
		{"crypto 4h", market.Crypto, market.H4, 100, 0.1, wander, anyVolume},
		{"crypto 1d", market.Crypto, market.D1, 100, 0.1, wander, anyVolume},
		{"crypto 1w", market.Crypto, market.W1, 100, 0.1, wander, anyVolume},
		{"price 1e-12", market.Crypto, market.M15, 1e-12, 0.05, wander, anyVolume},
		{"price 1e12", market.Crypto, market.M15, 1e12, 0.05, wander, anyVolume},
		{
			"constant", market.Crypto, market.H1, 0.3, 0, func(_ *rand.Rand, _ int, p float64) float64 { return p },
			func(*rand.Rand, int) float64 { return 0.3 },
		},
		{
			"constant but for the last bits", market.Crypto, market.H1, 0.3, 0,
			func(rnd *rand.Rand, _ int, _ float64) float64 { return 0.3 * (1 + 1e-15*rnd.Float64()) },
			func(rnd *rand.Rand, _ int) float64 { return 1e9 * (1 + 1e-14*rnd.Float64()) },
		},
		{
			"nearly constant", market.Crypto, market.H1, 0.3, 0,
			func(rnd *rand.Rand, _ int, _ float64) float64 { return 0.3 * (1 + 1e-9*rnd.Float64()) },
			func(rnd *rand.Rand, _ int) float64 { return 1e9 + math.Floor(8*rnd.Float64())/16 },
		},
		{
			"steady growth", market.Crypto, market.H1, 1, 0, func(_ *rand.Rand, _ int, p float64) float64 { return p * 1.01 },
			func(_ *rand.Rand, i int) float64 { return float64(i) },
		},
		{"jumps", market.Crypto, market.H1, 100, 0, jump, jumpingVolume},
		{"jumps and then quiet", market.Crypto, market.H1, 100, 0, func(rnd *rand.Rand, i int, p float64) float64 {
			switch i % 100 {
			case 20:
				return p * 1e6
			case 21:
				return p / 1e6
			}
			return 100 * (1 + 1e-7*rnd.Float64())
		}, func(rnd *rand.Rand, i int) float64 {
			if i%100 == 20 {
				return 1e18
			}
			return 1000 + rnd.Float64()
		}},
		{
			"few values", market.Crypto, market.H1, 100, 0,
			func(rnd *rand.Rand, _ int, _ float64) float64 { return 100 + float64(rnd.IntN(4)) },
			func(rnd *rand.Rand, _ int) float64 { return float64(rnd.IntN(3)) },
		},
		{"no volume", market.Crypto, market.M15, 100, 0, wander, func(rnd *rand.Rand, i int) float64 {
			if i%70 < 40 || rnd.IntN(3) == 0 {
				return 0
			}
			return anyVolume(rnd, i)
		}},
		{"wild", market.Stock, market.D1, 100, 0, func(rnd *rand.Rand, _ int, p float64) float64 {
			return p * math.Exp(1.5*rnd.NormFloat64())
		}, anyVolume},
	}
}

// jump leaps by up to a million and back at the next chance.
func jump(rnd *rand.Rand, _ int, p float64) float64 {
	switch {
	case p > 1e4:
		if rnd.IntN(5) == 0 {
			return 100
		}
	case rnd.IntN(40) == 0:
		return p * 1e6
	}
	return wander(rnd, 0, p)
}

func jumpingVolume(rnd *rand.Rand, i int) float64 {
	if rnd.IntN(40) == 0 {
		return 1e9 * anyVolume(rnd, i)
	}
	return anyVolume(rnd, i)
}

// series makes n candles of a kind from the year 2004 on, and payments of which
// the 90th comes about midway.
func (k kind) series(n int, seed uint64) ([]market.Candle, []market.Payment) {
	rnd := rand.New(rand.NewPCG(seed, 7))
	g := grid.New(k.class, k.tf)
	slot := g.FirstFrom(time.Date(2004, 1, 5, 0, 0, 0, 0, time.UTC)) + grid.Slot(rnd.IntN(100))
	price := k.scale
	var candles []market.Candle
	var payments []market.Payment
	for i := range n {
		for slot++; rnd.Float64() < k.gaps; slot++ {
		}
		c := market.Candle{TS: g.Stamp(slot), Open: price}
		price = k.next(rnd, i, price)
		c.Close, c.Volume = price, k.vol(rnd, i)
		c.High, c.Low = max(c.Open, c.Close), min(c.Open, c.Close)
		if rnd.IntN(3) > 0 {
			c.High *= 1 + 0.01*rnd.Float64()
			c.Low *= 1 - 0.01*rnd.Float64()
		}
		if rnd.IntN(50) == 0 {
			c.High, c.Low = c.Low, c.High // such a row is stored, though not validated
		}
		c.Delivered, c.Offered = delivered(rnd, c.Volume), offered(rnd)
		candles = append(candles, c)
		if rnd.IntN(n/150+1) == 0 {
			payments = append(payments, payment(rnd, g.End(slot)))
		}
	}
	return candles, payments
}

func payment(rnd *rand.Rand, end time.Time) market.Payment {
	p := market.Payment{At: end.Add(time.Duration(rnd.IntN(3)-1) * time.Second), Rate: 0.0001 * float64(rnd.IntN(9)-4)}
	switch rnd.IntN(20) {
	case 0:
		p.Rate *= 1 + 1e-14
	case 1:
		p.Rate = 2 * rnd.NormFloat64()
	}
	return p
}

func delivered(rnd *rand.Rand, volume float64) (d [market.NumFields]float64) {
	for f := range d {
		d[f] = 100 * rnd.Float64()
		switch rnd.IntN(12) {
		case 0:
			d[f] = math.NaN()
		case 1:
			d[f] = 0
		case 2:
			d[f] = math.Inf(1)
		}
	}
	if x := volume * rnd.Float64(); rnd.IntN(2) == 0 {
		d[market.TakerBuyVolume], d[market.TakerSellVolume] = x, volume-x
	}
	return d
}

func offered(rnd *rand.Rand) market.Fields {
	switch rnd.IntN(8) {
	case 0:
		return 0
	case 1:
		return market.Fields(rnd.Uint32()) & allFields
	case 2:
		return allFields &^ market.FundingPayments
	}
	return allFields
}
