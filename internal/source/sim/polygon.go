package sim

import (
	"encoding/base64"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	_ "time/tzdata" // the machine may have no zone files

	"github.com/candlewright/candlewright/internal/grid"
	"github.com/candlewright/candlewright/internal/market"
)

var newYork = func() *time.Location {
	l, err := time.LoadLocation("America/New_York")
	if err != nil {
		panic(err) // tzdata is built in
	}
	return l
}()

// Polygon speaks the aggregates, ticker and split endpoints. Stocks have rows
// before and after the session too, as the real one has.
func Polygon(o Options) *Provider {
	p := &polygon{o: o.orDefault()}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v2/aggs/ticker/{ticker}/range/{multiplier}/{timespan}/{from}/{to}", p.keyed(p.aggs))
	mux.HandleFunc("GET /v3/reference/tickers/{ticker}", p.keyed(p.ticker))
	mux.HandleFunc("GET /v3/reference/splits", p.keyed(p.splits))
	return &Provider{handler: mux, faults: o.Faults}
}

type polygon struct{ o Options }

func polygonError(w http.ResponseWriter, status int, format string, args ...any) {
	answer(w, status, map[string]string{"status": "ERROR", "request_id": "sim", "error": fmt.Sprintf(format, args...)})
}

// keyed refuses a request without a key that is known.
func (p *polygon) keyed(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		key, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		if !ok {
			key = r.URL.Query().Get("apiKey")
		}
		switch {
		case key == "":
			polygonError(w, http.StatusUnauthorized, "API Key was not provided")
		case len(p.o.Keys) > 0 && !slices.Contains(p.o.Keys, key):
			polygonError(w, http.StatusUnauthorized, "Unknown API Key")
		default:
			next(w, r)
		}
	}
}

// symbol is the symbol of a Polygon ticker. A stock and an ETF are written
// alike; the market's own list decides, and what it does not hold is a stock.
func (p *polygon) symbol(ticker string) (market.Symbol, bool) {
	sym := market.Symbol{Ticker: ticker, Class: market.Stock}
	if coin, ok := strings.CutPrefix(ticker, "X:"); ok {
		sym.Class = market.Crypto
		if sym.Ticker, ok = strings.CutSuffix(coin, "USD"); !ok {
			return sym, false
		}
	} else if etf := (market.Symbol{Ticker: ticker, Class: market.ETF}); slices.Contains(Symbols(), etf) {
		sym = etf
	}
	_, ok := p.o.Market.Listing(sym)
	return sym, ok
}

// polygonAgg is a window as Polygon writes it.
type polygonAgg struct {
	Volume       float64 `json:"v"`
	VWAP         float64 `json:"vw"`
	Open         float64 `json:"o"`
	Close        float64 `json:"c"`
	High         float64 `json:"h"`
	Low          float64 `json:"l"`
	Time         int64   `json:"t"`
	Transactions int64   `json:"n"`
}

type polygonAggs struct {
	Ticker       string       `json:"ticker"`
	QueryCount   int          `json:"queryCount"`
	ResultsCount int          `json:"resultsCount"`
	Adjusted     bool         `json:"adjusted"`
	Results      []polygonAgg `json:"results,omitempty"`
	Status       string       `json:"status"`
	RequestID    string       `json:"request_id"`
	Count        int          `json:"count,omitempty"`
	NextURL      string       `json:"next_url,omitempty"`
}

// aggQuery is what a request for aggregates asks.
type aggQuery struct {
	sym      market.Symbol
	known    bool
	every    time.Duration // length of a window
	day      bool
	from, to time.Time // windows starting in [from, to)
	limit    int       // base bars
}

func (p *polygon) aggs(w http.ResponseWriter, r *http.Request) {
	q, bad := p.aggQuery(r)
	if bad != "" {
		polygonError(w, http.StatusBadRequest, "%s", bad)
		return
	}
	body := polygonAggs{Ticker: r.PathValue("ticker"), Adjusted: true, Status: "OK", RequestID: "sim"}
	rows := q.limit
	if !q.day {
		rows = max(1, q.limit/int(q.every/time.Minute))
	}
	if q.known {
		for a := range p.windows(q) {
			if len(body.Results) == rows {
				body.NextURL = nextURL(r, a.Time, q.limit)
				break
			}
			body.Results = append(body.Results, a)
		}
	}
	body.Results = spoil(r.Context(), body.Results)
	body.ResultsCount, body.QueryCount, body.Count = len(body.Results), q.limit, len(body.Results)
	answer(w, 200, body)
}

