package polygon_test

import (
	"context"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/candlewright/candlewright/internal/market"
	"github.com/candlewright/candlewright/internal/source"
	"github.com/candlewright/candlewright/internal/source/polygon"
	"github.com/candlewright/candlewright/internal/source/sim"
	"github.com/candlewright/candlewright/internal/source/sourcetest"
)

var now = time.Date(2024, 11, 13, 15, 47, 30, 0, time.UTC)

func day(s string) time.Time {
	d, err := market.ParseDate(s)
	if err != nil {
		panic(err)
	}
	return d.Time()
}

// fetch asks a replayed provider for a range of a series.
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

func TestRecordedDaysOfAStock(t *testing.T) {
	t.Parallel()
	p := sourcetest.Replay(t, sourcetest.Answer{Body: string(sourcetest.Recorded(t, "polygon", "recorded_aggs_AAPL_1day_2023-01-01_2023-01-10_rec2024-06-27.json"))})
	got, _, _, err := fetch(t, p, series(market.Stock, "AAPL", market.D1), day("2023-01-01"), day("2023-01-11"), now)
	if err != nil || len(got) != 6 {
		t.Fatalf("%d candles, error %v, want six sessions", len(got), err)
	}
	if c := got[0]; !c.TS.Equal(day("2023-01-03")) || c.Open != 130.28 || c.Close != 125.07 || c.Volume != 112117471 {
		t.Errorf("first candle %+v", c)
	}
	u := p.Asked()[0]
	if u.Path != "/v2/aggs/ticker/AAPL/range/1/day/2023-01-03/2023-01-10" || u.Query().Get("adjusted") != "true" || u.Query().Get("sort") != "asc" || u.Query().Get("limit") != "50000" || u.Query().Has("apiKey") {
		t.Errorf("asked %v", u)
	}
}

func TestRecordedDaysOfACoin(t *testing.T) {
	t.Parallel()
	p := sourcetest.Replay(t, sourcetest.Answer{Body: string(sourcetest.Recorded(t, "polygon", "recorded_aggs_X_BTCUSD_1day_2023-01-01_2023-01-10_rec2024-06-27.json"))})
	got, _, _, err := fetch(t, p, series(market.Crypto, "BTC", market.D1), day("2023-01-01"), day("2023-01-11"), now)
	if err != nil || len(got) != 10 || !got[0].TS.Equal(day("2023-01-01")) || got[0].VolumeEstimated {
		t.Fatalf("%d candles, error %v", len(got), err)
	}
	if u := p.Asked()[0]; !strings.HasPrefix(u.EscapedPath(), "/v2/aggs/ticker/X%3ABTCUSD/") {
		t.Errorf("asked %v", u)
	}
}

func TestRecordedWeekOfACoinFromItsDays(t *testing.T) {
	t.Parallel()
	p := sourcetest.Replay(t, sourcetest.Answer{Body: string(sourcetest.Recorded(t, "polygon", "recorded_aggs_X_BTCUSD_1day_2023-01-01_2023-01-10_rec2024-06-27.json"))})
	got, _, _, err := fetch(t, p, series(market.Crypto, "BTC", market.W1), day("2023-01-02"), day("2023-01-09"), now)
	if err != nil || len(got) != 1 || !got[0].TS.Equal(day("2023-01-02")) {
		t.Fatalf("%v, error %v, want the week of 2 January", got, err)
	}
}

// TestRecordedDaysAcrossDST: midnight in New York is 05:00Z before and 04:00Z
// after 2005-04-03; the session is New York's date.
func TestRecordedDaysAcrossDST(t *testing.T) {
	t.Parallel()
	p := sourcetest.Replay(t, sourcetest.Answer{Body: string(sourcetest.Recorded(t, "polygon", "clientpy_v2_aggs_ticker_AAPL_range_1_day_2005-04-01_2005-04-04.json"))})
	got, _, _, err := fetch(t, p, series(market.Stock, "AAPL", market.D1), day("2005-04-01"), day("2005-04-05"), now)
	if err != nil || len(got) != 2 || !got[0].TS.Equal(day("2005-04-01")) || !got[1].TS.Equal(day("2005-04-04")) {
		t.Fatalf("%v, error %v", got, err)
	}
}

