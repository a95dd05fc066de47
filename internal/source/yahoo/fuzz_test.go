package yahoo

import (
	"math"
	"testing"
	"time"

	"github.com/candlewright/candlewright/internal/market"
	"github.com/candlewright/candlewright/internal/source"
)

// FuzzChart: no body makes the decoder or the conversion panic, and every
// candle lies in the window with some price.
func FuzzChart(f *testing.F) {
	for _, s := range []string{
		`{"chart":{"result":[{"meta":{"symbol":"BTC-USD","currency":"USD","instrumentType":"CRYPTOCURRENCY","exchangeTimezoneName":"UTC","dataGranularity":"1d"},"timestamp":[1704067200,1704153600],"indicators":{"quote":[{"open":[1,null],"high":[2,null],"low":[0.5,null],"close":[1.5,null],"volume":[3,null]}]}}],"error":null}}`,
		`{"chart":{"result":[{"meta":{"exchangeTimezoneName":"../x"},"timestamp":[-9223372036854775808],"indicators":{"quote":[{"open":[0],"high":[0],"low":[0],"close":[0],"volume":[0]}]}}]}}`,
		`{"chart":{"result":[{"indicators":{"quote":[{}]}}]}}`, `{"chart":{"error":{"code":"Not Found"}}}`, `{"chart":null}`, `null`, `<html>`, ``,
	} {
		f.Add([]byte(s))
	}
	r := source.Request{
		Symbol: market.Symbol{Ticker: "BTC", Class: market.Crypto}, Timeframe: market.D1,
		From: time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC), To: time.Date(2024, 2, 1, 0, 0, 0, 0, time.UTC), Now: time.Date(2024, 3, 1, 0, 0, 0, 0, time.UTC),
	}
	conv := converter{fetch: fetchFor(market.D1), class: market.Crypto, window: r.Window(0)}
	f.Fuzz(func(t *testing.T, body []byte) {
		ch, err := decode(source.Answer{Status: 200, Body: body})
		if err != nil {
			if source.KindOf(err) == source.Unknown {
				t.Errorf("error %v is not typed", err)
			}
			return
		}
		got, err := conv.candles(ch)
		if err != nil {
			return
		}
		for _, c := range got {
			if !conv.window.Has(c.TS) || math.IsNaN(c.Open) && math.IsNaN(c.High) && math.IsNaN(c.Low) && math.IsNaN(c.Close) {
				t.Errorf("candle %+v", c)
			}
		}
	})
}
