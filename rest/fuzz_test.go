package rest

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"
)

// FuzzBorder asks anything: no text of a client's may make an internal error, an
// answer that is no JSON, or one that the contract does not name.
func FuzzBorder(f *testing.F) {
	for _, target := range []string{
		metricsPath, triggerPath + "?symbol=A%27&timeframes=%5C", qualityPath + "?days=%31_0&asset_class=etf", statusPath + "%2F", statusPath + "%00//",
		"/api/v1//x", "/api/v1/enrichment/status/../metrics/", statusPath + "\xff?a=%zz;b", qualityPath + "/?days=\xff", statusPath + "%E2%82/?%",
	} {
		for method := range uint8(8) {
			f.Add(method, target, "https://app.example")
		}
	}
	methods := []string{"GET", "POST", "HEAD", "OPTIONS", "PUT", "DELETE", "PATCH", "BREW"}
	h := handler(newFake())
	f.Fuzz(func(t *testing.T, method uint8, target, from string) {
		if !strings.HasPrefix(target, "/") {
			target = "/api/v1/" + target
		}
		u, err := url.ParseRequestURI(target)
		if err != nil {
			return // net/http refuses such a line
		}
		r := &http.Request{Method: methods[int(method)%len(methods)], URL: u, RequestURI: target, Header: http.Header{}, Body: http.NoBody, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1}
		if from != "" {
			r.Header.Set("Origin", from)
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		checkAnswer(t, r, w)
	})
}

func checkAnswer(t *testing.T, r *http.Request, w *httptest.ResponseRecorder) {
	t.Helper()
	at := r.Method + " " + r.RequestURI
	body := w.Body.Bytes()
	switch w.Code {
	case http.StatusTemporaryRedirect:
		to, err := r.URL.Parse(w.Header().Get("Location"))
		if err != nil || len(body) != 0 {
			t.Errorf("%q: location %q, body %q: %v", at, w.Header().Get("Location"), body, err)
		} else if strings.HasSuffix(to.Path, "/") || strings.TrimRight(r.URL.Path, "/") != to.Path {
			t.Errorf("%q: leads to %q", at, to.Path)
		}
		return
	case http.StatusOK, 400, 404, 405, 422:
	default:
		t.Errorf("%q: status %d: %s", at, w.Code, body)
	}
	if r.Method == http.MethodHead && len(body) == 0 {
		return
	}
	if !json.Valid(body) || !utf8.Valid(body) || w.Header().Get("Content-Type") != "application/json" {
		t.Errorf("%q: %d %q as %s", at, w.Code, body, w.Header().Get("Content-Type"))
	}
	if w.Code >= 400 {
		var e map[string]json.RawMessage
		if err := json.Unmarshal(body, &e); err != nil || len(e) != 1 || len(e["detail"]) == 0 {
			t.Errorf("%q: %d %s is no detail", at, w.Code, body)
		}
	}
}

func BenchmarkStatus(b *testing.B) {
	h := New(newFake(), nil)
	b.Run("handler", func(b *testing.B) { benchmark(b, h) })
	b.Run("server", func(b *testing.B) { benchmark(b, handler(newFake())) })
}

// discard is a writer that costs nothing.
type discard struct{ header http.Header }

func (d *discard) Header() http.Header         { return d.header }
func (d *discard) Write(p []byte) (int, error) { return len(p), nil }
func (d *discard) WriteHeader(int)             {}

func benchmark(b *testing.B, h http.Handler) {
	b.Helper()
	b.ReportAllocs()
	r := httptest.NewRequest("GET", statusPath+"AAPL", http.NoBody)
	for b.Loop() {
		h.ServeHTTP(&discard{http.Header{}}, r)
	}
}
