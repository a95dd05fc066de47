package file

import (
	"archive/zip"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

const metricsHeader = "create_time,symbol,sum_open_interest,sum_open_interest_value,count_toptrader_long_short_ratio,sum_toptrader_long_short_ratio,count_long_short_ratio,sum_taker_long_short_vol_ratio\n"

// writeMetrics writes a file, or an archive that holds it.
func writeMetrics(t *testing.T, zipped bool, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "BTCUSDT-metrics-2024-01-01.csv")
	if !zipped {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	z := zip.NewWriter(f)
	w, err := z.Create("BTCUSDT-metrics-2024-01-01.csv")
	if err == nil {
		_, err = w.Write([]byte(text))
	}
	if err != nil || z.Close() != nil || f.Close() != nil {
		t.Fatal(err)
	}
	return path
}

func TestReadMetrics(t *testing.T) {
	t.Parallel()
	nan := math.NaN()
	text := metricsHeader +
		"2024-01-01 00:10:00,BTCUSDT,83210.5,3.5e9,1.1,1.2,1.0512,0.9\n" +
		"2024-01-01 00:05:00,BTCUSDT,1,1,1,1,1,1\n" +
		"2024-01-01 00:05:00,BTCUSDT,83000.25,3.5e9,1.1,1.2,1.05,0.9\n" +
		"2024-01-01 00:15:00,BTCUSDT,0,0,,,,\n" +
		"soon,BTCUSDT,1,1,1,1,1,1\n"
	want := Metrics{Symbol: "BTCUSDT", Rows: 5, Bad: 1, Readings: []Reading{
		{at("2024-01-01T00:05:00Z"), 83000.25, 1.05}, {at("2024-01-01T00:10:00Z"), 83210.5, 1.0512}, {at("2024-01-01T00:15:00Z"), nan, nan},
	}}
	for _, zipped := range []bool{false, true} {
		path := writeMetrics(t, zipped, text)
		if ok, err := IsMetrics(path); !ok || err != nil {
			t.Errorf("zipped %v: not taken for metrics (%v)", zipped, err)
		}
		got, err := ReadMetrics(path)
		if diff := cmp.Diff(want, got, cmpopts.EquateNaNs()); diff != "" || err != nil {
			t.Errorf("zipped %v (-want +got), error %v:\n%s", zipped, err, diff)
		}
	}
	old := strings.Replace(text, "count_long_short_ratio", "long_short_ratio", 1)
	if got, err := ReadMetrics(writeMetrics(t, false, old)); err != nil || got.Readings[0].LongShortRatio != 1.05 {
		t.Errorf("with the old name of the column: %+v, error %v", got, err)
	}
}

func TestReadMetricsRefuses(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":                                       "read the header",
		"create_time,symbol\n":                   "no column sum_open_interest",
		"create_time,symbol,sum_open_interest\n": "no column count_long_short_ratio",
		metricsHeader + "2024-01-01 00:10:00,BTCUSDT,1\n":                                        "wrong number of fields",
		metricsHeader + "2024-01-01 00:10:00,A,1,1,1,1,1,1\n2024-01-01 00:15:00,B,1,1,1,1,1,1\n": "row 2 is of B, those before of A",
	} {
		if _, err := ReadMetrics(writeMetrics(t, false, text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
	for _, text := range []string{"ts,open,high,low,close,volume\n", "", "\xff\xfe\x00", "[{}]"} {
		if ok, _ := IsMetrics(writeMetrics(t, false, text)); ok {
			t.Errorf("%q is taken for metrics", text)
		}
	}
}

func FuzzReadMetrics(f *testing.F) {
	f.Add(metricsHeader + "2024-01-01 00:10:00,BTCUSDT,83210.5,3.5e9,1.1,1.2,1.0512,0.9\n")
	f.Fuzz(func(t *testing.T, text string) {
		m, err := readMetrics(strings.NewReader(text))
		if err != nil {
			return
		}
		for i, r := range m.Readings {
			if r.OpenInterest <= 0 || r.LongShortRatio <= 0 || i > 0 && !r.At.After(m.Readings[i-1].At) {
				t.Errorf("reading %d is %+v", i, r)
			}
		}
	})
}
