package yahoo_test

import (
	"testing"

	"go.uber.org/goleak"

	"github.com/candlewright/candlewright/internal/market"
	"github.com/candlewright/candlewright/internal/source"
	"github.com/candlewright/candlewright/internal/source/sim"
	"github.com/candlewright/candlewright/internal/source/sourcetest"
	"github.com/candlewright/candlewright/internal/source/yahoo"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func series(class market.AssetClass, ticker string, tf market.Timeframe) market.Series {
	return market.Series{Symbol: market.Symbol{Ticker: ticker, Class: class}, Timeframe: tf}
}

func newSource(t *testing.T, url string, o sourcetest.Options) source.Source {
	t.Helper()
	s, err := yahoo.New(yahoo.Config{
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
	list := []market.Series{
		series(market.Stock, "BRK.B", market.M5), series(market.Stock, "AAPL", market.M15), series(market.ETF, "SPY", market.M30),
		series(market.Stock, "MSFT", market.H1), series(market.ETF, "QQQ", market.H4), series(market.Stock, "NVDA", market.D1), series(market.Stock, "TSLA", market.W1),
		series(market.Crypto, "BTC", market.M5), series(market.Crypto, "ETH", market.M30), series(market.Crypto, "ADA", market.H4),
		series(market.Crypto, "SOL", market.D1), series(market.Crypto, "BTC", market.W1),
	}
	sourcetest.Run(t, sourcetest.Subject{
		New:      newSource,
		Provider: sim.Yahoo,
		Series:   list,
		Unknown:  market.Symbol{Ticker: "NOPE", Class: market.Stock},
		VolumeWithin: func(s market.Series) float64 {
			if s.Symbol.Class != market.Crypto {
				return 0
			}
			return 1e-5 // whole dollars of a 5-minute bar
		},
	})
}
