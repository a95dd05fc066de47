package binance_test

import (
	"math"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/candlewright/candlewright/internal/market"
	"github.com/candlewright/candlewright/internal/source"
	"github.com/candlewright/candlewright/internal/source/binance"
	"github.com/candlewright/candlewright/internal/source/sim"
	"github.com/candlewright/candlewright/internal/source/sourcetest"
)

// withFutures is a source whose both hosts are one simulated provider.
func withFutures(t *testing.T, faults sim.Schedule) *binance.Source {
	t.Helper()
	p := sim.Binance(sim.Options{Market: sim.NewMarket(sim.Config{Seed: 7}), Now: func() time.Time { return sourcetest.Now }, Faults: faults})
	server := httptest.NewServer(p)
	t.Cleanup(server.Close)
	return both(t, server.URL)
}

func both(t *testing.T, url string) *binance.Source {
	t.Helper()
	s, err := binance.New(binance.Config{URL: url, FuturesURL: url, Clock: sourcetest.Instant(sourcetest.Now)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

func ask(s market.Series, from time.Time) source.Request {
	return source.Request{Symbol: s.Symbol, Timeframe: s.Timeframe, From: from, To: sourcetest.Now, Now: sourcetest.Now}
}

func TestConformanceWithFutures(t *testing.T) {
	t.Parallel()
	sourcetest.Run(t, sourcetest.Subject{
		New: func(t *testing.T, url string, o sourcetest.Options) source.Source {
			t.Helper()
			s, err := binance.New(binance.Config{
				URL: url, FuturesURL: futuresOf(t), PageRows: o.PageRows, Clock: o.Clock, Timeouts: o.Timeouts, MaxBody: o.MaxBody, Breaker: o.Breaker,
			})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(s.Close)
			return s
		},
		Provider: sim.Binance,
		Series:   []market.Series{coin("BTC", market.M15), coin("LUNC", market.H1), coin("ETH", market.D1), coin("BTC", market.W1)},
		Unknown:  market.Symbol{Ticker: "NOPE", Class: market.Crypto},
	})
}

// futuresOf is a futures host of its own, so that the faults and the counts of a
// test are those of the candles.
func futuresOf(t *testing.T) string {
	t.Helper()
	server := httptest.NewServer(sim.Binance(sim.Options{Now: func() time.Time { return sourcetest.Now }}))
	t.Cleanup(server.Close)
	return server.URL
}

func TestPerpetualFillsTheLastThirtyDays(t *testing.T) {
	t.Parallel()
	s := withFutures(t, nil)
	for _, tf := range market.Timeframes() {
		series := coin("BTC", tf)
		got, _, err := sourcetest.Collect(t, s, ask(series, sourcetest.Now.AddDate(0, 0, -60).Truncate(24*time.Hour)))
		if err != nil {
			t.Fatal(err)
		}
		if !s.Offers(series.Symbol, tf).Has(market.OpenInterest) || got[0].Offered&market.FundingPayments == 0 {
			t.Errorf("%s: offered %b", tf, got[0].Offered)
		}
		for _, c := range got {
			oi, ratio := c.Delivered[market.OpenInterest], c.Delivered[market.LongShortRatio]
			recent := c.TS.After(sourcetest.Now.AddDate(0, 0, -29))
			old := c.TS.Add(tf.Duration()).Before(sourcetest.Now.AddDate(0, 0, -30))
			if recent && !(oi > 0 && ratio > 0) || old && !(math.IsNaN(oi) && math.IsNaN(ratio)) {
				t.Fatalf("%s: candle of %v has open interest %v and ratio %v", tf, c.TS, oi, ratio)
			}
		}
	}
}

func TestACoinWithoutPerpetualIsOfferedNone(t *testing.T) {
	t.Parallel()
	s := withFutures(t, nil)
	r := ask(coin("LUNC", market.D1), sourcetest.Now.AddDate(0, 0, -10))
	got, _, err := sourcetest.Collect(t, s, r)
	if err != nil || len(got) == 0 || got[0].Offered != market.Offer(market.TakerBuyVolume, market.TakerSellVolume) {
		t.Errorf("%d candles, error %v", len(got), err)
	}
	for page, err := range s.Payments(t.Context(), r) {
		t.Errorf("payments %v, error %v", page, err)
	}
}

// TestSpotCandlesComeWithoutFutures: the futures host is away, the candles are
// whole and the failures told.
func TestSpotCandlesComeWithoutFutures(t *testing.T) {
	t.Parallel()
	s := withFutures(t, func(r *http.Request, _ int) sim.Fault {
		if strings.HasPrefix(r.URL.Path, "/fapi/") || strings.HasPrefix(r.URL.Path, "/futures/") {
			return sim.Fault{Kind: sim.Restricted}
		}
		return sim.Fault{}
	})
	r := ask(coin("BTC", market.H1), sourcetest.Now.AddDate(0, 0, -3))
	var failed []source.Attempt
	r.OnFailure = func(a source.Attempt) { failed = append(failed, a) }
	for range 2 { // the second does not ask for the list again
		got, _, err := sourcetest.Collect(t, s, r)
		if err != nil || len(got) != 71 || got[0].Offered.Has(market.OpenInterest) {
			t.Errorf("%d candles, error %v", len(got), err)
		}
	}
	if len(failed) != 1 || failed[0].ErrorCode != string(source.Blocked) {
		t.Errorf("failed attempts %+v", failed)
	}
}

func TestStatisticsThatFailLeaveNothing(t *testing.T) {
	t.Parallel()
	s := withFutures(t, func(r *http.Request, _ int) sim.Fault {
		if strings.HasSuffix(r.URL.Path, "openInterestHist") {
			return sim.Fault{Kind: sim.NullJSON}
		}
		if strings.HasPrefix(r.URL.Path, "/futures/") {
			return sim.Fault{Kind: sim.HTML}
		}
		return sim.Fault{}
	})
	got, _, err := sourcetest.Collect(t, s, ask(coin("BTC", market.H1), sourcetest.Now.AddDate(0, 0, -3)))
	if err != nil || len(got) != 71 {
		t.Fatalf("%d candles, error %v", len(got), err)
	}
	for _, c := range got {
		if !math.IsNaN(c.Delivered[market.OpenInterest]) || !math.IsNaN(c.Delivered[market.LongShortRatio]) || !c.Offered.Has(market.OpenInterest) {
			t.Fatalf("candle %+v", c)
		}
	}
}

func TestPaymentsOfYears(t *testing.T) {
	t.Parallel()
	s := withFutures(t, nil)
	r := ask(coin("BTC", market.D1), sourcetest.Now.AddDate(-3, 0, 0))
	var last time.Time
	pages, n := 0, 0
	pos := r.From
	for page, err := range s.Payments(t.Context(), r) {
		if err != nil || !page.From.Equal(pos) || !page.To.After(pos) || page.Attempt.Rows != len(page.Payments) {
			t.Fatalf("page %+v, error %v", page, err)
		}
		pages, pos = pages+1, page.To
		for _, p := range page.Payments {
			if !p.At.After(last) || p.At.Nanosecond() != 0 || p.At.Unix()%(8*3600) != 0 || math.Abs(p.Rate) > 0.01 {
				t.Fatalf("payment %+v after %v", p, last)
			}
			last = p.At
			n++
		}
	}
	if want := 3 * 1096; n != want || pages != 4 || !pos.Equal(sourcetest.Now) {
		t.Errorf("%d payments on %d pages up to %v, want %d on 4", n, pages, pos, want)
	}
}

func TestRecordedPayment(t *testing.T) {
	t.Parallel()
	listing := `{"symbols":[{"symbol":"LTCUSDT","contractType":"PERPETUAL","status":"TRADING"}]}`
	body := sourcetest.Recorded(t, "binance", "fapi_v1_fundingRate__endTime=1602820102_limit=1_startTime=1602816502_symbol=LTCUSDT.json")
	p := sourcetest.Replay(t, sourcetest.Answer{Body: listing}, sourcetest.Answer{Body: string(body)})
	s := both(t, p.URL)
	for page, err := range s.Payments(t.Context(), ask(coin("LTC", market.D1), at("2020-10-16 00:00"))) {
		if err != nil || len(page.Payments) != 1 || !page.Payments[0].At.Equal(at("2020-10-16 00:00")) || page.Payments[0].Rate != 0.00018534 {
			t.Errorf("page %+v, error %v, want the jitter of 2 ms gone", page, err)
		}
	}
}

func TestRecordedStatistics(t *testing.T) {
	t.Parallel()
	ratio := sourcetest.Recorded(t, "binance", "futures_data_globalLongShortAccountRatio__endTime=1580515200000_limit=10_period=5m_startTime=1577836800000_sym.json")
	interest := sourcetest.Recorded(t, "binance", "futures_data_openInterestHist__endTime=1602820343_limit=10_period=1d_startTime=1602802343_symbol=LTCUSDT.json")
	listing := sourcetest.Recorded(t, "binance", "fapi_v1_exchangeInfo.json")
	day := at("2020-10-14 00:00")
	klines := "[" + row(day, 24*time.Hour, `"50","51","49","50","10"`) + "," + row(day.AddDate(0, 0, 1), 24*time.Hour, `"50","51","49","50","10"`) + "]"
	p := sourcetest.Replay(t, sourcetest.Answer{Body: string(listing)}, sourcetest.Answer{Body: klines},
		sourcetest.Answer{Body: string(interest)}, sourcetest.Answer{Body: string(ratio)})
	s, err := binance.New(binance.Config{URL: p.URL, FuturesURL: p.URL, Clock: sourcetest.Instant(day.AddDate(0, 0, 3))})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	r := source.Request{Symbol: coin("LTC", market.D1).Symbol, Timeframe: market.D1, From: day, To: day.AddDate(0, 0, 2), Now: day.AddDate(0, 0, 3)}
	got, _, err := sourcetest.Collect(t, s, r)
	if err != nil || len(got) != 2 {
		t.Fatalf("%d candles, error %v", len(got), err)
	}
	// A snapshot stamped at a day's start belongs to the day that ends then.
	if oi := got[0].Delivered[market.OpenInterest]; oi < 1e5 || oi == got[1].Delivered[market.OpenInterest] {
		t.Errorf("open interest %v and %v", oi, got[1].Delivered[market.OpenInterest])
	}
	if !math.IsNaN(got[0].Delivered[market.LongShortRatio]) {
		t.Errorf("a ratio of the 18th is on the candle of the 14th: %v", got[0].Delivered[market.LongShortRatio])
	}
	q := p.Asked()[2].Query()
	if q.Get("symbol") != "LTCUSDT" || q.Get("period") != "1d" || q.Get("limit") != "500" {
		t.Errorf("asked %v", q)
	}
}

// TestContractsByTheThousand: one unit of 1000SHIBUSDT is 1,000 coins.
func TestContractsByTheThousand(t *testing.T) {
	t.Parallel()
	day := at("2024-11-12 00:00")
	stamp := millis(day.AddDate(0, 0, 1))
	p := sourcetest.Replay(t,
		sourcetest.Answer{Body: `{"symbols":[{"symbol":"1000SHIBUSDT","contractType":"PERPETUAL","status":"TRADING"},{"symbol":"OLDUSDT","contractType":"PERPETUAL","status":"SETTLING"}]}`},
		sourcetest.Answer{Body: "[" + row(day, 24*time.Hour, `"1","1","1","1","1"`) + "]"},
		sourcetest.Answer{Body: `[{"timestamp":` + stamp + `,"sumOpenInterest":"5"}]`},
		sourcetest.Answer{Body: `[{"timestamp":` + stamp + `,"longShortRatio":"2"},{"timestamp":` + stamp + `,"longShortRatio":"x"}]`})
	s := both(t, p.URL)
	r := ask(coin("SHIB", market.D1), day)
	r.To = day.AddDate(0, 0, 1)
	got, _, err := sourcetest.Collect(t, s, r)
	if err != nil || len(got) != 1 || got[0].Delivered[market.OpenInterest] != 5000 || got[0].Delivered[market.LongShortRatio] != 2 {
		t.Errorf("%+v, error %v, want 5 units to be 5000 coins and a ratio to stay one", got, err)
	}
	if s.Offers(coin("OLD", market.D1).Symbol, market.D1).Has(market.OpenInterest) {
		t.Error("a perpetual that is settled is offered")
	}
}

func millis(t time.Time) string { return strconv.FormatInt(t.UnixMilli(), 10) }
