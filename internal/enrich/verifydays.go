package enrich

import (
	"cmp"
	"context"
	"slices"

	"github.com/candlewright/candlewright/internal/market"
	"github.com/candlewright/candlewright/internal/pipeline"
	"github.com/candlewright/candlewright/internal/quality"
	"github.com/candlewright/candlewright/internal/store"
)

// verifyDates is how many dates are compared at once.
const verifyDates = 366

// daysAndStatus computes the metrics of all dates and the window of the status
// from the candles as they were computed anew.
func (v *verifying) daysAndStatus(ctx context.Context, tx *store.Tx, counted []pipeline.SeriesInfo) error {
	window := quality.Window{}
	series := slices.DeleteFunc(slices.Clone(counted), func(i pipeline.SeriesInfo) bool { return i.Timeframe == market.W1 || i.Records == 0 })
	if len(v.days) == 0 {
		if err := v.strayDays(ctx, tx, store.DayRange{}); err != nil {
			return err
		}
	} else {
		var err error
		if window, err = v.allDays(ctx, tx, series); err != nil {
			return err
		}
	}
	if slices.Equal(v.sym.Timeframes, []market.Timeframe{market.W1}) {
		window = quality.Window{}
		for _, w := range v.weeks {
			window.Records++
			window.ScoreSum += w.score
			if w.validated {
				window.Validated++
			}
		}
	}
	return v.status(ctx, tx, counted, window)
}

// allDays compares the metrics of all dates and gives the window of the last ones.
func (v *verifying) allDays(ctx context.Context, tx *store.Tx, series []pipeline.SeriesInfo) (quality.Window, error) {
	slices.SortStableFunc(v.days, func(a, b store.DayCount) int { return cmp.Compare(a.Date, b.Date) })
	first, last := v.days[0].Date, v.days[len(v.days)-1].Date
	var newest []quality.DayMetric // with candles
	for from := first; from <= last; from += verifyDates {
		s := span{from, min(from+verifyDates-1, last)}
		days, err := v.daysOf(ctx, tx, series, s)
		if err != nil {
			return quality.Window{}, err
		}
		if err := v.compareDays(ctx, tx, s, days); err != nil {
			return quality.Window{}, err
		}
		newest = append(newest, slices.DeleteFunc(days, func(m quality.DayMetric) bool { return m.Total == 0 })...)
		newest = slices.Delete(newest, 0, max(0, len(newest)-quality.WindowDays))
	}
	slices.Reverse(newest)
	before, after := first-1, last+1
	for _, r := range []store.DayRange{{Through: &before}, {From: &after}} {
		if err := v.strayDays(ctx, tx, r); err != nil {
			return quality.Window{}, err
		}
	}
	return quality.WindowOf(newest), nil
}

// daysOf merges what was computed of a span of dates with the kept failures.
func (v *verifying) daysOf(ctx context.Context, tx *store.Tx, series []pipeline.SeriesInfo, s span) ([]quality.DayMetric, error) {
	failures, err := tx.FailuresByDate(ctx, v.sym.ID, s.from, s.through, timeframesOf(series))
	if err != nil {
		return nil, err
	}
	byDate := func(c store.DayCount, d market.Date) int { return cmp.Compare(c.Date, d) }
	from, _ := slices.BinarySearchFunc(v.days, s.from, byDate)
	to, _ := slices.BinarySearchFunc(v.days, s.through+1, byDate)
	counts := slices.Clone(v.days[from:to])
	for _, f := range failures {
		i := slices.IndexFunc(counts, func(c store.DayCount) bool { return c.Date == f.Date && c.Timeframe == f.Timeframe })
		if i < 0 {
			counts = append(counts, f)
			continue
		}
		counts[i].Failed = f.Failed
	}
	days := dayMetrics(v.sym.Class, series, counts, s)
	v.found.Days += len(days)
	return days, nil
}

// compareDays holds the stored metrics of a span against those computed anew.
func (v *verifying) compareDays(ctx context.Context, tx *store.Tx, s span, days []quality.DayMetric) error {
	rows, err := tx.DayMetrics(ctx, v.sym.ID, s.from, s.through)
	if err != nil {
		return err
	}
	for len(rows) > 0 || len(days) > 0 {
		switch {
		case len(days) == 0 || len(rows) > 0 && rows[0].Date < days[0].Date:
			v.same(ofDay(rows[0].Date), "metric_date", "a row", "no row: no candle and no gap")
			rows = rows[1:]
		case len(rows) == 0 || days[0].Date < rows[0].Date:
			v.same(ofDay(days[0].Date), "metric_date", "no row", "a row")
			days = days[1:]
		default:
			v.compareDay(rows[0].DayMetric, days[0])
			rows, days = rows[1:], days[1:]
		}
	}
	return nil
}

func ofDay(d market.Date) Difference { return Difference{Kind: VerifiedDay, TS: d.Time()} }

func (v *verifying) compareDay(stored, computed quality.DayMetric) {
	at := ofDay(stored.Date)
	v.sameCount(at, "total_records", int64(stored.Total), int64(computed.Total))
	v.sameCount(at, "validated_records", int64(stored.Validated), int64(computed.Validated))
	v.sameCount(at, "gaps_detected", int64(stored.Gaps), int64(computed.Gaps))
	v.sameCount(at, "anomalies_detected", int64(stored.Anomalies), int64(computed.Anomalies))
	v.sameSum(at, "score_sum", stored.ScoreSum, computed.ScoreSum)
	for c := range quality.Check(quality.NumChecks) {
		v.sameCount(at, "checks_failed."+c.String(), int64(stored.Failed[c]), int64(computed.Failed[c]))
	}
}

// strayDays looks for metrics of dates on which no series has anything.
func (v *verifying) strayDays(ctx context.Context, tx *store.Tx, r store.DayRange) error {
	lists, err := tx.DayMetricsOf(ctx, []int64{v.sym.ID}, r, store.Page{Limit: verifyDates})
	if err != nil {
		return err
	}
	for _, row := range lists[v.sym.ID].Rows {
		v.same(ofDay(row.Date), "metric_date", "a row", "no row: no candle and no gap")
	}
	return nil
}

// status compares the row that the last commit left. Its word and age have aged
// since and are computed whenever they are asked for.
func (v *verifying) status(ctx context.Context, tx *store.Tx, counted []pipeline.SeriesInfo, window quality.Window) error {
	stored, err := tx.Statuses(ctx, []int64{v.sym.ID})
	if err != nil {
		return err
	}
	var records int64
	for _, info := range counted {
		records += info.Records
	}
	at := Difference{Kind: VerifiedStatus}
	row, ok := stored[v.sym.ID]
	if !ok {
		if records > 0 {
			v.same(at, "symbol_id", "no row", "a row")
		}
		return nil
	}
	v.sameCount(at, "records_available", row.Records, records)
	v.sameCount(at, "window_records", row.Window.Records, window.Records)
	v.sameCount(at, "window_validated", row.Window.Validated, window.Validated)
	v.sameSum(at, "window_score_sum", row.Window.ScoreSum, window.ScoreSum)
	return nil
}
