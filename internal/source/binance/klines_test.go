package binance_test

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/candlewright/candlewright/internal/market"
	"github.com/candlewright/candlewright/internal/source"
	"github.com/candlewright/candlewright/internal/source/binance"
	"github.com/candlewright/candlewright/internal/source/sourcetest"
)

var now = time.Date(2024, 11, 13, 15, 47, 30, 0, time.UTC)

func ms(n int64) time.Time { return time.UnixMilli(n).UTC() }

func at(s string) time.Time {
	t, err := time.Parse("2006-01-02 15:04", s)
	if err != nil {
		panic(err)
	}
	return t
}

// fetch asks a replayed provider for a range.
func fetch(t *testing.T, p *sourcetest.Replayed, s market.Series, from, to, now time.Time) ([]market.Candle, []source.Page, []source.Attempt, error) {
	t.Helper()
	src := newSource(t, p.URL, sourcetest.Options{Clock: sourcetest.Instant(now)})
	var failed []source.Attempt
	candles, pages, err := sourcetest.Collect(t, src, source.Request{
		Symbol: s.Symbol, Timeframe: s.Timeframe, From: from, To: to, Now: now,
		OnFailure: func(a source.Attempt) { failed = append(failed, a) },
	})
	return candles, pages, failed, err
}

func TestRecordedDaysOfAYear(t *testing.T) {
	t.Parallel()
	body := sourcetest.Recorded(t, "binance", "api_v3_klines__endTime=1577836800000_interval=1d_limit=1000_startTime=1546300800000_symbol=ETHBTC.json")
	p := sourcetest.Replay(t, sourcetest.Answer{Body: string(body), Header: map[string]string{"x-mbx-used-weight-1m": "38"}})
	got, pages, _, err := fetch(t, p, coin("ETH", market.D1), ms(1546300800000), ms(1577836800000).Add(time.Second), now)
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != 366 || len(pages) != 1 || !got[365].TS.Equal(ms(1577836800000)) {
		t.Fatalf("%d candles on %d pages, want the 366 recorded", len(got), len(pages))
	}
	if q := pages[0].Attempt.QuotaRemaining; q == nil || *q != 5962 {
		t.Errorf("quota %v, want 6000 - 38", q)
	}
	for _, c := range got {
		buy, sell := c.Delivered[market.TakerBuyVolume], c.Delivered[market.TakerSellVolume]
		if buy < 0 || sell < 0 || buy+sell-c.Volume > 1e-9*c.Volume || c.Offered != market.Offer(market.TakerBuyVolume, market.TakerSellVolume) {
			t.Fatalf("candle %+v", c)
		}
	}
}

func TestRecordedQuarterHours(t *testing.T) {
	t.Parallel()
	body := sourcetest.Recorded(t, "binance", "api_v3_klines__endTime=1580515200000_interval=5m_limit=24_startTime=1577836800000_symbol=BTCUSDT.json")
	p := sourcetest.Replay(t, sourcetest.Answer{Body: string(body)})
	got, _, _, err := fetch(t, p, coin("BTC", market.M5), ms(1577836800000), ms(1577836800000).Add(2*time.Hour), now)
	if err != nil || len(got) != 24 {
		t.Fatalf("%d candles, error %v", len(got), err)
	}
	c := got[0]
	if c.Open != 7195.24 || c.High != 7196.25 || c.Low != 7178.64 || c.Close != 7179.78 || c.Volume != 95.509133 || c.Delivered[market.TakerBuyVolume] != 32.773245 {
		t.Errorf("first candle %+v", c)
	}
	q := p.Asked()[0].Query()
	if q.Get("symbol") != "BTCUSDT" || q.Get("interval") != "5m" || q.Get("startTime") != "1577836800000" || q.Get("endTime") != "1577843700000" || q.Get("limit") != "1000" || q.Has("timeZone") {
		t.Errorf("asked %v", q)
	}
}

