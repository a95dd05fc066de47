package yahoo_test

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/candlewright/candlewright/internal/market"
	"github.com/candlewright/candlewright/internal/source"
	"github.com/candlewright/candlewright/internal/source/sourcetest"
	"github.com/candlewright/candlewright/internal/source/yahoo"
)

func day(s string) time.Time {
	d, err := market.ParseDate(s)
	if err != nil {
		panic(err)
	}
	return d.Time()
}

func fetch(t *testing.T, p *sourcetest.Replayed, s market.Series, from, to, now time.Time) ([]market.Candle, []source.Attempt, error) {
	t.Helper()
	src := newSource(t, p.URL, sourcetest.Options{Clock: sourcetest.Instant(now)})
	var failed []source.Attempt
	candles, _, err := sourcetest.Collect(t, src, source.Request{
		Symbol: s.Symbol, Timeframe: s.Timeframe, From: from, To: to, Now: now,
		OnFailure: func(a source.Attempt) { failed = append(failed, a) },
	})
	return candles, failed, err
}

// recorded replays one recording for a range.
func recorded(t *testing.T, file string, s market.Series, from, to string) ([]market.Candle, *sourcetest.Replayed, error) {
	t.Helper()
	p := sourcetest.Replay(t, sourcetest.Answer{Body: string(sourcetest.RecordedBody(t, "yahoo", file))})
	got, _, err := fetch(t, p, s, day(from), day(to), day("2025-03-01"))
	return got, p, err
}

func TestRecordedDaysOfAStock(t *testing.T) {
	t.Parallel()
	got, p, err := recorded(t, "nyf2_chart-AAPL-2020-08-31-to-2020-11-07.json", series(market.Stock, "AAPL", market.D1), "2020-08-31", "2020-11-07")
	if err != nil || len(got) != 49 {
		t.Fatalf("%d candles, error %v, want 49 sessions", len(got), err)
	}
	first, last := got[0], got[48]
	if !first.TS.Equal(day("2020-08-31")) || first.Open != 127.58 || first.High != 131 || first.Close != 129.04 || first.Volume != 225702700 || first.VolumeEstimated {
		t.Errorf("first candle %+v", first)
	}
	if !last.TS.Equal(day("2020-11-06")) { // after the change of the clocks
		t.Errorf("last candle of %v", last.TS)
	}
	q := p.Asked()[0].Query()
	if q.Get("period1") != "1598832000" || q.Get("period2") != "1604696400" || q.Get("interval") != "1d" || q.Get("includePrePost") != "false" {
		t.Errorf("asked %v", p.Asked()[0])
	}
}

func TestRecordedDaysOfAnETF(t *testing.T) {
	t.Parallel()
	got, _, err := recorded(t, "nyf2_chart-QQQ-2020-01-01-to-2020-01-03.json", series(market.ETF, "QQQ", market.D1), "2020-01-01", "2020-01-03")
	if err != nil || len(got) != 1 || got[0].Close != 216.16 {
		t.Fatalf("%v, error %v", got, err)
	}
}

// TestRecordedDaysOfACoin: the row on period2 is cut off, dollars become coins.
func TestRecordedDaysOfACoin(t *testing.T) {
	t.Parallel()
	got, _, err := recorded(t, "nyf2_chart-BTC-USD-2020-01-01-to-2020-01-03.json", series(market.Crypto, "BTC", market.D1), "2020-01-01", "2020-01-03")
	if err != nil || len(got) != 2 {
		t.Fatalf("%v, error %v, want two days", got, err)
	}
	c := got[0]
	want := 18565664997 / ((c.High + c.Low + c.Close) / 3)
	if math.Abs(c.Volume-want) > 1e-9*want || c.Volume > 3e6 || !c.VolumeEstimated || c.Close != 7200.1743 {
		t.Errorf("candle %+v", c)
	}
}

func TestRecordedSplitAdjustedYear(t *testing.T) {
	t.Parallel()
	got, _, err := recorded(t, "nyf2_historical-via-chart-NVDA-split-2021-02-01-to-2022-01-31.csv.json", series(market.Stock, "NVDA", market.D1), "2021-02-01", "2022-01-31")
	if err != nil || len(got) != 252 || got[0].Close != 13.237 || got[0].Volume != 217204000 {
		t.Fatalf("%d candles, error %v", len(got), err)
	}
}

