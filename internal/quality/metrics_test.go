package quality_test

import (
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/candlewright/candlewright/internal/grid"
	"github.com/candlewright/candlewright/internal/market"
	"github.com/candlewright/candlewright/internal/quality"
)

func TestRound2(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ x, want float64 }{
		{0, 0},
		{0.285, 0.29},
		{1.005, 1.01},
		{98.125, 98.13},
		{0.8449999, 0.84},
		{0.844999999999, 0.85},
		{-0.285, -0.29},
		{-0.004, 0},
		{100, 100},
		{99.994, 99.99},
		{99.995, 100},
		{2.675, 2.68},
	} {
		if got := quality.Round2(c.x); got != c.want {
			t.Errorf("Round2(%v) is %v, want %v", c.x, got, c.want)
		}
	}
}

func TestCompletenessIsNeverFullWithAGap(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		stored, gaps int64
		want         float64
		ok           bool
	}{{0, 0, 0, false}, {5, 0, 1, true}, {1_000_000, 1, 0.99, true}, {0, 3, 0, true}, {2, 1, 0.67, true}} {
		if got, ok := quality.Completeness(c.stored, c.gaps); got != c.want || ok != c.ok {
			t.Errorf("%d stored and %d gaps: %v %v", c.stored, c.gaps, got, ok)
		}
	}
}

func TestFreshness(t *testing.T) {
	t.Parallel()
	for n, want := range map[int64]float64{0: 1, 1: 1, 2: 8. / 9, 4: 6. / 9, 9: 1. / 9, 10: 0, 11: 0, 1 << 40: 0} {
		if got := quality.Freshness(n); got != want {
			t.Errorf("%d bars behind: %v, want %v", n, got, want)
		}
	}
}

func TestScore(t *testing.T) {
	t.Parallel()
	p := quality.Parts{FieldsPresent: 9, FieldsExpected: 11, ChecksPassed: 8, ChecksMade: 10, FeaturesPresent: 3, FeaturesExpected: 12, Freshness: 0.5}
	if got, want := p.Score(), 0.4*9/11+0.3*0.8+0.2*0.25+0.05; math.Abs(got-want) > 1e-15 {
		t.Errorf("got %v, want %v", got, want)
	}
	early := quality.Parts{FieldsPresent: 5, FieldsExpected: 5, ChecksPassed: 9, ChecksMade: 9, Freshness: 1}
	if got := early.Score(); got != 1 {
		t.Errorf("a bar of which no feature is expected scores %v, want 1", got)
	}
}

func TestNotes(t *testing.T) {
	t.Parallel()
	var failed quality.Checks
	for c := range quality.Check(quality.NumChecks) {
		failed = failed.With(c)
	}
	v := quality.Verdict{Failed: failed}
	want := []string{"monotonic", "ohlc_order", "volume_positive", "microstructure_sane", "feature_sane", "volume_estimated"}
	notes := v.Notes(true)
	if diff := cmp.Diff(want, notes); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	read, estimated, err := quality.ParseNotes(notes)
	if err != nil || !estimated || !slices.Equal(read.Names(), want[:5]) {
		t.Errorf("read back as %v %v %v", read.Names(), estimated, err)
	}
	if _, _, err := quality.ParseNotes([]string{"on_time"}); err == nil {
		t.Error("an unknown note is read")
	}
	if notes := (quality.Verdict{}).Notes(false); notes == nil || len(notes) > 0 {
		t.Errorf("no notes are %#v, want an empty list", notes)
	}
}

func TestLateCandlesAreValidated(t *testing.T) {
	t.Parallel()
	for c := range quality.Check(quality.NumChecks) {
		v := quality.Verdict{Failed: quality.Checks(0).With(c)}
		if want := c <= quality.Monotonic; v.Validated() != want {
			t.Errorf("failed %s: validated is %v", c, !want)
		}
	}
}

func TestCheckWords(t *testing.T) {
	t.Parallel()
	for c := range quality.Check(quality.NumChecks) {
		if got, err := quality.ParseCheck(c.String()); got != c || err != nil {
			t.Errorf("%s reads back as %v, %v", c, got, err)
		}
	}
	if _, err := quality.ParseCheck("OnGrid"); err == nil {
		t.Error("OnGrid is read as a check")
	}
}

