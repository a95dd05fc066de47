package store

import (
	"context"

	"github.com/candlewright/candlewright/db"
	"github.com/candlewright/candlewright/internal/pipeline"
)

// RunFilter narrows a list of runs; the zero value takes all.
type RunFilter struct {
	Range                          // of the times at which runs were queued
	Statuses []pipeline.RunStatus  // nil is any
	Triggers []pipeline.RunTrigger // nil is any
}

// RunsOf lists the runs of each symbol, newest first, in one statement; one
// without such runs has no entry.
func (s *queries) RunsOf(ctx context.Context, symbolIDs []int64, f RunFilter, p Page) (map[int64]List[pipeline.Run], error) {
	above, below := p.newestFirst(f.Range)
	arg := db.RunsOfParams{
		SymbolIds: symbolIDs,
		AboveAt:   above.At, AboveID: above.ID, BelowAt: below.At, BelowID: below.ID,
		Statuses: words(f.Statuses), Triggers: words(f.Triggers),
		RowLimit: p.rowLimit(),
	}
	var rows []db.EnrichmentRun
	var err error
	if p.Backward {
		rows, err = s.q.RunsOfBackward(ctx, db.RunsOfBackwardParams(arg))
	} else {
		rows, err = s.q.RunsOf(ctx, arg)
	}
	if err != nil {
		return nil, failed(ctx, "list runs of symbols", err)
	}
	return listedOf(p, rows, func(r db.EnrichmentRun) int64 { return r.SymbolID }, runOf), nil
}

// RunsList lists the runs of all symbols, newest first.
func (s *queries) RunsList(ctx context.Context, f RunFilter, p Page) (List[pipeline.Run], error) {
	read := s.allRuns
	if f.Statuses != nil {
		read = s.runsByStatus
	}
	rows, err := read(ctx, f, p)
	if err != nil {
		return List[pipeline.Run]{}, failed(ctx, "list runs", err)
	}
	return listed(p, rows, runOf), nil
}

func (s *queries) allRuns(ctx context.Context, f RunFilter, p Page) ([]db.EnrichmentRun, error) {
	above, below := p.newestFirst(f.Range)
	arg := db.AllRunsParams{
		AboveAt: above.At, AboveID: above.ID, BelowAt: below.At, BelowID: below.ID,
		Triggers: words(f.Triggers), RowLimit: p.rowLimit(),
	}
	if p.Backward {
		return s.q.AllRunsBackward(ctx, db.AllRunsBackwardParams(arg))
	}
	return s.q.AllRuns(ctx, arg)
}

func (s *queries) runsByStatus(ctx context.Context, f RunFilter, p Page) ([]db.EnrichmentRun, error) {
	above, below := p.newestFirst(f.Range)
	arg := db.RunsByStatusParams{
		Statuses: words(f.Statuses),
		AboveAt:  above.At, AboveID: above.ID, BelowAt: below.At, BelowID: below.ID,
		Triggers: words(f.Triggers), RowLimit: p.rowLimit(),
	}
	if p.Backward {
		return s.q.RunsByStatusBackward(ctx, db.RunsByStatusBackwardParams(arg))
	}
	return s.q.RunsByStatus(ctx, arg)
}

// CountRunsOf counts those runs of each symbol.
func (s *queries) CountRunsOf(ctx context.Context, symbolIDs []int64, f RunFilter) (map[int64]int64, error) {
	from, to := f.ends()
	rows, err := s.q.CountRunsOf(ctx, db.CountRunsOfParams{
		SymbolIds: symbolIDs, FromAt: from, ToAt: to, Statuses: words(f.Statuses), Triggers: words(f.Triggers),
	})
	if err != nil {
		return nil, failed(ctx, "count runs of symbols", err)
	}
	return counts(rows, func(r db.CountRunsOfRow) (int64, int64) { return r.SymbolID, r.Runs }), nil
}

// CountRuns is the length of the list of RunsList.
func (s *queries) CountRuns(ctx context.Context, f RunFilter) (int64, error) {
	from, to := f.ends()
	n, err := s.q.CountAllRuns(ctx, db.CountAllRunsParams{
		FromAt: from, ToAt: to, Statuses: words(f.Statuses), Triggers: words(f.Triggers),
	})
	return n, failed(ctx, "count runs", err)
}
