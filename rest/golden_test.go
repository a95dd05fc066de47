package rest

import (
	"errors"
	"flag"
	"log/slog"
	"math"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/candlewright/candlewright/internal/enrich"
	"github.com/candlewright/candlewright/internal/market"
)

var update = flag.Bool("update", false, "write testdata anew")

// golden compares an answer's bytes with a file, to the last one: a line end
// behind the JSON would be a difference.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), got); d != "" {
		t.Errorf("%s: %s", path, d)
	}
}

// TestGoldenBodies holds the documented answers, from a service that knows one
// symbol, and one that knows none.
func TestGoldenBodies(t *testing.T) {
	t.Parallel()
	full, empty := newFake(), newFake()
	empty.empty = true
	for _, tc := range []struct {
		file, method, target string
		service              *fake
	}{
		{"status.json", "GET", "/api/v1/enrichment/status/AAPL", full},
		{"status-lower-case.json", "GET", "/api/v1/enrichment/status/aapl?asset_class=stock", full},
		{"status-unknown.json", "GET", "/api/v1/enrichment/status/NOPE", full},
		{"status-other-class.json", "GET", "/api/v1/enrichment/status/AAPL?asset_class=etf", full},
		{"metrics.json", "GET", "/api/v1/enrichment/metrics", full},
		{"metrics-empty.json", "GET", "/api/v1/enrichment/metrics", empty},
		{"trigger.json", "POST", "/api/v1/enrichment/trigger?symbol=aapl&asset_class=stock&timeframes=1d&timeframes=1h&timeframes=1d", full},
		{"trigger-defaults.json", "POST", "/api/v1/enrichment/trigger?symbol=AAPL", full},
		{"trigger-crypto.json", "POST", "/api/v1/enrichment/trigger?symbol=BTC&asset_class=crypto&timeframes=1d", full},
		{"quality.json", "GET", "/api/v1/data/quality/aapl", full},
		{"quality-unknown.json", "GET", "/api/v1/data/quality/nope?days=30", full},
	} {
		t.Run(tc.file, func(t *testing.T) {
			t.Parallel()
			w := ask(handler(tc.service), tc.method, tc.target)
			if w.Code != http.StatusOK {
				t.Errorf("status %d", w.Code)
			}
			if got := sortedHeader(w.Header()); got != "Content-Type: application/json" {
				t.Errorf("headers\n%s", got)
			}
			golden(t, tc.file, w.Body.String())
		})
	}
}

func TestStatusShowsErrorsAndTexts(t *testing.T) {
	t.Parallel()
	h := enrich.Health{
		Ticker:           "<A&B>\u2028\"\\\x00",
		Class:            new(market.Crypto),
		Status:           "error",
		RecordsAvailable: 1,
		QualityScore:     new(0.0),
		ValidationRate:   new(0.0),
		DataAgeSeconds:   new(int64(0)),
		Timeframes:       []market.Timeframe{market.M15},
		ErrorMessage:     new("no source answered: \"x\"\n"),
		At:               time.Date(1969, 12, 31, 23, 59, 59, 5, time.UTC),
	}
	w := ask(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := write(w, r, 200, statusOf(h)); err != nil {
			t.Error(err)
		}
	}), "GET", "/")
	golden(t, "status-error.json", w.Body.String())
}

func TestDecimal(t *testing.T) {
	t.Parallel()
	for v, want := range map[float64]string{
		99.2: "99.2", 98.33: "98.33", 100: "100.0", 0.95: "0.95", 1: "1.0", 0: "0.0", math.Copysign(0, -1): "0.0",
		0.1: "0.1", 0.01: "0.01", 50: "50.0", 10.5: "10.5", 0.07: "0.07", 99.99: "99.99", 33.300000000000004: "33.3",
	} {
		if got := string(decimal(v)); got != want {
			t.Errorf("decimal(%v) = %s, want %s", v, got, want)
		}
	}
}

func TestWhatIsNoNumberIsAnInternalError(t *testing.T) {
	t.Parallel()
	for _, v := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
		a := &api{log: slog.New(slog.DiscardHandler)}
		w := ask(a.route("GET", func(*http.Request) (any, error) {
			return statusOf(enrich.Health{QualityScore: &v}), nil
		}), "GET", "/")
		if w.Code != 500 || w.Body.String() != `{"detail":"Internal Server Error"}` {
			t.Errorf("%v: %d %s", v, w.Code, w.Body)
		}
	}
	if err := write(nil, nil, 200, map[string]any{"f": func() {}}); err == nil || errors.Unwrap(err) == nil {
		t.Errorf("err = %v", err)
	}
}
