package binance

import (
	"math"
	"testing"
	"time"

	"github.com/candlewright/candlewright/internal/market"
	"github.com/candlewright/candlewright/internal/source"
)

// FuzzKlines: no body makes the decoder panic, and no candle comes out of the
// window asked for, with an infinity, or without any price.
func FuzzKlines(f *testing.F) {
	for _, s := range []string{
		`[[1730419200000,"1","2","0.5","1.5","10",1730419499999,"1",1,"5","1","0"]]`,
		`[[1730419200000,"NaN",null,"","1e999","-0",1730419499999,"1",1,"5","1","0","more"]]`,
		`[]`, `null`, `{"code":-1121,"msg":"Invalid symbol."}`, `[[1,2,3,4,5,6,7,8,9,10,11]]`, `[[[],{}]]`, `[["\u0031",",",1]]`, `<html>`, `[[`, ``,
	} {
		f.Add([]byte(s))
	}
	from := time.UnixMilli(1730419200000).UTC()
	r := source.Request{
		Symbol: market.Symbol{Ticker: "BTC", Class: market.Crypto}, Timeframe: market.M5,
		From: from, To: from.Add(time.Hour), Now: from.Add(24 * time.Hour),
	}
	w := r.Window(0)
	f.Fuzz(func(t *testing.T, body []byte) {
		rows, err := decodeKlines(source.Answer{Status: 200, Body: body})
		if err != nil {
			if source.KindOf(err) != source.BadResponse {
				t.Errorf("error %v is of another kind", err)
			}
			return
		}
		p, err := convert(rows, w, 0)
		if err != nil {
			return
		}
		for _, c := range p.candles {
			if !w.Has(c.TS) || math.IsNaN(c.Open) && math.IsNaN(c.High) && math.IsNaN(c.Low) && math.IsNaN(c.Close) {
				t.Errorf("candle %+v", c)
			}
			for _, v := range []float64{c.Open, c.High, c.Low, c.Close, c.Volume} {
				if math.IsInf(v, 0) {
					t.Errorf("candle %+v has an infinity", c)
				}
			}
		}
	})
}

// FuzzRefusal: no refusal is taken for anything but an error, and none waits
// for ever.
func FuzzRefusal(f *testing.F) {
	f.Add(400, `{"code":-1121,"msg":"Invalid symbol."}`, "")
	f.Add(418, `{"code":-1003,"msg":"banned until 9999999999999"}`, "1")
	f.Add(429, `<html>`, "Wed, 21 Oct 2099 07:28:00 GMT")
	f.Fuzz(func(t *testing.T, status int, body, after string) {
		err := refusal(source.Answer{Status: status, Header: map[string][]string{"Retry-After": {after}}, Body: []byte(body), At: time.UnixMilli(1730419200000)})
		if source.KindOf(err) == source.Unknown || source.RetryAfter(err) < 0 || source.RetryAfter(err) > 7*24*time.Hour {
			t.Errorf("error %v after %v", err, source.RetryAfter(err))
		}
	})
}

// FuzzFutures: the three bodies of the futures host.
func FuzzFutures(f *testing.F) {
	f.Add([]byte(`[{"fundingTime":1730419200002,"fundingRate":"0.0001"},{"fundingTime":9223372036854775807,"fundingRate":"NaN"}]`))
	f.Add([]byte(`{"symbols":[{"symbol":"BTCUSDT","contractType":"PERPETUAL","status":"TRADING"}]}`))
	f.Add([]byte(`null`))
	from := time.UnixMilli(1730419200000).UTC()
	f.Fuzz(func(t *testing.T, body []byte) {
		a := source.Answer{Status: 200, Body: body}
		paid, _, err := decodePayments(a, from, from.Add(time.Hour))
		if err == nil {
			for _, p := range paid {
				if math.IsNaN(p.Rate) || math.Abs(p.Rate) > 1 || p.At.Before(from) || !p.At.Before(from.Add(time.Hour)) {
					t.Errorf("payment %+v", p)
				}
			}
		}
		if listed, err := decodeListing(a); err == nil && listed == nil {
			t.Error("no list and no error")
		}
	})
}
