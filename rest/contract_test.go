package rest

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"
)

// raw sends a request line and headers as they stand over a connection of its own,
// and gives status, the headers of the contract, and the body.
func raw(t *testing.T, base, line string, headers ...string) (status int, header http.Header, body string) {
	t.Helper()
	u, err := url.Parse(base)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := net.Dial("tcp", u.Host)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	_, err = fmt.Fprintf(conn, "%s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n%s\r\n", line, u.Host, strings.Join(append(headers, ""), "\r\n"))
	if err != nil {
		t.Fatal(err)
	}
	method, _, _ := strings.Cut(line, " ")
	resp, err := http.ReadResponse(bufio.NewReader(conn), &http.Request{Method: method})
	if err != nil {
		t.Fatalf("%s: %v", line, err)
	}
	return resp.StatusCode, resp.Header, bodyOf(t, resp)
}

const (
	notFound    = `{"detail":"Not Found"}`
	notAllowed  = `{"detail":"Method Not Allowed"}`
	unparsable  = `{"detail":[{"type":"int_parsing","loc":["query","days"],"msg":"Input should be a valid integer, unable to parse string as an integer","input":%s,"url":"https://errors.pydantic.dev/2.5/v/int_parsing"}]}`
	tooLow      = `{"detail":[{"type":"greater_than_equal","loc":["query","days"],"msg":"Input should be greater than or equal to 1","input":%s,"ctx":{"ge":1},"url":"https://errors.pydantic.dev/2.5/v/greater_than_equal"}]}`
	tooHigh     = `{"detail":[{"type":"less_than_equal","loc":["query","days"],"msg":"Input should be less than or equal to 365","input":%s,"ctx":{"le":365},"url":"https://errors.pydantic.dev/2.5/v/less_than_equal"}]}`
	tooLong     = `{"detail":[{"type":"int_parsing_size","loc":["query","days"],"msg":"Unable to parse input string as an integer, exceeded maximum size","input":%s,"url":"https://errors.pydantic.dev/2.5/v/int_parsing_size"}]}`
	noSymbol    = `{"detail":[{"type":"missing","loc":["query","symbol"],"msg":"Field required","input":null,"url":"https://errors.pydantic.dev/2.5/v/missing"}]}`
	badClass    = `{"detail":"Invalid asset_class"}`
	statusPath  = "/api/v1/enrichment/status/"
	qualityPath = "/api/v1/data/quality/AAPL"
	triggerPath = "/api/v1/enrichment/trigger"
	metricsPath = "/api/v1/enrichment/metrics"
)

