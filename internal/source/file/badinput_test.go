package file

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/candlewright/candlewright/internal/market"
)

const header = "date,open,high,low,close,volume\n"

// TestBadInput holds the exact text of every refusal: one line that names the
// file, the line, what stands there and what would be right.
func TestBadInput(t *testing.T) {
	t.Parallel()
	daily := Options{Class: market.Stock, Interval: "1d"}
	hourly := Options{Class: market.Crypto, Interval: "1h"}
	kline := "1704067200000,4,8,2,6,10,1704070799999,60,79,4,24,0\n"
	tests := []struct {
		name, in string
		o        Options
		want     string
	}{
		{"empty file", "", daily, "in: no rows: want at least one"},
		{"blank lines", "\n \n", daily, "in: no rows: want at least one"},
		{"header alone", header, daily, "in: no rows: want at least one"},
		{"header and blank lines", header + "\n\r\n", daily, "in: no rows: want at least one"},
		{"banner alone", "see https://example.org\n", daily, "in: no rows: want at least one"},
		{"empty list", "[]", hourly, "in: no rows: want at least one"},
		{"empty list in an object", `{"candles": [], "n": 0}`, hourly, "in: no rows: want at least one"},

		{"no volume", "Date,Open,High,Low,Close\n2024-01-02,1,2,3,4\n", daily, `in: no column for volume among "Date,Open,High,Low,Close": want ts, open, high, low, close and volume`},
		{"no time", "open,high,low,close,volume\n1,2,3,4,5\n", daily, `in: no column for time among "open,high,low,close,volume": want ts, open, high, low, close and volume`},
		{"only a name", "price of close\n1\n", daily, `in:1: no header in "price of close": want a first line that names ts, open, high, low, close and volume (or the 12 columns of Binance klines)`},
		{"two closes", "date,open,high,low,close,volume,Close\n2024-01-02,1,2,3,4,5,6\n", daily, `in: two columns hold the close, "close" (number 5) and "Close" (number 7): want one`},
		{"two names of open", "date,open,high,low,close,volume,openPrice\n2024-01-02,1,2,3,4,5,6\n", daily, `in: two columns hold the open, "open" (number 2) and "openPrice" (number 7): want one`},
		{"two times", "ts,ts,open,high,low,close,volume\n1,1,1,2,3,4,5\n", daily, `in: two columns are named "ts" (number 1 and 2): want one`},
		{"two of a field", "ts,open,high,low,close,volume,open_interest,Open Interest\n1,1,2,3,4,5,6,7\n", hourly, `in: two columns are named "open_interest" (number 7 and 8): want one`},
		{"open quote in the header", "date,\"open,high\n", daily, `in:1: the header "date,\"open,high" has an open quote: want it closed on its line`},
		{"no header", "2024-01-02,1,3,0.5,2,7\n", daily, `in:1: no header in "2024-01-02,1,3,0.5,2,7": want a first line that names ts, open, high, low, close and volume (or the 12 columns of Binance klines)`},
		{"LEAN minutes", "34200000,842600,842800,842300,842700,3200\n", daily, `in:1: "34200000" counts milliseconds since midnight and names no date: want rows with full stamps, under a header`},
		{"LEAN with cents", "20240102 00:00,97.5,98,97,97.5,100\n", daily, `in:1: open "97.5": want a whole number: LEAN writes prices of stock and etf in 1/10,000`},

		{"text in a number", header + "2024-01-02,1,3,0.5,2,7\n2024-01-03,1,3,half,2,7\n", daily, `in:3: low "half": want a number with a decimal point, nothing, NaN, null or inf`},
		{"decimal comma", "date;open;high;low;close;volume\n2024-01-02;1,5;3;1;2;7\n", daily, `in:2: open "1,5": want a number with a decimal point, nothing, NaN, null or inf`},
		{"thousands", header + "2024-01-02,1,3,0.5,2,\"1,000\"\n", daily, `in:2: volume "1,000": want a number with a decimal point, nothing, NaN, null or inf`},
		{"hexadecimal", header + "2024-01-02,0x1p4,3,0.5,2,7\n", daily, `in:2: open "0x1p4": want a number with a decimal point, nothing, NaN, null or inf`},
		{"long cell", header + "2024-01-02," + strings.Repeat("x", 70) + ",3,0.5,2,7\n", daily, `in:2: open "` + strings.Repeat("x", 60) + `…": want a number with a decimal point, nothing, NaN, null or inf`},
		{"text in a time", "Open Time,open,high,low,close,volume\nyesterday,1,3,0.5,2,7\n", daily, `in:2: Open Time "yesterday": want ` + wantStamp},
		{"no such day", header + "2023-02-29,1,3,0.5,2,7\n", daily, `in:2: date "2023-02-29": want ` + wantStamp},
		{"day before month", header + "31/01/2024,1,3,0.5,2,7\n", daily, `in:2: date "31/01/2024": want ` + wantStamp},
		{"short year", header + "01/03/17,1,3,0.5,2,7\n", daily, `in:2: date "01/03/17": want ` + wantStamp},
		{"short row", header + "2024-01-02,1,3,0.5,2\n", daily, `in:2: 5 cells in "2024-01-02,1,3,0.5,2": want 6 like the first line`},
		{"long row", header + "2024-01-02,1,3,0.5,2,7,\n", daily, `in:2: 7 cells in "2024-01-02,1,3,0.5,2,7,": want 6 like the first line`},
		{"open quote", header + "2024-01-02,\"1,3,0.5,2,7\n", daily, `in:2: "2024-01-02,\"1,3,0.5,2,7": want every quote closed before the next separator`},
		{"text behind a quote", header + "2024-01-02,\"1\"2,3,0.5,2,7\n", daily, `in:2: "2024-01-02,\"1\"2,3,0.5,2,7": want every quote closed before the next separator`},
		{"zero bytes in a cell", header + strings.Repeat("2024-01-02,1,3,0.5,2,7\n", 200) + "2024-01-02,\x00,3,0.5,2,7\n", daily, `in:202: open "\x00": want a number with a decimal point, nothing, NaN, null or inf`},
		{"endless line", header + "2024-01-02," + strings.Repeat("1", bufferSize), daily, "in:2: the line is longer than 65536 bytes: want a table of candles"},

		{"mixed zones", header + "2024-01-02 10:00,1,3,0.5,2,7\n2024-01-02T11:00:00Z,1,3,0.5,2,7\n", hourly, `in:3: mixed zones: "2024-01-02T11:00:00Z" names its offset from UTC, "2024-01-02 10:00" in line 2 does not: want the stamps of a file alike`},
		{"mixed zones, epoch first", header + "1704189600,1,3,0.5,2,7\n2024-01-02,1,3,0.5,2,7\n", daily, `in:3: mixed zones: "2024-01-02" names no offset from UTC, "1704189600" in line 2 does: want the stamps of a file alike`},
		{"skipped hour", header + "2024-03-10 02:30,1,3,0.5,2,7\n", Options{Class: market.ETF, Interval: "30m"}, `in:2: date "2024-03-10 02:30": want a time that exists in America/New_York, where the clocks skip this one, or its offset from UTC`},
		{"repeated hour", header + "2024-11-03 01:30,1,3,0.5,2,7\n", Options{Class: market.ETF, Interval: "30m"}, `in:2: date "2024-11-03 01:30": want its offset from UTC: in America/New_York the clocks show this time twice`},
		{"klines of another interval", kline, Options{Class: market.Crypto, Interval: "5m"}, `in:1: the row covers 1h, from "1704067200000" to "1704070799999": want rows of 5m, or the file's timeframe told`},
		{"klines in quote volume", kline, Options{Class: market.Crypto, Interval: "1h", VolumeUnit: Quote}, "in: the volume of Binance klines counts base units: want the volume unit base"},

		{"UTF-16", "\xff\xfed\x00a\x00t\x00e\x00", daily, "in: text in UTF-16: want CSV or JSON as UTF-8 text, gzipped or not"},
		{"spreadsheet", "PK\x03\x04\x14\x00", daily, "in: a zip archive or spreadsheet: want CSV or JSON as UTF-8 text, gzipped or not"},
		{"binary", "\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", daily, "in: not a text file: want CSV or JSON as UTF-8 text, gzipped or not"},
		{"Latin-1", "Datum;Er\xf6ffnung\n", daily, "in: not text in UTF-8: want CSV or JSON as UTF-8 text, gzipped or not"},
		{"gzip header alone", "\x1f\x8b\x08", daily, "in: truncated gzip, it ends after 0 lines: want the whole file: unexpected EOF"},
		{"no gzip after all", "\x1f\x8bhello, I am no gzip", daily, "in: damaged gzip after 0 lines: want an intact file: gzip: invalid header"},

		{"JSON cut off", `[[1704067200000, 1, 3, 0.5, 2, 7],`, hourly, "in:1: the JSON ends here: want a value"},
		{"JSON cut off in a row", "[\n[1704067200000, 1, 3", hourly, `in:2: the JSON ends here: want "," or "]"`},
		{"JSON cut off in a text", `[["1704067200000", "1`, hourly, "in:1: the JSON ends here: want the end of a string"},
		{"JSON object cut off", `{"candles": [{"start": 1704067200, "open": 1, "high": 3, "low": 1, "close": 2, "volume": 7}]`, hourly, `in:1: the JSON ends here: want "," or "}"`},
		{"text after JSON", `[[1704067200000, 1, 3, 0.5, 2, 7]] [`, hourly, `in:1: not valid JSON at "[": want nothing after the JSON value`},
		{"JSON lines", "{\"start\": 1}\n{\"start\": 2}\n", hourly, `in: a JSON object without "candles" and "ohlc": want one of them with a list of candles`},
		{"no list in JSON", `{"bars": []}`, hourly, `in: a JSON object without "candles" and "ohlc": want one of them with a list of candles`},
		{"list is none", `{"candles": 5}`, hourly, `in:1: not valid JSON at "5}": want a list under "candles"`},
		{"two lists", `{"candles": [[1704067200000, 1, 3, 0.5, 2, 7]], "ohlc": []}`, hourly, `in:1: a second list under "ohlc": want one list of candles`},
		{"array of five", `[[1704067200000, 1, 3, 0.5, 2]]`, hourly, "in:1: row 1: an array of 5: want 6, [ms, open, high, low, close, volume], or the 12 of Binance klines"},
		{"numbers in the list", `[1704067200000, 1]`, hourly, `in:1: row 1: "1704067200000" in the list: want arrays [ms, open, high, low, close, volume] or objects`},
		{"later array of five", "[[1704067200000, 1, 3, 0.5, 2, 7],\n[1704070800000, 1, 3, 0.5, 2]]", hourly, "in:2: row 2: an array of 5: want 6 values like the first row"},
		{"text in JSON", "[[1704067200000, 1, 3, 0.5, 2, 7],\n[1704070800000, 1, 3, \"low\", 2, 7]]", hourly, `in:2: row 2: low "low": want a number with a decimal point, nothing, NaN, null or inf`},
		{"no high in JSON", `[{"start": 1704067200, "open": 1, "low": 1, "close": 2, "volume": 7}]`, hourly, `in: no column for high among "start,open,low,close,volume": want ts, open, high, low, close and volume`},
		{"key twice in JSON", `[{"start": 1704067200, "open": 1, "open": 1}]`, hourly, `in:1: row 1: the key "open" occurs twice: want every key once`},
		{"no JSON value", `[[1704067200000, 1, 3, 0.5, maybe, 7]]`, hourly, `in:1: not valid JSON at "maybe": want a value`},
		{"deep JSON", `[[1704067200000, ` + strings.Repeat("[", 300), hourly, "in:1: values nested deeper than 200: want a list of candles"},

		{"unknown class", header, Options{Class: "bond", Interval: "1d"}, `unknown asset class "bond": want stock, crypto or etf`},
		{"unknown timeframe", header, Options{Class: market.Stock, Interval: "2m"}, `unknown file timeframe "2m": want 1m, 5m, 15m, 30m, 1h, 4h, 1d or 1w`},
		{"unknown unit", header, Options{Class: market.Stock, Interval: "1d", VolumeUnit: "lots"}, `unknown volume unit "lots": want base or quote`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := lastError(tt.in, tt.o)
			if got == nil {
				t.Fatal("read without an error")
			}
			if diff := cmp.Diff(tt.want, got.Error()); diff != "" {
				t.Error(diff)
			}
			if strings.Contains(got.Error(), "\n") {
				t.Error("more than one line")
			}
		})
	}
}

