package sim_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/candlewright/candlewright/internal/source/sim"
)

// ask gets a path of a provider.
func ask(t *testing.T, p *sim.Provider, path string, header ...string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequest(http.MethodGet, path, nil)
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	p.ServeHTTP(w, r)
	return w
}

func decode[T any](t *testing.T, w *httptest.ResponseRecorder) T {
	t.Helper()
	var v T
	if err := json.Unmarshal(w.Body.Bytes(), &v); err != nil {
		t.Fatalf("%s: %v", w.Body, err)
	}
	return v
}

func options() sim.Options { return sim.Options{Now: func() time.Time { return now }} }

func TestBinanceKlines(t *testing.T) {
	t.Parallel()
	p := sim.Binance(options())
	hour := time.Hour.Milliseconds()
	start := date("2024-11-01").UnixMilli()
	for name, c := range map[string]struct {
		query       string
		rows        int
		first, last int64 // open times
	}{
		"both ends inclusive":         {fmt.Sprintf("startTime=%d&endTime=%d", start, start+4*hour), 5, start, start + 4*hour},
		"500 by default, oldest":      {fmt.Sprintf("startTime=%d", date("2024-01-01").UnixMilli()), 500, date("2024-01-01").UnixMilli(), 0},
		"1000 at most":                {fmt.Sprintf("startTime=%d&limit=5000", date("2024-01-01").UnixMilli()), 1000, date("2024-01-01").UnixMilli(), 0},
		"the newest up to an end":     {fmt.Sprintf("endTime=%d&limit=3", start), 3, start - 2*hour, start},
		"the newest with the running": {"limit=2", 2, now.Truncate(time.Hour).UnixMilli() - hour, now.Truncate(time.Hour).UnixMilli()},
		"from the first bar ever":     {"startTime=0&limit=1", 1, date("2017-08-17").UnixMilli(), 0},
		"nothing before the first":    {fmt.Sprintf("startTime=0&endTime=%d", date("2015-01-01").UnixMilli()), 0, 0, 0},
	} {
		w := ask(t, p, "/api/v3/klines?symbol=BTCUSDT&interval=1h&"+c.query)
		rows := decode[[][]any](t, w)
		if len(rows) != c.rows || w.Header().Get("X-Mbx-Used-Weight-1m") == "" {
			t.Errorf("%s: %d rows, want %d; headers %v", name, len(rows), c.rows, w.Header())
			continue
		}
		for i, want := range map[int]int64{0: c.first, len(rows) - 1: c.last} {
			if want > 0 && int64(rows[i][0].(float64)) != want {
				t.Errorf("%s: row %d opens at %v, want %d", name, i, rows[i][0], want)
			}
		}
	}
}

func TestBinanceRefusals(t *testing.T) {
	t.Parallel()
	p := sim.Binance(options())
	for query, code := range map[string]int{
		"":                                       -1102,
		"symbol=BTCUSDT":                         -1102,
		"symbol=NOPEUSDT&interval=1h":            -1121,
		"symbol=BTC&interval=1h":                 -1121,
		"symbol=BTCUSDT&interval=1H":             -1120,
		"symbol=BTCUSDT&interval=1h&startTime=x": -1100,
		"symbol=BTCUSDT&interval=1h&limit=-1":    -1100,
	} {
		w := ask(t, p, "/api/v3/klines?"+query)
		if got := decode[struct{ Code int }](t, w); w.Code != 400 || got.Code != code {
			t.Errorf("%q: status %d, code %d, want 400 and %d", query, w.Code, got.Code, code)
		}
	}
}

