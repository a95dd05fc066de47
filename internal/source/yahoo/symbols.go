package yahoo

import (
	"strings"

	"github.com/candlewright/candlewright/internal/market"
)

// collided are coins whose plain name is another coin's at Yahoo.
var collided = map[string]string{
	"UNI": "UNI7083-USD",
	"SUI": "SUI20947-USD",
	"APT": "APT21794-USD",
}

// native is a symbol as Yahoo writes it: AAPL, BRK-B, and BTC-USD for BTC and
// BTCUSDT. own overrides by ticker and class.
func native(sym market.Symbol, own map[market.Symbol]string) string {
	if s, ok := own[sym]; ok {
		return s
	}
	if sym.Class != market.Crypto {
		return strings.ReplaceAll(sym.Ticker, ".", "-")
	}
	base := sym.Ticker
	if strings.HasSuffix(base, "-USD") {
		return base
	}
	if b, ok := strings.CutSuffix(base, "USDT"); ok && b != "" {
		base = b
	}
	if s, ok := collided[base]; ok {
		return s
	}
	return base + "-USD"
}
