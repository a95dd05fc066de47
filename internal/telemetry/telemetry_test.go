package telemetry

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
)

func TestLoggerWritesRequestIDAndUTC(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	log := NewLogger(&out, slog.LevelInfo, LogAuto).With("part", "rest")
	ctx := WithRequestID(t.Context(), "abc")
	at := time.Date(2024, 11, 13, 5, 31, 0, 0, time.FixedZone("EST", -5*3600))
	log.DebugContext(ctx, "hidden")
	log.InfoContext(ctx, "run ended", "at", at)

	var line map[string]any
	if err := json.Unmarshal(out.Bytes(), &line); err != nil {
		t.Fatalf("no single JSON line: %v in %q", err, out.String())
	}
	if s, _ := line["time"].(string); !strings.HasSuffix(s, "Z") {
		t.Errorf("time %q is not UTC", s)
	}
	delete(line, "time")
	want := map[string]any{"level": "INFO", "msg": "run ended", "part": "rest", "at": "2024-11-13T10:31:00Z", "request_id": "abc"}
	if d := cmp.Diff(want, line); d != "" {
		t.Error(d)
	}
}

func TestLoggerWithoutRequestOrWithGroup(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	log := NewLogger(&out, slog.LevelInfo, LogText)
	log.Info("plain")
	if got := out.String(); strings.Contains(got, "request_id") || !strings.Contains(got, "msg=plain") {
		t.Errorf("got %q", got)
	}
	out.Reset()
	log.WithGroup("g").InfoContext(WithRequestID(t.Context(), "abc"), "grouped")
	if got := out.String(); !strings.Contains(got, "request_id=abc") {
		t.Errorf("got %q", got)
	}
}

func TestAutoFormatWritesJSONToAFile(t *testing.T) {
	t.Parallel()
	f, err := os.Create(filepath.Join(t.TempDir(), "log"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	NewLogger(f, slog.LevelInfo, LogAuto).Info("x")
	b, err := os.ReadFile(f.Name())
	if err != nil || !json.Valid(b) {
		t.Errorf("got %q, %v", b, err)
	}
}

func TestParse(t *testing.T) {
	t.Parallel()
	for _, s := range []string{"auto", "text", "json"} {
		if f, err := ParseLogFormat(s); err != nil || string(f) != s {
			t.Errorf("ParseLogFormat(%q) = %q, %v", s, f, err)
		}
	}
	if _, err := ParseLogFormat("xml"); err == nil || !strings.Contains(err.Error(), `"xml": want auto, text or json`) {
		t.Errorf("err = %v", err)
	}
	if l, err := ParseLogLevel("WARN"); err != nil || l != slog.LevelWarn {
		t.Errorf("ParseLogLevel = %v, %v", l, err)
	}
	if _, err := ParseLogLevel("loud"); err == nil || !strings.Contains(err.Error(), `"loud": want debug`) {
		t.Errorf("err = %v", err)
	}
}

func TestRequestIDs(t *testing.T) {
	t.Parallel()
	if got := RequestID(t.Context()); got != "" {
		t.Errorf("RequestID without one = %q", got)
	}
	a, b := NewRequestID(), NewRequestID()
	if len(a) != 24 || a == b {
		t.Errorf("ids %q and %q", a, b)
	}
}

func TestMetricsHandlerShowsRegisteredMetrics(t *testing.T) {
	t.Parallel()
	r := NewMetrics()
	c := prometheus.NewCounter(prometheus.CounterOpts{Namespace: Namespace, Name: "things_total", Help: "Things."})
	r.MustRegister(c)
	c.Add(3)
	w := httptest.NewRecorder()
	MetricsHandler(r, slog.New(slog.DiscardHandler)).ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	for _, want := range []string{"candlewright_things_total 3", "go_goroutines"} {
		if !strings.Contains(w.Body.String(), want) {
			t.Errorf("%q is missing in %s", want, w.Body)
		}
	}
}
