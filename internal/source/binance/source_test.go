package binance_test

import (
	"testing"

	"go.uber.org/goleak"

	"github.com/candlewright/candlewright/internal/market"
	"github.com/candlewright/candlewright/internal/source"
	"github.com/candlewright/candlewright/internal/source/binance"
	"github.com/candlewright/candlewright/internal/source/sim"
	"github.com/candlewright/candlewright/internal/source/sourcetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func coin(ticker string, tf market.Timeframe) market.Series {
	return market.Series{Symbol: market.Symbol{Ticker: ticker, Class: market.Crypto}, Timeframe: tf}
}

func newSource(t *testing.T, url string, o sourcetest.Options) source.Source {
	t.Helper()
	s, err := binance.New(binance.Config{
		URL: url, PageRows: o.PageRows, Clock: o.Clock, Timeouts: o.Timeouts, MaxBody: o.MaxBody, Breaker: o.Breaker,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

func TestConformance(t *testing.T) {
	t.Parallel()
	sourcetest.Run(t, sourcetest.Subject{
		New:      newSource,
		Provider: sim.Binance,
		Series: []market.Series{
			coin("BTC", market.M5), coin("ETH", market.M15), coin("SOLUSDT", market.M30), coin("BTC", market.H1),
			coin("ADA", market.H4), coin("BTC", market.D1), coin("XRP", market.W1),
		},
		Unknown: market.Symbol{Ticker: "NOPE", Class: market.Crypto},
	})
}
