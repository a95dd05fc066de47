package store

import (
	"context"

	"github.com/candlewright/candlewright/db"
	"github.com/candlewright/candlewright/internal/pipeline"
)

// AddComputeLog writes a compute log as of its CreatedAt and gives it with its id.
func (s *queries) AddComputeLog(ctx context.Context, l pipeline.ComputeLog) (pipeline.ComputeLog, error) {
	id, err := s.q.AddComputeLog(ctx, newComputeLog(l))
	if err != nil {
		return pipeline.ComputeLog{}, found(ctx, "write compute log", err, noSymbol())
	}
	l.ID = id
	return l, nil
}

// ComputeLogsByIDs gives the compute logs by id; those that do not exist have no
// entry.
func (s *queries) ComputeLogsByIDs(ctx context.Context, ids []int64) (map[int64]pipeline.ComputeLog, error) {
	rows, err := s.q.ComputeLogsByIDs(ctx, ids)
	if err != nil {
		return nil, failed(ctx, "read compute logs by id", err)
	}
	logs := make(map[int64]pipeline.ComputeLog, len(rows))
	for _, r := range rows {
		logs[r.ID] = computeLogOf(r)
	}
	return logs, nil
}

// ComputeLogsOfRuns gives all compute logs of each run, oldest first.
func (s *queries) ComputeLogsOfRuns(ctx context.Context, runIDs []int64) (map[int64][]pipeline.ComputeLog, error) {
	rows, err := s.q.ComputeLogsOfRuns(ctx, runIDs)
	if err != nil {
		return nil, failed(ctx, "read compute logs of runs", err)
	}
	byRun := make(map[int64][]pipeline.ComputeLog, len(runIDs))
	for _, r := range rows {
		l := computeLogOf(r)
		byRun[l.RunID] = append(byRun[l.RunID], l)
	}
	return byRun, nil
}

// ComputeLogsOf lists the compute logs of each symbol that were written in the
// range, newest first, in one statement; one without such logs has no entry.
func (s *queries) ComputeLogsOf(ctx context.Context, symbolIDs []int64, r Range, p Page) (map[int64]List[pipeline.ComputeLog], error) {
	above, below := p.newestFirst(r)
	arg := db.ComputeLogsOfParams{
		SymbolIds: symbolIDs,
		AboveAt:   above.At, AboveID: above.ID, BelowAt: below.At, BelowID: below.ID,
		RowLimit: p.rowLimit(),
	}
	var rows []db.EnrichmentComputeLog
	var err error
	if p.Backward {
		rows, err = s.q.ComputeLogsOfBackward(ctx, db.ComputeLogsOfBackwardParams(arg))
	} else {
		rows, err = s.q.ComputeLogsOf(ctx, arg)
	}
	if err != nil {
		return nil, failed(ctx, "list compute logs of symbols", err)
	}
	return listedOf(p, rows, func(r db.EnrichmentComputeLog) int64 { return r.SymbolID }, computeLogOf), nil
}

// CountComputeLogsOf counts those compute logs of each symbol.
func (s *queries) CountComputeLogsOf(ctx context.Context, symbolIDs []int64, r Range) (map[int64]int64, error) {
	from, to := r.ends()
	rows, err := s.q.CountComputeLogsOf(ctx, db.CountComputeLogsOfParams{SymbolIds: symbolIDs, FromAt: from, ToAt: to})
	if err != nil {
		return nil, failed(ctx, "count compute logs of symbols", err)
	}
	return counts(rows, func(r db.CountComputeLogsOfRow) (int64, int64) { return r.SymbolID, r.Logs }), nil
}