func TestRecordedRunningDayIsLeftOut(t *testing.T) {
	t.Parallel()
	body := sourcetest.Recorded(t, "binance", "fapi_v1_klines__interval=1d_limit=5_symbol=BTCUSDT.json")
	p := sourcetest.Replay(t, sourcetest.Answer{Body: string(body)})
	during := ms(1602979200000).Add(7 * time.Hour) // of the last row's day
	got, pages, _, err := fetch(t, p, coin("BTC", market.D1), ms(1602633600000), during, during)
	if err != nil || len(got) != 4 {
		t.Fatalf("%d candles, error %v, want the four days that had ended", len(got), err)
	}
	if to := pages[0].To; !to.Equal(ms(1602979200000)) {
		t.Errorf("answered up to %v, want the running day's start", to)
	}
}

func TestRecordedDocumentationWeek(t *testing.T) {
	t.Parallel()
	body := sourcetest.Recorded(t, "binance", "nautilus_klines_docs_example.json")
	p := sourcetest.Replay(t, sourcetest.Answer{Body: string(body)})
	got, _, _, err := fetch(t, p, coin("BNB", market.W1), at("2017-07-03 00:00"), at("2017-07-10 00:00"), now)
	if err != nil || len(got) != 1 || got[0].TS.Weekday() != time.Monday {
		t.Errorf("%v, error %v", got, err)
	}
}

// TestRecordedNewestRowsForAnotherRange replays what Binance did in 2020 for a
// window that it could not serve: its newest rows.
func TestRecordedNewestRowsForAnotherRange(t *testing.T) {
	t.Parallel()
	newest := string(sourcetest.Recorded(t, "binance", "fapi_v1_klines__endTime=1580515200000_interval=5m_startTime=1577836800000_symbol=LTCUSDT.json"))
	from, to := ms(1577836800000), ms(1580515200000)
	listed := strings.SplitAfter(newest, "]")[0] + "]" // [[…] and the end

	p := sourcetest.Replay(t, sourcetest.Answer{Body: newest}, sourcetest.Answer{Body: listed})
	got, pages, failed, err := fetch(t, p, coin("LTC", market.M5), from, to, now)
	if err != nil || len(got) != 0 || len(pages) != 1 || len(failed) != 0 || !pages[0].To.Equal(to) {
		t.Errorf("a coin listed later: %d candles on %d pages, error %v", len(got), len(pages), err)
	}
	if len(pages) == 1 && !strings.Contains(pages[0].Attempt.Detail, "outside the range") {
		t.Errorf("detail %q does not say what was left out", pages[0].Attempt.Detail)
	}

	early := fmt.Sprintf(`[[%d,"1","1","1","1","1",%d,"1",1,"1","1","0"]]`, from.UnixMilli(), from.UnixMilli()+299999)
	p = sourcetest.Replay(t, sourcetest.Answer{Body: newest}, sourcetest.Answer{Body: early})
	_, _, failed, err = fetch(t, p, coin("LTC", market.M5), from, to, now)
	if source.KindOf(err) != source.BadResponse || len(failed) != 1 {
		t.Errorf("a coin that was listed: error %v with %d failed attempts, want %s", err, len(failed), source.BadResponse)
	}
}

func TestRecordedErrors(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"ERRORBODY_400_invalid_symbol.json", "ERROR_-1121__fapi_v1_ticker_24hr__symbol=BTCUSD_201225.json"} {
		p := sourcetest.Replay(t, sourcetest.Answer{Status: 400, Body: string(sourcetest.Recorded(t, "binance", name))})
		_, _, _, err := fetch(t, p, coin("BTC", market.D1), at("2024-01-01 00:00"), now, now)
		if source.KindOf(err) != source.NotFound || !strings.Contains(err.Error(), "Invalid symbol.") || len(p.Asked()) != 1 {
			t.Errorf("error %v after %d requests", err, len(p.Asked()))
		}
	}
}

