package file

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"testing"
	"time"

	"github.com/candlewright/candlewright/internal/market"
)

// candles is a file of n hours in a form, with numbers as long as real ones.
func candles(form string, n int) []byte {
	var b bytes.Buffer
	start := time.Date(2015, 1, 1, 0, 0, 0, 0, time.UTC)
	separator := ""
	switch form {
	case "csv":
		b.WriteString("ts,open,high,low,close,volume\n")
	case "local":
		b.WriteString("Date,Open,High,Low,Close,Adj Close,Volume\n")
	case "json":
		b.WriteString("[")
	case "objects":
		b.WriteString(`{"candles": [`)
	}
	for i := range n {
		ts := start.Add(time.Duration(i) * time.Hour)
		p := 9000 + float64(i%1000)/7
		switch form {
		case "csv":
			fmt.Fprintf(&b, "%s,%.2f,%.2f,%.2f,%.2f,%.8f\n", ts.Format(time.RFC3339), p, p+8, p-9, p+1, p/3)
		case "local":
			// Business hours only: no wall clock that exists twice or never.
			fmt.Fprintf(&b, "%s,%.6f,%.6f,%.6f,%.6f,%.6f,%d\n", start.AddDate(0, 0, i/6).Add(time.Duration(10+i%6)*time.Hour).Format(time.DateTime), p, p+8, p-9, p+1, p+1, i*97)
		case "klines":
			ms := ts.UnixMilli()
			fmt.Fprintf(&b, "%d,%.2f,%.2f,%.2f,%.2f,%.8f,%d,%.8f,%d,%.8f,%.8f,0\n", ms, p, p+8, p-9, p+1, p/3, ms+3599999, p*p, i, p/7, p)
		case "json":
			fmt.Fprintf(&b, "%s[%d, %.2f, %.2f, %.2f, %.2f, %.8f]", separator, ts.UnixMilli(), p, p+8, p-9, p+1, p/3)
		case "objects":
			fmt.Fprintf(&b, "%s\n    {\n      \"start\": \"%d\",\n      \"low\": \"%.2f\",\n      \"high\": \"%.2f\",\n      \"open\": \"%.2f\",\n      \"close\": \"%.2f\",\n      \"volume\": \"%.8f\"\n    }", separator, ts.Unix(), p-9, p+8, p, p+1, p/3)
		}
		separator = ", "
	}
	switch form {
	case "json":
		b.WriteString("]")
	case "objects":
		b.WriteString("]}")
	}
	return b.Bytes()
}

var benchForms = []struct {
	form  string
	class market.AssetClass
}{{"csv", market.Crypto}, {"local", market.Stock}, {"klines", market.Crypto}, {"json", market.Crypto}, {"objects", market.Crypto}}

func count(tb testing.TB, in []byte, class market.AssetClass) (rows int) {
	tb.Helper()
	r, err := NewReader("in", bytes.NewReader(in), Options{Class: class, Interval: "1h"})
	for err == nil {
		if _, err = r.Next(); err == nil {
			rows++
		}
	}
	if !errors.Is(err, io.EOF) {
		tb.Fatal(err)
	}
	return rows
}

func BenchmarkRead(b *testing.B) {
	const rows = 100_000
	for _, bb := range benchForms {
		for _, packed := range []bool{false, true} {
			name := fmt.Sprintf("form=%s/gzip=%v/rows=100k", bb.form, packed)
			b.Run(name, func(b *testing.B) {
				in := candles(bb.form, rows)
				b.SetBytes(int64(len(in)))
				if packed {
					in = zipped(b, in)
				}
				b.ReportAllocs()
				for b.Loop() {
					if n := count(b, in, bb.class); n != rows {
						b.Fatal(n)
					}
				}
				b.ReportMetric(float64(rows)*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
			})
		}
	}
}

// TestMemoryDoesNotGrow: what a file costs is its buffers, whatever its length.
func TestMemoryDoesNotGrow(t *testing.T) { //nolint:paralleltest // it counts allocations
	for _, bb := range benchForms {
		short, long := candles(bb.form, 100), candles(bb.form, 3000)
		few := testing.AllocsPerRun(1, func() { count(t, short, bb.class) })
		many := testing.AllocsPerRun(1, func() { count(t, long, bb.class) })
		if many > few+20 {
			t.Errorf("%s: %v allocations for 100 rows, %v for 3,000", bb.form, few, many)
		}
	}
}
