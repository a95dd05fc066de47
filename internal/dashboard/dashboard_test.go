package dashboard_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/candlewright/candlewright/internal/dashboard"
)

// answered is what the dashboard says to a request.
type answered struct {
	status int
	header http.Header
	body   string
}

func ask(t *testing.T, method, path string, header map[string]string) answered {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, path, nil)
	for k, v := range header {
		r.Header.Set(k, v)
	}
	w := httptest.NewRecorder()
	dashboard.New(dashboard.Config{SubscriptionEndpoint: "/live"}).ServeHTTP(w, r)
	return answered{w.Code, w.Header(), w.Body.String()}
}

var link = regexp.MustCompile(`(?:src|href)="([^"]*)"`)

func TestPageLoadsFromTheProgramAlone(t *testing.T) {
	t.Parallel()
	page := ask(t, "GET", "/playground", nil)
	html := page.body
	if page.status != 200 || !strings.Contains(html, "<title>Candlewright") {
		t.Fatalf("%d %s", page.status, html)
	}
	for _, want := range []string{`"endpoint":"/graphql"`, `"subscriptions":"/live"`} {
		if !strings.Contains(html, want) {
			t.Errorf("the page does not say %s", want)
		}
	}
	links := link.FindAllStringSubmatch(html, -1)
	if len(links) != 3 {
		t.Errorf("links %q, want script, style and icon", links)
	}
	for _, l := range links {
		if r := ask(t, "GET", l[1], nil); r.status != 200 || r.body == "" {
			t.Errorf("%s: %d", l[1], r.status)
		}
	}
	csp := page.header.Get("Content-Security-Policy")
	for _, want := range []string{"default-src 'none'", "script-src 'self'", "style-src 'self'", "connect-src 'self'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'none'"} {
		if !strings.Contains(csp, want) {
			t.Errorf("policy %q without %q", csp, want)
		}
	}
	if strings.Contains(csp, "unsafe") || strings.Contains(csp, "http") {
		t.Errorf("policy %q allows more than this host", csp)
	}
}

func TestPageIsAskedForAnewAndAssetsAreKept(t *testing.T) {
	t.Parallel()
	page := ask(t, "GET", "/playground", nil)
	if got := page.header.Get("Cache-Control"); got != "no-cache" {
		t.Errorf("page: Cache-Control %q", got)
	}
	if r := ask(t, "GET", "/playground", map[string]string{"If-None-Match": page.header.Get("Etag")}); r.status != http.StatusNotModified {
		t.Errorf("page with its own tag: %d, want 304", r.status)
	}
	for _, l := range link.FindAllStringSubmatch(page.body, -1) {
		r := ask(t, "GET", l[1], nil)
		if got := r.header.Get("Cache-Control"); got != "public, max-age=31536000, immutable" {
			t.Errorf("%s: Cache-Control %q", l[1], got)
		}
		if got := r.header.Get("X-Content-Type-Options"); got != "nosniff" {
			t.Errorf("%s: X-Content-Type-Options %q", l[1], got)
		}
		if !regexp.MustCompile(`-[0-9a-f]{12}\.\w+$`).MatchString(l[1]) {
			t.Errorf("%s is kept for ever without a hash in its name", l[1])
		}
	}
}

func TestAssetsAreSentCompressedToThoseWhoTakeIt(t *testing.T) {
	t.Parallel()
	script := regexp.MustCompile(`/playground/assets/[^"]*\.js`).FindString(ask(t, "GET", "/playground", nil).body)
	plain := ask(t, "GET", script, nil).body
	if len(plain) < 500_000 {
		t.Fatalf("script of %d bytes", len(plain))
	}
	for accept, packed := range map[string]bool{
		"": false, "gzip": true, "gzip, deflate, br": true, "br;q=1, gzip;q=0.5": true, "GZIP": true, "*": true,
		"identity": false, "gzip;q=0": false, "gzip;q=0.000": false, "gzip;q=0, *": false, "*;q=0": false, "*;q=0, gzip": true, "gzip;q=x": false, ";;;": false,
	} {
		r := ask(t, "GET", script, map[string]string{"Accept-Encoding": accept})
		got := r.body
		if r.header.Get("Vary") != "Accept-Encoding" || (r.header.Get("Content-Encoding") == "gzip") != packed {
			t.Errorf("Accept-Encoding %q: headers %v, want gzip: %t", accept, r.header, packed)
			continue
		}
		if packed {
			got = unpacked(t, got)
		}
		if got != plain {
			t.Errorf("Accept-Encoding %q: another script", accept)
		}
	}
}

func unpacked(t *testing.T, text string) string {
	t.Helper()
	r, err := gzip.NewReader(bytes.NewReader([]byte(text)))
	if err != nil {
		t.Fatal(err)
	}
	plain, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(plain)
}

func TestOtherRequests(t *testing.T) {
	t.Parallel()
	for request, want := range map[string]int{
		"HEAD /playground": 200, "POST /playground": 405, "DELETE /playground/assets/x.js": 405,
		"GET /playground/": 308, "GET /playground/x": 404, "GET /playground/assets/": 404, "GET /playground/assets/x.js": 404,
		"GET /playground/assets/manifest.json": 404, "GET /playground/assets/../page.html": 404, "GET /playground/assets/..%2f..%2fdoc.go": 404,
	} {
		method, path, _ := strings.Cut(request, " ")
		r := ask(t, method, path, nil)
		if r.status != want {
			t.Errorf("%s: %d, want %d", request, r.status, want)
		}
		if want == 405 && r.header.Get("Allow") != "GET, HEAD" {
			t.Errorf("%s: Allow %q", request, r.header.Get("Allow"))
		}
	}
}

func TestLicencesOfTheBundleAreServed(t *testing.T) {
	t.Parallel()
	path := regexp.MustCompile(`/playground/assets/licenses[^"]*`).FindString(ask(t, "GET", "/playground", nil).body)
	text := ask(t, "GET", path, nil).body
	for _, name := range []string{"graphiql", "react", "react-dom", "graphql", "graphql-ws", "codemirror"} {
		if !regexp.MustCompile(`(?m)^` + name + ` \d+\.\d+\.\d+ \(MIT\)$`).MatchString(text) {
			t.Errorf("no licence of %s in:\n%.2000s", name, text)
		}
	}
}
