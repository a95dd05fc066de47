package polygon_test

import (
	"testing"

	"go.uber.org/goleak"

	"github.com/candlewright/candlewright/internal/market"
	"github.com/candlewright/candlewright/internal/source"
	"github.com/candlewright/candlewright/internal/source/polygon"
	"github.com/candlewright/candlewright/internal/source/sim"
	"github.com/candlewright/candlewright/internal/source/sourcetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func series(class market.AssetClass, ticker string, tf market.Timeframe) market.Series {
	return market.Series{Symbol: market.Symbol{Ticker: ticker, Class: class}, Timeframe: tf}
}

// advanced is the plan without limits of history or freshness.
func advanced(t *testing.T) polygon.Plan {
	t.Helper()
	p, err := polygon.ParsePlan("advanced")
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func newSource(t *testing.T, url string, o sourcetest.Options) source.Source {
	t.Helper()
	s, err := polygon.New(polygon.Config{
		URL: url, Key: "k3y", Plan: advanced(t), PageRows: o.PageRows,
		Clock: o.Clock, Timeouts: o.Timeouts, MaxBody: o.MaxBody, Breaker: o.Breaker,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

func TestConformance(t *testing.T) {
	t.Parallel()
	list := []market.Series{series(market.ETF, "SPY", market.H4), series(market.ETF, "QQQ", market.D1)}
	for _, tf := range market.Timeframes() {
		list = append(list, series(market.Stock, "AAPL", tf))
	}
	for _, tf := range []market.Timeframe{market.M5, market.H1, market.H4, market.D1, market.W1} {
		list = append(list, series(market.Crypto, "BTC", tf))
	}
	sourcetest.Run(t, sourcetest.Subject{
		New:      newSource,
		Provider: sim.Polygon,
		Series:   list,
		Unknown:  market.Symbol{Ticker: "NOPE", Class: market.Stock},
	})
}
