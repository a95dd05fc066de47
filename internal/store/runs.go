package store

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/candlewright/candlewright/db"
	"github.com/candlewright/candlewright/internal/fault"
	"github.com/candlewright/candlewright/internal/market"
	"github.com/candlewright/candlewright/internal/pipeline"
)

// CreateRun writes a queued run and a pending backfill row for each of its
// timeframes. It gives the run with its id; CreatedAt is the caller's, status,
// attempt and progress are those of a new run.
func (s *queries) CreateRun(ctx context.Context, r pipeline.Run) (pipeline.Run, error) {
	id, err := s.q.CreateRun(ctx, newRun(r))
	if err != nil {
		return pipeline.Run{}, failed(ctx, "create run", err)
	}
	r.ID, r.Status = id, pipeline.RunQueued
	return r, nil
}

// RunByID is a run by its id.
func (s *queries) RunByID(ctx context.Context, id int64) (pipeline.Run, error) {
	r, err := s.q.RunByID(ctx, id)
	return s.run(ctx, "read run", id, r, err)
}

// RunByJob is a run by the job_id that clients know it by.
func (s *queries) RunByJob(ctx context.Context, jobID uuid.UUID) (pipeline.Run, error) {
	r, err := s.q.RunByJob(ctx, jobID)
	if err != nil {
		return pipeline.Run{}, found(ctx, "read run by job", err, fault.NoSuch("There is no run with the job id %s", jobID))
	}
	return runOf(r), nil
}

// LockRun reads a run and holds its row until the end of the transaction.
func (tx *Tx) LockRun(ctx context.Context, id int64) (pipeline.Run, error) {
	r, err := tx.q.LockRun(ctx, id)
	return tx.run(ctx, "lock run", id, r, err)
}

func (s *queries) run(ctx context.Context, attempted string, id int64, r db.EnrichmentRun, err error) (pipeline.Run, error) {
	if err != nil {
		return pipeline.Run{}, found(ctx, attempted, err, fault.NoSuch("There is no run %d", id))
	}
	return runOf(r), nil
}

// RunsByIDs gives the runs by id; those that do not exist have no entry.
func (s *queries) RunsByIDs(ctx context.Context, ids []int64) (map[int64]pipeline.Run, error) {
	rows, err := s.q.RunsByIDs(ctx, ids)
	if err != nil {
		return nil, failed(ctx, "read runs by id", err)
	}
	runs := make(map[int64]pipeline.Run, len(rows))
	for _, r := range rows {
		runs[r.ID] = runOf(r)
	}
	return runs, nil
}

// OpenRunsOf are the runs of a symbol that have not ended, oldest first.
func (s *queries) OpenRunsOf(ctx context.Context, symbolID int64) ([]pipeline.Run, error) {
	rows, err := s.q.OpenRunsOf(ctx, symbolID)
	if err != nil {
		return nil, failed(ctx, "read open runs of a symbol", err)
	}
	return all(rows, runOf), nil
}

// OpenRuns are the runs of all symbols that have not ended, oldest first.
func (s *queries) OpenRuns(ctx context.Context) ([]pipeline.Run, error) {
	rows, err := s.q.OpenRuns(ctx)
	if err != nil {
		return nil, failed(ctx, "read open runs", err)
	}
	return all(rows, runOf), nil
}

// LastRunsOf gives, by symbol, the newest run that covers a timeframe.
func (s *queries) LastRunsOf(ctx context.Context, symbolIDs []int64, tf market.Timeframe) (map[int64]pipeline.Run, error) {
	rows, err := s.q.LastRunsOf(ctx, db.LastRunsOfParams{SymbolIds: symbolIDs, Timeframe: string(tf)})
	if err != nil {
		return nil, failed(ctx, "read the last runs of a timeframe", err)
	}
	runs := make(map[int64]pipeline.Run, len(rows))
	for _, r := range rows {
		runs[r.SymbolID] = runOf(r)
	}
	return runs, nil
}

// StartRun says that a worker begins an attempt (counted from 1) of a run; that
// of a worker that died is begun anew. A run that has ended is a CONFLICT.
func (s *queries) StartRun(ctx context.Context, id int64, attempt int, now time.Time) (pipeline.Run, error) {
	r, err := s.q.StartRun(ctx, db.StartRunParams{ID: id, Attempt: int4(attempt), Now: now})
	return s.changed(ctx, "start run", id, r, err)
}

// UpdateRunProgress writes how far a run in progress is; of one that is not it
// changes nothing.
func (s *queries) UpdateRunProgress(ctx context.Context, id, recordsTotal, recordsDone int64) error {
	_, err := s.q.UpdateRunProgress(ctx, db.UpdateRunProgressParams{ID: id, RecordsTotal: recordsTotal, RecordsDone: recordsDone})
	return failed(ctx, "update the progress of a run", err)
}

// RequeueRun puts a run back into the queue after an attempt that failed and may
// be repeated; the error is shown until the run ends.
func (s *queries) RequeueRun(ctx context.Context, id int64, why pipeline.RunError, now time.Time) (pipeline.Run, error) {
	r, err := s.q.RequeueRun(ctx, db.RequeueRunParams{
		ID: id, ErrorCode: nullText(why.Code), ErrorMessage: nullText(why.Message), Now: now,
	})
	return s.changed(ctx, "put run back into the queue", id, r, err)
}

// RunEnd is how a run ended.
type RunEnd struct {
	Status      pipeline.RunStatus // completed, failed or cancelled
	RecordsDone int64
	Error       *pipeline.RunError // of a failed one, with a code
}

// EndRun ends a run, once, and with it those of its timeframes that have not
// ended. A run that has ended is a CONFLICT.
func (s *queries) EndRun(ctx context.Context, id int64, end RunEnd, now time.Time) (pipeline.Run, error) {
	arg := db.EndRunParams{ID: id, Status: end.Status, RecordsDone: end.RecordsDone, Now: now}
	if end.Error != nil {
		arg.ErrorCode, arg.ErrorMessage = nullText(end.Error.Code), nullText(end.Error.Message)
		arg.ErrorRetryable = nullBool(&end.Error.Retryable)
	}
	r, err := s.q.EndRun(ctx, arg)
	return s.changed(ctx, "end run", id, r, err)
}

// RequestCancel asks a run that has not ended to stop; its worker sees to it. A
// run that has ended is a CONFLICT.
func (s *queries) RequestCancel(ctx context.Context, id int64) (pipeline.Run, error) {
	r, err := s.q.RequestCancel(ctx, id)
	return s.changed(ctx, "request the end of a run", id, r, err)
}

// CancelRequested reports whether a run was asked to stop.
func (s *queries) CancelRequested(ctx context.Context, id int64) (bool, error) {
	asked, err := s.q.CancelRequested(ctx, id)
	return asked, found(ctx, "ask whether a run is to stop", err, fault.NoSuch("There is no run %d", id))
}

// changed explains an update that found no open run: a second statement tells
// whether the run has ended or does not exist.
func (s *queries) changed(ctx context.Context, attempted string, id int64, r db.EnrichmentRun, err error) (pipeline.Run, error) {
	if !noRow(err) {
		return s.run(ctx, attempted, id, r, err)
	}
	run, err := s.RunByID(ctx, id)
	if err != nil {
		return pipeline.Run{}, err
	}
	return pipeline.Run{}, fault.Clash("The run %s has already ended (%s)", run.JobID, run.Status)
}