func TestMergeDay(t *testing.T) {
	t.Parallel()
	first, last := instant(t, "2024-11-27T14:30:00Z"), instant(t, "2024-11-29T15:30:00Z")
	friday := market.NewDate(2024, time.November, 29)
	hours := quality.DayPart{Grid: grid.New(market.Stock, market.H1), First: first, Last: last, Total: 1, Validated: 1, Anomalies: 1, ScoreSum: 0.875}
	hours.Failed[quality.OnGrid] = 2
	days := quality.DayPart{Grid: grid.New(market.Stock, market.D1), First: friday.Time().AddDate(0, 0, -9), Last: friday.Time().AddDate(0, 0, 3), Total: 1, ScoreSum: 0.75}
	days.Failed[quality.OnGrid] = 1
	weeks := quality.DayPart{Grid: grid.New(market.Stock, market.W1), First: first, Last: last, Total: 1, Validated: 1, ScoreSum: 1}
	empty := quality.DayPart{Grid: grid.New(market.Stock, market.M5)}

	// of the half day's four hours only those up to the series' last bar are expected: 09:30 and 10:30
	want := quality.DayMetric{Date: friday, Total: 2, Validated: 1, Gaps: 1, Anomalies: 1, ScoreSum: 1.625}
	want.Failed[quality.OnGrid] = 3
	got, ok := quality.MergeDay(friday, []quality.DayPart{hours, days, weeks, empty})
	if diff := cmp.Diff(want, got); !ok || diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	rate, _ := got.Rate()
	score, _ := got.Score()
	if s := fmt.Sprint(rate, score, got.Completeness()); s != "50 0.81 0.67" {
		t.Errorf("shown as %s", s)
	}
}

func TestDayWithoutCandles(t *testing.T) {
	t.Parallel()
	first, last := instant(t, "2024-03-04T00:00:00Z"), instant(t, "2024-03-12T00:00:00Z")
	part := quality.DayPart{Grid: grid.New(market.ETF, market.D1), First: first, Last: last}
	part.Failed[quality.PricePositive] = 1

	m, ok := quality.MergeDay(market.NewDate(2024, time.March, 7), []quality.DayPart{part})
	if !ok || m.Total != 0 || m.Gaps != 1 || m.Failed[quality.PricePositive] != 1 || m.Completeness() != 0 {
		t.Errorf("a session within the series: %+v %v", m, ok)
	}
	if _, known := m.Rate(); known {
		t.Error("it has a rate")
	}
	if _, known := m.Score(); known {
		t.Error("it has a score")
	}
	for what, d := range map[string]market.Date{
		"a Saturday":        market.NewDate(2024, time.March, 9),
		"before the series": market.NewDate(2024, time.March, 1),
		"after the series":  market.NewDate(2024, time.March, 13),
	} {
		if m, ok := quality.MergeDay(d, []quality.DayPart{part}); ok {
			t.Errorf("%s has a row: %+v", what, m)
		}
	}
}

func TestWindowIsTheLastThirtyDaysWithData(t *testing.T) {
	t.Parallel()
	var days []quality.DayMetric
	for i := range 50 {
		m := quality.DayMetric{Gaps: 1}
		if i%2 == 0 {
			m.Total, m.Validated, m.ScoreSum = 10, 9, 8
		}
		days = append(days, m)
	}
	days = append(days, make([]quality.DayMetric, 20)...)
	for range 9 {
		days = append(days, quality.DayMetric{Total: 1, ScoreSum: 1})
	}
	// 25 days of 10 records, then 5 of 1 record
	want := quality.Window{Records: 255, Validated: 225, ScoreSum: 205}
	got := quality.WindowOf(days)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	rate, _ := got.Rate()
	score, _ := got.Score()
	if rate != 88.24 || score != 0.80 {
		t.Errorf("shown as %v and %v", rate, score)
	}
	if _, known := quality.WindowOf(nil).Rate(); known {
		t.Error("an empty window has a rate")
	}
}

