package file

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"math"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"github.com/candlewright/candlewright/internal/market"
)

// TestForms reads every script of testdata: an input, the options in the last
// line of the comment, and the rows that must come of it, worked out by hand.
func TestForms(t *testing.T) {
	t.Parallel()
	scripts, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(scripts) == 0 {
		t.Fatalf("no scripts in testdata: %v", err)
	}
	for _, path := range scripts {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			t.Parallel()
			script, err := txtar.ParseFile(path)
			if err != nil {
				t.Fatal(err)
			}
			o := scriptOptions(t, string(script.Comment))
			in, want := script.Files[0].Data, string(script.Files[1].Data)
			for _, dress := range dresses {
				got := describe("in", bytes.NewReader(dress.put(t, in)), o)
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("%s (-want +got):\n%s", dress.name, diff)
				}
			}
		})
	}
}

// dresses are what may lie around any form.
var dresses = []struct {
	name string
	put  func(testing.TB, []byte) []byte
}{
	{"plain", func(_ testing.TB, b []byte) []byte { return b }},
	{"byte order mark", func(_ testing.TB, b []byte) []byte { return append([]byte("\ufeff"), b...) }},
	{"CRLF", func(_ testing.TB, b []byte) []byte { return bytes.ReplaceAll(b, []byte("\n"), []byte("\r\n")) }},
	{"no last line end", func(_ testing.TB, b []byte) []byte { return bytes.TrimRight(b, "\n") }},
	{"gzip", zipped},
	{"gzip in two members with mark", func(tb testing.TB, b []byte) []byte {
		tb.Helper()
		return append(zipped(tb, append([]byte("\ufeff"), b[:len(b)/2]...)), zipped(tb, b[len(b)/2:])...)
	}},
}

func zipped(tb testing.TB, b []byte) []byte {
	tb.Helper()
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	if _, err := w.Write(b); err != nil {
		tb.Fatal(err)
	}
	if err := w.Close(); err != nil {
		tb.Fatal(err)
	}
	return out.Bytes()
}

func scriptOptions(t *testing.T, comment string) (o Options) {
	t.Helper()
	lines := strings.Split(strings.TrimSpace(comment), "\n")
	for word := range strings.FieldsSeq(lines[len(lines)-1]) {
		name, value, _ := strings.Cut(word, "=")
		var err error
		switch name {
		case "class":
			o.Class, err = market.ParseAssetClass(value)
		case "interval":
			o.Interval, err = ParseInterval(value)
		case "unit":
			o.VolumeUnit, err = ParseVolumeUnit(value)
		case "zone":
			o.Zone, err = ParseZone(value)
		case "skip":
			o.SkipBadRows = true
		default:
			t.Fatalf("unknown option %q", word)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return o
}

// describe reads a file to its end and writes a line for each row.
func describe(name string, in io.Reader, o Options) string {
	r, err := NewReader(name, in, o)
	if err != nil {
		return err.Error() + "\n"
	}
	var b strings.Builder
	if offered := offeredWords(r.Offered()); offered != "" {
		b.WriteString("offered:" + offered + "\n")
	}
	for {
		row, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			b.WriteString(err.Error() + "\n")
			break
		}
		b.WriteString(rowWords(row, r.Offered()))
	}
	if n, first := r.Skipped(); n > 0 {
		fmt.Fprintf(&b, "skipped %d: %v\n", n, first)
	}
	return b.String()
}

func offeredWords(offered market.Fields) string {
	var words strings.Builder
	for f := range market.Field(market.NumFields) {
		if offered.Has(f) {
			words.WriteString(" " + f.String())
		}
	}
	return words.String()
}

func rowWords(row Row, offered market.Fields) string {
	c := row.Candle
	words := []string{"-"}
	if row.HasTS {
		words[0] = c.TS.Format(time.RFC3339Nano)
	}
	for _, v := range []float64{c.Open, c.High, c.Low, c.Close, c.Volume} {
		words = append(words, number(v))
	}
	for f := range market.Field(market.NumFields) {
		if v := c.Delivered[f]; offered.Has(f) {
			words = append(words, f.String()+"="+number(v))
		} else if !math.IsNaN(v) {
			words = append(words, f.String()+" has a value and is not offered")
		}
	}
	if c.VolumeEstimated {
		words = append(words, "estimated")
	}
	if c.Offered != offered || c.Source != market.CSV || c.Manual {
		words = append(words, fmt.Sprintf("offered %b source %q manual %v", c.Offered, c.Source, c.Manual))
	}
	return strings.Join(words, " ") + "\n"
}

// number is the shortest text of v, without an exponent where people write none.
func number(v float64) string {
	if a := math.Abs(v); 1e-3 < a && a < 1e15 {
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	return strconv.FormatFloat(v, 'g', -1, 64)
}
