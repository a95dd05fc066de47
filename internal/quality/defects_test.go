package quality_test

import (
	"encoding/csv"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/candlewright/candlewright/internal/grid"
	"github.com/candlewright/candlewright/internal/market"
	"github.com/candlewright/candlewright/internal/quality"
)

// TestDefectiveFiles checks published files with defects that providers really
// delivered, as if they were of New York. The counts are those of a separate
// script that knows the rules and the exchange's holidays only.
func TestDefectiveFiles(t *testing.T) {
	t.Parallel()
	type counts = quality.Counts
	type failed = map[string]int
	for file, want := range map[string]struct {
		tf         market.Timeframe
		unreadable int
		counts     quality.Counts
		stored     int
		failed     map[string]int
	}{
		"ds_bad_SPY_1d_defects.csv":                  {market.D1, 50, counts{Delivered: 452, NoRow: 51, Rejected: 55}, 346, failed{"price_positive": 55, "ohlc_order": 9}},
		"ds_zeros.csv":                               {market.D1, 0, counts{Delivered: 200, Rejected: 200}, 0, failed{"price_positive": 200}},
		"yf_4063-T-1d-bad-stock-split.csv":           {market.D1, 0, counts{Delivered: 22, Rejected: 1}, 21, failed{"on_grid": 1}},
		"yf_4063-T-1d-bad-stock-split-fixed.csv":     {market.D1, 0, counts{Delivered: 22, Rejected: 1}, 21, failed{"on_grid": 1}},
		"yf_8TRA-DE-1d-missing-div-adjust.csv":       {market.D1, 0, counts{Delivered: 5}, 5, failed{}},
		"yf_8TRA-DE-1d-missing-div-adjust-fixed.csv": {market.D1, 0, counts{Delivered: 5}, 5, failed{}},
		"yf_AET-L-1d-100x-error.csv":                 {market.D1, 0, counts{Delivered: 23, Rejected: 1}, 22, failed{"on_grid": 1, "volume_positive": 21}},
		"yf_AET-L-1d-100x-error-fixed.csv":           {market.D1, 0, counts{Delivered: 23, Rejected: 1}, 22, failed{"on_grid": 1, "volume_positive": 21}},
		"yf_EA-15m-no-bad-divs.csv":                  {market.M15, 0, counts{Delivered: 319, OutsideSession: 143}, 176, failed{}},
		"yf_MOB-ST-1d-bad-stock-split.csv":           {market.D1, 0, counts{Delivered: 16, Rejected: 1}, 15, failed{"on_grid": 1}},
		"yf_MOB-ST-1d-bad-stock-split-fixed.csv":     {market.D1, 0, counts{Delivered: 16, Rejected: 1}, 15, failed{"on_grid": 1}},
		"yf_SAND-1d-bad-div.csv":                     {market.D1, 0, counts{Delivered: 662}, 662, failed{}},
		"yf_SAND-1d-bad-div-fixed.csv":               {market.D1, 0, counts{Delivered: 662}, 662, failed{}},
	} {
		t.Run(file, func(t *testing.T) {
			t.Parallel()
			rows, unreadable := readForeign(t, shared(t, "ohlcv", file), want.tf)
			d, err := quality.Arrange(grid.New(market.Stock, want.tf), rows, time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC))
			if err != nil {
				t.Fatal(err)
			}
			got := map[string]int{}
			for _, f := range d.Failures {
				got[f.Check.String()]++
			}
			if diff := cmp.Diff(want.failed, got); diff != "" {
				t.Errorf("failed checks (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(want.counts, d.Counts); diff != "" {
				t.Errorf("counts (-want +got):\n%s", diff)
			}
			if len(d.Rows) != want.stored || unreadable != want.unreadable {
				t.Errorf("%d rows to store and %d unreadable, want %d and %d", len(d.Rows), unreadable, want.stored, want.unreadable)
			}
		})
	}
}

// readForeign reads these files' forms: a daily stamp is the date before any
// time, an intraday one the instant. Rows without a readable stamp are counted.
func readForeign(t *testing.T, path string, tf market.Timeframe) (rows []market.Candle, unreadable int) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	r := csv.NewReader(strings.NewReader(strings.TrimPrefix(string(b), "\ufeff")))
	r.FieldsPerRecord = -1
	lines, err := r.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	volume := slices.IndexFunc(lines[0], func(s string) bool { return strings.EqualFold(s, "volume") })
	for _, line := range lines[1:] {
		ts, ok := foreignStamp(line[0], tf)
		if !ok {
			unreadable++
			continue
		}
		number := func(i int) float64 {
			if x, err := strconv.ParseFloat(line[i], 64); err == nil {
				return x
			}
			return math.NaN()
		}
		rows = append(rows, market.Candle{
			TS: ts, Open: number(1), High: number(2), Low: number(3), Close: number(4), Volume: number(volume),
			Delivered: market.NoFields(), Source: market.CSV,
		})
	}
	return rows, unreadable
}

func foreignStamp(s string, tf market.Timeframe) (time.Time, bool) {
	for _, layout := range []string{"2006-01-02 15:04:05-07:00", "01/02/2006", "01/02/06"} {
		if t, err := time.Parse(layout, s); err == nil {
			if !tf.Intraday() {
				t = time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, time.UTC)
			}
			return t, true
		}
	}
	return time.Time{}, false
}
