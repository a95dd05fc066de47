package source_test

import (
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/candlewright/candlewright/internal/market"
	"github.com/candlewright/candlewright/internal/source"
	"github.com/candlewright/candlewright/internal/source/binance"
	"github.com/candlewright/candlewright/internal/source/polygon"
	"github.com/candlewright/candlewright/internal/source/sim"
	"github.com/candlewright/candlewright/internal/source/yahoo"
)

// world is three simulated providers over one market, and the chain of the real
// adapters that call them.
func world(t *testing.T, m *sim.Market, now time.Time, faults map[market.SourceName]sim.Schedule) *source.Chain {
	t.Helper()
	serve := func(name market.SourceName, p func(sim.Options) *sim.Provider) string {
		s := httptest.NewServer(p(sim.Options{Market: m, Now: func() time.Time { return now }, Faults: faults[name]}))
		t.Cleanup(s.Close)
		return s.URL
	}
	clock := (&sleeper{}).clock()
	breaker := source.BreakerConfig{Failures: 1000}
	plan, err := polygon.ParsePlan("advanced")
	if err != nil {
		t.Fatal(err)
	}
	p, err := polygon.New(polygon.Config{URL: serve(market.Polygon, sim.Polygon), Key: "k", Plan: plan, Clock: clock, Breaker: breaker})
	if err != nil {
		t.Fatal(err)
	}
	b, err := binance.New(binance.Config{URL: serve(market.Binance, sim.Binance), Clock: clock, Breaker: breaker})
	if err != nil {
		t.Fatal(err)
	}
	y, err := yahoo.New(yahoo.Config{URL: serve(market.Yahoo, sim.Yahoo), Clock: clock, Breaker: breaker})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close(); b.Close(); y.Close() })
	return source.NewChain(source.DefaultOrder(), p, b, y)
}

// TestFiftySymbolsWithFailingProviders has a fifth of all requests fail: every
// series comes out complete, each bar once and as the market has it.
func TestFiftySymbolsWithFailingProviders(t *testing.T) {
	t.Parallel()
	now := time.Date(2024, 11, 13, 15, 47, 30, 0, time.UTC)
	m := sim.NewMarket(sim.Config{Seed: 11})
	kinds := []sim.Fault{{Kind: sim.TooMany, RetryAfter: "2"}, {Kind: sim.ServerError}, {Kind: sim.BadGateway}, {Kind: sim.Reset}, {Kind: sim.Truncated}, {Kind: sim.HTML}, {Kind: sim.Empty}}
	chain := world(t, m, now, map[market.SourceName]sim.Schedule{
		market.Polygon: sim.Share(1, 0.2, kinds...), market.Binance: sim.Share(2, 0.2, kinds...), market.Yahoo: sim.Share(3, 0.2, kinds...),
	})
	symbols := sim.Symbols()
	for _, ticker := range []string{"AA", "BB", "CC", "DD", "EE", "FF", "GG", "HH", "II", "JJ", "KK", "LL", "MM", "NN", "OO", "PP", "QQ", "RR", "SS", "TT", "UU", "VV", "WW", "XX", "YY", "ZZ", "ZA", "ZB", "ZC"} {
		symbols = append(symbols, market.Symbol{Ticker: ticker, Class: market.Stock})
	}
	if len(symbols) != 50 {
		t.Fatalf("%d symbols", len(symbols))
	}
	work := make(chan market.Symbol)
	var wg sync.WaitGroup
	var mu sync.Mutex
	failures := 0
	for range 4 {
		wg.Go(func() {
			for sym := range work {
				r := source.Request{
					Symbol: sym, Timeframe: market.D1, Now: now, From: now.Truncate(24*time.Hour).AddDate(-1, 0, 0), To: now,
					OnFailure: func(a source.Attempt) {
						mu.Lock()
						defer mu.Unlock()
						failures++
						if a.Success || a.ErrorCode == "" || a.ErrorCode == string(source.Unknown) || a.ErrorMessage == "" {
							t.Errorf("%s: failed attempt %+v", sym, a)
						}
					},
				}
				compare(t, m, chain, r)
			}
		})
	}
	for _, sym := range symbols {
		work <- sym
	}
	close(work)
	wg.Wait()
	if failures == 0 {
		t.Error("nothing failed, so nothing was shown")
	}
}

// TestStandInAndReturn has the best source refuse the first call with all its
// retries.
func TestStandInAndReturn(t *testing.T) {
	t.Parallel()
	now := time.Date(2024, 11, 13, 15, 47, 30, 0, time.UTC)
	m := sim.NewMarket(sim.Config{Seed: 11})
	chain := world(t, m, now, map[market.SourceName]sim.Schedule{market.Binance: sim.First(4, sim.Fault{Kind: sim.ServerError})})
	r := source.Request{
		Symbol: market.Symbol{Ticker: "BTC", Class: market.Crypto}, Timeframe: market.H1, Now: now,
		From: now.Truncate(24*time.Hour).AddDate(0, 0, -100), To: now,
	}
	by := compare(t, m, chain, r)
	if by[market.Polygon] != 1000 || by[market.Binance] == 0 || by[market.Yahoo] != 0 {
		t.Errorf("candles by source %v, want a page of 1000 from the stand-in and the rest from the best", by)
	}
}

func TestFundingComesFromTheSourceThatHasIt(t *testing.T) {
	t.Parallel()
	chain := world(t, sim.NewMarket(sim.Config{Seed: 11}), time.Date(2024, 11, 13, 15, 47, 30, 0, time.UTC), nil)
	if f, ok := chain.Funding(market.Symbol{Ticker: "BTC", Class: market.Crypto}); !ok || f.(source.Source).Name() != market.Binance {
		t.Errorf("funding of a coin comes from %v", f)
	}
	if _, ok := chain.Funding(market.Symbol{Ticker: "AAPL", Class: market.Stock}); ok {
		t.Error("a stock has funding")
	}
	if _, ok := source.NewChain(source.DefaultOrder()).Funding(market.Symbol{Ticker: "BTC", Class: market.Crypto}); ok {
		t.Error("nobody has funding")
	}
}

// compare fetches a range through a chain and holds it against the market; it
// counts the candles of each source.
func compare(t *testing.T, m *sim.Market, chain *source.Chain, r source.Request) map[market.SourceName]int {
	t.Helper()
	var got []market.Candle
	by := make(map[market.SourceName]int)
	for p, err := range chain.Candles(t.Context(), r) {
		if err != nil {
			t.Errorf("%s: %v", r.Symbol, err)
			return by
		}
		by[p.Attempt.Source] += len(p.Candles)
		got = append(got, p.Candles...)
	}
	i := 0
	for bar := range m.Walk(r.Symbol, r.Timeframe, r.From, r.To, r.Now) {
		if bar.Running {
			continue
		}
		if i >= len(got) || !got[i].TS.Equal(bar.TS) || got[i].Open != bar.Open || got[i].High != bar.High || got[i].Low != bar.Low || got[i].Close != bar.Close {
			t.Errorf("%s: candle %d of %d is not the market's of %v", r.Symbol, i, len(got), bar.TS)
			return by
		}
		i++
	}
	if i != len(got) {
		t.Errorf("%s: %d candles, the market has %d", r.Symbol, len(got), i)
	}
	return by
}
