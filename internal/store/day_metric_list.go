package store

import (
	"context"
	"time"

	"github.com/candlewright/candlewright/db"
	"github.com/candlewright/candlewright/internal/market"
)

// DayRange is a stretch of dates, both ends inclusive; nil is open.
type DayRange struct{ From, Through *market.Date }

// instants are the same as a Range of the dates' midnights.
func (r DayRange) instants() Range {
	var i Range
	if r.From != nil {
		i.From = r.From.Time()
	}
	if r.Through != nil {
		i.To = (*r.Through + 1).Time()
	}
	return i
}

// DayMetricsOf lists the metrics of each symbol, newest date first, in one
// statement; one without metrics in the range has no entry.
func (s *queries) DayMetricsOf(ctx context.Context, symbolIDs []int64, r DayRange, p Page) (map[int64]List[DayMetric], error) {
	above, below := p.newestFirst(r.instants())
	if above.ID == 0 && above != lowest {
		// Of one symbol a date is unique, and the query compares dates alone. A key
		// without an id is no row but the start of a date that is to be seen.
		above.At = above.At.AddDate(0, 0, -1)
	}
	arg := db.DayMetricsOfParams{SymbolIds: symbolIDs, AboveDate: above.At, BelowDate: below.At, RowLimit: p.rowLimit()}
	var rows []db.DataQualityMetric
	var err error
	if p.Backward {
		rows, err = s.q.DayMetricsOfBackward(ctx, db.DayMetricsOfBackwardParams(arg))
	} else {
		rows, err = s.q.DayMetricsOf(ctx, arg)
	}
	if err != nil {
		return nil, failed(ctx, "list day metrics of symbols", err)
	}
	lists := listedOf(p, rows, func(r db.DataQualityMetric) int64 { return r.SymbolID }, noting(&err, dayMetricOf))
	return lists, err
}

// DayMetricsList lists the metrics of all symbols, newest date first.
func (s *queries) DayMetricsList(ctx context.Context, r DayRange, p Page) (List[DayMetric], error) {
	above, below := p.newestFirst(r.instants())
	arg := db.AllDayMetricsParams{
		AboveDate: above.At, AboveID: above.ID, BelowDate: below.At, BelowID: below.ID, RowLimit: p.rowLimit(),
	}
	var rows []db.DataQualityMetric
	var err error
	if p.Backward {
		rows, err = s.q.AllDayMetricsBackward(ctx, db.AllDayMetricsBackwardParams(arg))
	} else {
		rows, err = s.q.AllDayMetrics(ctx, arg)
	}
	if err != nil {
		return List[DayMetric]{}, failed(ctx, "list day metrics", err)
	}
	l := listed(p, rows, noting(&err, dayMetricOf))
	return l, err
}

// DayMetricsByIDs gives the metrics by id; those that do not exist have no entry.
func (s *queries) DayMetricsByIDs(ctx context.Context, ids []int64) (map[int64]DayMetric, error) {
	rows, err := s.q.DayMetricsByIDs(ctx, ids)
	if err != nil {
		return nil, failed(ctx, "read day metrics by id", err)
	}
	metrics := make(map[int64]DayMetric, len(rows))
	for _, r := range rows {
		if metrics[r.ID], err = dayMetricOf(r); err != nil {
			return nil, err
		}
	}
	return metrics, nil
}

// CountDayMetricsOf counts the metrics of each symbol in the range.
func (s *queries) CountDayMetricsOf(ctx context.Context, symbolIDs []int64, r DayRange) (map[int64]int64, error) {
	from, to := r.instants().ends()
	rows, err := s.q.CountDayMetricsOf(ctx, db.CountDayMetricsOfParams{SymbolIds: symbolIDs, FromDate: from, ToDate: to})
	if err != nil {
		return nil, failed(ctx, "count day metrics of symbols", err)
	}
	return counts(rows, func(r db.CountDayMetricsOfRow) (int64, int64) { return r.SymbolID, r.Days }), nil
}

// CountDayMetrics is the length of the list of DayMetricsList.
func (s *queries) CountDayMetrics(ctx context.Context, r DayRange) (int64, error) {
	from, to := r.instants().ends()
	n, err := s.q.CountAllDayMetrics(ctx, db.CountAllDayMetricsParams{FromDate: from, ToDate: to})
	return n, failed(ctx, "count day metrics", err)
}

// DayKey names the metrics of a symbol on a date.
type DayKey struct {
	SymbolID int64
	Date     market.Date
}

// DayMetricsOn gives the metrics of symbols on dates; those that do not exist
// have no entry.
func (s *queries) DayMetricsOn(ctx context.Context, keys []DayKey) (map[DayKey]DayMetric, error) {
	arg := db.DayMetricsOnParams{SymbolIds: make([]int64, len(keys)), Days: make([]time.Time, len(keys))}
	for i, k := range keys {
		arg.SymbolIds[i], arg.Days[i] = k.SymbolID, k.Date.Time()
	}
	rows, err := s.q.DayMetricsOn(ctx, arg)
	if err != nil {
		return nil, failed(ctx, "read day metrics of dates", err)
	}
	metrics := make(map[DayKey]DayMetric, len(rows))
	for _, r := range rows {
		m, err := dayMetricOf(r)
		if err != nil {
			return nil, err
		}
		metrics[DayKey{m.SymbolID, m.Date}] = m
	}
	return metrics, nil
}
