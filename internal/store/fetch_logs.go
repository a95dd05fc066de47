package store

import (
	"context"
	"time"

	"github.com/candlewright/candlewright/db"
	"github.com/candlewright/candlewright/internal/market"
	"github.com/candlewright/candlewright/internal/pipeline"
)

// AddFetchLog writes a fetch log as of its CreatedAt and gives it with its id.
// With From and To it also enters the ledger of what was asked for (FetchRanges).
func (s *queries) AddFetchLog(ctx context.Context, l pipeline.FetchLog) (pipeline.FetchLog, error) {
	id, err := s.q.AddFetchLog(ctx, newFetchLog(l))
	if err != nil {
		return pipeline.FetchLog{}, found(ctx, "write fetch log", err, noSymbol())
	}
	l.ID = id
	return l, nil
}

// FetchRange is a stretch of slots that a source was asked for.
type FetchRange struct {
	LogID     int64
	Source    market.SourceName
	From, To  time.Time // stamps, To exclusive
	Success   bool      // the source answered
	FetchedAt time.Time
}

// FetchRanges are the stretches of a series that touch the range, in the order
// in which they were asked for. From them follow the causes of gaps.
func (s *queries) FetchRanges(ctx context.Context, symbolID int64, tf market.Timeframe, r Range) ([]FetchRange, error) {
	from, to := r.ends()
	rows, err := s.q.FetchRanges(ctx, db.FetchRangesParams{SymbolID: symbolID, Timeframe: tf, FromTs: from, ToTs: to})
	if err != nil {
		return nil, failed(ctx, "read fetched ranges", err)
	}
	ranges := make([]FetchRange, len(rows))
	for i, r := range rows {
		ranges[i] = FetchRange{
			LogID: r.LogID, Source: r.Source, From: r.RangeFrom.UTC(), To: r.RangeTo.UTC(),
			Success: r.Success, FetchedAt: r.FetchedAt.UTC(),
		}
	}
	return ranges, nil
}

// FetchLogsByIDs gives the fetch logs by id; those that do not exist have no entry.
func (s *queries) FetchLogsByIDs(ctx context.Context, ids []int64) (map[int64]pipeline.FetchLog, error) {
	rows, err := s.q.FetchLogsByIDs(ctx, ids)
	if err != nil {
		return nil, failed(ctx, "read fetch logs by id", err)
	}
	logs := make(map[int64]pipeline.FetchLog, len(rows))
	for _, r := range rows {
		logs[r.ID] = fetchLogOf(r)
	}
	return logs, nil
}

// FetchLogsOfRuns gives all fetch logs of each run, oldest first.
func (s *queries) FetchLogsOfRuns(ctx context.Context, runIDs []int64) (map[int64][]pipeline.FetchLog, error) {
	rows, err := s.q.FetchLogsOfRuns(ctx, runIDs)
	if err != nil {
		return nil, failed(ctx, "read fetch logs of runs", err)
	}
	byRun := make(map[int64][]pipeline.FetchLog, len(runIDs))
	for _, r := range rows {
		l := fetchLogOf(r)
		byRun[l.RunID] = append(byRun[l.RunID], l)
	}
	return byRun, nil
}

// FetchLogFilter narrows a list of fetch logs; the zero value takes all.
type FetchLogFilter struct {
	Range                       // of the times at which they were written
	Sources []market.SourceName // nil is any
	Success *bool               // nil is any
}

// FetchLogsOf lists the fetch logs of each symbol, newest first, in one
// statement; one without such logs has no entry.
func (s *queries) FetchLogsOf(ctx context.Context, symbolIDs []int64, f FetchLogFilter, p Page) (map[int64]List[pipeline.FetchLog], error) {
	above, below := p.newestFirst(f.Range)
	arg := db.FetchLogsOfParams{
		SymbolIds: symbolIDs,
		AboveAt:   above.At, AboveID: above.ID, BelowAt: below.At, BelowID: below.ID,
		Sources: words(f.Sources), Success: nullBool(f.Success), RowLimit: p.rowLimit(),
	}
	var rows []db.EnrichmentFetchLog
	var err error
	if p.Backward {
		rows, err = s.q.FetchLogsOfBackward(ctx, db.FetchLogsOfBackwardParams(arg))
	} else {
		rows, err = s.q.FetchLogsOf(ctx, arg)
	}
	if err != nil {
		return nil, failed(ctx, "list fetch logs of symbols", err)
	}
	return listedOf(p, rows, func(r db.EnrichmentFetchLog) int64 { return r.SymbolID }, fetchLogOf), nil
}

// FetchLogsList lists the fetch logs of all symbols, newest first.
func (s *queries) FetchLogsList(ctx context.Context, f FetchLogFilter, p Page) (List[pipeline.FetchLog], error) {
	above, below := p.newestFirst(f.Range)
	arg := db.AllFetchLogsParams{
		AboveAt: above.At, AboveID: above.ID, BelowAt: below.At, BelowID: below.ID,
		Sources: words(f.Sources), Success: nullBool(f.Success), RowLimit: p.rowLimit(),
	}
	var rows []db.EnrichmentFetchLog
	var err error
	if p.Backward {
		rows, err = s.q.AllFetchLogsBackward(ctx, db.AllFetchLogsBackwardParams(arg))
	} else {
		rows, err = s.q.AllFetchLogs(ctx, arg)
	}
	if err != nil {
		return List[pipeline.FetchLog]{}, failed(ctx, "list fetch logs", err)
	}
	return listed(p, rows, fetchLogOf), nil
}

// CountFetchLogsOf counts those fetch logs of each symbol.
func (s *queries) CountFetchLogsOf(ctx context.Context, symbolIDs []int64, f FetchLogFilter) (map[int64]int64, error) {
	from, to := f.ends()
	rows, err := s.q.CountFetchLogsOf(ctx, db.CountFetchLogsOfParams{
		SymbolIds: symbolIDs, FromAt: from, ToAt: to, Sources: words(f.Sources), Success: nullBool(f.Success),
	})
	if err != nil {
		return nil, failed(ctx, "count fetch logs of symbols", err)
	}
	return counts(rows, func(r db.CountFetchLogsOfRow) (int64, int64) { return r.SymbolID, r.Logs }), nil
}

// CountFetchLogs is the length of the list of FetchLogsList.
func (s *queries) CountFetchLogs(ctx context.Context, f FetchLogFilter) (int64, error) {
	from, to := f.ends()
	n, err := s.q.CountAllFetchLogs(ctx, db.CountAllFetchLogsParams{
		FromAt: from, ToAt: to, Sources: words(f.Sources), Success: nullBool(f.Success),
	})
	return n, failed(ctx, "count fetch logs", err)
}
