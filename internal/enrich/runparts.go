package enrich

import (
	"context"

	"github.com/google/uuid"

	"github.com/candlewright/candlewright/internal/pipeline"
	"github.com/candlewright/candlewright/internal/store"
)

// The parts of runs, each of many runs at once.

// ProgressOf tells how far runs are, by id; one that does not exist has no entry.
func (s *Service) ProgressOf(ctx context.Context, runIDs []int64) (map[int64]pipeline.Progress, error) {
	states, err := s.store.RunStates(ctx, runIDs)
	if err != nil {
		return nil, err
	}
	out := make(map[int64]pipeline.Progress, len(states))
	for id, st := range states {
		out[id] = progress(st)
	}
	return out, nil
}

// progress is the newest event of a run, as far as it still holds: the run itself
// says where it stands, also before its first event.
func progress(st store.RunState) pipeline.Progress {
	p := st.Last
	if p.Seq > 0 && p.Status == st.Status {
		return p
	}
	p = pipeline.Progress{
		Seq: p.Seq, Status: st.Status, Stage: pipeline.StageFetch,
		RecordsTotal: st.RecordsTotal, RecordsDone: st.RecordsDone, At: p.At,
	}
	if p.At.IsZero() {
		p.At = st.CreatedAt
	}
	if st.Status.Ended() {
		p.Stage = pipeline.StageDone
		if st.Error != nil {
			p.Message = st.Error.Message
		}
	}
	return p
}

// BackfillsOf gives the timeframes of runs by job id, in the order asked for.
func (s *Service) BackfillsOf(ctx context.Context, jobIDs []uuid.UUID) (map[uuid.UUID][]pipeline.Backfill, error) {
	return s.store.Backfills(ctx, jobIDs)
}

// FetchLogsOfRuns gives all attempts to fetch of runs, oldest first.
func (s *Service) FetchLogsOfRuns(ctx context.Context, runIDs []int64) (map[int64][]pipeline.FetchLog, error) {
	return s.store.FetchLogsOfRuns(ctx, runIDs)
}

// ComputeLogsOfRuns gives all computations of runs, oldest first.
func (s *Service) ComputeLogsOfRuns(ctx context.Context, runIDs []int64) (map[int64][]pipeline.ComputeLog, error) {
	return s.store.ComputeLogsOfRuns(ctx, runIDs)
}
