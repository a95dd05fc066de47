package enrich

import (
	"context"

	"github.com/candlewright/candlewright/internal/pipeline"
)

// Assignment is a run and its symbol, for the worker that is to carry it out.
// A run that does not exist is fault.NotFound.
func (s *Service) Assignment(ctx context.Context, runID int64) (pipeline.Run, pipeline.Symbol, error) {
	return s.runOf(ctx, runID)
}

// StatusOfRuns says where runs stand, by their ids; one that does not exist has
// no entry.
func (s *Service) StatusOfRuns(ctx context.Context, ids []int64) (map[int64]pipeline.RunStatus, error) {
	runs, err := s.store.RunsByIDs(ctx, ids)
	if err != nil {
		return nil, err
	}
	states := make(map[int64]pipeline.RunStatus, len(runs))
	for id, run := range runs {
		states[id] = run.Status
	}
	return states, nil
}
