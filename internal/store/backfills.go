package store

import (
	"context"

	"github.com/google/uuid"

	"github.com/candlewright/candlewright/internal/fault"
	"github.com/candlewright/candlewright/internal/pipeline"
)

// Backfills gives the state of the timeframes of each run by its job id, in the
// order in which they were asked for.
func (s *queries) Backfills(ctx context.Context, jobIDs []uuid.UUID) (map[uuid.UUID][]pipeline.Backfill, error) {
	rows, err := s.q.BackfillsOf(ctx, jobIDs)
	if err != nil {
		return nil, failed(ctx, "read backfill rows", err)
	}
	byJob := make(map[uuid.UUID][]pipeline.Backfill, len(jobIDs))
	for _, r := range rows {
		b := backfillOf(r)
		byJob[r.BackfillJobID] = append(byJob[r.BackfillJobID], b)
	}
	return byJob, nil
}

// UpdateBackfill writes the state of one timeframe of a run as of b.UpdatedAt,
// unless that timeframe has ended, which is a CONFLICT.
func (s *queries) UpdateBackfill(ctx context.Context, b pipeline.Backfill) error {
	n, err := s.q.UpdateBackfill(ctx, newBackfill(b))
	if err == nil && n == 0 {
		return fault.Clash("The %s part of the run %s has already ended or does not exist", b.Timeframe, b.JobID)
	}
	return failed(ctx, "update backfill row", err)
}
