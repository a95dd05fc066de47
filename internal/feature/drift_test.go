package feature_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/candlewright/candlewright/internal/feature"
	"github.com/candlewright/candlewright/internal/grid"
	"github.com/candlewright/candlewright/internal/market"
)

// Ten million bars, among which the price and the volume leap by a factor of a
// million and back now and then, are in the end as exact as a fresh computation.
func TestTenMillionBarsDoNotDrift(t *testing.T) {
	t.Parallel()
	bars := 10_000_000
	if testing.Short() || raceDetector {
		bars = 300_000
	}
	g := grid.New(market.Crypto, market.M5)
	s := feature.New(g)
	slot := g.FirstFrom(start.AddDate(-100, 0, 0))
	const kept = 1200 // bars after which an average true range has forgotten any beginning
	recent := make([]market.Candle, 0, 2*kept)
	rnd := rand.New(rand.NewPCG(10, 7))
	price := 100.
	for i := range bars {
		c := leapingCandle(rnd, &price)
		c.TS = g.Stamp(slot)
		if len(recent) == 2*kept {
			recent = recent[:copy(recent, recent[kept:])]
		}
		recent = append(recent, c)
		got := s.Push(&c, slot, feature.NoFunding())
		slot++
		if i%(bars/40) != bars/40-1 {
			continue
		}
		want := newReference(g, recent, nil).bar(len(recent) - 1)
		want.Expected = got.Expected
		want.Values.Structure = got.Values.Structure // its swings may lie further back
		if !compareResults(t, recent, len(recent)-1, got, want) {
			t.Fatalf("at bar %d of %d", i, bars)
		}
	}
}

// leapingCandle is the next bar of a walk that stays near 100 or near 100 million.
func leapingCandle(rnd *rand.Rand, price *float64) market.Candle {
	c := market.Candle{Open: *price, Volume: 1 + 1000*rnd.Float64(), Offered: allFields, Delivered: market.NoFields()}
	*price *= 1 + 0.01*(rnd.Float64()-0.5)
	switch dice := rnd.IntN(300); {
	case dice == 0 && *price < 1e5:
		*price *= 1e6
	case *price > 1e5 && dice < 100, *price > 1e9:
		*price = 100
	case *price < 1:
		*price = 100
	case dice == 299:
		c.Volume *= 1e12
	}
	c.Close = *price
	c.High, c.Low = max(c.Open, c.Close)*1.001, min(c.Open, c.Close)*0.999
	c.Delivered[market.OpenInterest] = math.Floor(1e6 * rnd.Float64())
	return c
}
