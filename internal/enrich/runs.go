package enrich

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"

	"github.com/candlewright/candlewright/internal/fault"
	"github.com/candlewright/candlewright/internal/grid"
	"github.com/candlewright/candlewright/internal/market"
	"github.com/candlewright/candlewright/internal/pipeline"
	"github.com/candlewright/candlewright/internal/source"
	"github.com/candlewright/candlewright/internal/store"
)

// endTimeout is how long the end of a run may take to be written after its
// context has ended.
const endTimeout = 10 * time.Second

// runSpec is a run that is to be made.
type runSpec struct {
	trigger    pipeline.RunTrigger
	timeframes []market.Timeframe
	from, to   time.Time
	total      int64
	by         string
}

func (s *Service) createRun(ctx context.Context, tx *store.Tx, sym pipeline.Symbol, spec runSpec, now time.Time) (pipeline.Run, error) {
	id, err := uuid.NewRandom()
	if err != nil {
		return pipeline.Run{}, err
	}
	return tx.CreateRun(ctx, pipeline.Run{
		SymbolID: sym.ID, JobID: id, Trigger: spec.trigger, Status: pipeline.RunQueued, Timeframes: spec.timeframes,
		From: spec.from, To: spec.to, RequestedBy: spec.by, MaxAttempts: s.maxAttempts, RecordsTotal: spec.total,
		EstimatedSeconds: int(estimate(len(spec.timeframes), spec.total)), CreatedAt: now,
	})
}

// estimate is the documented guess of a run's seconds: 20 for each timeframe and
// one for each 100 bars.
func estimate(timeframes int, total int64) int64 { return 20*int64(timeframes) + total/100 }

// endRun writes the end of a run and what the symbol's status makes of it.
// failure nil: completed; a context that was cancelled by request: cancelled.
func (s *Service) endRun(ctx context.Context, tx *store.Tx, run pipeline.Run, w *watch, failure error) error {
	status, runErr := pipeline.RunCompleted, (*pipeline.RunError)(nil)
	switch {
	case errors.Is(failure, errCancelRequested):
		status = pipeline.RunCancelled
	case failure != nil:
		status, runErr = pipeline.RunFailed, runError(failure)
	}
	if failure != nil && run.Trigger == pipeline.TriggerImport {
		if err := s.settleImport(ctx, tx, run); err != nil {
			return err
		}
	}
	ended, err := tx.EndRun(ctx, run.ID, store.RunEnd{Status: status, RecordsDone: w.done, Error: runErr}, s.now())
	if err != nil {
		return err
	}
	if err := s.saveStatus(ctx, tx, run.SymbolID, s.now(), &ended); err != nil {
		return err
	}
	return w.ended(ctx, tx, ended)
}

// settleImport sets the freshness of what an import wrote right, which was taken
// as that of a series up to the import's newest row.
func (s *Service) settleImport(ctx context.Context, tx *store.Tx, run pipeline.Run) error {
	syms, err := tx.SymbolsByIDs(ctx, []int64{run.SymbolID})
	if err != nil {
		return err
	}
	sym := syms[run.SymbolID]
	for _, tf := range run.Timeframes {
		t := target{symbol: sym, grid: grid.New(sym.Class, tf), runID: run.ID, now: run.CreatedAt}
		if err := s.settleFreshness(ctx, tx, t, run.From); err != nil {
			return err
		}
	}
	return nil
}

// requeueRun puts a run back for another attempt.
func (s *Service) requeueRun(ctx context.Context, tx *store.Tx, run pipeline.Run, w *watch, failure error) error {
	why := *runError(failure)
	queued, err := tx.RequeueRun(ctx, run.ID, why, s.now())
	if err != nil {
		return err
	}
	return w.event(ctx, tx, pipeline.Progress{Status: queued.Status, Stage: pipeline.StageFetch, Message: why.Message})
}

// errCancelRequested ends a run that was asked to stop.
var errCancelRequested = errors.New("the run was asked to stop")

// errInterrupted ends a run whose process died and that cannot be taken up.
var errInterrupted = errors.New("the process that carried out the run died before its end")

// runError is a failure as a client may see it.
func runError(err error) *pipeline.RunError {
	var (
		failed *source.FailedError
		f      *fault.Error
	)
	switch {
	case errors.As(err, &failed):
		return &pipeline.RunError{Code: source.Code(err), Message: failed.Error(), Retryable: source.Retryable(err)}
	case errors.Is(err, errInterrupted):
		return &pipeline.RunError{Code: "interrupted", Message: "the process that carried out the run died before its end; what it had stored is complete", Retryable: true}
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return &pipeline.RunError{Code: "interrupted", Message: "the run was stopped before its end; what it had stored is complete", Retryable: true}
	case errors.As(err, &f):
		shown := fault.Show(err)
		return &pipeline.RunError{Code: shown.Code, Message: shown.Detail, Retryable: f.Code == fault.DatabaseError || f.Code == fault.Unavailable}
	}
	return &pipeline.RunError{Code: string(fault.Internal), Message: "an error of the program; its log tells more", Retryable: false}
}

// computeLog is the log of what was computed for one timeframe of a run.
func computeLog(symbolID int64, tf market.Timeframe, runID int64, done written, now time.Time) pipeline.ComputeLog {
	ms := int(done.Compute.Milliseconds())
	missing := []string{}
	for _, name := range done.Missing.Names() {
		missing = append(missing, name.String())
	}
	return pipeline.ComputeLog{
		SymbolID: symbolID, Timeframe: tf, RunID: runID, FeaturesComputed: done.Values,
		MissingFields: missing, ComputationTimeMs: &ms, Success: true, CreatedAt: now,
	}
}
