package source

import (
	"fmt"
	"slices"
	"strings"

	"github.com/candlewright/candlewright/internal/market"
)

// Order is, by asset class, the sources to ask, the best first.
type Order map[market.AssetClass][]market.SourceName

// DefaultOrder is stocks and ETFs Polygon, then Yahoo; crypto Binance, then
// Polygon, then Yahoo.
func DefaultOrder() Order {
	return Order{
		market.Stock:  {market.Polygon, market.Yahoo},
		market.ETF:    {market.Polygon, market.Yahoo},
		market.Crypto: {market.Binance, market.Polygon, market.Yahoo},
	}
}

// ParseOrder reads the sources of one class, "binance,polygon,yahoo".
func ParseOrder(s string) ([]market.SourceName, error) {
	var names []market.SourceName
	for word := range strings.SplitSeq(s, ",") {
		n, err := market.ParseSourceName(strings.ToLower(strings.TrimSpace(word)))
		switch {
		case err != nil || n == market.CSV:
			return nil, fmt.Errorf("invalid order of sources %q: want polygon, binance and yahoo, separated by commas", s)
		case slices.Contains(names, n):
			return nil, fmt.Errorf("invalid order of sources %q: %s is there twice", s, n)
		}
		names = append(names, n)
	}
	return names, nil
}

// Priority is a source's rank in a class: a candle of a source with a lower
// number never overwrites one with a higher. Files have 0, a provider that is
// not in the order 1, the first of the order the highest.
func (o Order) Priority(class market.AssetClass, name market.SourceName) int {
	if name == market.CSV {
		return 0
	}
	names := o[class]
	i := slices.Index(names, name)
	if i < 0 {
		return 1
	}
	return 1 + len(names) - i
}
