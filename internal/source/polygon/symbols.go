package polygon

import (
	"strings"

	"github.com/candlewright/candlewright/internal/market"
)

// native is a symbol as Polygon writes it, case-sensitive: AAPL, BRK.B, and
// X:BTCUSD for BTC and BTCUSDT. own overrides by ticker and class.
func native(sym market.Symbol, own map[market.Symbol]string) string {
	if s, ok := own[sym]; ok {
		return s
	}
	if sym.Class != market.Crypto || strings.HasPrefix(sym.Ticker, "X:") {
		return sym.Ticker
	}
	base := sym.Ticker
	if b, ok := strings.CutSuffix(base, "USDT"); ok && b != "" {
		base = b
	}
	return "X:" + base + "USD"
}