// TestPaths sends request lines over a real connection, since clients and test
// requests clean what they send.
func TestPaths(t *testing.T) {
	t.Parallel()
	f := newFake()
	base := serve(t, f)
	for _, tc := range []struct {
		line string
		want string // "route ticker" of the service call, a Location, or status and body
	}{
		// The symbol is decoded once and may be any text.
		{"GET " + statusPath + "AAPL", "status AAPL"},
		{"GET " + statusPath + "brk.b", "status brk.b"},
		{"GET " + statusPath + "a+b", "status a+b"},
		{"GET " + statusPath + "a%20b", "status a b"},
		{"GET " + statusPath + "%2B", "status +"},
		{"GET " + statusPath + "A%2541", "status A%41"},
		{"GET " + statusPath + "%C3%A9", "status é"},
		{"GET " + statusPath + "é", "status é"},
		{"GET " + statusPath + "%FF", "status \uFFFD"},
		{"GET " + statusPath + "%E2%82", "status \uFFFD"},
		{"GET " + statusPath + "%00", "status \x00"},
		{"GET " + statusPath + "a%0Ab", "status a\nb"},
		{"GET " + statusPath + "%0A", "status \n"},
		{"GET " + statusPath + "%22%27%5C", "status \"'\\"},
		{"GET " + statusPath + "A;B", "status A;B"},
		{"GET " + statusPath + "A,B:C@D!$&=*", "status A,B:C@D!$&=*"},
		{"GET " + statusPath + "A%3FB", "status A?B"},
		{"GET " + statusPath + "A%23B", "status A#B"},
		{"GET " + statusPath + "{symbol}", "status {symbol}"},
		{"GET " + statusPath + "..", "status .."},
		{"GET " + statusPath + ".", "status ."},
		{"GET " + statusPath + "%2e%2e", "status .."},
		{"GET " + statusPath + strings.Repeat("x", 4000), "status " + strings.Repeat("x", 4000)},
		{"GET " + statusPath + strings.Repeat("%F0%9F%98%80", 4000), "status " + strings.Repeat("😀", 4000)},
		{"GET /api/v1/data/quality/AAPL", "quality AAPL"},
		{"GET /%61pi/v1/enrichment/metrics", "metrics "},
		{"GET /api%2Fv1/enrichment%2fstatus%2FAAPL", "status AAPL"},
		{"GET http://elsewhere/api/v1/enrichment/metrics", "metrics "},
		{"GET /api/v1/enrichment/metrics?a=/b/", "metrics "},
		// No route: another element, a slash too many, dot segments, another case.
		{"GET " + statusPath, "404 " + notFound},
		{"GET /api/v1/enrichment/status", "404 " + notFound},
		{"GET " + statusPath + "A/B", "404 " + notFound},
		{"GET " + statusPath + "A%2FB", "404 " + notFound},
		{"GET " + statusPath + "%2F", "404 " + notFound},
		{"GET " + statusPath + "/AAPL", "404 " + notFound},
		{"GET " + statusPath + "//", "404 " + notFound},
		{"GET " + statusPath + "../metrics", "404 " + notFound},
		{"GET /api/v1/../v1/enrichment/metrics", "404 " + notFound},
		{"GET /api/./v1/enrichment/metrics", "404 " + notFound},
		{"GET /api//v1/enrichment/metrics", "404 " + notFound},
		{"GET //api/v1/enrichment/metrics", "404 " + notFound},
		{"GET /api/v1/enrichment/Metrics", "404 " + notFound},
		{"GET /API/v1/enrichment/metrics", "404 " + notFound},
		{"GET /api/v1/enrichment/metrics%0A", "404 " + notFound},
		{"GET /api/v1/enrichment/metrics%00", "404 " + notFound},
		{"GET /api/v1/enrichment/metrics;x", "404 " + notFound},
		{"GET /api/v2/enrichment/metrics", "404 " + notFound},
		{"GET /api/", "404 " + notFound},
		{"GET /api/v1/", "404 " + notFound},
		{"DELETE /api/v1/nope", "404 " + notFound},
		{"OPTIONS /api/v1/nope", "404 " + notFound},
		{"BREW /api/v1/nope", "404 " + notFound},
		{"HEAD /api/v1/nope", "404 "},
		// Slashes at the end, for any method.
		{"GET " + statusPath + "AAPL/", "307 " + statusPath + "AAPL"},
		{"GET " + statusPath + "AAPL///", "307 " + statusPath + "AAPL"},
		{"GET " + statusPath + "AAPL%2F", "307 " + statusPath + "AAPL"},
		{"GET " + statusPath + "AAPL/%2f/", "307 " + statusPath + "AAPL"},
		{"GET " + statusPath + "a%20b%3Fc/?days=7&x=%20/", "307 " + statusPath + "a%20b%3Fc?days=7&x=%20/"},
		{"GET " + statusPath + "é/?x=é", "307 " + statusPath + "%C3%A9?x=%C3%A9"},
		{"GET " + statusPath + "../", "307 " + statusPath + ".."},
		{"GET " + metricsPath + "/", "307 " + metricsPath},
		{"POST " + triggerPath + "/?symbol=AAPL", "307 " + triggerPath + "?symbol=AAPL"},
		{"DELETE " + metricsPath + "/", "307 " + metricsPath},
		{"OPTIONS " + metricsPath + "/", "307 " + metricsPath},
		{"HEAD " + metricsPath + "/", "307 " + metricsPath},
		{"GET /api/v1/nope/", "404 " + notFound},
		{"GET /api/v1/enrichment/status//", "404 " + notFound},
	} {
		status, header, body := raw(t, base, tc.line)
		var got string
		calls := f.calls()
		switch {
		case status == 200 && len(calls) == 1:
			got = calls[0].Route + " " + calls[0].Ticker
		case status == 307:
			got = "307 " + header.Get("Location") + body
		default:
			got = fmt.Sprintf("%d %s", status, body)
		}
		if got != tc.want {
			t.Errorf("%.100s: got %.200q, want %.200q", tc.line, got, tc.want)
		}
		if status != 307 && header.Get("Content-Type") != "application/json" {
			t.Errorf("%.100s: content type %q", tc.line, header.Get("Content-Type"))
		}
	}
}

