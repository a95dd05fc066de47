package graph_test

import (
	"net/http"
	"testing"

	"github.com/coder/websocket"
)

// TestForeignPagesAreRefused sends what browsers send for pages of other sites, by
// every way in.
func TestForeignPagesAreRefused(t *testing.T) {
	t.Parallel()
	const friend = "https://app.example.com"
	w := newWorld(t, func(c *graphConfig, _ *enrichDeps) { c.Origins = []string{friend} })
	const query = "?query=%7B__typename%7D"
	for name, c := range map[string]struct {
		header []string
		want   int
	}{
		"no browser":                  {nil, 200},
		"our own page":                {[]string{"Sec-Fetch-Site", "same-origin", "Origin", w.base}, 200},
		"an address typed in":         {[]string{"Sec-Fetch-Site", "none"}, 200},
		"another site":                {[]string{"Sec-Fetch-Site", "cross-site", "Origin", "https://evil.example"}, 403},
		"another site without origin": {[]string{"Sec-Fetch-Site", "cross-site"}, 403},
		"a sister site":               {[]string{"Sec-Fetch-Site", "same-site", "Origin", "https://other.example.com"}, 403},
		"an old browser":              {[]string{"Origin", "https://evil.example"}, 403},
		"no origin at all":            {[]string{"Origin", "null"}, 403},
		"a friend":                    {[]string{"Sec-Fetch-Site", "cross-site", "Origin", friend}, 200},
		"a friend in an old browser":  {[]string{"Origin", friend}, 200},
	} {
		post := w.post(`{"query": "{ __typename }"}`, c.header...)
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, w.url+query, nil)
		check(t, err)
		get := w.do(req, c.header...)
		stream := w.post(`{"query": "{ __typename }"}`, append([]string{"Accept", "text/event-stream"}, c.header...)...)
		header := http.Header{}
		for i := 0; i < len(c.header); i += 2 {
			header.Set(c.header[i], c.header[i+1])
		}
		socket := http.StatusOK
		conn, resp, err := websocket.Dial( //nolint:bodyclose // it closes the body itself
			t.Context(), w.url, &websocket.DialOptions{HTTPHeader: header, Subprotocols: []string{"graphql-transport-ws"}})
		if err != nil {
			socket = resp.StatusCode
		} else {
			check(t, conn.Close(websocket.StatusNormalClosure, ""))
		}
		if post.status != c.want || get.status != c.want || stream.status != c.want || socket != c.want {
			t.Errorf("%s: POST %d, GET %d, stream %d, socket %d, want %d", name, post.status, get.status, stream.status, socket, c.want)
		}
		if c.want == 403 && (len(post.Errors) != 1 || post.Errors[0].code() != "FORBIDDEN" || post.Errors[0].Extensions["requestId"] == nil) {
			t.Errorf("%s: %s", name, post.body)
		}
	}

	preflight := func(origin string) (int, http.Header) {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodOptions, w.url, nil)
		check(t, err)
		req.Header.Set("Origin", origin)
		req.Header.Set("Access-Control-Request-Method", "POST")
		resp, err := http.DefaultClient.Do(req)
		check(t, err)
		check(t, resp.Body.Close())
		return resp.StatusCode, resp.Header
	}
	status, allowed := preflight(friend)
	if status != http.StatusNoContent || allowed.Get("Access-Control-Allow-Origin") != friend ||
		allowed.Get("Access-Control-Allow-Headers") == "" || allowed.Get("Vary") != "Origin" {
		t.Errorf("a friend's question: %d %v", status, allowed)
	}
	if status, refused := preflight("https://evil.example"); status != http.StatusForbidden || refused.Get("Access-Control-Allow-Origin") != "" {
		t.Errorf("a foreign question: %d %v", status, refused)
	}
}

func TestBrowsersAreLedToThePlayground(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	defer client.CloseIdleConnections()
	for query, want := range map[string]int{"": http.StatusSeeOther, "?query=%7B__typename%7D": http.StatusOK} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, w.url+query, nil)
		check(t, err)
		req.Header.Set("Accept", "text/html,application/xhtml+xml,*/*;q=0.8")
		resp, err := client.Do(req)
		check(t, err)
		check(t, resp.Body.Close())
		if resp.StatusCode != want || want == http.StatusSeeOther && resp.Header.Get("Location") != "/playground" {
			t.Errorf("GET %q: %d to %q", query, resp.StatusCode, resp.Header.Get("Location"))
		}
	}
}
