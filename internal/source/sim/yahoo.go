package sim

import (
	"fmt"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/candlewright/candlewright/internal/grid"
	"github.com/candlewright/candlewright/internal/market"
)

// Yahoo speaks the v8 chart endpoint, oddities included: float32 prices, coins'
// volume in dollars, null rows where nothing was traded, a live quote as last
// row, a row at the close on half days.
func Yahoo(o Options) *Provider {
	y := &yahoo{o: o.orDefault()}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v8/finance/chart/{symbol}", y.chart)
	return &Provider{handler: mux, faults: o.Faults}
}

type yahoo struct{ o Options }

func yahooError(w http.ResponseWriter, status int, code, description string) {
	answer(w, status, map[string]any{"chart": map[string]any{
		"result": nil, "error": map[string]string{"code": code, "description": description},
	}})
}

// symbol is the symbol of a Yahoo name.
func (y *yahoo) symbol(name string) (market.Symbol, bool) {
	sym := market.Symbol{Ticker: strings.ReplaceAll(name, "-", "."), Class: market.Stock}
	if coin, ok := strings.CutSuffix(name, "-USD"); ok {
		sym = market.Symbol{Ticker: coin, Class: market.Crypto}
	} else if etf := (market.Symbol{Ticker: sym.Ticker, Class: market.ETF}); slices.Contains(Symbols(), etf) {
		sym = etf
	}
	_, ok := y.o.Market.Listing(sym)
	return sym, ok
}

// yahooRow is one row; nil cells are null.
type yahooRow struct {
	at                             int64
	open, high, low, close, volume *float64
}

func (y *yahoo) chart(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("symbol")
	sym, ok := y.symbol(name)
	if !ok {
		yahooError(w, http.StatusNotFound, "Not Found", "No data found, symbol may be delisted")
		return
	}
	v := r.URL.Query()
	tf, err := market.ParseTimeframe(v.Get("interval"))
	if err != nil || tf == market.W1 {
		yahooError(w, http.StatusBadRequest, "Bad Request", "Invalid input - interval="+v.Get("interval")+" is not supported.")
		return
	}
	from, err1 := strconv.ParseInt(v.Get("period1"), 10, 42)
	to, err2 := strconv.ParseInt(v.Get("period2"), 10, 42)
	if err1 != nil || err2 != nil || from >= to {
		yahooError(w, http.StatusBadRequest, "Bad Request", "Invalid input - start date cannot be after end date.")
		return
	}
	now := y.o.Now()
	if status, text := y.tooFar(sym, tf, time.Unix(from, 0), time.Unix(to, 0), now); text != "" {
		code := "Bad Request"
		if status == http.StatusUnprocessableEntity {
			code = "Unprocessable Entity"
		}
		yahooError(w, status, code, text)
		return
	}
	rows := spoil(r.Context(), y.rows(sym, tf, time.Unix(from, 0).UTC(), time.Unix(to, 0).UTC(), now))
	answer(w, 200, map[string]any{"chart": map[string]any{
		"result": []any{y.withSplits(y.result(sym, name, string(tf), rows), sym, from, to)}, "error": nil,
	}})
}

// withSplits adds the splits of a range that have happened, at the opening of
// their session.
func (y *yahoo) withSplits(result map[string]any, sym market.Symbol, from, to int64) map[string]any {
	events := map[string]any{}
	for _, s := range y.o.Market.Splits(sym) {
		open, _, ok := grid.CalendarOf(sym.Class).Hours(s.Date)
		if at := open.Unix(); ok && at >= from && at <= to && !s.Date.Time().After(y.o.Now()) {
			events[strconv.FormatInt(at, 10)] = map[string]any{
				"date": at, "numerator": s.To, "denominator": s.From, "splitRatio": fmt.Sprintf("%v:%v", s.To, s.From),
			}
		}
	}
	if len(events) > 0 {
		result["events"] = map[string]any{"splits": events}
	}
	return result
}

