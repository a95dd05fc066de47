package graph

import (
	"context"

	"github.com/google/uuid"

	"github.com/candlewright/candlewright/internal/enrich"
	"github.com/candlewright/candlewright/internal/pipeline"
)

// What rows are loaded by.

func symbolID(s *pipeline.Symbol) (int64, bool) { return s.ID, true }

func symbolKey(s *pipeline.Symbol) (enrich.SymbolKey, bool) {
	return enrich.SymbolKey{ID: s.ID, Class: s.Class}, true
}

func runID(r *pipeline.Run) (int64, bool) { return r.ID, true }

func jobID(r *pipeline.Run) (uuid.UUID, bool) { return r.JobID, true }

// symbolOf loads the symbol of a row.
func symbolOf[T any](ctx context.Context, r *Resolver, row *T, id func(*T) int64) (*pipeline.Symbol, error) {
	sym, err := relation[T, int64, pipeline.Symbol]{
		key:     func(row *T) (int64, bool) { return id(row), true },
		fetch:   r.service.SymbolsByIDs,
		arrived: objects[int64, pipeline.Symbol],
	}.of(ctx, row)
	return &sym, err
}

// runOf loads the run of a log; 0 is none.
func runOf[T any](ctx context.Context, r *Resolver, row *T, id func(*T) int64) (*pipeline.Run, error) {
	run, err := relation[T, int64, pipeline.Run]{
		key:     func(row *T) (int64, bool) { return id(row), id(row) != 0 },
		fetch:   r.service.RunsByIDs,
		arrived: objects[int64, pipeline.Run],
	}.of(ctx, row)
	if err != nil || run.ID == 0 {
		return nil, err
	}
	return &run, nil
}

func (r *Resolver) health(ctx context.Context, sym *pipeline.Symbol) (*enrich.Health, error) {
	h, err := relation[pipeline.Symbol, int64, enrich.Health]{key: symbolID, fetch: r.service.HealthOf}.of(ctx, sym)
	return &h, err
}

func (r *Resolver) seriesOf(ctx context.Context, sym *pipeline.Symbol) ([]enrich.SeriesExtent, error) {
	series, err := relation[pipeline.Symbol, enrich.SymbolKey, []enrich.SeriesExtent]{
		key: symbolKey, fetch: r.service.SeriesOf, arrived: slicesOf[enrich.SymbolKey, enrich.SeriesExtent],
	}.of(ctx, sym)
	return present(series), err
}

func (r *Resolver) lastRun(ctx context.Context, series *enrich.SeriesExtent) (*pipeline.Run, error) {
	run, err := relation[enrich.SeriesExtent, enrich.SeriesKey, pipeline.Run]{
		key:     func(e *enrich.SeriesExtent) (enrich.SeriesKey, bool) { return e.Key(), true },
		fetch:   r.service.LastRunsOf,
		arrived: objects[enrich.SeriesKey, pipeline.Run],
	}.of(ctx, series)
	if err != nil || run.ID == 0 {
		return nil, err
	}
	return &run, nil
}

func (r *Resolver) progress(ctx context.Context, run *pipeline.Run) (*pipeline.Progress, error) {
	p, err := relation[pipeline.Run, int64, pipeline.Progress]{key: runID, fetch: r.service.ProgressOf}.of(ctx, run)
	return &p, err
}

func (r *Resolver) backfills(ctx context.Context, run *pipeline.Run) ([]pipeline.Backfill, error) {
	rows, err := relation[pipeline.Run, uuid.UUID, []pipeline.Backfill]{key: jobID, fetch: r.service.BackfillsOf}.of(ctx, run)
	return present(rows), err
}

func (r *Resolver) fetchLogsOfRun(ctx context.Context, run *pipeline.Run) ([]pipeline.FetchLog, error) {
	logs, err := relation[pipeline.Run, int64, []pipeline.FetchLog]{
		key: runID, fetch: r.service.FetchLogsOfRuns, arrived: slicesOf[int64, pipeline.FetchLog],
	}.of(ctx, run)
	return present(logs), err
}

func (r *Resolver) computeLogsOfRun(ctx context.Context, run *pipeline.Run) ([]pipeline.ComputeLog, error) {
	logs, err := relation[pipeline.Run, int64, []pipeline.ComputeLog]{
		key: runID, fetch: r.service.ComputeLogsOfRuns, arrived: slicesOf[int64, pipeline.ComputeLog],
	}.of(ctx, run)
	return present(logs), err
}

// evidence notes what shows the causes of gaps.
func evidence(l *loaders, path string, gaps map[enrich.SymbolKey]enrich.List[enrich.Gap]) {
	var ranges [][]enrich.FetchRange
	for _, page := range gaps {
		for i := range page.Rows {
			ranges = append(ranges, page.Rows[i].Evidence)
		}
	}
	put(l, path, ranges)
}

// fetchLogsOfGap loads what shows the cause of a gap; logs that are gone have no
// entry.
func (r *Resolver) fetchLogsOfGap(ctx context.Context, gap *enrich.Gap) ([]pipeline.FetchLog, error) {
	logs := make([]pipeline.FetchLog, 0, len(gap.Evidence))
	for i := range gap.Evidence {
		log, err := relation[enrich.FetchRange, int64, pipeline.FetchLog]{
			key:     func(asked *enrich.FetchRange) (int64, bool) { return asked.LogID, true },
			fetch:   r.service.FetchLogsByIDs,
			arrived: objects[int64, pipeline.FetchLog],
		}.of(ctx, &gap.Evidence[i])
		if err != nil {
			return nil, err
		}
		if log.ID != 0 {
			logs = append(logs, log)
		}
	}
	return logs, nil
}

// present is a slice that is not null where it is empty.
func present[T any](rows []T) []T {
	if rows == nil {
		return []T{}
	}
	return rows
}

// countOf counts a list of each parent, when it is asked for.
func countOf[T any, K comparable](row *T, key func(*T) (K, bool), fetch func(context.Context, []K) (map[K]int64, error)) func(context.Context) (int64, error) {
	return func(ctx context.Context) (int64, error) {
		return relation[T, K, int64]{key: key, fetch: fetch}.of(ctx, row)
	}
}
