package polygon

import (
	"testing"
	"time"

	"github.com/candlewright/candlewright/internal/market"
	"github.com/candlewright/candlewright/internal/source"
)

// FuzzAggs: no body makes the decoder or the resampler panic, and every candle
// is a bar of the window.
func FuzzAggs(f *testing.F) {
	for _, s := range []string{
		`{"ticker":"AAPL","adjusted":true,"status":"OK","results":[{"v":1.5e+3,"o":1,"h":2,"l":0.5,"c":1.5,"t":1731508200000},{"v":1,"o":1,"h":2,"l":0.5,"c":1.5,"t":1731510000000}]}`,
		`{"status":"OK","results":[{"t":1731508200000,"o":1e308,"h":1e308,"l":1e308,"c":1e308,"v":1e308},{"t":1731508200000}]}`,
		`{"status":"OK"}`, `{"status":"ERROR","error":"x"}`, `null`, `[]`, `<html>`, ``, `{"results":[{"T":"A","t":-9223372036854775808}],"status":"OK"}`,
	} {
		f.Add([]byte(s))
	}
	r := source.Request{
		Symbol: market.Symbol{Ticker: "AAPL", Class: market.Stock}, Timeframe: market.H1,
		From: time.Date(2024, 11, 13, 0, 0, 0, 0, time.UTC), To: time.Date(2024, 11, 14, 0, 0, 0, 0, time.UTC), Now: time.Date(2024, 11, 15, 0, 0, 0, 0, time.UTC),
	}
	w := r.Window(0)
	date := market.NewDate(2024, 11, 13)
	f.Fuzz(func(t *testing.T, body []byte) {
		a, err := decodeAggs(source.Answer{Status: 200, Body: body}, "AAPL")
		if err != nil {
			if source.KindOf(err) == source.Unknown {
				t.Errorf("error %v is not typed", err)
			}
			return
		}
		c, err := newConverter(fetchFor(market.Stock, market.H1), w, market.Stock)
		if err != nil {
			t.Fatal(err)
		}
		rows, _, err := c.rows(a.Results, date, date)
		if err != nil {
			return
		}
		bars, err := c.bars(rows, true)
		if err != nil {
			return
		}
		for _, b := range bars {
			if _, ok := w.Grid.At(b.TS); !ok || !w.Has(b.TS) || !(b.Open > 0 && b.High > 0 && b.Low > 0 && b.Close > 0) {
				t.Errorf("bar %+v", b)
			}
		}
	})
}