func TestErrorsByStatusAndCode(t *testing.T) {
	t.Parallel()
	ban := fmt.Sprintf(`{"code":-1003,"msg":"Way too many requests; IP(1.2.3.4) banned until %d. Please use the websocket."}`, now.Add(3*time.Hour).UnixMilli())
	for name, c := range map[string]struct {
		answer    sourcetest.Answer
		kind      source.Kind
		transient bool
		after     time.Duration
	}{
		"429 with a wait":      {sourcetest.Answer{Status: 429, Header: map[string]string{"Retry-After": "9"}, Body: `{"code":-1003,"msg":"Too many"}`}, source.RateLimited, true, 9 * time.Second},
		"429 without":          {sourcetest.Answer{Status: 429, Body: `{"code":-1003,"msg":"Too many"}`}, source.RateLimited, true, 30 * time.Second},
		"418 with its end":     {sourcetest.Answer{Status: 418, Body: ban}, source.RateLimited, true, 3 * time.Hour},
		"418 without":          {sourcetest.Answer{Status: 418}, source.RateLimited, true, 2 * time.Minute},
		"451":                  {sourcetest.Answer{Status: 451, Body: `{"code":0,"msg":"Service unavailable from a restricted location"}`}, source.Blocked, false, 0},
		"403 of the firewall":  {sourcetest.Answer{Status: 403, Body: "<html>no</html>"}, source.Blocked, false, 3 * time.Hour},
		"404 of a wrong path":  {sourcetest.Answer{Status: 404, Body: "<html>no</html>"}, source.BadRequest, false, 0},
		"a wrong parameter":    {sourcetest.Answer{Status: 400, Body: `{"code":-1100,"msg":"Illegal characters found in parameter 'startTime'"}`}, source.BadRequest, false, 0},
		"a wrong interval":     {sourcetest.Answer{Status: 400, Body: `{"code":-1120,"msg":"Invalid interval."}`}, source.BadRequest, false, 0},
		"a server overloaded":  {sourcetest.Answer{Status: 400, Body: `{"code":-1008,"msg":"Server is currently overloaded"}`}, source.Unavailable, true, 0},
		"a backend's time-out": {sourcetest.Answer{Status: 408, Body: `{"code":-1007,"msg":"Timeout waiting for response from backend server."}`}, source.Unavailable, true, 0},
		"500":                  {sourcetest.Answer{Status: 500}, source.Unavailable, true, 0},
	} {
		p := sourcetest.Replay(t, c.answer)
		_, _, _, err := fetch(t, p, coin("BTC", market.D1), at("2024-01-01 00:00"), now, now)
		if source.KindOf(err) != c.kind || source.Retryable(err) != c.transient || source.RetryAfter(err) != c.after {
			t.Errorf("%s: error %v, retryable %v after %v; want %s, %v after %v", name,
				err, source.Retryable(err), source.RetryAfter(err), c.kind, c.transient, c.after)
		}
	}
}

// TestABanStopsEveryCall: calling on during a ban prolongs it.
func TestABanStopsEveryCall(t *testing.T) {
	t.Parallel()
	p := sourcetest.Replay(t, sourcetest.Answer{Status: 418, Header: map[string]string{"Retry-After": "7200"}})
	src := newSource(t, p.URL, sourcetest.Options{Clock: sourcetest.Instant(now)})
	for range 3 {
		r := source.Request{Symbol: coin("BTC", market.D1).Symbol, Timeframe: market.D1, From: at("2024-01-01 00:00"), To: now, Now: now}
		if _, _, err := sourcetest.Collect(t, src, r); source.KindOf(err) != source.RateLimited {
			t.Errorf("error %v", err)
		}
	}
	if n := len(p.Asked()); n != 1 {
		t.Errorf("%d requests during a ban", n)
	}
}

func row(ts time.Time, step time.Duration, cells string) string {
	return fmt.Sprintf(`[%d,%s,%d,"1",1,"0.5","1","0"]`, ts.UnixMilli(), cells, ts.Add(step).UnixMilli()-1)
}