func TestMethods(t *testing.T) {
	t.Parallel()
	f := newFake()
	base := serve(t, f)
	for path, allowed := range map[string]string{statusPath + "AAPL": "GET", metricsPath: "GET", qualityPath: "GET", triggerPath: "POST"} {
		for _, method := range []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "TRACE", "CONNECT", "PROPFIND", "get", "BREW"} {
			if method == allowed {
				continue
			}
			// A wrong query changes nothing: the method is checked before it.
			status, header, body := raw(t, base, method+" "+path+"?days=x&asset_class=y")
			want := notAllowed
			if method == "HEAD" {
				want = ""
			}
			if status != 405 || body != want || header.Get("Allow") != allowed || header.Get("Content-Type") != "application/json" {
				t.Errorf("%s %s: %d %q %s", method, path, status, body, sortedHeader(header))
			}
		}
	}
	if calls := f.calls(); len(calls) != 0 {
		t.Errorf("refused requests reached the service: %v", calls)
	}
}

// TestRefusals holds statuses and bodies of 422 and 400, in the order of checks.
func TestRefusals(t *testing.T) {
	t.Parallel()
	f := newFake()
	base := serve(t, f)
	q := func(format, input string) string { return fmt.Sprintf(format, input) }
	for _, tc := range []struct {
		line string
		want string
	}{
		{"POST " + triggerPath, "422 " + noSymbol},
		{"POST " + triggerPath + "?Symbol=AAPL", "422 " + noSymbol},
		{"POST " + triggerPath + "?asset_class=bond&timeframes=2h", "422 " + noSymbol},
		{"POST " + triggerPath + "?symbol", `400 {"detail":"Symbol required"}`},
		{"POST " + triggerPath + "?symbol=&asset_class=bond", `400 {"detail":"Symbol required"}`},
		{"POST " + triggerPath + "?symbol=AAPL&symbol=", `400 {"detail":"Symbol required"}`},
		{"POST " + triggerPath + "?symbol=A+B&asset_class=bond", `400 {"detail":"Invalid symbol: 'A B'"}`},
		{"POST " + triggerPath + "?symbol=+", `400 {"detail":"Invalid symbol: ' '"}`},
		{"POST " + triggerPath + "?symbol=o%27n", `400 {"detail":"Invalid symbol: \"o'n\""}`},
		{"POST " + triggerPath + "?symbol=.A", `400 {"detail":"Invalid symbol: '.A'"}`},
		{"POST " + triggerPath + "?symbol=A%00", `400 {"detail":"Invalid symbol: 'A\\x00'"}`},
		{"POST " + triggerPath + "?symbol=%FF", "400 {\"detail\":\"Invalid symbol: '\uFFFD'\"}"},
		{"POST " + triggerPath + "?symbol=%zz", `400 {"detail":"Invalid symbol: '%zz'"}`},
		{"POST " + triggerPath + "?symbol=a;b", `400 {"detail":"Invalid symbol: 'a;b'"}`},
		{"POST " + triggerPath + "?symbol=" + strings.Repeat("a", 21), `400 {"detail":"Invalid symbol: 'aaaaaaaaaaaaaaaaaaaaa'"}`},
		{"POST " + triggerPath + "?symbol=%C3%9F", `400 {"detail":"Invalid symbol: 'ß'"}`},
		{"POST " + triggerPath + "?symbol=AAPL&asset_class=bond&timeframes=2h", "400 " + badClass},
		{"POST " + triggerPath + "?symbol=AAPL&asset_class=", "400 " + badClass},
		{"POST " + triggerPath + "?symbol=AAPL&asset_class", "400 " + badClass},
		{"POST " + triggerPath + "?symbol=AAPL&asset_class=Stock", "400 " + badClass},
		{"POST " + triggerPath + "?symbol=AAPL&asset_class=stock&asset_class=x", "400 " + badClass},
		{"POST " + triggerPath + "?symbol=AAPL&timeframes=2h&timeframes=1d&timeframes=3d&timeframes=2h", `400 {"detail":"Invalid timeframes: ['2h', '3d', '2h']"}`},
		{"POST " + triggerPath + "?symbol=AAPL&timeframes=1d,1h", `400 {"detail":"Invalid timeframes: ['1d,1h']"}`},
		{"POST " + triggerPath + "?symbol=AAPL&timeframes=1D", `400 {"detail":"Invalid timeframes: ['1D']"}`},
		{"POST " + triggerPath + "?symbol=AAPL&timeframes=", `400 {"detail":"Invalid timeframes: ['']"}`},
		{"POST " + triggerPath + "?symbol=AAPL&timeframes", `400 {"detail":"Invalid timeframes: ['']"}`},
		{"POST " + triggerPath + "?symbol=AAPL&timeframes=1d&timeframes=%22%27%09", `400 {"detail":"Invalid timeframes: ['\"\\'\\t']"}`},
		{"POST " + triggerPath + "?symbol=AAPL&timeframes=1d+", `400 {"detail":"Invalid timeframes: ['1d ']"}`},

		{"GET " + qualityPath + "?days=abc", "422 " + q(unparsable, `"abc"`)},
		{"GET " + qualityPath + "?days", "422 " + q(unparsable, `""`)},
		{"GET " + qualityPath + "?days=+7", "422 " + q(unparsable, `" 7"`)},
		{"GET " + qualityPath + "?days=7.5", "422 " + q(unparsable, `"7.5"`)},
		{"GET " + qualityPath + "?days=7&days=1e1", "422 " + q(unparsable, `"1e1"`)},
		{"GET " + qualityPath + "?days=%zz&asset_class=bond", "422 " + q(unparsable, `"%zz"`)},
		{"GET " + qualityPath + "?days=%D9%A7", "422 " + q(unparsable, `"٧"`)},
		{"GET " + qualityPath + "?days=%FF", "422 " + q(unparsable, "\"\uFFFD\"")},
		{"GET " + qualityPath + "?days=0", "422 " + q(tooLow, `"0"`)},
		{"GET " + qualityPath + "?days=-1", "422 " + q(tooLow, `"-1"`)},
		{"GET " + qualityPath + "?days=-0.0", "422 " + q(tooLow, `"-0.0"`)},
		{"GET " + qualityPath + "?days=366", "422 " + q(tooHigh, `"366"`)},
		{"GET " + qualityPath + "?days=" + strings.Repeat("9", 4300), "422 " + q(tooHigh, `"`+strings.Repeat("9", 4300)+`"`)},
		{"GET " + qualityPath + "?days=" + strings.Repeat("0", 4301), "422 " + q(tooLong, `"`+strings.Repeat("0", 4301)+`"`)},
		{"GET " + qualityPath + "?days=" + strings.Repeat("%C3%A9", 2151), "422 " + q(tooLong, `"`+strings.Repeat("é", 2151)+`"`)},
		{"GET " + qualityPath + "?days=7&asset_class=bond", "400 " + badClass},
		{"GET " + qualityPath + "?asset_class=", "400 " + badClass},
		{"GET " + statusPath + "AAPL?asset_class", "400 " + badClass},
		{"GET " + statusPath + "AAPL?asset_class=crypto&asset_class=CRYPTO", "400 " + badClass},
	} {
		status, header, body := raw(t, base, tc.line)
		if got := fmt.Sprintf("%d %s", status, body); got != tc.want {
			t.Errorf("%.120s: got %.300s, want %.300s", tc.line, got, tc.want)
		}
		if header.Get("Content-Type") != "application/json" {
			t.Errorf("%.120s: content type %q", tc.line, header.Get("Content-Type"))
		}
	}
	if calls := f.calls(); len(calls) != 0 {
		t.Errorf("refused requests reached the service: %v", calls)
	}
}

