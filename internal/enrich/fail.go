package enrich

import (
	"context"

	"github.com/candlewright/candlewright/internal/store"
)

// Fail ends a run that cannot be carried out for a reason that is the program's
// own, as after a panic. What the client sees of the cause is a fixed sentence
// unless it is a fault; what the run has stored by now stays. A run that has
// ended is left as it is.
func (s *Service) Fail(ctx context.Context, runID int64, cause error) error {
	return s.store.InTx(ctx, func(tx *store.Tx) error {
		run, err := tx.LockRun(ctx, runID)
		if err != nil || run.Status.Ended() {
			return err
		}
		return s.endRun(ctx, tx, run, s.watchRun(run), cause)
	})
}