func TestAssess(t *testing.T) {
	t.Parallel()
	var (
		hours  = grid.New(market.Crypto, market.H1)
		days   = grid.New(market.Crypto, market.D1)
		now    = instant(t, "2024-03-10T12:20:00Z")
		good   = quality.Window{Records: 100, Validated: 100, ScoreSum: 95}
		scored = func(sum float64) quality.Window { return quality.Window{Records: 1000, ScoreSum: sum} }
		// the last whole hour is that of 11:00
		behind = func(hs int) quality.Holding {
			return quality.Holding{Grid: hours, Tracked: true, Last: instant(t, "2024-03-10T11:00:00Z").Add(-time.Duration(hs) * time.Hour)}
		}
		delayed = func(h quality.Holding, d time.Duration) quality.Holding { h.Delay = d; return h }
	)
	for name, c := range map[string]struct {
		failed   bool
		holdings []quality.Holding
		window   quality.Window
		want     quality.HealthStatus
		lag      string
		age      string
	}{
		"healthy":                         {false, []quality.Holding{behind(0)}, good, quality.Healthy, "0s", "20m0s"},
		"lag is from the first bar's end": {false, []quality.Holding{behind(3)}, good, quality.Healthy, "2h20m0s", "3h20m0s"},
		"less the delay":                  {false, []quality.Holding{delayed(behind(3), time.Hour)}, good, quality.Healthy, "1h20m0s", "3h20m0s"},
		"not below 0":                     {false, []quality.Holding{delayed(behind(1), 5*time.Hour)}, good, quality.Healthy, "0s", "1h20m0s"},
		"lag of a day":                    {false, []quality.Holding{delayed(behind(25), 20*time.Minute)}, good, quality.Warning, "24h0m0s", "25h20m0s"},
		"lag of three days":               {false, []quality.Holding{delayed(behind(73), 20*time.Minute)}, good, quality.Warning, "72h0m0s", "73h20m0s"},
		"lag of more":                     {false, []quality.Holding{behind(73)}, good, quality.Stale, "72h20m0s", "73h20m0s"},
		"failed, whatever else":           {true, []quality.Holding{behind(73)}, good, quality.Failing, "72h20m0s", "73h20m0s"},
		"failed and nothing stored":       {true, nil, quality.Window{}, quality.Failing, "-", "-"},
		"nothing stored":                  {false, []quality.Holding{{Grid: hours, Tracked: true}}, quality.Window{}, quality.NotEnriched, "-", "-"},
		"a timeframe is empty":            {false, []quality.Holding{behind(0), {Grid: days, Tracked: true}}, good, quality.Warning, "0s", "20m0s"},
		"an untracked one may be":         {false, []quality.Holding{behind(0), {Grid: days}}, good, quality.Healthy, "0s", "20m0s"},
		"only untracked ones stored":      {false, []quality.Holding{{Grid: hours, Last: instant(t, "2024-01-01T00:00:00Z")}}, good, quality.Healthy, "-", "1667h20m0s"},
		"the finest counts": {false, []quality.Holding{
			{Grid: days, Tracked: true, Last: instant(t, "2024-03-01T00:00:00Z")}, behind(0), {Grid: grid.New(market.Crypto, market.M5), Tracked: true},
		}, good, quality.Warning, "0s", "20m0s"},
		"score 0.8449, shown as 0.84": {false, []quality.Holding{behind(0)}, scored(844.9), quality.Stale, "0s", "20m0s"},
		"score 0.845, shown as 0.85":  {false, []quality.Holding{behind(0)}, scored(845), quality.Warning, "0s", "20m0s"},
		"score 0.9049, shown as 0.90": {false, []quality.Holding{behind(0)}, scored(904.9), quality.Warning, "0s", "20m0s"},
		"score 0.905, shown as 0.91":  {false, []quality.Holding{behind(0)}, scored(905), quality.Healthy, "0s", "20m0s"},
		"no score is no bad score":    {false, []quality.Holding{behind(0)}, quality.Window{}, quality.Healthy, "0s", "20m0s"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := quality.Assess(c.failed, c.holdings, c.window, now)
			lag, age := "-", "-"
			if a.HasLag {
				lag = a.Lag.String()
			}
			if a.HasData {
				age = a.DataAge.String()
			}
			if a.Status != c.want || lag != c.lag || age != c.age {
				t.Errorf("%s, lag %s, age %s; want %s, %s, %s", a.Status, lag, age, c.want, c.lag, c.age)
			}
		})
	}
}

// A stock whose Friday bar is stored has no lag until Monday's close.
func TestWeekendIsNoLag(t *testing.T) {
	t.Parallel()
	h := []quality.Holding{{Grid: grid.New(market.Stock, market.D1), Tracked: true, Last: instant(t, "2024-03-08T00:00:00Z")}}
	for now, want := range map[string]time.Duration{
		"2024-03-09T12:00:00Z": 0,
		"2024-03-11T19:59:59Z": 0,
		"2024-03-11T23:00:00Z": 3 * time.Hour, // New York's clocks went forward: the close is at 20:00 UTC
	} {
		if got := quality.Assess(false, h, quality.Window{}, instant(t, now)); got.Lag != want {
			t.Errorf("at %s: %v, want %v", now, got.Lag, want)
		}
	}
}

func TestSanePayment(t *testing.T) {
	t.Parallel()
	for rate, want := range map[float64]bool{0: true, 1: true, -1: true, 1.0001: false, -2: false, math.Inf(1): false, math.NaN(): false} {
		if got := quality.SanePayment(market.Payment{Rate: rate}); got != want {
			t.Errorf("a rate of %v: %v", rate, got)
		}
	}
}

func TestFailuresKeepWholeMicroseconds(t *testing.T) {
	t.Parallel()
	got := quality.NewFailure(instant(t, "2024-03-10T01:00:00.123456789+01:00"), quality.OnGrid)
	if want := instant(t, "2024-03-10T00:00:00.123456Z"); got.TS != want {
		t.Errorf("kept as %v, want %v", got.TS, want)
	}
}
