package sim

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/candlewright/candlewright/internal/market"
)

// Binance speaks the public spot protocol (klines, exchangeInfo, time, ping) and
// that of USD-M futures. Every ticker followed by USDT is a spot symbol, where
// the market knows the coin; those of usual size have a perpetual.
func Binance(o Options) *Provider {
	o = o.orDefault()
	b := &binance{o: o, weight: budget{limit: o.Weight}}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /api/v3/klines", b.costing(2, b.klines))
	mux.HandleFunc("GET /api/v3/exchangeInfo", b.costing(20, b.exchangeInfo))
	mux.HandleFunc("GET /api/v3/time", b.costing(1, b.time))
	mux.HandleFunc("GET /api/v3/ping", b.costing(1, func(w http.ResponseWriter, _ *http.Request) { answer(w, 200, struct{}{}) }))
	b.futures(mux)
	return &Provider{handler: mux, faults: o.Faults}
}

type binance struct {
	o      Options
	weight budget
}

// budget counts weight within a minute of the clock.
type budget struct {
	limit int

	mu     sync.Mutex
	minute time.Time
	used   int
}

func (b *budget) spend(weight int, now time.Time) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	if m := now.Truncate(time.Minute); !m.Equal(b.minute) {
		b.minute, b.used = m, 0
	}
	b.used += weight
	return b.used
}

type refusal struct {
	Code int    `json:"code"`
	Msg  string `json:"msg"`
}

// costing spends the weight of a request and refuses it when none is left.
func (b *binance) costing(weight int, next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		now := b.o.Now()
		used := b.weight.spend(weight, now)
		w.Header().Set("X-MBX-USED-WEIGHT", strconv.Itoa(used))
		w.Header().Set("X-MBX-USED-WEIGHT-1M", strconv.Itoa(used))
		if used > b.weight.limit {
			w.Header().Set("Retry-After", strconv.Itoa(60-now.Second()))
			answer(w, http.StatusTooManyRequests, refusal{-1003, fmt.Sprintf(
				"Too much request weight used; current limit is %d request weight per 1 MINUTE. Please use WebSocket Streams for live updates to avoid polling the API.", b.weight.limit)})
			return
		}
		next(w, r)
	}
}

func (b *binance) time(w http.ResponseWriter, _ *http.Request) {
	answer(w, 200, map[string]int64{"serverTime": b.o.Now().UnixMilli()})
}

// coin is the symbol of a Binance name.
func (b *binance) coin(name string) (market.Symbol, bool) {
	ticker, ok := strings.CutSuffix(name, "USDT")
	sym := market.Symbol{Ticker: ticker, Class: market.Crypto}
	if !ok {
		return sym, false
	}
	_, ok = b.o.Market.Listing(sym)
	return sym, ok
}

// klineQuery is what a request for klines asks.
type klineQuery struct {
	sym        market.Symbol
	tf         market.Timeframe
	start, end int64 // ms, inclusive; -1 is not given
	limit      int
}

func (b *binance) klines(w http.ResponseWriter, r *http.Request) {
	q, bad := b.klineQuery(r)
	if bad != nil {
		answer(w, http.StatusBadRequest, bad)
		return
	}
	now := b.o.Now()
	rows := [][12]any{}
	from, to := q.bounds(now)
	for bar := range b.o.Market.Walk(q.sym, q.tf, from, to, now) {
		if q.start >= 0 && len(rows) == q.limit {
			break
		}
		rows = append(rows, klineRow(bar))
	}
	rows = rows[max(0, len(rows)-q.limit):] // without a start the newest count
	answer(w, 200, spoil(r.Context(), rows))
}

// bounds are from where and to where, exclusive, bars are to be made; without a
// start as far back as the limit can reach, with some days for halts.
func (q klineQuery) bounds(now time.Time) (from, to time.Time) {
	room := time.Duration(q.limit)*q.tf.Duration() + 14*24*time.Hour
	to = now.Add(time.Millisecond)
	if q.end >= 0 {
		to = time.UnixMilli(q.end + 1).UTC()
	}
	if q.start < 0 {
		return to.Add(-room), to
	}
	return time.UnixMilli(q.start).UTC(), to
}

func (b *binance) klineQuery(r *http.Request) (klineQuery, *refusal) {
	v := r.URL.Query()
	q := klineQuery{limit: 500}
	for _, name := range []string{"symbol", "interval"} {
		if v.Get(name) == "" {
			return q, &refusal{-1102, fmt.Sprintf("Mandatory parameter '%s' was not sent, was empty/null, or malformed.", name)}
		}
	}
	var ok bool
	if q.sym, ok = b.coin(v.Get("symbol")); !ok {
		return q, &refusal{-1121, "Invalid symbol."}
	}
	var err error
	if q.tf, err = market.ParseTimeframe(v.Get("interval")); err != nil {
		return q, &refusal{-1120, "Invalid interval."}
	}
	if q.start, err = optionalInt(v.Get("startTime")); err != nil {
		return q, illegal("startTime")
	}
	if q.end, err = optionalInt(v.Get("endTime")); err != nil {
		return q, illegal("endTime")
	}
	limit, err := optionalInt(v.Get("limit"))
	if err != nil || limit == 0 {
		return q, illegal("limit")
	}
	if limit > 0 {
		q.limit = int(min(limit, 1000))
	}
	return q, nil
}

func illegal(name string) *refusal {
	return &refusal{-1100, fmt.Sprintf("Illegal characters found in parameter '%s'; legal range is '^[0-9]{1,20}$'.", name)}
}

// optionalInt reads a number that is not negative; -1 stands for none.
func optionalInt(s string) (int64, error) {
	if s == "" {
		return -1, nil
	}
	n, err := strconv.ParseUint(s, 10, 53)
	return int64(n), err
}

// klineRow is a bar as Binance writes it. The close time is 1 ms before the
// next bar, also of the running one.
func klineRow(b Bar) [12]any {
	dec := func(v float64) string { return strconv.FormatFloat(v, 'f', 8, 64) }
	typical := (b.High + b.Low + b.Close) / 3
	return [12]any{
		b.TS.UnixMilli(), dec(b.Open), dec(b.High), dec(b.Low), dec(b.Close), dec(b.Volume),
		b.End.UnixMilli() - 1, dec(b.Volume * typical), b.Trades, dec(b.TakerBuy), dec(b.TakerBuy * typical), "0",
	}
}

type exchangeSymbol struct {
	Symbol     string `json:"symbol"`
	Status     string `json:"status"`
	BaseAsset  string `json:"baseAsset"`
	QuoteAsset string `json:"quoteAsset"`
}

func (b *binance) exchangeInfo(w http.ResponseWriter, r *http.Request) {
	list := []exchangeSymbol{}
	add := func(ticker string) {
		list = append(list, exchangeSymbol{ticker + "USDT", "TRADING", ticker, "USDT"})
	}
	if name := r.URL.Query().Get("symbol"); name != "" {
		sym, ok := b.coin(name)
		if !ok {
			answer(w, http.StatusBadRequest, refusal{-1121, "Invalid symbol."})
			return
		}
		add(sym.Ticker)
	} else {
		for _, s := range Symbols() {
			if s.Class == market.Crypto {
				add(s.Ticker)
			}
		}
	}
	answer(w, 200, map[string]any{
		"timezone": "UTC", "serverTime": b.o.Now().UnixMilli(), "exchangeFilters": []any{},
		"rateLimits": []map[string]any{{
			"rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1, "limit": b.weight.limit,
		}},
		"symbols": list,
	})
}