func TestBinanceCountsWeight(t *testing.T) {
	t.Parallel()
	o := options()
	at := now
	o.Weight, o.Now = 45, func() time.Time { return at }
	p := sim.Binance(o)
	for i, status := range []int{200, 200, 429} { // 20 each
		w := ask(t, p, "/api/v3/exchangeInfo?symbol=ETHUSDT")
		if w.Code != status || w.Header().Get("X-MBX-USED-WEIGHT-1M") != strconv.Itoa(20*(i+1)) {
			t.Errorf("call %d: status %d, headers %v", i, w.Code, w.Header())
		}
		if status == 429 && w.Header().Get("Retry-After") != "30" {
			t.Errorf("Retry-After %q, want the 30 s left of the minute", w.Header().Get("Retry-After"))
		}
	}
	at = at.Add(time.Minute)
	if w := ask(t, p, "/api/v3/exchangeInfo"); w.Code != 200 || !strings.Contains(w.Body.String(), `"BTCUSDT"`) {
		t.Errorf("the next minute: status %d", w.Code)
	}
	for _, path := range []string{"/api/v3/ping", "/api/v3/time"} {
		if w := ask(t, p, path); w.Code != 200 {
			t.Errorf("%s: status %d", path, w.Code)
		}
	}
}

type aggs struct {
	Status, Error string
	ResultsCount  int
	Results       []struct {
		T    int64
		H, L float64
	}
	NextURL string `json:"next_url"`
}

func TestPolygonPages(t *testing.T) {
	t.Parallel()
	p := sim.Polygon(options())
	path := "/v2/aggs/ticker/AAPL/range/30/minute/2024-11-04/2024-11-08?limit=600"
	rows := map[int64]bool{}
	for pages := 0; path != ""; pages++ {
		if pages > 20 {
			t.Fatal("the pages do not end")
		}
		body := decode[aggs](t, ask(t, p, path, "Authorization", "Bearer k"))
		if body.Status != "OK" || body.ResultsCount != len(body.Results) || len(body.Results) > 20 {
			t.Fatalf("page %d: %+v", pages, body)
		}
		for _, r := range body.Results {
			if rows[r.T] {
				t.Errorf("a row of %v came twice", time.UnixMilli(r.T))
			}
			rows[r.T] = true
		}
		path = body.NextURL
		if strings.Contains(path, "apiKey") {
			t.Error("the link carries a key")
		}
	}
	if len(rows) != 5*(13+3+2) { // the session, an hour and a half before, an hour after
		t.Errorf("%d rows in five days", len(rows))
	}
}

func TestPolygonRefusals(t *testing.T) {
	t.Parallel()
	o := options()
	o.Keys = []string{"good"}
	p := sim.Polygon(o)
	for path, want := range map[string]int{
		"/v2/aggs/ticker/AAPL/range/1/day/2024-01-01/2024-02-01":                401,
		"/v2/aggs/ticker/AAPL/range/1/day/2024-01-01/2024-02-01?apiKey=bad":     401,
		"/v2/aggs/ticker/AAPL/range/1/day/2024-01-01/2024-02-01?apiKey=good":    200,
		"/v2/aggs/ticker/AAPL/range/1/day/tomorrow/2024-02-01?apiKey=good":      400,
		"/v2/aggs/ticker/AAPL/range/1/day/2024-03-01/2024-02-01?apiKey=good":    400,
		"/v2/aggs/ticker/AAPL/range/7/minute/2024-01-01/2024-02-01?apiKey=good": 400,
		"/v2/aggs/ticker/NOPE/range/1/day/2024-01-01/2024-02-01?apiKey=good":    200,
		"/v3/reference/tickers/NOPE?apiKey=good":                                404,
		"/v3/reference/tickers/X:BTCUSD?apiKey=good":                            200,
		"/v3/reference/splits?apiKey=good":                                      200,
		"/v9/other?apiKey=good":                                                 404,
	} {
		if w := ask(t, p, path); w.Code != want {
			t.Errorf("%s: status %d, want %d: %s", path, w.Code, want, w.Body)
		}
	}
	w := ask(t, p, "/v2/aggs/ticker/NOPE/range/1/day/2024-01-01/2024-02-01?apiKey=good")
	if strings.Contains(w.Body.String(), "results\"") {
		t.Errorf("an unknown ticker has results: %s", w.Body)
	}
}

