package httpserver

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/goleak"

	"github.com/candlewright/candlewright/internal/fault"
	"github.com/candlewright/candlewright/internal/telemetry"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// logged is a log that a test can read.
type logged struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *logged) logger() *slog.Logger {
	return telemetry.NewLogger(l, slog.LevelDebug, telemetry.LogJSON)
}

// lines gives the log lines with a message.
func (l *logged) lines(t *testing.T, msg string) []map[string]any {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	var all []map[string]any
	dec := json.NewDecoder(bytes.NewReader(l.buf.Bytes()))
	for {
		var line map[string]any
		if err := dec.Decode(&line); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		if line["msg"] == msg {
			all = append(all, line)
		}
	}
}

func ask(h http.Handler, method, target string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, target, nil)
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func says(text string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, text) })
}

func TestFacesAreFoundByDecodedPathAndLongestPrefix(t *testing.T) {
	t.Parallel()
	h := New(Config{}, Face{Prefix: "/", Handler: says("page")}, Face{Prefix: "/api/", Handler: says("api")}, Face{Prefix: "/graphql", Handler: says("graphql")}).Handler()
	for target, want := range map[string]string{
		"/":              "page",
		"/api":           "page",
		"/api/":          "api",
		"/api/../x//y":   "api",
		"/%61pi/x":       "api",
		"/api%2Fx":       "api",
		"/API/x":         "page",
		"//api/x":        "page",
		"/graphql":       "graphql",
		"/graphql/":      "page",
		"/graphql?query": "graphql",
		"/healthz":       `{"status":"ok"}`,
		"/readyz":        `{"status":"ready"}`,
		"/healthz/":      "page",
	} {
		if got := ask(h, "GET", "http://host"+target).Body.String(); got != want {
			t.Errorf("%s: got %q, want %q", target, got, want)
		}
	}
	w := ask(New(Config{}).Handler(), "GET", "/nothing")
	if w.Code != 404 || w.Body.String() != `{"detail":"Not Found"}` {
		t.Errorf("unmounted path: %d %s", w.Code, w.Body)
	}
}

func TestRequestID(t *testing.T) {
	t.Parallel()
	h := New(Config{}, Face{Prefix: "/", Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, telemetry.RequestID(r.Context()))
	})}).Handler()
	for sent, kept := range map[string]bool{
		"abc-1.2_3:X": true, "": false, "a b": false, "a\nb": false, `"`: false,
		strings.Repeat("x", 64): true, strings.Repeat("x", 65): false,
	} {
		w := ask(h, "GET", "/", "X-Request-Id", sent)
		id := w.Header().Get("X-Request-Id")
		if id == "" || id != w.Body.String() || (id == sent) != kept {
			t.Errorf("sent %q: answered %q, in the context %q", sent, id, w.Body)
		}
	}
}

func TestOneLogLinePerRequest(t *testing.T) {
	t.Parallel()
	var log logged
	h := New(Config{Log: log.logger()}, Face{Prefix: "/", Handler: says("hello")}).Handler()
	ask(h, "GET", "/a%20b?secret=1", "X-Request-Id", "id-1")
	ask(h, "GET", "/healthz")
	lines := log.lines(t, "request")
	if len(lines) != 2 {
		t.Fatalf("lines: %v", lines)
	}
	if lines[1]["level"] != "DEBUG" {
		t.Errorf("health checks fill the log: %v", lines[1])
	}
	got := lines[0]
	if ms, ok := got["duration_ms"].(float64); !ok || ms < 0 {
		t.Errorf("duration: %v", got["duration_ms"])
	}
	delete(got, "duration_ms")
	delete(got, "time")
	want := map[string]any{
		"level": "INFO", "msg": "request", "method": "GET", "path": "/a%20b", "status": 200.0, "bytes": 5.0,
		"remote": "192.0.2.1:1234", "request_id": "id-1",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	ask(h, strings.Repeat("M", 50), "/"+strings.Repeat("x", 1000))
	long := log.lines(t, "request")[2]
	if p, _ := long["path"].(string); len(p) > maxLoggedPath+len("…") {
		t.Errorf("logged a path of %d bytes", len(p))
	}
}

func TestPanicIsAnswered500AndLogged(t *testing.T) {
	t.Parallel()
	boom := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Etag", "x")
		w.WriteHeader(http.StatusTeapot)
		_, _ = io.WriteString(w, "half")
		panic("boom")
	})
	around := func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Access-Control-Allow-Origin", "*")
			next.ServeHTTP(w, r)
		})
	}
	var log logged
	h := New(Config{Log: log.logger()}, Face{Prefix: "/api/", Handler: boom, Around: around}).Handler()
	w := ask(h, "GET", "/api/x")
	if w.Code != 500 || w.Body.String() != `{"detail":"Internal Server Error"}` || w.Header().Get("Content-Type") != "application/json" {
		t.Errorf("got %d %s %v", w.Code, w.Body, w.Header())
	}
	if w.Header().Get("Access-Control-Allow-Origin") != "*" || w.Header().Get("Etag") != "" {
		t.Errorf("headers %v", w.Header())
	}
	panics := log.lines(t, "handler panicked")
	if len(panics) != 1 || panics[0]["err"] != "boom" || !strings.Contains(panics[0]["stack"].(string), "TestPanicIsAnswered500AndLogged") {
		t.Errorf("logged %v", panics)
	}
}

func TestPanicAfterTheAnswerBeganCutsTheConnection(t *testing.T) {
	t.Parallel()
	boom := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "half")
		panic("boom")
	})
	h := New(Config{}, Face{Prefix: "/", Handler: boom, Streams: true}).Handler()
	defer func() {
		if err, _ := recover().(error); !errors.Is(err, http.ErrAbortHandler) {
			t.Errorf("panic %v, want ErrAbortHandler", err)
		}
	}()
	ask(h, "GET", "/")
}

