package pipeline_test

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/candlewright/candlewright/internal/feature"
	"github.com/candlewright/candlewright/internal/grid"
	"github.com/candlewright/candlewright/internal/market"
	"github.com/candlewright/candlewright/internal/pipeline"
	"github.com/candlewright/candlewright/internal/quality"
)

func compareSeries(t *testing.T, e enriched, now time.Time, want seriesSummary) {
	t.Helper()
	got := seriesSummary{
		Offered: []string{}, Payments: e.offered&market.FundingPayments != 0,
		Delivered: e.delivery.Counts.Delivered + e.unreadable, LeftOut: map[string]int{}, Stored: len(e.out.Candles),
		ChecksFailed: map[string]int{}, Failures: [][2]string{}, Gaps: []gapSummary{}, GapCauses: map[string]int64{},
	}
	for f := range market.Field(market.NumFields) {
		if e.offered.Has(f) {
			got.Offered = append(got.Offered, f.String())
		}
	}
	for reason, n := range map[string]int{
		"no_row": e.delivery.Counts.NoRow, "outside_session": e.delivery.Counts.OutsideSession,
		"not_future": e.delivery.Counts.NotFuture, "unreadable_ts": e.unreadable,
	} {
		if n > 0 {
			got.LeftOut[reason] = n
		}
	}
	for _, f := range e.failures {
		got.ChecksFailed[f.Check.String()]++
		got.Failures = append(got.Failures, [2]string{stamp(f.TS), f.Check.String()})
	}
	for i := range e.out.Candles {
		c := &e.out.Candles[i]
		got.Validated += count(c.Verdict.Validated())
		got.Anomalies += count(c.Verdict.Anomaly)
		got.Estimated += count(c.VolumeEstimated)
	}
	for _, g := range gapsOf(e) {
		got.Gaps = append(got.Gaps, gapSummary{g.First, g.Last, g.Slots, g.Cause})
		got.GapCauses[string(g.Cause)] += g.Slots
		got.GapsDetected += g.Slots
	}
	if n := len(e.out.Candles); n > 0 {
		first, last := e.out.Candles[0].TS, e.out.Candles[n-1].TS
		got.FirstTS, got.LastTS = &first, &last
		got.Completeness = known(quality.Completeness(int64(n), got.GapsDetected))
		got.WithoutEmpty = known(quality.Completeness(int64(n), got.GapsDetected-got.GapCauses[string(quality.SourceEmpty)]))
		got.Behind = &e.behind
		a := quality.Assess(false, []quality.Holding{{Grid: e.grid, Tracked: true, Last: last}}, quality.Window{}, now)
		got.Lag, got.DataAge = known(a.Lag.Seconds(), a.HasLag), known(a.DataAge.Seconds(), a.HasData)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%v: summary (-want +got):\n%s", e.grid, diff)
	}
}

// gapsOf lists the gaps of a series that one file filled: it answers for all
// between its first row and its last.
func gapsOf(e enriched) []quality.Gap {
	var refused []time.Time
	for _, f := range e.failures {
		if quality.Refusing.Has(f.Check) {
			refused = append(refused, f.TS)
		}
	}
	asked := []quality.Asked{{LogID: 1, From: e.delivery.First, To: e.delivery.Last.Add(time.Microsecond), Answered: true}}
	record := quality.NewRecord(e.grid, asked, refused)
	return slices.Collect(record.Gaps(func(yield func(grid.Slot) bool) {
		for i := range e.delivery.Rows {
			if !yield(e.delivery.Rows[i].Slot) {
				return
			}
		}
	}))
}

func compareCandles(t *testing.T, e enriched, want table) {
	t.Helper()
	if len(e.out.Candles) != len(want.rows) {
		t.Fatalf("%v: %d candles, want %d", e.grid, len(e.out.Candles), len(want.rows))
	}
	detector := quality.NewDetector(e.grid)
	for row := range want.rows {
		c := &e.out.Candles[row]
		slot := e.delivery.Rows[row].Slot
		d := detector.Push(e.grid.SessionOf(slot), c.Close, c.Volume)
		p, notes := c.Verdict.Parts, strings.Join(c.Verdict.Notes(c.VolumeEstimated), ";")
		for column, got := range map[string]string{
			"ts": stamp(c.TS), "end": stamp(e.grid.End(slot)), "session": e.grid.SessionOf(slot).String(),
			"validated": strconv.FormatBool(c.Verdict.Validated()), "validation_notes": notes, "anomaly": strconv.FormatBool(c.Verdict.Anomaly),
			"fields_present": strconv.Itoa(int(p.FieldsPresent)), "fields_expected": strconv.Itoa(int(p.FieldsExpected)),
			"checks_passed": strconv.Itoa(int(p.ChecksPassed)), "checks_made": strconv.Itoa(int(p.ChecksMade)),
			"features_valid": strconv.Itoa(int(p.FeaturesPresent)), "features_expected": strconv.Itoa(int(p.FeaturesExpected)),
			"trend_direction": string(c.Features.Trend), "market_structure": string(c.Features.Structure),
		} {
			if w := want.text(row, column); got != w {
				t.Errorf("%s: %s is %q, want %q", stamp(c.TS), column, got, w)
			}
		}
		for column, got := range map[string]float64{
			"open": c.Open, "high": c.High, "low": c.Low, "close": c.Close, "volume": c.Volume,
			"return_z": d.ReturnZ, "volume_z": d.VolumeZ, "freshness": p.Freshness,
			"quality_score": p.Score(), "quality_score_rounded": quality.Round2(p.Score()),
		} {
			compareNumber(t, c, column, got, want.number(row, column), 0)
		}
		for _, n := range feature.Names() {
			if n == feature.TrendDirection || n == feature.MarketStructure {
				continue
			}
			tolerance := 1e-12
			switch n {
			case feature.ATR:
				tolerance = 0
			case feature.Delta:
				tolerance = max(tolerance, 1e-9*c.Volume)
			default:
			}
			compareNumber(t, c, n.String(), c.Features.Num[n], want.number(row, n.String()), tolerance)
		}
		for f := range market.Field(market.NumFields) {
			compareNumber(t, c, "stored "+f.String(), c.Delivered[f], want.number(row, f.String()), 0)
		}
	}
}

