package store_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/candlewright/candlewright/internal/market"
	"github.com/candlewright/candlewright/internal/pipeline"
	"github.com/candlewright/candlewright/internal/store"
)

func tickers(l store.List[pipeline.Symbol]) string {
	var words []string
	for _, s := range l.Rows {
		words = append(words, s.Ticker+":"+string(s.Class[0]))
	}
	if l.More {
		words = append(words, "…")
	}
	return strings.Join(words, " ")
}

func TestSymbolsList(t *testing.T) {
	t.Parallel()
	s, _ := open(t)
	ctx := t.Context()
	// ^ is after Z, 9 before A, . before both: byte by byte, whatever the locale.
	for _, sym := range []market.Symbol{
		{Ticker: "^GSPC", Class: market.ETF},
		{Ticker: "BTC", Class: market.ETF},
		{Ticker: "BTC", Class: market.Crypto},
		{Ticker: "9988.HK", Class: market.Stock},
		{Ticker: "BRK.B", Class: market.Stock},
		{Ticker: "BRKB", Class: market.Stock},
	} {
		track(t, s, sym.Ticker, sym.Class)
	}
	const all = "9988.HK:s BRK.B:s BRKB:s BTC:c BTC:e ^GSPC:e"
	btc, fund := market.Symbol{Ticker: "BTC", Class: market.Crypto}, market.Symbol{Ticker: "BTC", Class: market.ETF}
	gone := market.Symbol{Ticker: "BRZ", Class: market.Stock} // a key need not be a row
	for _, tc := range []struct {
		page store.SymbolPage
		want string
	}{
		{store.SymbolPage{Limit: 10}, all},
		{store.SymbolPage{Limit: 2}, "9988.HK:s BRK.B:s …"},
		{store.SymbolPage{Limit: 2, Backward: true}, "BTC:e ^GSPC:e …"},
		{store.SymbolPage{Limit: 2, Descending: true}, "^GSPC:e BTC:e …"},
		{store.SymbolPage{Limit: 2, Descending: true, Backward: true}, "BRK.B:s 9988.HK:s …"},
		{store.SymbolPage{Limit: 9, After: &btc}, "BTC:e ^GSPC:e"},
		{store.SymbolPage{Limit: 9, After: &gone}, "BTC:c BTC:e ^GSPC:e"},
		{store.SymbolPage{Limit: 9, After: &btc, Descending: true}, "BRKB:s BRK.B:s 9988.HK:s"},
		{store.SymbolPage{Limit: 1, Before: &fund, Backward: true}, "BTC:c …"},
		{store.SymbolPage{Limit: 9, After: &gone, Before: &fund}, "BTC:c"},
	} {
		l, err := s.SymbolsList(ctx, store.SymbolFilter{}, tc.page)
		check(t, err)
		same(t, fmt.Sprintf("page %+v", tc.page), tickers(l), tc.want)
	}
}

func TestSymbolFilters(t *testing.T) {
	t.Parallel()
	s, _ := open(t)
	ctx := t.Context()
	yes, no := true, false
	btc := track(t, s, "BTC", market.Crypto)
	track(t, s, "AAPL", market.Stock)
	_, err := s.TrackSymbol(ctx, store.Tracking{Symbol: market.Symbol{Ticker: "MSFT", Class: market.Stock}, Name: "Microsoft 100%"}, now)
	check(t, err)
	btc.Active = false
	_, err = s.SetTracking(ctx, btc, now)
	check(t, err)
	for _, tc := range []struct {
		f    store.SymbolFilter
		want string
	}{
		{store.SymbolFilter{}, "AAPL:s BTC:c MSFT:s"},
		{store.SymbolFilter{Tickers: []string{"BTC", "MSFT", "NOPE"}}, "BTC:c MSFT:s"},
		{store.SymbolFilter{Tickers: []string{}}, ""},
		{store.SymbolFilter{Classes: []market.AssetClass{market.Stock, market.ETF}}, "AAPL:s MSFT:s"},
		{store.SymbolFilter{Active: &yes}, "AAPL:s MSFT:s"},
		{store.SymbolFilter{Active: &no}, "BTC:c"},
		{store.SymbolFilter{Search: "ap"}, "AAPL:s"},
		{store.SymbolFilter{Search: "SOFT"}, "MSFT:s"},
		{store.SymbolFilter{Search: "%"}, "MSFT:s"},
		{store.SymbolFilter{Search: "soft", Active: &no}, ""},
	} {
		l, err := s.SymbolsList(ctx, tc.f, store.SymbolPage{Limit: 10})
		check(t, err)
		same(t, fmt.Sprintf("filter %+v", tc.f), tickers(l), tc.want)
		n, err := s.CountSymbols(ctx, tc.f)
		check(t, err)
		same(t, fmt.Sprintf("count %+v", tc.f), n, int64(len(l.Rows)))
	}
}