func TestRecordedErrors(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		status int
		file   string
		kind   source.Kind
	}{
		"403":                       {403, "ERRORBODY_403_not_entitled.json", source.NotEntitled},
		"not entitled with a 200":   {200, "ERRORBODY_403_not_entitled.json", source.NotEntitled},
		"429":                       {429, "ERRORBODY_429_rate_limit.json", source.RateLimited},
		"too many calls with a 200": {200, "ERRORBODY_429_rate_limit.json", source.RateLimited},
	} {
		p := sourcetest.Replay(t, sourcetest.Answer{Status: c.status, Body: string(sourcetest.Recorded(t, "polygon", c.file))})
		_, _, failed, err := fetch(t, p, series(market.Stock, "AAPL", market.D1), day("2023-01-01"), day("2023-01-11"), now)
		if source.KindOf(err) != c.kind {
			t.Errorf("%s: error %v, want %s", name, err, c.kind)
		}
		if tries := len(p.Asked()); c.kind == source.NotEntitled && tries != 1 || c.kind == source.RateLimited && tries != 4 || len(failed) != tries {
			t.Errorf("%s: %d requests, %d failed attempts", name, tries, len(failed))
		}
	}
}

func TestErrorsByStatusAndText(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		answer    sourcetest.Answer
		kind      source.Kind
		transient bool
	}{
		"a wrong key":          {sourcetest.Answer{Status: 401, Body: `{"status":"ERROR","error":"Unknown API Key"}`}, source.Unauthorized, false},
		"a wrong key with 200": {sourcetest.Answer{Body: `{"status":"ERROR","error":"Unknown API Key"}`}, source.Unauthorized, false},
		"a wrong parameter":    {sourcetest.Answer{Status: 400, Body: `{"status":"ERROR","error":"Could not parse the time parameter"}`}, source.BadRequest, false},
		"an error with 200":    {sourcetest.Answer{Body: `{"status":"ERROR","error":"something"}`}, source.BadRequest, false},
		"no status":            {sourcetest.Answer{Body: `{}`}, source.BadResponse, false},
		"HTML of a firewall":   {sourcetest.Answer{Status: 403, Body: "<html>"}, source.Blocked, false},
		"413":                  {sourcetest.Answer{Status: 413}, source.Unavailable, true},
		"499":                  {sourcetest.Answer{Status: 499}, source.Unavailable, true},
		"503":                  {sourcetest.Answer{Status: 503}, source.Unavailable, true},
		"another ticker":       {sourcetest.Answer{Body: `{"ticker":"MSFT","status":"OK","results":[]}`}, source.BadResponse, false},
		"not adjusted":         {sourcetest.Answer{Body: `{"ticker":"AAPL","adjusted":false,"status":"OK","results":[]}`}, source.BadResponse, false},
		"text for a price":     {sourcetest.Answer{Body: `{"status":"OK","results":[{"t":1672722000000,"o":"1","h":1,"l":1,"c":1,"v":1}]}`}, source.BadResponse, false},
		"no time":              {sourcetest.Answer{Body: `{"status":"OK","results":[{"o":1,"h":1,"l":1,"c":1,"v":1}]}`}, source.BadResponse, false},
		"rows of other years":  {sourcetest.Answer{Body: `{"status":"OK","results":[{"t":1372722000000,"o":1,"h":1,"l":1,"c":1,"v":1}]}`}, source.BadResponse, false},
		"a link elsewhere":     {sourcetest.Answer{Body: `{"status":"OK","results":[{"t":1672722000000,"o":1,"h":1,"l":1,"c":1,"v":1}],"next_url":"http://evil.invalid/x"}`}, source.BadResponse, false},
	} {
		p := sourcetest.Replay(t, c.answer)
		_, _, _, err := fetch(t, p, series(market.Stock, "AAPL", market.D1), day("2023-01-01"), day("2023-01-11"), now)
		if source.KindOf(err) != c.kind || source.Retryable(err) != c.transient {
			t.Errorf("%s: error %v, retryable %v; want %s, %v", name, err, source.Retryable(err), c.kind, c.transient)
		}
		if err != nil && strings.Contains(err.Error(), "k3y") {
			t.Errorf("%s: the key is in %v", name, err)
		}
	}
}