func TestGarbageIsNeverACandle(t *testing.T) {
	t.Parallel()
	from := at("2024-11-01 00:00")
	good := `"1","2","0.5","1.5","10"`
	five := func(cells ...string) string {
		var rows []string
		for i, c := range cells {
			rows = append(rows, row(from.Add(time.Duration(i)*5*time.Minute), 5*time.Minute, c))
		}
		return "[" + strings.Join(rows, ",") + "]"
	}
	for name, body := range map[string]string{
		"an object":                 `{"code":0,"msg":"ok"}`,
		"null":                      `null`,
		"rows of text":              `["a"]`,
		"short rows":                `[[1,"1","1","1","1","1"]]`,
		"numbers for decimals":      strings.ReplaceAll(five(good), `"2"`, "2"),
		"text for a time":           fmt.Sprintf(`[["%d",%s,%d,"1",1,"1","1","0"]]`, from.UnixMilli(), good, from.UnixMilli()+299999),
		"words for prices":          five(`"one","2","0.5","1.5","10"`),
		"hexadecimal":               five(`"0x1p-2","2","0.5","1.5","10"`),
		"nested":                    `[[[1],2,3,4,5,6,7,8,9,10,11]]`,
		"microseconds":              strings.ReplaceAll(five(good), millis(from), strconv.FormatInt(from.UnixMicro(), 10)),
		"bars of an hour":           "[" + row(from, time.Hour, good) + "," + row(from.Add(time.Hour), time.Hour, good) + "]",
		"seconds off the grid":      "[" + row(from.Add(7*time.Second), 5*time.Minute, good) + "]",
		"rows before the range":     "[" + row(from.Add(-time.Hour), 5*time.Minute, good) + "]",
		"a time beyond all numbers": `[[99999999999999999999,"1","1","1","1","1",1,"1",1,"1","1","0"]]`,
	} {
		p := sourcetest.Replay(t, sourcetest.Answer{Body: body})
		got, _, _, err := fetch(t, p, coin("BTC", market.M5), from, from.Add(time.Hour), now)
		if source.KindOf(err) != source.BadResponse || len(got) > 0 {
			t.Errorf("%s: %d candles, error %v, want %s", name, len(got), err, source.BadResponse)
		}
	}
}

// TestMissingNumbersGoToTheChecks: what a check names is not ours to hide.
func TestMissingNumbersGoToTheChecks(t *testing.T) {
	t.Parallel()
	from := at("2024-11-01 00:00")
	step := 5 * time.Minute
	body := "[" + strings.Join([]string{
		row(from, step, `"1","2","0.5","1.5","10"`),
		row(from.Add(step), step, `"NaN","2","0.5","1.5","10"`),     // fields_present
		row(from.Add(2*step), step, `"-1","2","-1","1.5","10"`),     // price_positive
		row(from.Add(3*step), step, `"","NaN",null,"Infinity","9"`), // no price: no row
		row(from.Add(4*step), step, `"1","0.5","2","1.5","0"`),      // ohlc_order, volume_positive
		row(from.Add(4*step), step, `"1","1","1","1","0"`),          // unique
		row(from.Add(6*step+time.Second), step, `"1","1","1","1","1e999"`),
	}, ",") + "]"
	p := sourcetest.Replay(t, sourcetest.Answer{Body: body})
	got, _, _, err := fetch(t, p, coin("BTC", market.M5), from, from.Add(time.Hour), now)
	if err != nil || len(got) != 6 {
		t.Fatalf("%d candles, error %v, want all but the row without a price", len(got), err)
	}
	if c := got[1]; c.Open == c.Open || c.High != 2 {
		t.Errorf("NaN came as %+v", c)
	}
	if c := got[5]; c.Volume == c.Volume || c.TS.Second() != 1 {
		t.Errorf("an infinite volume off the grid came as %+v", c)
	}
}

func TestSymbolsAreWrittenAsBinanceDoes(t *testing.T) {
	t.Parallel()
	for ticker, want := range map[string]string{"BTC": "BTCUSDT", "BTCUSDT": "BTCUSDT", "USDT": "USDTUSDT", "SHIB": "1000SHIBUSDT", "1INCH": "1INCHUSDT"} {
		p := sourcetest.Replay(t, sourcetest.Answer{Body: "[]"})
		src, err := binance.New(binance.Config{URL: p.URL, Symbols: map[string]string{"SHIB": "1000SHIBUSDT"}})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(src.Close)
		r := source.Request{Symbol: market.Symbol{Ticker: ticker, Class: market.Crypto}, Timeframe: market.D1, From: at("2024-11-01 00:00"), To: now, Now: now}
		if _, _, err := sourcetest.Collect(t, src, r); err != nil {
			t.Errorf("%s: %v", ticker, err)
		}
		if got := p.Asked()[0].Query().Get("symbol"); got != want {
			t.Errorf("%s is %s, want %s", ticker, got, want)
		}
	}
	for _, ticker := range []string{"BTC-USD", "BRK.B", "^GSPC", "X:BTCUSD", "ABCDEFGHIJKLMNOPQRST"} {
		p := sourcetest.Replay(t, sourcetest.Answer{Body: "[]"})
		_, _, failed, err := fetch(t, p, coin(ticker, market.D1), at("2024-11-01 00:00"), now, now)
		if source.KindOf(err) != source.NotFound || len(p.Asked()) != 0 || len(failed) != 1 {
			t.Errorf("%s: error %v after %d requests, want %s without one", ticker, err, len(p.Asked()), source.NotFound)
		}
	}
	if _, err := binance.New(binance.Config{Symbols: map[string]string{"A": "a/b"}}); err == nil {
		t.Error("a symbol with a slash was taken")
	}
}

