package enrich

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/candlewright/candlewright/internal/fault"
	"github.com/candlewright/candlewright/internal/pipeline"
	"github.com/candlewright/candlewright/internal/store"
)

// errNoQueue is what a process without a queue says to who wants work done.
func errNoQueue() error {
	return fault.Down(nil, "This process has no queue for runs: ask one that was started with it")
}

// Cancel asks a run to stop. One that nobody has begun ends at once; one in
// progress ends after the chunk it is at; one that has ended stays as it is. A
// run that does not exist is NOT_FOUND.
func (s *Service) Cancel(ctx context.Context, jobID uuid.UUID) (pipeline.Run, error) {
	var run pipeline.Run
	err := s.withRun(ctx, jobID, func(tx *store.Tx, locked pipeline.Run) error {
		run = locked
		switch run.Status {
		case pipeline.RunQueued:
			if err := s.endRun(ctx, tx, run, s.watchRun(run), errCancelRequested); err != nil {
				return err
			}
		case pipeline.RunInProgress:
			if _, err := tx.RequestCancel(ctx, run.ID); err != nil {
				return err
			}
		default:
			return nil
		}
		var err error
		run, err = tx.RunByID(ctx, run.ID)
		return err
	})
	return run, err
}

// Retry queues a failed or cancelled run again; it goes on where it stopped. One
// that is queued or in progress stays as it is. A completed run and an import
// are a CONFLICT, a run that does not exist is NOT_FOUND.
func (s *Service) Retry(ctx context.Context, jobID uuid.UUID) (pipeline.Run, error) {
	if s.queue == nil {
		return pipeline.Run{}, errNoQueue()
	}
	var run pipeline.Run
	err := s.withRun(ctx, jobID, func(tx *store.Tx, locked pipeline.Run) error {
		run = locked
		switch {
		case run.Trigger == pipeline.TriggerImport:
			return fault.Clash("The run %s imported files, which only the command that began it can read: import them again", jobID)
		case run.Status == pipeline.RunCompleted:
			return fault.Clash("The run %s has completed: trigger a new one for newer candles", jobID)
		case !run.Status.Ended():
			return nil
		}
		var err error
		run, err = s.reopen(ctx, tx, run, s.now())
		return err
	})
	return run, err
}

// reopen queues a run again that failed or was cancelled; its row is locked.
func (s *Service) reopen(ctx context.Context, tx *store.Tx, run pipeline.Run, now time.Time) (pipeline.Run, error) {
	run, err := tx.ReopenRun(ctx, run.ID, s.maxAttempts, now)
	if err != nil {
		return run, err
	}
	p := pipeline.Progress{
		Status: run.Status, Stage: pipeline.StageFetch, RecordsTotal: run.RecordsTotal, RecordsDone: run.RecordsDone, At: now,
	}
	if _, err := tx.AppendEvent(ctx, run.ID, p); err != nil {
		return run, err
	}
	return run, s.queue.Enqueue(ctx, tx, run)
}

// withRun finds a run by its job id and works on it with its row locked.
func (s *Service) withRun(ctx context.Context, jobID uuid.UUID, work func(*store.Tx, pipeline.Run) error) error {
	return s.store.InTx(ctx, func(tx *store.Tx) error {
		found, err := tx.RunByJob(ctx, jobID)
		if err != nil {
			return err
		}
		run, err := tx.LockRun(ctx, found.ID)
		if err != nil {
			return err
		}
		return work(tx, run)
	})
}