func TestLateHandlerIsAnswered504(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var log logged
		release, refused := make(chan struct{}), make(chan error, 1)
		deaf := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X-Late", "1")
			<-release // ignores its context
			_, err := io.WriteString(w, "too late")
			refused <- err
			panic("even later")
		})
		s := New(Config{Log: log.logger()}, Face{Prefix: "/api/", Handler: deaf})
		start := time.Now()
		w := ask(s.Handler(), "GET", "/api/x")
		if took := time.Since(start); took != 10*time.Second {
			t.Errorf("took %s", took)
		}
		if w.Code != 504 || w.Body.String() != `{"detail":"Request timed out"}` || w.Header().Get("X-Late") != "" {
			t.Errorf("got %d %s %v", w.Code, w.Body, w.Header())
		}
		if n := s.inflight.wait(time.Second); n != 1 {
			t.Errorf("%d handlers under way, want the late one", n)
		}
		close(release)
		if err := <-refused; !errors.Is(err, http.ErrHandlerTimeout) {
			t.Errorf("late write: %v", err)
		}
		if n := s.inflight.wait(time.Second); n != 0 {
			t.Errorf("%d handlers under way", n)
		}
		if len(log.lines(t, "handler panicked")) != 1 {
			t.Error("a late panic must be logged")
		}
	})
}

func TestAnswersAtTheDeadline(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name   string
		limit  time.Duration
		status int
		want   int
	}{
		{"an error of ours that the deadline made", time.Second, 500, 504},
		{"an answer that is done", time.Second, 200, 200},
		{"an error well before it", time.Hour, 500, 500},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				// The handler answers in the instant of the deadline, and the goroutine
				// that waits for both must not let chance decide.
				for range 20 {
					answer := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
						if tc.limit < time.Minute {
							<-r.Context().Done()
						}
						w.WriteHeader(tc.status)
					})
					s := New(Config{}, Face{Prefix: "/", Handler: answer, Deadline: tc.limit})
					if got := ask(s.Handler(), "GET", "/").Code; got != tc.want && (tc.want != 200 || got != 504) {
						t.Fatalf("got %d, want %d", got, tc.want)
					}
				}
			})
		})
	}
}

func TestClientGoneIsNoAnswer(t *testing.T) {
	t.Parallel()
	var log logged
	ctx, cancel := context.WithCancel(t.Context())
	h := New(Config{Log: log.logger()}, Face{Prefix: "/", Handler: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		cancel()
		<-r.Context().Done()
	})}).Handler()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequestWithContext(ctx, "GET", "/", nil))
	if w.Body.Len() != 0 && w.Code != 200 {
		t.Errorf("answered %d %s", w.Code, w.Body)
	}
	if n := len(log.lines(t, "request")); n != 1 {
		t.Errorf("%d log lines", n)
	}
}

func TestReadiness(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name string
		err  error
		code int
		body string
	}{
		{"ready", nil, 200, `{"status":"ready"}`},
		{"database away", fault.Database(context.Background(), errors.New("dial tcp: password=x")), 503, `{"status":"unavailable","reason":"Database error"}`},
		{"a reason of ours", fault.Down(nil, "migrations are running"), 503, `{"status":"unavailable","reason":"migrations are running"}`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			var log logged
			h := New(Config{Log: log.logger(), Ready: func(context.Context) error { return tc.err }}).Handler()
			w := ask(h, "GET", "/readyz")
			if w.Code != tc.code || w.Body.String() != tc.body || w.Header().Get("Cache-Control") != "no-store" {
				t.Errorf("got %d %s %v", w.Code, w.Body, w.Header())
			}
			if tc.err != nil && len(log.lines(t, "not ready")) != 1 {
				t.Error("the cause is not in the log")
			}
			if w := ask(h, "POST", "/readyz"); w.Code != 405 || w.Header().Get("Allow") != "GET, HEAD" {
				t.Errorf("POST: %d %v", w.Code, w.Header())
			}
		})
	}
	t.Run("no answer", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			release := make(chan struct{})
			h := New(Config{Ready: func(context.Context) error { <-release; return nil }}).Handler()
			w := ask(h, "GET", "/readyz")
			if w.Code != 503 || w.Body.String() != `{"status":"unavailable","reason":"no answer within 2s"}` {
				t.Errorf("got %d %s", w.Code, w.Body)
			}
			close(release)
		})
	})
}

func TestMetricsCountByPrefix(t *testing.T) {
	t.Parallel()
	reg := prometheus.NewRegistry()
	h := New(Config{Metrics: reg}, Face{Prefix: "/api/", Handler: says("x")}).Handler()
	ask(h, "GET", "/api/a")
	ask(h, "BREW", "/api/b")
	ask(h, "GET", "/else")
	page := ask(telemetry.MetricsHandler(reg, slog.New(slog.DiscardHandler)), "GET", "/metrics").Body.String()
	for _, want := range []string{
		`candlewright_http_requests_total{method="GET",prefix="/api/",status="200"} 1`,
		`candlewright_http_requests_total{method="GET",prefix="none",status="404"} 1`,
		`candlewright_http_requests_total{method="other",prefix="/api/",status="200"} 1`,
		`candlewright_http_request_seconds_count{prefix="/api/"} 2`,
		`candlewright_http_requests_in_flight 0`,
	} {
		if !strings.Contains(page, want+"\n") {
			t.Errorf("%s is missing in\n%s", want, page)
		}
	}
}