func TestServesCoinsOnly(t *testing.T) {
	t.Parallel()
	src := newSource(t, "http://127.0.0.1:1", sourcetest.Options{})
	for _, class := range market.AssetClasses() {
		sym := market.Symbol{Ticker: "BTC", Class: class}
		if got := src.Serves(sym, market.D1); got != (class == market.Crypto) {
			t.Errorf("serves %s: %v", sym, got)
		}
		if class != market.Crypto && src.Offers(sym, market.D1) != 0 {
			t.Errorf("offers something for %s", sym)
		}
	}
}

// TestNearTheWeightLimitTheNextMinuteIsWaitedFor before Binance says so.
func TestNearTheWeightLimitTheNextMinuteIsWaitedFor(t *testing.T) {
	t.Parallel()
	full := []string{}
	for i := range 10 {
		full = append(full, row(at("2024-11-01 00:00").Add(time.Duration(i)*5*time.Minute), 5*time.Minute, `"1","1","1","1","1"`))
	}
	p := sourcetest.Replay(t,
		sourcetest.Answer{Body: "[" + strings.Join(full, ",") + "]", Header: map[string]string{"X-MBX-USED-WEIGHT-1M": "5950"}},
		sourcetest.Answer{Body: "[]"})
	clock := sourcetest.Instant(now)
	var waits []time.Duration
	instant := clock.Sleep
	clock.Sleep = func(ctx context.Context, d time.Duration) error {
		waits = append(waits, d)
		return instant(ctx, d)
	}
	src := newSource(t, p.URL, sourcetest.Options{Clock: clock, PageRows: 10})
	r := source.Request{Symbol: coin("BTC", market.M5).Symbol, Timeframe: market.M5, From: at("2024-11-01 00:00"), To: at("2024-11-01 02:00"), Now: now}
	if _, pages, err := sourcetest.Collect(t, src, r); err != nil || len(pages) != 2 || *pages[0].Attempt.QuotaRemaining != 50 {
		t.Fatalf("%d pages, error %v", len(pages), err)
	}
	if len(waits) != 1 || waits[0] != 30*time.Second {
		t.Errorf("waits %v, want the 30 s to the next minute", waits)
	}
}

// TestFixtureOfDays: five days of a page, the last of them running.
func TestFixtureOfDays(t *testing.T) {
	t.Parallel()
	p := sourcetest.Replay(t, sourcetest.Answer{Body: sourcetest.Fixture(t, "klines_BTCUSDT_1d_running.json")})
	got, _, _, err := fetch(t, p, coin("BTC", market.D1), at("2024-11-09 00:00"), at("2024-11-14 00:00"), now)
	if err != nil || len(got) != 4 {
		t.Fatalf("%d candles, error %v, want the four days that had ended", len(got), err)
	}
	c := got[0]
	if !c.TS.Equal(at("2024-11-09 00:00")) || c.Open != 21772.1 || c.High != 22629.9 || c.Low != 21770.6 || c.Close != 22310.1 || c.Volume != 38906.41205 {
		t.Errorf("first candle %+v", c)
	}
	if buy, sell := c.Delivered[market.TakerBuyVolume], c.Delivered[market.TakerSellVolume]; buy != 19278.89317 || sell != c.Volume-buy {
		t.Errorf("takers bought %v and sold %v", buy, sell)
	}
}
