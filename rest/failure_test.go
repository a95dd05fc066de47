package rest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/candlewright/candlewright/internal/fault"
	"github.com/candlewright/candlewright/internal/httpserver"
	"github.com/candlewright/candlewright/internal/telemetry"
)

// requests is one good request to each route.
var requests = []string{"GET " + statusPath + "AAPL", "GET " + metricsPath, "POST " + triggerPath + "?symbol=AAPL", "GET " + qualityPath}

func askLine(h http.Handler, line string, headers ...string) (code int, body string, header http.Header) {
	method, target, _ := strings.Cut(line, " ")
	w := ask(h, method, target, headers...)
	return w.Code, w.Body.String(), w.Header()
}

func TestErrorsOfTheService(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name   string
		err    error
		want   string
		logged bool
	}{
		{"database away", fmt.Errorf("read health: %w", down(context.Background())), `500 {"detail":"Database error"}`, true},
		{"out of time", fmt.Errorf("read health: %w", context.DeadlineExceeded), `504 {"detail":"Request timed out"}`, true},
		{"anything else", errors.New("index out of range"), `500 {"detail":"Internal Server Error"}`, true},
		{"a refusal", fault.BadInput("symbol", "no such <thing>"), `400 {"detail":"no such <thing>"}`, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			var out bytes.Buffer
			f := newFake()
			f.err = tc.err
			h := httpserver.New(httpserver.Config{}, face(f, telemetry.NewLogger(&out, slog.LevelInfo, telemetry.LogJSON))).Handler()
			for _, line := range requests {
				out.Reset()
				code, body, header := askLine(h, line, origin, "X-Request-Id: req-1")
				if got := fmt.Sprintf("%d %s", code, body); got != tc.want {
					t.Errorf("%s: got %s, want %s", line, got, tc.want)
				}
				if header.Get("Content-Type") != "application/json" || header.Get("Access-Control-Allow-Origin") != "*" {
					t.Errorf("%s: headers %v", line, header)
				}
				log := out.String()
				whole := strings.Contains(log, `"request_id":"req-1"`) && strings.Contains(log, `"err":`)
				if whole != tc.logged || !tc.logged && log != "" {
					t.Errorf("%s: logged %q", line, log)
				}
			}
			if strings.Contains(out.String(), "database") && !strings.Contains(out.String(), "hunter2") {
				t.Error("the cause is not in the log")
			}
		})
	}
}

func TestPanicsAreInternalErrors(t *testing.T) {
	t.Parallel()
	f := newFake()
	f.wait = func(context.Context) { panic("hunter2") }
	h := handler(f)
	for _, line := range requests {
		code, body, header := askLine(h, line, origin, cookie)
		if code != 500 || body != `{"detail":"Internal Server Error"}` || header.Get("Content-Type") != "application/json" {
			t.Errorf("%s: %d %s %v", line, code, body, header)
		}
		if header.Get("Access-Control-Allow-Origin") != "https://app.example" || header.Get("Vary") != "Origin" {
			t.Errorf("%s: headers %v", line, header)
		}
	}
}

func TestLateAnswers(t *testing.T) {
	t.Parallel()
	for name, deaf := range map[string]bool{"a service that heeds its context": false, "one that does not": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				f := newFake()
				release := make(chan struct{})
				f.err = errors.New("would be a 500")
				f.wait = func(ctx context.Context) {
					if deaf {
						<-release
						return
					}
					<-ctx.Done()
				}
				h := handler(f)
				for _, line := range requests {
					start := time.Now()
					code, body, header := askLine(h, line, origin)
					if code != 504 || body != `{"detail":"Request timed out"}` || header.Get("Content-Type") != "application/json" || header.Get("Access-Control-Allow-Origin") != "*" {
						t.Errorf("%s: %d %s %v", line, code, body, header)
					}
					if took := time.Since(start); took != 10*time.Second {
						t.Errorf("%s: took %s", line, took)
					}
				}
				close(release)
			})
		})
	}
}

// TestRefusalsNeedNoService: what is wrong with a request is said while the
// database is away too.
func TestRefusalsNeedNoService(t *testing.T) {
	t.Parallel()
	f := newFake()
	f.err = down(context.Background())
	h := handler(f)
	for line, want := range map[string]int{
		"GET /api/v1/nope":                     404,
		"PUT " + metricsPath:                   405,
		"POST " + triggerPath:                  422,
		"GET " + qualityPath + "?days=x":       422,
		"GET " + statusPath + "A?asset_class=": 400,
		"OPTIONS " + metricsPath:               200,
	} {
		if code, body, _ := askLine(h, line); code != want {
			t.Errorf("%s: %d %s, want %d", line, code, body, want)
		}
	}
}
