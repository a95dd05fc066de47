package source_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/candlewright/candlewright/internal/market"
	"github.com/candlewright/candlewright/internal/source"
	"github.com/candlewright/candlewright/internal/source/sim"
)

// dayCount is an inflow that tells its day of November 2024.
type dayCount struct {
	missing int
	err     error
}

func (d dayCount) Inflow(_ context.Context, _ market.Symbol, from, through market.Date) (map[market.Date]float64, bool, error) {
	days := map[market.Date]float64{}
	for day := from; day <= through; day++ {
		if n := day.Time().Day(); n != d.missing {
			days[day] = float64(n)
		}
	}
	return days, true, d.err
}

func TestInflowIsThatOfTheLastDayKnownAtTheEnd(t *testing.T) {
	t.Parallel()
	now := time.Date(2024, 11, 13, 15, 47, 30, 0, time.UTC)
	chain := world(t, sim.NewMarket(sim.Config{Seed: 11, Calm: true}), now, nil).WithInflow(dayCount{missing: 9})
	fetch := func(ticker string, class market.AssetClass, tf market.Timeframe, from time.Time) map[string]float64 {
		t.Helper()
		got := map[string]float64{}
		for p, err := range chain.Candles(t.Context(), source.Request{Symbol: market.Symbol{Ticker: ticker, Class: class}, Timeframe: tf, From: from, To: now, Now: now}) {
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range p.Candles {
				if c.Offered.Has(market.ExchangeInflow) != (class == market.Crypto) {
					t.Errorf("%s offers %b", ticker, c.Offered)
				}
				if v := c.Delivered[market.ExchangeInflow]; v == v {
					got[c.TS.Format("02 15h")] = v
				}
			}
		}
		return got
	}
	day := func(n int) time.Time { return time.Date(2024, 11, n, 0, 0, 0, 0, time.UTC) }
	// A daily bar of the 12th ends on the 13th; the 11th ended 24 hours before. The 9th is not published.
	want := map[string]float64{"08 00h": 7, "09 00h": 8, "11 00h": 10, "12 00h": 11}
	if diff := cmp.Diff(want, fetch("BTC", market.Crypto, market.D1, day(8))); diff != "" {
		t.Errorf("days (-want +got):\n%s", diff)
	}
	hours := fetch("ETH", market.Crypto, market.H1, day(12))
	if hours["12 22h"] != 10 || hours["12 23h"] != 11 || hours["13 14h"] != 11 {
		t.Errorf("hours: %v", hours)
	}
	if got := fetch("AAPL", market.Stock, market.D1, day(8)); len(got) > 0 {
		t.Errorf("a stock has an inflow: %v", got)
	}
}

func TestCandlesComeWithoutAnInflowThatFails(t *testing.T) {
	t.Parallel()
	now := time.Date(2024, 11, 13, 15, 47, 30, 0, time.UTC)
	m := sim.NewMarket(sim.Config{Seed: 11})
	chain := world(t, m, now, nil).WithInflow(dayCount{err: errors.New("down")})
	compare(t, m, chain, source.Request{Symbol: market.Symbol{Ticker: "BTC", Class: market.Crypto}, Timeframe: market.D1, From: now.Truncate(24*time.Hour).AddDate(0, 0, -9), To: now, Now: now})
}
