package store

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/candlewright/candlewright/db"
	"github.com/candlewright/candlewright/internal/market"
	"github.com/candlewright/candlewright/internal/quality"
)

// DayMetric is the stored metrics of one session date of one symbol.
type DayMetric struct {
	ID       int64
	SymbolID int64
	quality.DayMetric
	ComputedAt time.Time
}

// Key is the row's place in a list of day metrics.
func (m DayMetric) Key() Key { return Key{At: m.Date.Time(), ID: m.ID} }

// DayCount is what one series has of a session date.
type DayCount struct {
	Date                        market.Date
	Timeframe                   market.Timeframe
	Total, Validated, Anomalies int
	ScoreSum                    float64                // of unrounded scores
	Failed                      [quality.NumChecks]int // kept failures whose stamp has this UTC date
}

// DayCounts counts the candles and failed checks of a symbol by session date,
// from and through inclusive, and timeframe (any but 1w, whose candles belong to
// no date), ordered by both. A date and timeframe with neither has no entry. Two
// statements.
func (s *queries) DayCounts(ctx context.Context, symbolID int64, from, through market.Date, tfs []market.Timeframe) ([]DayCount, error) {
	start, end := from.Time(), (through + 1).Time()
	rows, err := s.q.DayCounts(ctx, db.DayCountsParams{SymbolID: symbolID, Timeframes: words(tfs), FromTs: start, ToTs: end})
	if err != nil {
		return nil, failed(ctx, "count candles by date", err)
	}
	failures, err := s.FailuresByDate(ctx, symbolID, from, through, tfs)
	if err != nil {
		return nil, err
	}
	type key struct {
		date market.Date
		tf   market.Timeframe
	}
	days := make([]DayCount, 0, len(rows))
	at := make(map[key]int, len(rows))
	for _, r := range rows {
		d := DayCount{
			Date: market.DateOf(r.Day), Timeframe: r.Timeframe, Total: int(r.Candles),
			Validated: int(r.Validated), Anomalies: int(r.Anomalies), ScoreSum: r.ScoreSum,
		}
		at[key{d.Date, d.Timeframe}] = len(days)
		days = append(days, d)
	}
	for _, f := range failures {
		if i, ok := at[key{f.Date, f.Timeframe}]; ok {
			days[i].Failed = f.Failed
			continue
		}
		days = append(days, f)
	}
	slices.SortFunc(days, func(a, b DayCount) int {
		return cmp.Or(cmp.Compare(a.Date, b.Date), cmp.Compare(a.Timeframe.Order(), b.Timeframe.Order()))
	})
	return days, nil
}

// PutDayMetrics writes the metrics of dates of a symbol, each date once, over
// those that are stored.
func (s *queries) PutDayMetrics(ctx context.Context, symbolID int64, metrics []quality.DayMetric, now time.Time) error {
	if len(metrics) == 0 {
		return nil
	}
	arg, err := newDayMetrics(metrics)
	if err != nil {
		return fmt.Errorf("write day metrics: %w", err)
	}
	arg.SymbolID, arg.Now = symbolID, now
	return failed(ctx, "write day metrics", s.q.PutDayMetrics(ctx, arg))
}

// DayMetrics are the stored metrics of a symbol, from and through inclusive,
// oldest first.
func (s *queries) DayMetrics(ctx context.Context, symbolID int64, from, through market.Date) ([]DayMetric, error) {
	rows, err := s.q.DayMetrics(ctx, db.DayMetricsParams{SymbolID: symbolID, FromDate: from.Time(), Through: through.Time()})
	if err != nil {
		return nil, failed(ctx, "read day metrics", err)
	}
	metrics := all(rows, noting(&err, dayMetricOf))
	return metrics, err
}

// sessionsReach is how many days hold the last sessions with data of a series
// without long gaps: 30 sessions are 44 days, and some holidays.
const sessionsReach = 60

// LastSessions sums up the last sessions with data of a symbol (dates whose
// metrics have records): the window of its score and rate. newest is the date of
// its newest candle. Of a table that was just filled PostgreSQL does not know how
// many rows it has and would read all dates to find the last; so those of the last
// weeks are asked for first, and all only where there are too few.
func (s *queries) LastSessions(ctx context.Context, symbolID int64, newest market.Date) (quality.Window, error) {
	var w quality.Window
	for _, from := range [...]time.Time{(newest - sessionsReach).Time(), lowest.At} {
		r, err := s.q.LastDaysSums(ctx, db.LastDaysSumsParams{SymbolID: symbolID, FromDate: from, Days: quality.WindowDays})
		if err != nil {
			return quality.Window{}, failed(ctx, "sum up the last sessions", err)
		}
		w = quality.Window{Records: r.Records, Validated: r.Validated, ScoreSum: r.ScoreSum}
		if r.Found == quality.WindowDays {
			break
		}
	}
	return w, nil
}

// LastWeeks sums up the last weekly candles of a symbol: the window of one that
// is tracked at 1w alone.
func (s *queries) LastWeeks(ctx context.Context, symbolID int64) (quality.Window, error) {
	r, err := s.q.LastWeeksSums(ctx, db.LastWeeksSumsParams{SymbolID: symbolID, Weeks: quality.WindowDays})
	return quality.Window{Records: r.Records, Validated: r.Validated, ScoreSum: r.ScoreSum}, failed(ctx, "sum up the last weeks", err)
}