// TestRecordedHalfHoursWithNight is of 30m, which Yahoo serves and we do not
// take: the session's rows of it are made into hours here.
func TestRecordedHalfHoursWithNight(t *testing.T) {
	t.Parallel()
	body := string(sourcetest.RecordedBody(t, "yahoo", "nyf2_chart-TSLA-2021-11-22-to-2021-11-23-interval-30m.json"))
	p := sourcetest.Replay(t, sourcetest.Answer{Body: body})
	_, _, err := fetch(t, p, series(market.Stock, "TSLA", market.M30), day("2021-11-22"), day("2021-11-23"), day("2021-11-23"))
	if source.KindOf(err) != source.BadResponse || !strings.Contains(err.Error(), "not 15m") {
		t.Errorf("rows of 30m for 15m: error %v", err)
	}
	p = sourcetest.Replay(t, sourcetest.Answer{Body: strings.Replace(body, `"dataGranularity":"30m"`, `"dataGranularity":"15m"`, 1) + " "})
	if strings.Contains(body, `"dataGranularity": "30m"`) {
		p = sourcetest.Replay(t, sourcetest.Answer{Body: strings.Replace(body, `"dataGranularity": "30m"`, `"dataGranularity": "15m"`, 1)})
	}
	got, _, err := fetch(t, p, series(market.Stock, "TSLA", market.M15), day("2021-11-22"), day("2021-11-23"), day("2021-11-23"))
	if err != nil || len(got) != 13 || got[0].TS.Format(time.TimeOnly) != "14:30:00" || got[12].TS.Format(time.TimeOnly) != "20:30:00" {
		t.Errorf("%d candles, error %v, want the 13 of the session out of 30", len(got), err)
	}
}

func TestRecordedWithoutRows(t *testing.T) {
	t.Parallel()
	body := strings.Replace(string(sourcetest.RecordedBody(t, "yahoo", "nyf2_chart-AAPL-2025-02-01-to-2025-02-02-includePrePost-false-interval-1m.json")), `"1m"`, `"1d"`, 1)
	p := sourcetest.Replay(t, sourcetest.Answer{Body: body})
	got, failed, err := fetch(t, p, series(market.Stock, "AAPL", market.D1), day("2025-02-03"), day("2025-02-04"), day("2025-03-01"))
	if err != nil || len(got) != 0 || len(failed) != 0 {
		t.Errorf("%v, failed %v, error %v, want an empty range", got, failed, err)
	}
}

func TestRecordedRefusals(t *testing.T) {
	t.Parallel()
	for file, c := range map[string]struct {
		ticker string
		kind   source.Kind
		says   string
	}{
		"nyf2_chart-OCDO.L-2020-01-01-to-2020-01-03.json":        {"OCDO-L", source.NotFound, "GBp"},
		"nyf2_chart-0P000071W8.TO-2020-01-01-to-2020-01-03.json": {"0P000071W8-TO", source.NotFound, "MUTUALFUND"},
		"nyf2_chart-notimestamp-quotes-length.fake.json":         {"AAPL", source.BadResponse, "0 times"},
		"nyf2_chart-QQQ-2020-01-01-to-2020-01-03.json":           {"MSFT", source.BadResponse, "QQQ, not MSFT"},
	} {
		body := sourcetest.RecordedBody(t, "yahoo", file)
		p := sourcetest.Replay(t, sourcetest.Answer{Body: string(body)})
		sym := market.Symbol{Ticker: c.ticker, Class: market.Stock}
		src, err := yahoo.New(yahoo.Config{URL: p.URL, Clock: sourcetest.Instant(day("2025-03-01")), Symbols: map[market.Symbol]string{
			{Ticker: "OCDO-L", Class: market.Stock}: "OCDO.L", {Ticker: "0P000071W8-TO", Class: market.Stock}: "0P000071W8.TO",
		}})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(src.Close)
		_, _, err = sourcetest.Collect(t, src, source.Request{Symbol: sym, Timeframe: market.D1, From: day("2020-01-01"), To: day("2020-01-03"), Now: day("2025-03-01")})
		if source.KindOf(err) != c.kind || !strings.Contains(err.Error(), c.says) || source.Retryable(err) {
			t.Errorf("%s: error %v, want %s that says %q", file, err, c.kind, c.says)
		}
	}
}

