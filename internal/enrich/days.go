package enrich

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/candlewright/candlewright/internal/grid"
	"github.com/candlewright/candlewright/internal/market"
	"github.com/candlewright/candlewright/internal/pipeline"
	"github.com/candlewright/candlewright/internal/quality"
	"github.com/candlewright/candlewright/internal/store"
)

// span is a range of dates, both ends included.
type span struct{ from, through market.Date }

// dates collects the dates whose metrics have to be taken anew.
type dates struct{ spans []span }

func newDates() *dates { return &dates{} }

func (d *dates) add(day market.Date) {
	if n := len(d.spans); n > 0 && d.spans[n-1].from <= day && day <= d.spans[n-1].through+1 {
		d.spans[n-1].through = max(d.spans[n-1].through, day)
		return
	}
	d.spans = append(d.spans, span{day, day})
}

// addSeries adds the dates that have come to lie inside the series: those
// without a candle have gaps now.
func (d *dates) addSeries(before, after pipeline.SeriesInfo) {
	if before.Records == 0 {
		d.spans = append(d.spans, span{market.DateOf(after.First), market.DateOf(after.Last)})
		return
	}
	if after.First.Before(before.First) {
		d.spans = append(d.spans, span{market.DateOf(after.First), market.DateOf(before.First)})
	}
	if after.Last.After(before.Last) {
		d.spans = append(d.spans, span{market.DateOf(before.Last), market.DateOf(after.Last)})
	}
}

// merged are the spans in order; those that lie within a week of each other are
// one, since a statement each costs more than a few dates too many.
func (d *dates) merged() []span {
	slices.SortFunc(d.spans, func(a, b span) int { return cmp.Compare(a.from, b.from) })
	var out []span
	for _, s := range d.spans {
		if n := len(out); n > 0 && s.from <= out[n-1].through+7 {
			out[n-1].through = max(out[n-1].through, s.through)
			continue
		}
		out = append(out, s)
	}
	return out
}

// refreshDays takes the metrics of the dates anew, over all timeframes of the
// symbol but 1w.
func refreshDays(ctx context.Context, tx *store.Tx, sym pipeline.Symbol, touched *dates, now time.Time) error {
	spans := touched.merged()
	if len(spans) == 0 {
		return nil
	}
	all, err := tx.Series(ctx, sym.ID)
	if err != nil {
		return err
	}
	series := slices.DeleteFunc(all, func(i pipeline.SeriesInfo) bool { return i.Timeframe == market.W1 || i.Records == 0 })
	for _, s := range spans {
		counts, err := tx.DayCounts(ctx, sym.ID, s.from, s.through, timeframesOf(series))
		if err != nil {
			return err
		}
		days := dayMetrics(sym.Class, series, counts, s)
		if err := tx.PutDayMetrics(ctx, sym.ID, days, now); err != nil {
			return err
		}
	}
	return nil
}

func timeframesOf(series []pipeline.SeriesInfo) []market.Timeframe {
	tfs := make([]market.Timeframe, len(series))
	for i, info := range series {
		tfs[i] = info.Timeframe
	}
	return tfs
}

// dayMetrics merges what each timeframe has of each date.
func dayMetrics(class market.AssetClass, series []pipeline.SeriesInfo, counts []store.DayCount, s span) []quality.DayMetric {
	type key struct {
		day market.Date
		tf  market.Timeframe
	}
	byKey := make(map[key]store.DayCount, len(counts))
	for _, c := range counts {
		byKey[key{c.Date, c.Timeframe}] = c
	}
	days := make([]quality.DayMetric, 0, len(counts))
	parts := make([]quality.DayPart, len(series))
	for day := s.from; day <= s.through; day++ {
		for i, info := range series {
			c := byKey[key{day, info.Timeframe}]
			parts[i] = quality.DayPart{
				Grid: grid.New(class, info.Timeframe), First: info.First, Last: info.Last,
				Total: c.Total, Validated: c.Validated, Anomalies: c.Anomalies, ScoreSum: c.ScoreSum, Failed: c.Failed,
			}
		}
		if m, ok := quality.MergeDay(day, parts); ok {
			days = append(days, m)
		}
	}
	return days
}