// tooFar is the refusal of a range that begins too long ago, or ends before the
// first trade.
func (y *yahoo) tooFar(sym market.Symbol, tf market.Timeframe, from, to, now time.Time) (status int, text string) {
	days := 0
	switch tf {
	case market.M5, market.M15, market.M30:
		days = 60
	case market.H1, market.H4:
		days = 730
	default:
	}
	if days > 0 && now.Sub(from) >= time.Duration(days)*24*time.Hour {
		return http.StatusUnprocessableEntity, string(tf) + " data not available. The requested range must be within the last " + strconv.Itoa(days) + " days."
	}
	if l, _ := y.o.Market.Listing(sym); to.Before(l.First.Time()) {
		return http.StatusBadRequest, "Data doesn't exist for startDate = " + strconv.FormatInt(from.Unix(), 10) + ", endDate = " + strconv.FormatInt(to.Unix(), 10)
	}
	return 0, ""
}

// rows are the rows of a range, both ends inclusive on the stamp.
func (y *yahoo) rows(sym market.Symbol, tf market.Timeframe, from, to, now time.Time) []yahooRow {
	g := grid.New(sym.Class, tf)
	hours := grid.CalendarOf(sym.Class)
	var out []yahooRow
	next := g.FirstFrom(from)
	for b := range y.o.Market.Walk(sym, tf, market.DateOf(from).Time(), to.Add(time.Second), now) {
		at := b.TS
		if open, _, ok := hours.Hours(market.DateOf(b.TS)); ok && tf == market.D1 {
			at = open
		}
		if at.Before(from) || at.After(to) {
			continue
		}
		s, _ := g.At(b.TS)
		for ; next < s; next++ { // nothing was traded: null cells
			out = append(out, yahooRow{at: g.Stamp(next).Unix()})
		}
		next = s + 1
		out = append(out, row(sym, b, at.Unix()))
		if early(hours, b, tf) {
			extra := row(sym, b, b.End.Unix())
			extra.volume = new(float64)
			out = append(out, extra)
		}
		if b.Running { // the last trade, at an odd second
			live := row(sym, b, now.Unix()|1)
			out = append(out, live)
		}
	}
	return out
}

// early reports whether a bar is the last one of a half day, after which Yahoo
// sends a row stamped at the close.
func early(hours grid.Calendar, b Bar, tf market.Timeframe) bool {
	open, end, ok := hours.Hours(market.DateOf(b.TS))
	return ok && tf.Intraday() && end.Sub(open) < 6*time.Hour && b.End.Equal(end)
}

func row(sym market.Symbol, b Bar, at int64) yahooRow {
	volume := b.Volume
	if sym.Class == market.Crypto {
		volume = math.Round(volume * (b.High + b.Low + b.Close) / 3)
	}
	return yahooRow{at, widened(b.Open), widened(b.High), widened(b.Low), widened(b.Close), &volume}
}

// widened is a price as it looks after a float32.
func widened(p float64) *float64 {
	v := float64(float32(p))
	return &v
}

// result is the body's one result. Without rows there is no time and an empty
// quote.
func (y *yahoo) result(sym market.Symbol, name, granularity string, rows []yahooRow) map[string]any {
	l, _ := y.o.Market.Listing(sym)
	kind, zone := "EQUITY", "America/New_York"
	switch sym.Class {
	case market.ETF:
		kind = "ETF"
	case market.Crypto:
		kind, zone = "CRYPTOCURRENCY", "UTC"
	default:
	}
	quote := map[string][]*float64{}
	result := map[string]any{
		"meta": map[string]any{
			"currency": "USD", "symbol": name, "instrumentType": kind, "exchangeTimezoneName": zone,
			"gmtoffset": -18000, "dataGranularity": granularity, "firstTradeDate": l.First.Time().Unix(), "longName": l.Name,
		},
		"indicators": map[string]any{"quote": []any{quote}},
	}
	if len(rows) == 0 {
		return result
	}
	at := make([]int64, len(rows))
	for i, r := range rows {
		at[i] = r.at
		quote["open"] = append(quote["open"], r.open)
		quote["high"] = append(quote["high"], r.high)
		quote["low"] = append(quote["low"], r.low)
		quote["close"] = append(quote["close"], r.close)
		quote["volume"] = append(quote["volume"], r.volume)
	}
	result["timestamp"] = at
	return result
}