func TestRecordedErrorBodies(t *testing.T) {
	t.Parallel()
	for file, c := range map[string]struct {
		status, tries int
		kind          source.Kind
		after         time.Duration
	}{
		"ERRORBODY_404_not_found.json":        {404, 1, source.NotFound, 0},
		"ERRORBODY_429_too_many_requests.txt": {429, 4, source.RateLimited, 8 * time.Minute},
	} {
		p := sourcetest.Replay(t, sourcetest.Answer{Status: c.status, Body: string(sourcetest.Recorded(t, "yahoo", file))})
		_, failed, err := fetch(t, p, series(market.Stock, "AAPL", market.D1), day("2024-01-01"), day("2024-02-01"), day("2025-03-01"))
		if source.KindOf(err) != c.kind || len(p.Asked()) != c.tries || len(failed) != c.tries || source.RetryAfter(err) != c.after {
			t.Errorf("%s: error %v after %d requests, to wait %v", file, err, len(p.Asked()), source.RetryAfter(err))
		}
	}
}

func TestErrorsByStatusAndText(t *testing.T) {
	t.Parallel()
	chartError := func(code, text string) string {
		return fmt.Sprintf(`{"chart":{"result":null,"error":{"code":%q,"description":%q}}}`, code, text)
	}
	for name, c := range map[string]struct {
		answer    sourcetest.Answer
		kind      source.Kind // "" is none
		transient bool
	}{
		"unknown with 200":   {sourcetest.Answer{Body: chartError("Not Found", "No data found, symbol may be delisted")}, source.NotFound, false},
		"before the listing": {sourcetest.Answer{Status: 400, Body: chartError("Bad Request", "Data doesn't exist for startDate = 1, endDate = 2")}, "", false},
		"a wrong interval":   {sourcetest.Answer{Status: 400, Body: chartError("Bad Request", "Invalid input - interval=7m")}, source.BadRequest, false},
		"too far back":       {sourcetest.Answer{Status: 422, Body: chartError("Unprocessable Entity", "5m data not available. The requested range must be within the last 60 days.")}, source.OutOfReach, false},
		"an internal error":  {sourcetest.Answer{Status: 500, Body: chartError("Internal Server Error", "oops")}, source.Unavailable, true},
		"401":                {sourcetest.Answer{Status: 401, Body: "<html>"}, source.Blocked, false},
		"403":                {sourcetest.Answer{Status: 403, Body: "{}"}, source.Blocked, false},
		"a page for JSON":    {sourcetest.Answer{Body: "<html>Will be right back</html>"}, source.BadResponse, true},
		"no chart":           {sourcetest.Answer{Body: `{}`}, source.BadResponse, false},
		"no result":          {sourcetest.Answer{Body: `{"chart":{"result":[],"error":null}}`}, source.BadResponse, false},
	} {
		p := sourcetest.Replay(t, c.answer)
		got, _, err := fetch(t, p, series(market.Stock, "AAPL", market.D1), day("2024-01-01"), day("2024-02-01"), day("2025-03-01"))
		if c.kind == "" {
			if err != nil || len(got) != 0 {
				t.Errorf("%s: %v, error %v", name, got, err)
			}
			continue
		}
		if source.KindOf(err) != c.kind || source.Retryable(err) != c.transient {
			t.Errorf("%s: error %v, retryable %v; want %s, %v", name, err, source.Retryable(err), c.kind, c.transient)
		}
	}
}

