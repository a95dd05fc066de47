package file_test

import (
	"errors"
	"fmt"
	"io"
	"log"
	"strings"

	"github.com/candlewright/candlewright/internal/market"
	"github.com/candlewright/candlewright/internal/source/file"
)

func ExampleNewReader() {
	in := `Date,Open,High,Low,Close,Adj Close,Volume
2018-01-18,179.37,180.1,178.25,179.26,179.26,31193400
2018-01-19,178.61,179.58,177.41,null,178.46,31269600
`
	r, err := file.NewReader("AAPL.csv", strings.NewReader(in), file.Options{
		Class:    market.Stock,
		Interval: file.Interval(market.D1),
	})
	if err != nil {
		log.Fatal(err)
	}
	for {
		row, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			log.Fatal(err)
		}
		c := row.Candle
		fmt.Println(c.TS.Format("2006-01-02"), c.Open, c.High, c.Low, c.Close, int(c.Volume))
	}
	// Output:
	// 2018-01-18 179.37 180.1 178.25 179.26 31193400
	// 2018-01-19 178.61 179.58 177.41 NaN 31269600
}

func ExampleRowError() {
	in := `{"candles": [{"start": "1704067200", "open": "1", "high": "2", "low": "1", "close": "2", "volume": "about 7"}]}`
	r, err := file.NewReader("BTC.json", strings.NewReader(in), file.Options{Class: market.Crypto, Interval: "4h"})
	if err != nil {
		log.Fatal(err)
	}
	_, err = r.Next()
	fmt.Println(err)
	// Output:
	// BTC.json:1: row 1: volume "about 7": want a number with a decimal point, nothing, NaN, null or inf
}

func ExampleReadFundingFrom() {
	in := "ts,rate\n2024-01-01T00:00:00.002Z,0.0001\n2024-01-01T08:00:00Z,0.00012\n2024-01-01T16:00:00Z,1.5\n"
	f, err := file.ReadFundingFrom("BTC-funding.csv", strings.NewReader(in), file.Options{Class: market.Crypto})
	if err != nil {
		log.Fatal(err)
	}
	for _, p := range f.Payments {
		fmt.Println(p.At, p.Rate)
	}
	fmt.Println(f.TooLarge, "beyond 1")
	// Output:
	// 2024-01-01 00:00:00 +0000 UTC 0.0001
	// 2024-01-01 08:00:00 +0000 UTC 0.00012
	// 1 beyond 1
}