// TestOddRows: over-the-counter rows and rows without a price are no rows, what
// a check names goes on to it, the ticker T is not the time t.
func TestOddRows(t *testing.T) {
	t.Parallel()
	p := sourcetest.Replay(t, sourcetest.Answer{Body: `{"status":"DELAYED","results":[
		{"T":"AAPL","t":1672722000000,"o":1,"h":2,"l":0.5,"c":1.5,"v":1.5e+3},
		{"t":1672808400000,"o":1,"h":2,"l":0.5,"c":1.5,"v":10,"otc":true},
		{"t":1672894800000,"v":10},
		{"t":1672981200000,"o":1,"h":2,"l":0.5,"c":1.5},
		{"t":1673067600000,"o":1,"h":2,"l":0.5,"c":1.5,"v":3}]}`})
	got, _, _, err := fetch(t, p, series(market.Stock, "AAPL", market.D1), day("2023-01-01"), day("2023-01-11"), now)
	if err != nil || len(got) != 3 {
		t.Fatalf("%v, error %v", got, err)
	}
	if got[0].Volume != 1500 || got[1].Volume == got[1].Volume || !got[2].TS.Equal(day("2023-01-07")) {
		t.Errorf("%+v", got) // the last is a Saturday: on_grid
	}
}

// simulated is a source on a simulated provider.
func simulated(t *testing.T, plan polygon.Plan, o sim.Options) (*polygon.Source, *sim.Provider) {
	t.Helper()
	o.Now = func() time.Time { return now }
	p := sim.Polygon(o)
	server := httptest.NewServer(p)
	t.Cleanup(server.Close)
	s, err := polygon.New(polygon.Config{URL: server.URL, Key: "k3y", Plan: plan, Clock: sourcetest.Instant(now)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s, p
}

func TestEndOfDayPlanEndsYesterday(t *testing.T) {
	t.Parallel()
	s, p := simulated(t, polygon.Plans()[0], sim.Options{})
	r := source.Request{Symbol: series(market.Stock, "AAPL", market.M5).Symbol, Timeframe: market.M5, From: day("2024-11-11"), To: now, Now: now}
	got, pages, err := sourcetest.Collect(t, s, r)
	if err != nil || len(got) == 0 || p.Requests() != 1 {
		t.Fatalf("%d candles after %d requests, error %v", len(got), p.Requests(), err)
	}
	if last := got[len(got)-1].TS; last.Format(time.DateTime) != "2024-11-12 20:55:00" {
		t.Errorf("the last candle is of %v, want the close of the day before", last)
	}
	if q := pages[0].Attempt.QuotaRemaining; q == nil || *q != 4 {
		t.Errorf("quota %v, want the 4 calls left of 5", q)
	}
	if reach := s.Reach(r.Symbol, r.Timeframe, now); !reach.Equal(day("2022-11-14")) {
		t.Errorf("history reaches back to %v", reach)
	}
}

// TestTodayRefusedCutsTheRange: a plan that gets less than was configured.
func TestTodayRefusedCutsTheRange(t *testing.T) {
	t.Parallel()
	refused := sourcetest.Answer{Status: 403, Body: `{"status":"NOT_AUTHORIZED","message":"Attempted to request today's data before end of day."}`}
	rows := sourcetest.Answer{Body: fmt.Sprintf(`{"status":"OK","results":[{"t":%d,"o":1,"h":1,"l":1,"c":1,"v":1}]}`,
		time.Date(2024, 11, 12, 5, 0, 0, 0, time.UTC).UnixMilli())}
	late := time.Date(2024, 11, 13, 22, 0, 0, 0, time.UTC) // the session of the 13th is over
	p := sourcetest.Replay(t, refused, rows)
	got, pages, failed, err := fetch(t, p, series(market.Stock, "AAPL", market.D1), day("2024-11-12"), day("2024-11-14"), late)
	if err != nil || len(got) != 1 || len(failed) != 1 {
		t.Fatalf("%v, failed %v, error %v", got, failed, err)
	}
	if to := pages[0].To; !to.Equal(day("2024-11-13")) {
		t.Errorf("answered up to %v, want the 13th left for tomorrow", to)
	}
	p = sourcetest.Replay(t, refused) // refused whatever is asked
	if _, _, _, err = fetch(t, p, series(market.Stock, "AAPL", market.D1), day("2024-11-12"), day("2024-11-14"), late); source.KindOf(err) != source.NotEntitled {
		t.Errorf("error %v, want %s", err, source.NotEntitled)
	}
}

func TestWrongKeyIsUnauthorizedOnce(t *testing.T) {
	t.Parallel()
	s, p := simulated(t, advanced(t), sim.Options{Keys: []string{"other"}})
	r := source.Request{Symbol: series(market.Stock, "AAPL", market.D1).Symbol, Timeframe: market.D1, From: day("2024-01-01"), To: now, Now: now}
	if _, _, err := sourcetest.Collect(t, s, r); source.KindOf(err) != source.Unauthorized || p.Requests() != 1 {
		t.Errorf("error %v after %d requests", err, p.Requests())
	}
}

func TestConfiguration(t *testing.T) {
	t.Parallel()
	for name, cfg := range map[string]polygon.Config{
		"no key":               {},
		"a key with a newline": {Key: "a\nb"},
		"no address":           {Key: "a", URL: "host"},
	} {
		if _, err := polygon.New(cfg); err == nil || strings.Contains(err.Error(), "a\nb") {
			t.Errorf("%s: error %v", name, err)
		}
	}
	if _, err := polygon.ParsePlan("gold"); err == nil || !strings.Contains(err.Error(), "basic, starter") {
		t.Errorf("error %v does not name the plans", err)
	}
}

// TestStopsBetweenPages: a cancel between two pages of one range.
func TestStopsBetweenPages(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(sim.Polygon(sim.Options{Now: func() time.Time { return now }}))
	t.Cleanup(server.Close)
	src := newSource(t, server.URL, sourcetest.Options{Clock: sourcetest.Instant(now), PageRows: 50})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	r := source.Request{Symbol: series(market.Stock, "AAPL", market.M5).Symbol, Timeframe: market.M5, From: day("2024-11-01"), To: now, Now: now}
	var last error
	pages := 0
	for _, err := range src.Candles(ctx, r) {
		pages++
		last = err
		cancel()
	}
	if pages != 2 || source.KindOf(last) != source.Cancelled {
		t.Errorf("%d pages, the last with error %v", pages, last)
	}
}

// TestFixtureOfAHalfDay: half-hours from before to after the sessions of
// Wednesday, Thanksgiving and the half day after it, made into hours.
func TestFixtureOfAHalfDay(t *testing.T) {
	t.Parallel()
	p := sourcetest.Replay(t, sourcetest.Answer{Body: sourcetest.Fixture(t, "aggs_AAPL_30minute_halfday.json")})
	got, _, _, err := fetch(t, p, series(market.Stock, "AAPL", market.H1), day("2024-11-27"), day("2024-11-30"), day("2024-12-05"))
	if err != nil || len(got) != 7+4 {
		t.Fatalf("%d candles, error %v, want 7 of a full day and 4 of a half one", len(got), err)
	}
	c := got[0] // 09:30 and 10:00
	if c.TS.Format(time.DateTime) != "2024-11-27 14:30:00" || c.Open != 472.62 || c.High != 477.62 || c.Low != 471.68 || c.Close != 477.35 || c.Volume != 4124354+3998682 {
		t.Errorf("first hour %+v", c)
	}
	if last := got[10].TS.Format(time.DateTime); last != "2024-11-29 17:30:00" {
		t.Errorf("the last hour opens at %s, want 12:30 in New York", last)
	}
}