func TestYahooOddities(t *testing.T) {
	t.Parallel()
	p := sim.Yahoo(options())
	type body struct {
		Chart struct {
			Result []struct {
				Timestamp  []int64
				Indicators struct {
					Quote []struct{ Close, Volume []*float64 }
				}
			}
			Error *struct{ Code string }
		}
	}
	url := func(symbol, interval string, from, to time.Time) string {
		return fmt.Sprintf("/v8/finance/chart/%s?interval=%s&period1=%d&period2=%d", symbol, interval, from.Unix(), to.Unix())
	}
	days := decode[body](t, ask(t, p, url("BRK-B", "1d", date("2024-11-08"), now))).Chart.Result[0]
	n := len(days.Timestamp)
	if n != 5 || days.Timestamp[n-1]%2 != 1 || time.Unix(days.Timestamp[0], 0).UTC().Format(time.TimeOnly) != "14:30:00" {
		t.Errorf("days are stamped %v, want four sessions at their opening and a live quote", days.Timestamp)
	}
	if c := *days.Indicators.Quote[0].Close[0]; float64(float32(c)) != c {
		t.Errorf("the price %v is no float32", c)
	}
	for want, path := range map[string]string{
		"Not Found":            url("NOPE", "1d", date("2024-11-08"), now),
		"Bad Request":          url("AAPL", "7m", date("2024-11-08"), now),
		"Unprocessable Entity": url("AAPL", "5m", date("2024-01-08"), now),
	} {
		if got := decode[body](t, ask(t, p, path)).Chart.Error; got == nil || got.Code != want {
			t.Errorf("%s: error %v, want %s", path, got, want)
		}
	}
	empty := ask(t, p, url("AAPL", "5m", date("2024-11-09"), date("2024-11-10")))
	if empty.Code != 200 || strings.Contains(empty.Body.String(), "timestamp") || !strings.Contains(empty.Body.String(), `"quote":[{}]`) {
		t.Errorf("a weekend: %s", empty.Body)
	}
}

func TestScheduledFaultsRepeat(t *testing.T) {
	t.Parallel()
	s := sim.Share(5, 0.25, sim.Fault{Kind: sim.TooMany}, sim.Fault{Kind: sim.HTML})
	count := 0
	for n := range 1000 {
		f := s(nil, n)
		if again := s(nil, n); again != f {
			t.Fatal("a schedule does not repeat")
		}
		if f.Kind != sim.None {
			count++
		}
	}
	if count < 200 || count > 300 {
		t.Errorf("%d of 1000 requests fail, want a quarter", count)
	}
	p := sim.Binance(sim.Options{Faults: sim.Sequence(sim.Fault{Kind: sim.TooMany, RetryAfter: "3"}, sim.Fault{Kind: sim.Empty}, sim.Fault{Kind: sim.BadGateway})})
	for _, want := range []int{429, 200, 502, 200} {
		if w := ask(t, p, "/api/v3/ping"); w.Code != want {
			t.Errorf("status %d, want %d", w.Code, want)
		}
	}
	if p.Requests() != 4 {
		t.Errorf("%d requests counted", p.Requests())
	}
}

func TestServeAnswersOnAPortUntilClose(t *testing.T) {
	t.Parallel()
	s, err := sim.Serve(sim.Binance(options()))
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Transport: &http.Transport{}}
	resp, err := client.Get(s.URL + "/api/v3/klines?symbol=BTCUSDT&interval=1d&limit=2") // asks for gzip
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(resp.Body)
	resp.Body.Close()
	if err != nil || !resp.Uncompressed || !json.Valid(body) {
		t.Errorf("body %q, uncompressed by the client: %v, error %v", body, resp.Uncompressed, err)
	}
	if err := s.Close(context.Background()); err != nil {
		t.Error(err)
	}
	client.CloseIdleConnections()
	if resp, err := client.Get(s.URL + "/api/v3/ping"); err == nil {
		resp.Body.Close()
		t.Error("it answers after Close")
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/api/v3/ping", nil))
	if w.Code != http.StatusMethodNotAllowed {
		t.Errorf("POST: status %d", w.Code)
	}
}