// nextURL leads to the windows from t on. The cursor holds what else was asked,
// but not the key.
func nextURL(r *http.Request, t int64, limit int) string {
	u := url.URL{Scheme: "http", Host: r.Host, Path: fmt.Sprintf("/v2/aggs/ticker/%s/range/%s/%s/%d/%s",
		r.PathValue("ticker"), r.PathValue("multiplier"), r.PathValue("timespan"), t, r.PathValue("to"))}
	u.RawQuery = url.Values{"cursor": {base64.RawURLEncoding.EncodeToString([]byte(strconv.Itoa(limit)))}}.Encode()
	return u.String()
}

// windows are the rows of a query, ascending, made as they are asked for.
func (p *polygon) windows(q aggQuery) iter.Seq[polygonAgg] {
	now := p.o.Now()
	return func(yield func(polygonAgg) bool) {
		if q.day {
			for b := range p.o.Market.Walk(q.sym, market.D1, q.from, q.to, now) {
				t := b.TS
				if q.sym.Class != market.Crypto { // midnight in New York
					t = time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, newYork)
				}
				if !yield(polygonRow(b, t)) {
					return
				}
			}
			return
		}
		var cur polygonAgg
		for b := range p.minutes(q, now) {
			t := b.TS.Truncate(q.every)
			if cur.Time == t.UnixMilli() {
				cur.High, cur.Low, cur.Close = max(cur.High, b.High), min(cur.Low, b.Low), b.Close
				cur.Volume += b.Volume
				cur.Transactions += b.Trades
				continue
			}
			if cur.Transactions > 0 && !yield(cur) {
				return
			}
			cur = polygonRow(b, t)
		}
		if cur.Transactions > 0 {
			yield(cur)
		}
	}
}

// minutes are the 5-minute bars that feed a query's windows, those outside the
// session included.
func (p *polygon) minutes(q aggQuery, now time.Time) iter.Seq[Bar] {
	return func(yield func(Bar) bool) {
		for d := market.DateOf(q.from); d <= market.DateOf(q.to) && d <= market.DateOf(now); d++ {
			from, to := d.Time(), (d + 1).Time()
			bars := p.o.Market.Bars(q.sym, market.M5, from, to, now)
			if q.sym.Class != market.Crypto {
				bars = withNight(bars, d)
			}
			for _, b := range bars {
				if b.TS.Before(q.from) || !b.TS.Before(q.to) || b.TS.After(now) {
					continue
				}
				if !yield(b) {
					return
				}
			}
		}
	}
}

// withNight adds thin trade from 08:00 to 17:00 New York time around a session.
// Its prices lie outside the session's, so that one row of it in a bar shows.
func withNight(bars []Bar, d market.Date) []Bar {
	open, end, ok := grid.CalendarOf(market.Stock).Hours(d)
	if !ok || len(bars) == 0 {
		return bars
	}
	flat := func(ts time.Time, p float64) Bar {
		return Bar{TS: ts, End: ts.Add(5 * time.Minute), Open: p, High: p, Low: p, Close: p, Volume: 100, Trades: 1}
	}
	var before, after []Bar
	for t := open.Add(-90 * time.Minute); t.Before(open); t = t.Add(5 * time.Minute) {
		before = append(before, flat(t, decimal(bars[0].Open*1.05, 2)))
	}
	if last := bars[len(bars)-1]; !last.Running && last.End.Equal(end) {
		for t := end; t.Before(end.Add(time.Hour)); t = t.Add(5 * time.Minute) {
			after = append(after, flat(t, decimal(last.Close*0.95, 2)))
		}
	}
	return slices.Concat(before, bars, after)
}

func polygonRow(b Bar, t time.Time) polygonAgg {
	return polygonAgg{
		Volume: b.Volume, VWAP: decimal((b.High+b.Low+b.Close)/3, 4), Open: b.Open, Close: b.Close, High: b.High, Low: b.Low,
		Time: t.UnixMilli(), Transactions: b.Trades,
	}
}

