package file

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"golang.org/x/tools/txtar"

	"github.com/candlewright/candlewright/internal/market"
)

// addInputs seeds a fuzz target with the inputs of all scripts.
func addInputs(f *testing.F, add func(in []byte)) {
	f.Helper()
	scripts, err := filepath.Glob("testdata/*.txtar")
	if err != nil {
		f.Fatal(err)
	}
	for _, path := range scripts {
		script, err := txtar.ParseFile(path)
		if err != nil {
			f.Fatal(err)
		}
		add(script.Files[0].Data)
	}
}

var fuzzOptions = []Options{
	{Class: market.Stock, Interval: "1d"},
	{Class: market.ETF, Interval: "1h", SkipBadRows: true},
	{Class: market.Stock, Interval: "1w"},
	{Class: market.Crypto, Interval: Minute, SkipBadRows: true},
	{Class: market.Crypto, Interval: "1d", VolumeUnit: Quote},
	{Class: market.Crypto, Interval: "4h", Zone: time.FixedZone("", 19800)},
}

// readAll reads a file to its end and holds what must be so of every row.
func readAll(t *testing.T, in []byte, o Options) (rows int, err error) {
	t.Helper()
	r, err := NewReader("in", bytes.NewReader(in), o)
	if err != nil {
		return 0, err
	}
	for line := 0; ; rows++ {
		row, err := r.Next()
		if err != nil {
			if again, err2 := r.Next(); err2 != err || again != (Row{}) { //nolint:errorlint // the very same error
				t.Fatalf("after %v: %v, %v", err, again, err2)
			}
			if bytes.ContainsRune([]byte(err.Error()), '\n') {
				t.Fatalf("an error of several lines: %q", err)
			}
			if errors.Is(err, io.EOF) {
				err = nil
			}
			return rows, err
		}
		if row.Line < line || row.HasTS && row.Candle.TS.Location() != time.UTC {
			t.Fatalf("row %+v after line %d", row, line)
		}
		if row.Candle.Offered != r.Offered() || row.Candle.Source != market.CSV {
			t.Fatalf("row %+v, offered %b", row, r.Offered())
		}
		line = row.Line
	}
}

func FuzzCSV(f *testing.F) {
	addInputs(f, func(in []byte) {
		for i := range fuzzOptions {
			f.Add(in, uint8(i))
		}
	})
	f.Add(zipped(f, []byte(header+"2024-01-02,1,3,0.5,2,7\n")), uint8(0))
	f.Fuzz(func(t *testing.T, in []byte, which uint8) {
		o := fuzzOptions[int(which)%len(fuzzOptions)]
		rows, err := readAll(t, in, o)
		if lines := bytes.Count(in, []byte("\n")) + 1; err == nil && in[0] != 0x1f && !bytes.ContainsAny(in, "[{") && rows > lines {
			t.Fatalf("%d rows of %d lines", rows, lines)
		}
		_, _ = ReadFundingFrom("in", bytes.NewReader(in), Options{Class: market.Crypto, SkipBadRows: o.SkipBadRows})
	})
}

// notJSON are the words that this package reads and JSON does not know.
var notJSON = regexp.MustCompile(`(?i)[-+]?\b(nan|inf|infinity|none|nil|na|nat|n/a)\b|NULL|Null`)

// FuzzJSON holds that a file which is read to its end is JSON to encoding/json,
// too, but for the spellings of missing numbers.
func FuzzJSON(f *testing.F) {
	addInputs(f, func(in []byte) { f.Add(in) })
	for _, in := range []string{
		`[[1,2,3,4,5,6]]`, `{"a":{"b":[1,{"c":"\u00e9\ud83d\ude00\n"}]},"ohlc":[[1,2e3,-3.5,4E-1,0,"6"]],"z":[]}`,
		`[[1,01,3,4,5,6]]`, `[[1,1.,3,4,5,6]]`, `[[1,2,3,4,5,6],]`, `[[1,2,3,4,5,6,]]`, `[{"start":1,"o":1,"h":1,"l":1,"c":1,"v":NaN}]`,
	} {
		f.Add([]byte(in))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		_, err := readAll(t, in, Options{Class: market.Crypto, Interval: "5m", SkipBadRows: true})
		text := bytes.TrimPrefix(in, []byte("\ufeff"))
		first := bytes.TrimLeft(text, " \t\r\n")
		if err != nil || first[0] != '[' && first[0] != '{' {
			return
		}
		if !json.Valid(text) && !json.Valid(notJSON.ReplaceAll(text, []byte("null"))) {
			t.Errorf("read to the end and no JSON: %q", in)
		}
	})
}

// rfc3339 is what package time reads alike (it also takes a comma before the
// fraction, a single digit for the hour and 60 minutes of an offset, which the RFC
// does not).
var rfc3339 = regexp.MustCompile(`^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?(Z|[-+][0-9]{2}:[0-5][0-9])$`)

// FuzzStamp holds that every RFC 3339 stamp is read as package time reads it,
// and that reading anything gives a time that can be placed.
func FuzzStamp(f *testing.F) {
	for _, in := range []string{
		"2019-11-06T15:55:00Z", "2019-11-06T15:55:00.123-05:00", "2019-11-06 09-AM", "11/6/2019 3:55 PM", "20191106 15:55",
		"1573055700", "1573055700123", "1573055700123456", "1573055700.25", "-1", "2060-12-31 12:00", "2024-03-10 02:30", "9999-12-31 23:59:59",
	} {
		f.Add(in)
	}
	var placers []*placer
	for _, o := range fuzzOptions {
		o, err := o.filled()
		if err != nil {
			f.Fatal(err)
		}
		placers = append(placers, newPlacer(o))
	}
	f.Fuzz(func(t *testing.T, in string) {
		s, ok := parseStamp([]byte(in))
		want, err := time.Parse(time.RFC3339Nano, in)
		if err == nil && rfc3339.MatchString(in) && want.UTC().Year() > 0 && (!ok || !s.instant().Equal(want)) {
			t.Fatalf("%q: %v, %v; package time: %v", in, s.instant(), ok, want)
		}
		if !ok {
			return
		}
		if s.nsec <= -1e9 || s.nsec >= 1e9 {
			t.Fatalf("%q: %+v", in, s)
		}
		for _, p := range placers {
			opened, w1 := p.open(s)
			closed, w2 := p.close(s)
			if w1 == "" && w2 == "" && opened.Sub(closed).Abs() > 32*24*time.Hour {
				t.Fatalf("%q: opened %v, closed %v", in, opened, closed)
			}
		}
	})
}

// TestRealFilesCutAnywhere holds the properties of the fuzz targets on real files.
func TestRealFilesCutAnywhere(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"ta4j_Coinbase-BTC-USD-PT1D-20230616_20231011.json", "yf_EA-15m-no-bad-divs.csv"} {
		in, err := os.ReadFile(sharedPath(t, "data", "ohlcv", name))
		if err != nil {
			t.Fatal(err)
		}
		in = in[:min(len(in), 3000)]
		for n := 0; n < len(in); n += 11 { // a prime, so every part of a row is cut
			_, _ = readAll(t, in[:n], Options{Class: market.Crypto, Interval: "15m"})
			_, _ = readAll(t, in[n:], Options{Class: market.Crypto, Interval: "15m", SkipBadRows: true})
		}
	}
}