// lastError reads everything and gives the error that ended it, nil for none.
func lastError(in string, o Options) error {
	r, err := NewReader("in", strings.NewReader(in), o)
	for err == nil {
		_, err = r.Next()
	}
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

func TestErrorsTellTheirKind(t *testing.T) {
	t.Parallel()
	o := Options{Class: market.Stock, Interval: "1d"}
	if err := lastError(header, o); !errors.Is(err, ErrNoRows) {
		t.Errorf("a header alone: %v is not ErrNoRows", err)
	}
	err := lastError(header+"2024-01-02,1,3,x,2,7\n", o)
	var row *RowError
	if !errors.As(err, &row) {
		t.Fatalf("%v is no RowError", err)
	}
	want := RowError{File: "in", Line: 2, Value: `low "x"`, Want: "a number with a decimal point, nothing, NaN, null or inf"}
	if diff := cmp.Diff(want, *row); diff != "" {
		t.Error(diff)
	}
}

// TestSkippingDoesNotHideFileErrors: what concerns the whole file ends it also
// where bad rows are skipped.
func TestSkippingDoesNotHideFileErrors(t *testing.T) {
	t.Parallel()
	o := Options{Class: market.Crypto, Interval: "1h", SkipBadRows: true}
	for _, in := range []string{
		header + "2024-01-02 10:00,1,3,0.5,2,7\n1704189600,1,3,0.5,2,7\n",
		"[[1704067200000, 1, 3, 0.5, 2, 7], [1704067200000, 1, 3, 0.5, 2, 7",
		header + "2024-01-02 10:00,1,3,0.5,2,7\n" + strings.Repeat("1,", bufferSize),
	} {
		if err := lastError(in, o); err == nil {
			t.Errorf("%.60q was read without an error", in)
		}
	}
}

// TestCutGzip: a gzip cut at any byte is never taken for a whole file.
func TestCutGzip(t *testing.T) {
	t.Parallel()
	whole := zipped(t, []byte(header+strings.Repeat("2024-01-02,1,3,0.5,2,7\n", 100)))
	o := Options{Class: market.Stock, Interval: "1d", SkipBadRows: true}
	for n := 2; n < len(whole); n++ {
		err := lastError(string(whole[:n]), o)
		if err == nil || !strings.HasPrefix(err.Error(), "in: truncated gzip, it ends after ") {
			t.Fatalf("cut at %d of %d: %v", n, len(whole), err)
		}
		if strings.Contains(err.Error(), "after 1 lines") {
			t.Errorf("cut at %d: %v", n, err)
		}
	}
	whole[len(whole)-5] ^= 1 // the checksum
	want := "in: damaged gzip after 101 lines: want an intact file: gzip: invalid checksum"
	if err := lastError(string(whole), o); err == nil || err.Error() != want {
		t.Errorf("wrong checksum: %v, want %s", err, want)
	}
}

func TestOpen(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	o := Options{Class: market.Stock, Interval: "1d"}
	path := filepath.Join(dir, "a.csv.gz")
	if err := os.WriteFile(path, zipped(t, []byte(header+"2024-01-02,1,3,0.5,2,7\n")), 0o600); err != nil {
		t.Fatal(err)
	}
	r, err := Open(path, o)
	if err != nil {
		t.Fatal(err)
	}
	if row, err := r.Next(); err != nil || row.Line != 2 || row.Candle.Volume != 7 {
		t.Errorf("first row: %+v, %v", row, err)
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
	if _, err := r.Next(); err == nil || !strings.HasSuffix(err.Error(), "a.csv.gz: read after close") {
		t.Errorf("after Close: %v", err)
	}

	missing := filepath.Join(dir, "no\nsuch.csv")
	for path, want := range map[string]string{
		missing: `no\nsuch.csv": no such file or directory`,
		dir:     ": is a directory: want a file",
	} {
		_, err := Open(path, o)
		if err == nil || !strings.HasSuffix(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("Open(%q): %v, want …%s", path, err, want)
		}
	}
}

// TestReadFault: an error of the disk in the middle of a file is told as such.
func TestReadFault(t *testing.T) {
	t.Parallel()
	for _, in := range []string{header + "2024-01-02,1,3,0.5,2,7\n2024", `[[1704067200000, 1, 3, 0.5, 2, 7],`} {
		broken := io.MultiReader(strings.NewReader(in), faulty{})
		r, err := NewReader("in", broken, Options{Class: market.Stock, Interval: "1h"})
		for err == nil {
			_, err = r.Next()
		}
		if err.Error() != "in: input/output error" {
			t.Errorf("%.20q: %v", in, err)
		}
	}
}

type faulty struct{}

func (faulty) Read([]byte) (int, error) {
	return 0, &os.PathError{Op: "read", Path: "in", Err: errors.New("input/output error")}
}

func TestParseOptions(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"", "Local", "Mars/Olympus", "../etc/passwd"} {
		want := `unknown time zone "` + name + `": want an IANA name such as America/New_York or UTC`
		if _, err := ParseZone(name); err == nil || err.Error() != want {
			t.Errorf("ParseZone(%q): %v", name, err)
		}
	}
	if zone, err := ParseZone("Europe/Berlin"); err != nil || zone.String() != "Europe/Berlin" {
		t.Errorf("ParseZone(Europe/Berlin): %v, %v", zone, err)
	}
	for _, word := range []string{"1m", "5m", "15m", "30m", "1h", "4h", "1d", "1w"} {
		i, err := ParseInterval(word)
		if err != nil || string(i) != word || i.Duration() <= 0 || i.Intraday() != (word != "1d" && word != "1w") {
			t.Errorf("ParseInterval(%q): %v, %v", word, i, err)
		}
	}
}
