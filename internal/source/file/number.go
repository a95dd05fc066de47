package file

import (
	"math"
	"strconv"
)

// parseNumber reads a value cell: a decimal number, nothing at all (NaN), or a
// spelling of NaN, null or infinity. A number beyond the range of a float is
// infinite, as any reader of it would have it.
func parseNumber(b []byte) (v float64, ok bool) {
	if len(b) == 0 {
		return math.NaN(), true
	}
	if v, ok = exactDecimal(b); ok {
		return v, true
	}
	if v, ok = parseMissing(b); ok {
		return v, true
	}
	for _, c := range b { // ParseFloat also reads hexadecimal and underscores, which no candle file means
		if (c < '0' || c > '9') && c != '.' && c != '+' && c != '-' && c != 'e' && c != 'E' {
			return 0, false
		}
	}
	v, err := strconv.ParseFloat(string(b), 64)
	if err != nil && !math.IsInf(v, 0) {
		return 0, false
	}
	return v, true
}

var powersOfTen = [...]float64{
	1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11,
	1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
}

// exactDecimal reads numbers of up to 15 digits without exponent, nearly all
// that occur. Digits and power of ten are both exact floats then, so their
// quotient is rounded once and correctly (Clinger 1990).
func exactDecimal(b []byte) (v float64, ok bool) {
	neg := false
	if b[0] == '-' || b[0] == '+' {
		neg = b[0] == '-'
		b = b[1:]
	}
	var digits uint64
	n, point := 0, -1
	for i, c := range b {
		switch {
		case '0' <= c && c <= '9':
			digits = digits*10 + uint64(c-'0')
			if digits > 0 {
				n++
			}
		case c == '.' && point < 0:
			point = i
		default:
			return 0, false
		}
		if n > 15 {
			return 0, false
		}
	}
	decimals := 0
	if point >= 0 {
		decimals = len(b) - point - 1
	}
	if len(b) == 0 || len(b) == 1 && point == 0 || decimals >= len(powersOfTen) {
		return 0, false
	}
	v = float64(digits) / powersOfTen[decimals]
	if neg {
		v = -v
	}
	return v, true
}

// parseMissing reads the spellings of "no number" that programs write: NaN,
// null, None, N/A, NaT, #N/A, <NA> and inf, infinity in any case and with any
// sign, also the 1.#IND, 1.#QNAN and 1.#INF of old C libraries.
func parseMissing(b []byte) (v float64, ok bool) {
	sign := 1
	if len(b) > 1 && (b[0] == '-' || b[0] == '+') {
		if b[0] == '-' {
			sign = -1
		}
		b = b[1:]
	}
	var word [9]byte
	if len(b) > len(word) {
		return 0, false
	}
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		word[i] = c
	}
	switch string(word[:len(b)]) {
	case "nan", "null", "none", "nil", "na", "n/a", "nat", "<na>", "<null>", "#n/a", "#na", "1.#ind", "1.#qnan", "1.#snan":
		return math.NaN(), true
	case "inf", "infinity", "1.#inf", "∞":
		return math.Inf(sign), true
	}
	return 0, false
}

// blank reports whether a cell says that there is nothing.
func blank(b []byte) bool {
	if len(b) == 0 {
		return true
	}
	_, ok := parseMissing(b)
	return ok
}