func (p *polygon) aggQuery(r *http.Request) (q aggQuery, bad string) {
	q.sym, q.known = p.symbol(r.PathValue("ticker"))
	multiplier, err := strconv.Atoi(r.PathValue("multiplier"))
	if err != nil || multiplier < 1 {
		return q, "The parameter 'multiplier' must be a positive integer"
	}
	switch r.PathValue("timespan") {
	case "minute":
		q.every = time.Duration(multiplier) * time.Minute
	case "hour":
		q.every = time.Duration(multiplier) * time.Hour
	case "day":
		q.every, q.day = 24*time.Hour, true
	}
	if q.every == 0 || q.every%(5*time.Minute) != 0 || q.day && multiplier != 1 {
		return q, "the simulator has windows of multiples of 5 minutes and of 1 day"
	}
	if q.from, err = q.time(r.PathValue("from"), false); err != nil {
		return q, "Could not parse the time parameter: 'from'. Use YYYY-MM-DD or Unix MS Timestamps"
	}
	if q.to, err = q.time(r.PathValue("to"), true); err != nil {
		return q, "Could not parse the time parameter: 'to'. Use YYYY-MM-DD or Unix MS Timestamps"
	}
	if !q.from.Before(q.to) {
		return q, "'to' cannot be a time that occurs before 'from'"
	}
	q.limit, bad = aggLimit(r.URL.Query())
	return q, bad
}

// time reads a date, New York's for stocks, or ms; of an end the instant after.
func (q aggQuery) time(s string, end bool) (time.Time, error) {
	if ms, err := strconv.ParseInt(s, 10, 53); err == nil && len(s) > 8 {
		t := time.UnixMilli(ms).UTC()
		if q.day && q.sym.Class != market.Crypto { // of the date in New York, as our daily bars are stamped
			t = market.NewDate(t.In(newYork).Date()).Time()
		}
		if end {
			t = t.Add(time.Millisecond)
		}
		return t, nil
	}
	d, err := market.ParseDate(s)
	if err != nil {
		return time.Time{}, err
	}
	if end {
		d++
	}
	if t := d.Time(); q.day || q.sym.Class == market.Crypto {
		return t, nil
	} else {
		return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, newYork).UTC(), nil
	}
}

func aggLimit(v url.Values) (int, string) {
	s := v.Get("limit")
	if c := v.Get("cursor"); c != "" {
		b, err := base64.RawURLEncoding.DecodeString(c)
		if err != nil {
			return 0, "invalid cursor"
		}
		s = string(b)
	}
	if s == "" {
		return 5000, ""
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < 1 || n > 50_000 {
		return 0, "The parameter 'limit' must be between 1 and 50000"
	}
	return n, ""
}

func (p *polygon) ticker(w http.ResponseWriter, r *http.Request) {
	sym, ok := p.symbol(r.PathValue("ticker"))
	if !ok {
		answer(w, http.StatusNotFound, map[string]string{"status": "NOT_FOUND", "request_id": "sim", "message": "Ticker not found."})
		return
	}
	l, _ := p.o.Market.Listing(sym)
	answer(w, 200, map[string]any{"status": "OK", "request_id": "sim", "results": map[string]any{
		"ticker": r.PathValue("ticker"), "name": l.Name, "active": true, "list_date": l.First.String(),
	}})
}

type polygonSplit struct {
	Date   string  `json:"execution_date"`
	From   float64 `json:"split_from"`
	To     float64 `json:"split_to"`
	Ticker string  `json:"ticker"`
}

// splits answers with those that have happened.
func (p *polygon) splits(w http.ResponseWriter, r *http.Request) {
	list := []polygonSplit{}
	v := r.URL.Query()
	ticker, from, to := v.Get("ticker"), v.Get("execution_date.gte"), v.Get("execution_date.lte")
	for _, s := range p.o.Market.cfg.Splits {
		if d := s.Date.String(); from != "" && d < from || to != "" && d > to {
			continue
		}
		if (ticker == "" || s.Symbol.Ticker == ticker) && !s.Date.Time().After(p.o.Now()) {
			list = append(list, polygonSplit{s.Date.String(), s.From, s.To, s.Symbol.Ticker})
		}
	}
	answer(w, 200, map[string]any{"status": "OK", "request_id": "sim", "results": list})
}