func compareNumber(t *testing.T, c *pipeline.Candle, column string, got, want, tolerance float64) {
	t.Helper()
	if math.IsNaN(got) && math.IsNaN(want) {
		return
	}
	if diff := math.Abs(got - want); !(diff <= max(tolerance, 1e-9*max(math.Abs(got), math.Abs(want)))) {
		t.Errorf("%s: %s is %v, want %v", stamp(c.TS), column, got, want)
	}
}

func compareSymbol(t *testing.T, series []enriched, now time.Time, want symbolSummary) {
	t.Helper()
	days := daysOf(series)
	got := symbolSummary{Days: []daySummary{}}
	for _, d := range days {
		s := daySummary{
			Date: d.Date.String(), Total: d.Total, Validated: d.Validated, Gaps: d.Gaps, Anomalies: d.Anomalies,
			Rate: known(d.Rate()), Score: known(d.Score()), Completeness: d.Completeness(), ChecksFailed: map[string]int{},
		}
		for c, n := range d.Failed {
			if n > 0 {
				s.ChecksFailed[quality.Check(c).String()] = n
			}
		}
		got.Days = append(got.Days, s)
	}
	slices.Reverse(days)
	w := quality.WindowOf(days)
	got.Score, got.Rate = known(w.Score()), known(w.Rate())
	var holdings []quality.Holding
	for _, e := range series {
		h := quality.Holding{Grid: e.grid, Tracked: true}
		if n := len(e.out.Candles); n > 0 {
			h.Last = e.out.Candles[n-1].TS
		}
		holdings = append(holdings, h)
	}
	a := quality.Assess(false, holdings, w, now)
	got.Status, got.Lag, got.DataAge = a.Status, known(a.Lag.Seconds(), a.HasLag), known(a.DataAge.Seconds(), a.HasData)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("symbol (-want +got):\n%s", diff)
	}
}

// daysOf is the metrics of a symbol, oldest first, as a store would count them.
func daysOf(series []enriched) []quality.DayMetric {
	type key struct {
		date   market.Date
		series int
	}
	parts := map[key]*quality.DayPart{}
	dates := map[market.Date]bool{}
	part := func(d market.Date, i int) *quality.DayPart {
		p := parts[key{d, i}]
		if p == nil {
			p = &quality.DayPart{Grid: series[i].grid}
			if cs := series[i].out.Candles; len(cs) > 0 {
				p.First, p.Last = cs[0].TS, cs[len(cs)-1].TS
			}
			parts[key{d, i}] = p
		}
		dates[d] = true
		return p
	}
	for i, e := range series {
		cs := e.out.Candles
		for j := range cs {
			p, v := part(market.DateOf(cs[j].TS), i), &cs[j].Verdict
			p.Total++
			p.Validated += count(v.Validated())
			p.Anomalies += count(v.Anomaly)
			p.ScoreSum += v.Parts.Score()
		}
		for _, f := range e.failures {
			part(market.DateOf(f.TS), i).Failed[f.Check]++
		}
		if len(cs) > 0 {
			for d := range grid.CalendarOf(e.grid.Class()).Dates(market.DateOf(cs[0].TS), market.DateOf(cs[len(cs)-1].TS)+1) {
				part(d, i)
			}
		}
	}
	var days []quality.DayMetric
	for d := range dates {
		var of []quality.DayPart
		for i := range series {
			of = append(of, *part(d, i))
		}
		if m, ok := quality.MergeDay(d, of); ok {
			days = append(days, m)
		}
	}
	slices.SortFunc(days, func(a, b quality.DayMetric) int { return int(a.Date - b.Date) })
	return days
}

func known(x float64, ok bool) *float64 {
	if !ok {
		return nil
	}
	return &x
}

func count(b bool) int {
	if b {
		return 1
	}
	return 0
}

// stamp prints an instant as the oracle does.
func stamp(t time.Time) string {
	if t.Nanosecond() != 0 {
		return t.UTC().Format("2006-01-02T15:04:05.000Z")
	}
	return t.UTC().Format("2006-01-02T15:04:05Z")
}
