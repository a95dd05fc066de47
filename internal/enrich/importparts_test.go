package enrich_test

import (
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/candlewright/candlewright/internal/enrich"
	"github.com/candlewright/candlewright/internal/grid"
	"github.com/candlewright/candlewright/internal/market"
	"github.com/candlewright/candlewright/internal/source/file"
)

// TestBarsAreNotCutWhereFilesEnd splits a finer series into files in the midst of
// bars and compares with one file.
func TestBarsAreNotCutWhereFilesEnd(t *testing.T) {
	t.Parallel()
	fives := grid.New(market.Crypto, market.M5)
	parts := walk(fives, fives.FirstFrom(hours.Stamp(start)), 60, 9)
	request := func(files ...[]bar) enrich.ImportRequest {
		r := enrich.ImportRequest{Symbol: btc, Timeframe: market.H1, FileInterval: file.Interval(market.M5), Resample: true}
		for _, f := range files {
			r.Files = append(r.Files, writeCSV(t, f))
		}
		return r
	}
	whole := newWorld(t, later)
	whole.mustImport(t, request(parts))
	want := whole.candles(t, btc, market.H1)

	wrong := slices.Clone(parts[10:20])
	for i := range wrong {
		wrong[i].volume++
	}
	for name, tc := range map[string]struct {
		files   [][]bar
		candles []int // of each file: the bars that begin in it
	}{
		"in the midst of a bar":        {[][]bar{parts[:17], parts[17:]}, []int{2, 3}},
		"the later one first":          {[][]bar{parts[31:], parts[:31]}, []int{2, 3}},
		"one within a bar":             {[][]bar{parts[:13], parts[13:20], parts[20:]}, []int{2, 0, 3}},
		"one that another puts right":  {[][]bar{parts[:10], wrong, parts[10:]}, []int{1, 0, 4}},
		"two that take turns in a bar": {[][]bar{{parts[0], parts[2], parts[4]}, append([]bar{parts[1], parts[3]}, parts[5:]...)}, []int{1, 4}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, later)
			done := w.mustImport(t, enrich.SpillBeyond(request(tc.files...), 7))
			if diff := cmp.Diff(want, w.candles(t, btc, market.H1)); diff != "" {
				t.Errorf("candles (-of one file +of several):\n%.3000s", diff)
			}
			for i, f := range done.Files {
				if f.Candles != tc.candles[i] || f.Fetched != f.Candles || f.Inserted != f.Candles {
					t.Errorf("file %d: %+v, want %d candles", i+1, f, tc.candles[i])
				}
				if none := f.Candles == 0; none != (strings.Contains(f.Why, "begin in another file") || strings.Contains(f.Why, "10 are replaced")) {
					t.Errorf("file %d: why: %q", i+1, f.Why)
				}
			}
		})
	}
}

// TestTheRangeOfAResampledImportCutsBars asks for ranges that begin and end in the
// midst of bars.
func TestTheRangeOfAResampledImportCutsBars(t *testing.T) {
	t.Parallel()
	fives := grid.New(market.Crypto, market.M5)
	parts := walk(fives, fives.FirstFrom(hours.Stamp(start)), 60, 9)
	parts = append(parts, bar{ts: time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC), open: 1, high: 1, low: 1, close: 1, volume: 1}) // which the range cuts off
	r := enrich.ImportRequest{
		Symbol: btc, Timeframe: market.H1, FileInterval: file.Interval(market.M5), Resample: true, Files: []string{writeCSV(t, parts)},
		From: hours.Stamp(start).Add(25 * time.Minute), To: hours.Stamp(start + 3).Add(10 * time.Minute),
	}
	w := newWorld(t, later)
	done := w.mustImport(t, r).Files[0]
	if done.Candles != 3 || done.Cut != 12+12+1 {
		t.Errorf("%+v, want 3 candles and 25 rows cut off", done)
	}
	s, err := w.store.Symbol(t.Context(), btc)
	if err != nil {
		t.Fatal(err)
	}
	got, err := w.store.LastCandles(t.Context(), s.ID, market.H1, later, 10)
	if err != nil || len(got) != 3 {
		t.Fatalf("%d candles, %v", len(got), err)
	}
	for i, c := range got {
		of := parts[12*(i+1) : 12*(i+2)]
		if !c.TS.Equal(of[0].ts) || c.Open != of[0].open || c.Close != of[11].close {
			t.Errorf("bar %d: %+v, want the whole hour from %v on", i, c.Candle, of[0])
		}
	}
}

// TestFinerFilesAreRecognised imports files without saying what they hold.
func TestFinerFilesAreRecognised(t *testing.T) {
	t.Parallel()
	every := func(d time.Duration, shift time.Duration) string {
		var bars []bar
		for at := hours.Stamp(start).Add(shift); len(bars) < 200; at = at.Add(d) {
			bars = append(bars, bar{ts: at, open: 1, high: 2, low: 1, close: 2, volume: 5})
		}
		return writeCSV(t, bars)
	}
	for name, tc := range map[string]struct {
		tf   market.Timeframe
		path string
		told file.Interval
		want file.Interval
	}{
		"minutes as 5m":       {market.M5, every(time.Minute, 0), "", file.Minute},
		"5m as 1h":            {market.H1, every(5*time.Minute, 0), "", "5m"},
		"days as weeks":       {market.W1, every(24*time.Hour, 0), "", "1d"},
		"hours as days":       {market.D1, every(time.Hour, 0), "", ""}, // which cannot be put together
		"shifted hours":       {market.H1, every(time.Hour, 30*time.Minute), "", ""},
		"the user has said":   {market.H1, every(5*time.Minute, 0), "1h", ""},
		"hours as such":       {market.H1, every(time.Hour, 0), "", ""},
		"a few rows in hours": {market.H1, writeText(t, readText(t, every(time.Hour, 0))+"2024-03-01T00:05:00Z,1,1,1,1,1\n"), "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, later)
			done := w.mustImport(t, enrich.ImportRequest{Symbol: btc, Timeframe: tc.tf, Files: []string{tc.path}, FileInterval: tc.told}).Files[0]
			if done.FinerBars != tc.want {
				t.Errorf("finer bars %q, want %q; %+v", done.FinerBars, tc.want, done)
			}
		})
	}
}

func readText(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
