package sim

import (
	"math"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/candlewright/candlewright/internal/market"
)

// The futures side of Binance: perpetuals of the coins of usual size, funding
// every 8 hours, open interest and account ratios of the last 30 days.

func (b *binance) futures(mux *http.ServeMux) {
	mux.HandleFunc("GET /fapi/v1/exchangeInfo", b.costing(1, b.perpetuals))
	mux.HandleFunc("GET /fapi/v1/fundingRate", b.costing(1, b.funding))
	mux.HandleFunc("GET /futures/data/openInterestHist", b.costing(1, b.statistic(func(l Listing, at int64) map[string]any {
		v := 0.8 * l.volume * math.Exp(0.2*wave(l.seed, streamOpenInterest, at))
		return map[string]any{"sumOpenInterest": strconv.FormatFloat(v, 'f', 8, 64), "sumOpenInterestValue": strconv.FormatFloat(v*l.level, 'f', 8, 64)}
	})))
	mux.HandleFunc("GET /futures/data/globalLongShortAccountRatio", b.costing(1, b.statistic(func(l Listing, at int64) map[string]any {
		long := 0.5 + 0.08*wave(l.seed, streamAccounts, at)/2
		return map[string]any{
			"longShortRatio": strconv.FormatFloat(long/(1-long), 'f', 4, 64),
			"longAccount":    strconv.FormatFloat(long, 'f', 4, 64), "shortAccount": strconv.FormatFloat(1-long, 'f', 4, 64),
		}
	})))
}

// wave is smooth noise of about a day.
func wave(seed uint64, stream int, at int64) float64 {
	const length = 6 * 3600
	cell, f := at/length, float64(at%length)/length
	return normal(seed, key(stream, cell, 0))*(1-f) + normal(seed, key(stream, cell+1, 0))*f
}

func (b *binance) perpetuals(w http.ResponseWriter, _ *http.Request) {
	var list []map[string]any
	for _, s := range Symbols() {
		if s.Class == market.Crypto {
			list = append(list, map[string]any{
				"symbol": s.Ticker + "USDT", "pair": s.Ticker + "USDT", "contractType": "PERPETUAL", "status": "TRADING", "marginAsset": "USDT",
			})
		}
	}
	answer(w, 200, map[string]any{"timezone": "UTC", "serverTime": b.o.Now().UnixMilli(), "symbols": list})
}

func (b *binance) perpetual(name string) (Listing, bool) {
	sym, ok := b.coin(name)
	if !ok {
		return Listing{}, false
	}
	if !slices.Contains(Symbols(), sym) {
		return Listing{}, false
	}
	return b.o.Market.Listing(sym)
}

// span reads startTime, endTime and limit of a futures request; without times
// the newest rows are wanted, which start -1 says.
func span(r *http.Request, limit, most int64) (start, end int64, rows int, bad *refusal) {
	v := r.URL.Query()
	start, err1 := optionalInt(v.Get("startTime"))
	end, err2 := optionalInt(v.Get("endTime"))
	n, err3 := optionalInt(v.Get("limit"))
	if err1 != nil || err2 != nil || err3 != nil {
		return 0, 0, 0, illegal("startTime")
	}
	if n > 0 {
		limit = min(n, most)
	}
	return start, end, int(limit), nil
}

// funding lists payments, ascending. Their times jitter by milliseconds.
func (b *binance) funding(w http.ResponseWriter, r *http.Request) {
	l, ok := b.perpetual(r.URL.Query().Get("symbol"))
	if !ok {
		answer(w, http.StatusBadRequest, refusal{-1121, "Invalid symbol."})
		return
	}
	start, end, limit, bad := span(r, 100, 1000)
	if bad != nil {
		answer(w, http.StatusBadRequest, bad)
		return
	}
	const every = 8 * 3600
	now := b.o.Now().UnixMilli()
	if end < 0 || end > now {
		end = now
	}
	first := (l.First + 750).Time().Unix() / every
	if start >= 0 {
		first = max(first, (start/1000+every-1)/every)
	} else {
		first = max(first, end/1000/every-int64(limit)+1)
	}
	rows := []map[string]any{}
	for i := first; i*every*1000 <= end && len(rows) < limit; i++ {
		rate := 0.0001 + 0.00012*normal(l.seed, key(streamFunding, i, 0))
		rows = append(rows, map[string]any{
			"symbol": l.Symbol.Ticker + "USDT", "fundingTime": i*every*1000 + int64(hash(l.seed, uint64(i))%9),
			"fundingRate": strconv.FormatFloat(rate, 'f', 8, 64), "markPrice": "",
		})
	}
	answer(w, 200, spoil(r.Context(), rows))
}

// statistic lists readings, ascending and anchored at the end.
func (b *binance) statistic(read func(l Listing, at int64) map[string]any) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		name := r.URL.Query().Get("symbol")
		l, ok := b.perpetual(name)
		tf, err := market.ParseTimeframe(r.URL.Query().Get("period"))
		start, end, limit, bad := span(r, 30, 500)
		now := b.o.Now()
		switch {
		case !ok:
			bad = &refusal{-1121, "Invalid symbol."}
		case err != nil || tf == market.W1:
			bad = &refusal{-1130, "Data sent for parameter 'period' is not valid."}
		case start >= 0 && start < now.AddDate(0, 0, -30).UnixMilli():
			bad = &refusal{-1130, "parameter 'startTime' is invalid."}
		}
		if bad != nil {
			answer(w, http.StatusBadRequest, bad)
			return
		}
		if end < 0 || end > now.UnixMilli() {
			end = now.UnixMilli()
		}
		every := int64(tf.Duration() / time.Second)
		last := end / 1000 / every
		first := max(last-int64(limit)+1, (max(start, 0)/1000+every-1)/every)
		rows := []map[string]any{}
		for i := first; i <= last; i++ {
			row := read(l, i*every)
			row["symbol"], row["timestamp"] = name, i*every*1000
			rows = append(rows, row)
		}
		answer(w, 200, spoil(r.Context(), rows))
	}
}
