package binance

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"strconv"

	"github.com/candlewright/candlewright/internal/market"
	"github.com/candlewright/candlewright/internal/source"
)

// kline is one row of /api/v3/klines: an array whose positions 0, 6 and 8 are
// numbers and whose prices and volumes are decimal text. A missing number is
// NaN.
type kline struct {
	openTime                       int64 // ms, the bar's open
	open, high, low, close, volume float64
	closeTime                      int64 // ms, the next bar's open less 1
	takerBase                      float64
}

// klineFields is the least number of elements of a row; Binance has appended
// to its answers before, so further ones are ignored.
const klineFields = 11

// UnmarshalJSON reads one row. It is written by hand because a page has 12,000
// elements of mixed type; data is one valid JSON value.
func (k *kline) UnmarshalJSON(data []byte) error {
	if len(data) < 2 || data[0] != '[' {
		return errors.New("a kline is no array")
	}
	rest := data[1 : len(data)-1]
	n := 0
	for ; len(rest) > 0; n++ {
		var elem []byte
		elem, rest, _ = bytes.Cut(rest, []byte(","))
		if err := k.set(n, bytes.TrimSpace(elem)); err != nil {
			return fmt.Errorf("element %d of a kline: %w", n, err)
		}
	}
	if n < klineFields {
		return fmt.Errorf("a kline has %d elements, want at least %d", n, klineFields)
	}
	return nil
}

func (k *kline) set(i int, elem []byte) (err error) {
	switch i {
	case 0:
		k.openTime, err = integer(elem)
	case 1:
		k.open, err = decimal(elem)
	case 2:
		k.high, err = decimal(elem)
	case 3:
		k.low, err = decimal(elem)
	case 4:
		k.close, err = decimal(elem)
	case 5:
		k.volume, err = decimal(elem)
	case 6:
		k.closeTime, err = integer(elem)
	case 9:
		k.takerBase, err = decimal(elem)
	}
	return err
}

func integer(elem []byte) (int64, error) {
	n, err := strconv.ParseInt(string(elem), 10, 64)
	if err != nil {
		return 0, fmt.Errorf("%s is no whole number", source.Excerpt(elem))
	}
	return n, nil
}

// decimal reads decimal text in quotes. null, "" and every spelling of NaN and
// infinity are missing numbers, which the checks deal with; anything else that
// is not a decimal is another protocol than ours.
func decimal(elem []byte) (float64, error) {
	if string(elem) == "null" {
		return math.NaN(), nil
	}
	if len(elem) < 2 || elem[0] != '"' || elem[len(elem)-1] != '"' {
		return 0, fmt.Errorf("%s is no decimal text", source.Excerpt(elem))
	}
	s := elem[1 : len(elem)-1]
	if len(s) == 0 {
		return math.NaN(), nil
	}
	v, err := strconv.ParseFloat(string(s), 64)
	if math.IsNaN(v) || math.IsInf(v, 0) { // 1e999 too
		return math.NaN(), nil
	}
	if err != nil || bytes.ContainsAny(s, "xXpP_") {
		return 0, fmt.Errorf("%s is no decimal text", source.Excerpt(elem))
	}
	return v, nil
}

// decodeKlines reads a page.
func decodeKlines(a source.Answer) ([]kline, error) {
	var rows []kline
	if err := source.DecodeJSON(market.Binance, a, &rows); err != nil {
		return nil, err
	}
	if rows == nil {
		return nil, &source.Error{
			Kind: source.BadResponse, Source: market.Binance, Status: a.Status, Message: "the answer is null, an array of klines was due",
		}
	}
	return rows, nil
}

// apiError is the body of a refusal.
type apiError struct {
	Code int    `json:"code"`
	Msg  string `json:"msg"`
}
