package rest

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/candlewright/candlewright/internal/fault"
	"github.com/candlewright/candlewright/internal/market"
)

// query is the parameters of a request in the order sent. net/url is not asked:
// it drops what it cannot read, and refuses a semicolon.
type query []parameter

type parameter struct{ name, value string }

// readQuery splits a raw query at & alone. A name without = has the empty value.
func readQuery(raw string) query {
	var q query
	for raw != "" {
		var pair string
		pair, raw, _ = strings.Cut(raw, "&")
		if pair == "" {
			continue
		}
		name, value, _ := strings.Cut(pair, "=")
		q = append(q, parameter{unescape(name), unescape(value)})
	}
	return q
}

// last gives the value that counts of a parameter that is not a list.
func (q query) last(name string) (value string, ok bool) {
	for _, p := range slices.Backward(q) {
		if p.name == name {
			return p.value, true
		}
	}
	return "", false
}

// all gives every value of a list parameter, in the order sent.
func (q query) all(name string) []string {
	var values []string
	for _, p := range q {
		if p.name == name {
			values = append(values, p.value)
		}
	}
	return values
}

// class reads the asset class that the two routes about a symbol may be asked
// for; nil: none was.
func (q query) class() (*market.AssetClass, error) {
	s, ok := q.last("asset_class")
	if !ok {
		return nil, nil //nolint:nilnil // no class was asked for, which is no error
	}
	c, err := parseClass(s)
	if err != nil {
		return nil, err
	}
	return &c, nil
}

func parseClass(s string) (market.AssetClass, error) {
	c, err := market.ParseAssetClass(s)
	if err != nil {
		return "", fault.BadInput("asset_class", "Invalid asset_class")
	}
	return c, nil
}

// unescape decodes a name or a value: + is a blank, %XX a byte of UTF-8, and a
// broken escape stays as it stands.
func unescape(s string) string {
	if !strings.ContainsAny(s, "+%") {
		return toText(s)
	}
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '+':
			b = append(b, ' ')
		case c == '%' && i+2 < len(s) && isHex(s[i+1]) && isHex(s[i+2]):
			b = append(b, hexValue(s[i+1])<<4|hexValue(s[i+2]))
			i += 2
		default:
			b = append(b, c)
		}
	}
	return toText(string(b))
}

func isHex(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
}

func hexValue(c byte) byte {
	if c <= '9' {
		return c - '0'
	}
	return c&^0x20 - 'A' + 10
}

// toText makes text of bytes: each longest run of bytes that begins a character
// but does not end it, and each byte that begins none, becomes one U+FFFD. (This
// is Python's rule and that of browsers; Go's would be one for each byte.)
func toText(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		if r, n := utf8.DecodeRuneInString(s[i:]); r != utf8.RuneError || n > 1 {
			b.WriteString(s[i : i+n])
			i += n
			continue
		}
		n := 1
		for i+n < len(s) && n < utf8.UTFMax && !utf8.FullRuneInString(s[i:i+n+1]) {
			n++
		}
		b.WriteRune(utf8.RuneError)
		i += n
	}
	return b.String()
}
