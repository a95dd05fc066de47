package binance

import (
	"fmt"
	"maps"
	"regexp"
	"strings"

	"github.com/candlewright/candlewright/internal/market"
	"github.com/candlewright/candlewright/internal/source"
)

// quote is the coin that prices are in.
const quote = "USDT"

// pattern is what Binance accepts in its symbol parameter.
var pattern = regexp.MustCompile(`^[A-Z0-9]{1,20}$`)

// symbols writes our tickers as Binance does.
type symbols struct{ own map[string]string }

// newSymbols takes pairs that override the rule, ticker to Binance symbol.
func newSymbols(own map[string]string) (symbols, error) {
	for ticker, s := range own {
		if !pattern.MatchString(s) {
			return symbols{}, fmt.Errorf("binance: invalid symbol %q for %s: want 1 to 20 of A-Z 0-9", s, ticker)
		}
	}
	return symbols{own: maps.Clone(own)}, nil
}

// spot is the spot symbol of a coin: BTC is BTCUSDT, and so is BTCUSDT.
func (s symbols) spot(sym market.Symbol) (string, error) {
	if name, ok := s.own[sym.Ticker]; ok {
		return name, nil
	}
	name := sym.Ticker
	if base, ok := strings.CutSuffix(name, quote); !ok || base == "" {
		name += quote
	}
	if !pattern.MatchString(name) {
		return "", &source.Error{
			Kind: source.NotFound, Source: market.Binance,
			Message: fmt.Sprintf("no symbol of Binance is written like %s; map it to one, or use the coin's plain ticker such as BTC", sym.Ticker),
		}
	}
	return name, nil
}
