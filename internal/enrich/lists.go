package enrich

import (
	"context"

	"github.com/candlewright/candlewright/internal/pipeline"
	"github.com/candlewright/candlewright/internal/quality"
	"github.com/candlewright/candlewright/internal/store"
)

// What a list is asked for by is the store's own: a keyset page has one meaning
// from the query up to the faces.
type (
	// Page asks for a part of a list that is ordered by time.
	Page = store.Page
	// Key is the place of a row in such a list.
	Key = store.Key
	// Range is a stretch of time, From inclusive and To exclusive.
	Range = store.Range
	// DayRange is a stretch of dates, both ends inclusive.
	DayRange = store.DayRange
	// SymbolFilter narrows a list of symbols.
	SymbolFilter = store.SymbolFilter
	// SymbolPage asks for a part of a list of symbols.
	SymbolPage = store.SymbolPage
	// RunFilter narrows a list of runs.
	RunFilter = store.RunFilter
	// FetchLogFilter narrows a list of fetch logs.
	FetchLogFilter = store.FetchLogFilter
	// CandlePage asks for a part of a series.
	CandlePage = store.CandlePage
	// SeriesKey names a series by the id of its symbol.
	SeriesKey = store.SeriesKey
	// DayKey names the metrics of a symbol on a date.
	DayKey = store.DayKey
)

// List is one page of rows, in the order of the list.
type List[T any] = store.List[T]

// DailyMetric is the metrics of one session date of a symbol.
type DailyMetric struct {
	ID       int64
	SymbolID int64
	quality.DayMetric
}

// Key is the place of the metrics in a list.
func (m DailyMetric) Key() Key { return Key{At: m.Date.Time(), ID: m.ID} }

func dailyMetric(m store.DayMetric) DailyMetric {
	return DailyMetric{ID: m.ID, SymbolID: m.SymbolID, DayMetric: m.DayMetric}
}

func dailyMetrics(l store.List[store.DayMetric]) List[DailyMetric] {
	out := List[DailyMetric]{Rows: make([]DailyMetric, len(l.Rows)), More: l.More}
	for i, m := range l.Rows {
		out.Rows[i] = dailyMetric(m)
	}
	return out
}

// Symbols lists symbols, tracked or not, by ticker and class.
func (s *Service) Symbols(ctx context.Context, f SymbolFilter, p SymbolPage) (List[pipeline.Symbol], error) {
	return s.store.SymbolsList(ctx, f, p)
}

// CountSymbols is the length of that list.
func (s *Service) CountSymbols(ctx context.Context, f SymbolFilter) (int64, error) {
	return s.store.CountSymbols(ctx, f)
}

// Runs lists the runs of all symbols, newest first.
func (s *Service) Runs(ctx context.Context, f RunFilter, p Page) (List[pipeline.Run], error) {
	return s.store.RunsList(ctx, f, p)
}

// CountRuns is the length of that list.
func (s *Service) CountRuns(ctx context.Context, f RunFilter) (int64, error) {
	return s.store.CountRuns(ctx, f)
}

// RunsOf lists the runs of each symbol, newest first.
func (s *Service) RunsOf(ctx context.Context, symbolIDs []int64, f RunFilter, p Page) (map[int64]List[pipeline.Run], error) {
	return s.store.RunsOf(ctx, symbolIDs, f, p)
}

// CountRunsOf counts the runs of each symbol; none has no entry.
func (s *Service) CountRunsOf(ctx context.Context, symbolIDs []int64, f RunFilter) (map[int64]int64, error) {
	return s.store.CountRunsOf(ctx, symbolIDs, f)
}

// FetchLogs lists the attempts to fetch of all symbols, newest first.
func (s *Service) FetchLogs(ctx context.Context, f FetchLogFilter, p Page) (List[pipeline.FetchLog], error) {
	return s.store.FetchLogsList(ctx, f, p)
}

// CountFetchLogs is the length of that list.
func (s *Service) CountFetchLogs(ctx context.Context, f FetchLogFilter) (int64, error) {
	return s.store.CountFetchLogs(ctx, f)
}

// FetchLogsOf lists the attempts to fetch of each symbol, newest first.
func (s *Service) FetchLogsOf(ctx context.Context, symbolIDs []int64, f FetchLogFilter, p Page) (map[int64]List[pipeline.FetchLog], error) {
	return s.store.FetchLogsOf(ctx, symbolIDs, f, p)
}

// CountFetchLogsOf counts the attempts of each symbol; none has no entry.
func (s *Service) CountFetchLogsOf(ctx context.Context, symbolIDs []int64, f FetchLogFilter) (map[int64]int64, error) {
	return s.store.CountFetchLogsOf(ctx, symbolIDs, f)
}

// ComputeLogsOf lists the computations of each symbol, newest first.
func (s *Service) ComputeLogsOf(ctx context.Context, symbolIDs []int64, p Page) (map[int64]List[pipeline.ComputeLog], error) {
	return s.store.ComputeLogsOf(ctx, symbolIDs, store.Range{}, p)
}

// CountComputeLogsOf counts the computations of each symbol; none has no entry.
func (s *Service) CountComputeLogsOf(ctx context.Context, symbolIDs []int64) (map[int64]int64, error) {
	return s.store.CountComputeLogsOf(ctx, symbolIDs, store.Range{})
}

// CorrectionsOf lists the corrections of each symbol, newest first.
func (s *Service) CorrectionsOf(ctx context.Context, symbolIDs []int64, p Page) (map[int64]List[pipeline.Correction], error) {
	return s.store.CorrectionsOf(ctx, symbolIDs, store.Range{}, p)
}

// CountCorrectionsOf counts the corrections of each symbol; none has no entry.
func (s *Service) CountCorrectionsOf(ctx context.Context, symbolIDs []int64) (map[int64]int64, error) {
	return s.store.CountCorrectionsOf(ctx, symbolIDs, store.Range{})
}

// DailyMetrics lists the metrics of all symbols, newest date first.
func (s *Service) DailyMetrics(ctx context.Context, r DayRange, p Page) (List[DailyMetric], error) {
	l, err := s.store.DayMetricsList(ctx, r, p)
	return dailyMetrics(l), err
}

// CountDailyMetrics is the length of that list.
func (s *Service) CountDailyMetrics(ctx context.Context, r DayRange) (int64, error) {
	return s.store.CountDayMetrics(ctx, r)
}

// DailyMetricsOf lists the metrics of each symbol, newest date first.
func (s *Service) DailyMetricsOf(ctx context.Context, symbolIDs []int64, r DayRange, p Page) (map[int64]List[DailyMetric], error) {
	lists, err := s.store.DayMetricsOf(ctx, symbolIDs, r, p)
	if err != nil {
		return nil, err
	}
	out := make(map[int64]List[DailyMetric], len(lists))
	for id, l := range lists {
		out[id] = dailyMetrics(l)
	}
	return out, nil
}

// CountDailyMetricsOf counts the metrics of each symbol; none has no entry.
func (s *Service) CountDailyMetricsOf(ctx context.Context, symbolIDs []int64, r DayRange) (map[int64]int64, error) {
	return s.store.CountDayMetricsOf(ctx, symbolIDs, r)
}
