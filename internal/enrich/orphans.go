package enrich

import (
	"context"

	"github.com/candlewright/candlewright/internal/pipeline"
	"github.com/candlewright/candlewright/internal/store"
)

// Orphans is what became of runs whose process died.
type Orphans struct {
	Requeued    int // runs over sources: a worker takes them up where they stand
	Interrupted int // imports: their files are gone with the process, so they end as failed
}

// TakeUpOrphans finds runs in progress that nobody works at: a run's process
// holds a lock on its series as long as it lives, and the lock dies with it.
func (s *Service) TakeUpOrphans(ctx context.Context) (Orphans, error) {
	var found Orphans
	open, err := s.store.OpenRuns(ctx)
	if err != nil {
		return found, err
	}
	held, err := s.store.HeldSeries(ctx)
	if err != nil {
		return found, err
	}
	for _, run := range open {
		if run.Status != pipeline.RunInProgress || held(run.SymbolID, run.Timeframes...) || run.Trigger != pipeline.TriggerImport && s.queue == nil {
			continue
		}
		took, err := s.takeUp(ctx, run)
		switch {
		case err != nil:
			return found, err
		case took && run.Trigger == pipeline.TriggerImport:
			found.Interrupted++
		case took:
			found.Requeued++
		}
	}
	return found, nil
}

func (s *Service) takeUp(ctx context.Context, run pipeline.Run) (bool, error) {
	unlock, free, err := s.store.TryLockSeries(ctx, run.SymbolID, run.Timeframes...)
	if err != nil || !free {
		return false, err
	}
	defer unlock()
	took := false
	err = s.store.InTx(ctx, func(tx *store.Tx) error {
		took = false
		now, err := tx.LockRun(ctx, run.ID)
		if err != nil || now.Status != pipeline.RunInProgress {
			return err // it ended between the two looks
		}
		took = true
		if run.Trigger == pipeline.TriggerImport {
			return s.endRun(ctx, tx, now, s.watchRun(now), errInterrupted)
		}
		return s.queue.Enqueue(ctx, tx, now)
	})
	return took, err
}