// TestLiveQuoteIsNoBar: of two rows of one day the last counts, an intraday row
// at an odd second is none, nor is one at the close of a half day.
func TestLiveQuoteIsNoBar(t *testing.T) {
	t.Parallel()
	chart := func(interval string, stamps ...time.Time) string {
		at, cells := []string{}, []string{}
		for i, s := range stamps {
			at = append(at, strconv.FormatInt(s.Unix(), 10))
			cells = append(cells, strconv.Itoa(100+i))
		}
		c := "[" + strings.Join(cells, ",") + "]"
		return fmt.Sprintf(`{"chart":{"result":[{"meta":{"symbol":"AAPL","currency":"USD","instrumentType":"EQUITY","exchangeTimezoneName":"America/New_York","dataGranularity":%q},
			"timestamp":[%s],"indicators":{"quote":[{"open":%s,"high":%s,"low":%s,"close":%s,"volume":%s}]}}],"error":null}}`,
			interval, strings.Join(at, ","), c, c, c, c, c)
	}
	at := func(hour, minute, second int) time.Time {
		return time.Date(2024, 11, 29, hour, minute, second, 0, time.UTC)
	} // a half day
	p := sourcetest.Replay(t, sourcetest.Answer{Body: chart("1d", at(14, 30, 0), at(17, 59, 58))})
	got, _, err := fetch(t, p, series(market.Stock, "AAPL", market.D1), day("2024-11-29"), day("2024-11-30"), day("2024-12-02"))
	if err != nil || len(got) != 1 || got[0].Close != 101 || !got[0].TS.Equal(day("2024-11-29")) {
		t.Errorf("days: %+v, error %v", got, err)
	}
	p = sourcetest.Replay(t, sourcetest.Answer{Body: chart("1h", at(13, 30, 0), at(17, 30, 0), at(14, 30, 0), at(17, 30, 1), at(18, 0, 0))})
	got, _, err = fetch(t, p, series(market.Stock, "AAPL", market.H1), day("2024-11-29"), day("2024-11-30"), day("2024-12-02"))
	if err != nil || len(got) != 2 || got[0].Close != 102 || got[1].Close != 101 {
		t.Errorf("hours: %+v, error %v", got, err)
	}
}

func TestReach(t *testing.T) {
	t.Parallel()
	src := newSource(t, "http://127.0.0.1:1", sourcetest.Options{}).(source.Reacher)
	now := day("2025-03-01")
	for tf, days := range map[market.Timeframe]int{market.M5: 59, market.M15: 59, market.M30: 59, market.H1: 729, market.H4: 729} {
		if got := src.Reach(market.Symbol{}, tf, now); !got.Equal(now.AddDate(0, 0, -days)) {
			t.Errorf("%s reaches back to %v", tf, got)
		}
	}
	if !src.Reach(market.Symbol{}, market.W1, now).IsZero() {
		t.Error("weeks have a limit")
	}
}

func TestSymbolsAreWrittenAsYahooDoes(t *testing.T) {
	t.Parallel()
	for sym, want := range map[market.Symbol]string{
		{Ticker: "BRK.B", Class: market.Stock}: "BRK-B", {Ticker: "SPY", Class: market.ETF}: "SPY",
		{Ticker: "BTC", Class: market.Crypto}: "BTC-USD", {Ticker: "BTCUSDT", Class: market.Crypto}: "BTC-USD",
		{Ticker: "SUI", Class: market.Crypto}: "SUI20947-USD", {Ticker: "ETH-USD", Class: market.Crypto}: "ETH-USD",
		{Ticker: "^GSPC", Class: market.Stock}: "^GSPC",
	} {
		p := sourcetest.Replay(t, sourcetest.Answer{Status: 404, Body: "{}"})
		_, _, _ = fetch(t, p, market.Series{Symbol: sym, Timeframe: market.D1}, day("2024-01-01"), day("2024-02-01"), day("2025-03-01"))
		if got := strings.TrimPrefix(p.Asked()[0].Path, "/v8/finance/chart/"); got != want {
			t.Errorf("%s is %s, want %s", sym, got, want)
		}
	}
}

// TestFixtureWithALiveQuote: four sessions as float32, the last twice.
func TestFixtureWithALiveQuote(t *testing.T) {
	t.Parallel()
	body := sourcetest.Fixture(t, "chart_AAPL_1d_live.json")
	for until, want := range map[string]int{"2024-11-14": 3, "2024-11-15": 4} { // during and after the last session
		p := sourcetest.Replay(t, sourcetest.Answer{Body: body})
		now := day(until).Add(-9 * time.Hour)
		got, _, err := fetch(t, p, series(market.Stock, "AAPL", market.D1), day("2024-11-08"), day("2024-11-14"), now)
		if err != nil || len(got) != want {
			t.Fatalf("at %v: %d candles, error %v, want %d", now, len(got), err, want)
		}
		if c := got[0]; !c.TS.Equal(day("2024-11-08")) || c.Open != 447.32 || c.High != 452 || c.Low != 445.1 || c.Close != 448.89 || c.Volume != 50595995 {
			t.Errorf("first candle %+v", c)
		}
	}
}