// TestServiceCalls holds what a good request asks of the service.
func TestServiceCalls(t *testing.T) {
	t.Parallel()
	f := newFake()
	base := serve(t, f)
	for line, want := range map[string]string{
		"GET " + statusPath + "aapl":                                                  "status aapl",
		"GET " + statusPath + "AAPL?asset_class=x&asset_class=etf":                    "status AAPL etf",
		"GET " + statusPath + "AAPL?Asset_Class=bond&days=x":                          "status AAPL",
		"GET " + metricsPath + "?asset_class=bond":                                    "metrics",
		"GET " + qualityPath:                                                          "quality AAPL 7",
		"GET " + qualityPath + "?days=365&asset_class=crypto":                         "quality AAPL crypto 365",
		"GET " + qualityPath + "?days=%2B7.0":                                         "quality AAPL 7",
		"GET " + qualityPath + "?days=1_0":                                            "quality AAPL 10",
		"GET " + qualityPath + "?days=abc&days=007":                                   "quality AAPL 7",
		"GET " + qualityPath + "?Days=abc":                                            "quality AAPL 7",
		"POST " + triggerPath + "?symbol=aapl":                                        "trigger AAPL stock [1d] rest",
		"POST " + triggerPath + "?symbol=x&symbol=%5Egspc&asset_class=etf":            "trigger ^GSPC etf [1d] rest",
		"POST " + triggerPath + "?symbol=brk.b&timeframes=1w&timeframes=5m":           "trigger BRK.B stock [1w 5m] rest",
		"POST " + triggerPath + "?timeframes=1h&timeframes=1d&timeframes=1h&symbol=A": "trigger A stock [1h 1d] rest",
		"POST " + triggerPath + "?symbol=%C5%BFpy":                                    "trigger SPY stock [1d] rest",
	} {
		status, _, body := raw(t, base, line)
		if status != 200 {
			t.Errorf("%s: %d %s", line, status, body)
			continue
		}
		c := f.calls()[0]
		got := strings.Fields(fmt.Sprint(c.Route, " ", c.Ticker, " ", c.Class))
		if c.Route == "quality" {
			got = append(got, strconv.Itoa(c.Days))
		}
		if c.Route == "trigger" {
			got = append(got, c.Trigger.Ticker, string(c.Trigger.Class), fmt.Sprint(c.Trigger.Timeframes), c.Trigger.RequestedBy)
		}
		if s := strings.Join(got, " "); s != want {
			t.Errorf("%s: asked %q, want %q", line, s, want)
		}
	}
}

