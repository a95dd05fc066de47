package market_test

import (
	"fmt"
	"time"

	"github.com/candlewright/candlewright/internal/market"
)

func ExampleParseTicker() {
	fmt.Println(market.ParseTicker("btc-usd"))
	_, err := market.ParseTicker("A B")
	fmt.Println(err)
	// Output:
	// BTC-USD <nil>
	// invalid ticker "A B": want 1 to 20 characters of A-Z 0-9 . _ : ^ = - that start with a letter, a digit or ^
}

func ExampleParseTimeframe() {
	_, err := market.ParseTimeframe("1D")
	fmt.Println(err)
	// Output:
	// unknown timeframe "1D": want 5m, 15m, 30m, 1h, 4h, 1d or 1w
}

func ExampleSeries() {
	fmt.Println(market.Series{Symbol: market.Symbol{Ticker: "BTC", Class: market.ETF}, Timeframe: market.D1})
	// Output:
	// BTC (etf) 1d
}

func ExampleDate_Monday() {
	fmt.Println(market.NewDate(2024, time.March, 10).Monday())
	// Output:
	// 2024-03-04
}

func ExampleOffer() {
	offered := market.Offer(market.TakerBuyVolume, market.TakerSellVolume)
	fmt.Println(offered.Has(market.TakerBuyVolume), offered.Has(market.OpenInterest))
	// Output:
	// true false
}
