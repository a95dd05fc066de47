package market

import (
	"fmt"
	"strings"
	"unicode"
)

// AssetClass is what kind of thing a symbol is; it decides the calendar.
type AssetClass string

// The asset classes, in the order in which an ambiguous ticker is looked up.
const (
	Stock  AssetClass = "stock"
	Crypto AssetClass = "crypto"
	ETF    AssetClass = "etf"
)

// AssetClasses lists every asset class in look-up order.
func AssetClasses() []AssetClass { return []AssetClass{Stock, Crypto, ETF} }

// ParseAssetClass reads the lower-case word of an asset class.
func ParseAssetClass(s string) (AssetClass, error) {
	switch c := AssetClass(s); c {
	case Stock, Crypto, ETF:
		return c, nil
	}
	return "", fmt.Errorf("unknown asset class %q: want stock, crypto or etf", s)
}

// Symbol is a ticker together with its asset class: BTC the coin and BTC the
// fund are two symbols.
type Symbol struct {
	Ticker string // upper case, see ParseTicker
	Class  AssetClass
}

// String gives "BTC (crypto)".
func (s Symbol) String() string { return s.Ticker + " (" + string(s.Class) + ")" }

// MaxTicker is the greatest number of characters of a ticker.
const MaxTicker = 20

// ParseTicker upper-cases s and reports whether it can name a symbol: 1 to 20
// characters of A-Z 0-9 . _ : ^ = - that start with a letter, a digit or ^.
func ParseTicker(s string) (string, error) {
	t := UpperTicker(s)
	if !validTicker(t) {
		shown := s
		if len(shown) > 40 {
			shown = shown[:40] + "…"
		}
		return "", fmt.Errorf("invalid ticker %q: want 1 to %d characters of A-Z 0-9 . _ : ^ = - that start with a letter, a digit or ^", shown, MaxTicker)
	}
	return t, nil
}

// UpperTicker upper-cases text by the one-to-one Unicode mapping (é to É, ß
// stays) and turns bytes that are not UTF-8 into U+FFFD.
func UpperTicker(s string) string {
	return strings.Map(unicode.ToUpper, s)
}

func validTicker(t string) bool {
	if len(t) < 1 || len(t) > MaxTicker {
		return false
	}
	for i := range len(t) {
		switch c := t[i]; {
		case 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '^':
		case i > 0 && strings.IndexByte("._:=-", c) >= 0:
		default:
			return false
		}
	}
	return true
}

// Series is the candles of one symbol and timeframe.
type Series struct {
	Symbol    Symbol
	Timeframe Timeframe
}

// String gives "BTC (crypto) 1h".
func (s Series) String() string { return s.Symbol.String() + " " + string(s.Timeframe) }