func TestBodiesAreNeverRead(t *testing.T) {
	t.Parallel()
	base := serve(t, newFake())
	for _, headers := range [][]string{
		{"Content-Length: 12"}, // and nothing comes
		{"Transfer-Encoding: chunked"},
		{"Content-Type: application/json", "Content-Length: 100"},
		{"Content-Type: multipart/form-data; boundary=x", "Content-Length: 100"},
		{"Content-Type: application/x-www-form-urlencoded", "Content-Length: 100"},
		{"Expect: 100-continue", "Content-Length: 5"},
	} {
		status, _, body := raw(t, base, "POST "+triggerPath+"?symbol=AAPL", headers...)
		if status != 200 || !strings.HasPrefix(body, `{"job_id":`) {
			t.Errorf("%q: %d %s", headers, status, body)
		}
	}
	resp, err := http.Post(base+triggerPath, "application/x-www-form-urlencoded", strings.NewReader("symbol=AAPL"))
	if err != nil {
		t.Fatal(err)
	}
	if body := bodyOf(t, resp); resp.StatusCode != 422 || body != noSymbol {
		t.Errorf("a form's fields count as the query: %d %s", resp.StatusCode, body)
	}
}

func TestAcceptIsIgnored(t *testing.T) {
	t.Parallel()
	w := ask(handler(newFake()), "GET", metricsPath, "Accept: text/html", "Accept-Encoding: gzip")
	if w.Code != 200 || w.Header().Get("Content-Type") != "application/json" || w.Header().Get("Content-Encoding") != "" {
		t.Errorf("%d %v", w.Code, w.Header())
	}
}

// TestBrokenRequestLinesAreNotOurs: what is no HTTP is refused before any handler.
func TestBrokenRequestLinesAreNotOurs(t *testing.T) {
	t.Parallel()
	f := newFake()
	base := serve(t, f)
	for _, line := range []string{"GET " + statusPath + "%zz", "GET " + statusPath + "a b", "GET " + statusPath + "\x01", "GET " + statusPath + "%"} {
		if status, _, _ := raw(t, base, line); status != 400 {
			t.Errorf("%q: %d", line, status)
		}
	}
	if calls := f.calls(); len(calls) != 0 {
		t.Errorf("they reached the service: %v", calls)
	}
}
