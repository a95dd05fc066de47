package jobs

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"github.com/candlewright/candlewright/internal/enrich"
	"github.com/candlewright/candlewright/internal/fault"
	"github.com/candlewright/candlewright/internal/pipeline"
)

// recordTimeout is how long it may take to write or read how a run ended after
// its context has.
const recordTimeout = 10 * time.Second

// worker carries out the jobs of one process.
type worker struct {
	river.WorkerDefaults[runArgs]
	service *enrich.Service
	log     *slog.Logger
	counts  *counts
	pause   chan struct{} // closed when the process stops: runs end after the page at hand

	mu     sync.Mutex
	atWork map[int64]bool // River's ids of the jobs that are in Work
}

// turn is a worker's turn at a run: one call of Work.
type turn struct {
	*worker
	runID int64
	last  bool // River would give the job up if this turn failed
	log   *slog.Logger
	began time.Time
}

// Work has enrich carry out the run, and tells River what to do with the job.
func (w *worker) Work(ctx context.Context, job *river.Job[runArgs]) error {
	defer w.enter(job.ID)()
	t := &turn{
		worker: w, runID: job.Args.RunID, last: job.Attempt >= job.MaxAttempts,
		log: w.log.With("job_id", job.Args.JobID.String()), began: time.Now(),
	}
	run, sym, err := w.service.Assignment(ctx, t.runID)
	switch {
	case fault.Is(err, fault.NotFound):
		t.log.WarnContext(ctx, "a job was dropped since its run does not exist any more")
		return river.JobCancel(err)
	case err != nil:
		return t.unfinished(ctx, err)
	case run.Status.Ended():
		return nil
	}
	t.log = t.log.With("symbol", sym.String())
	t.taken(ctx, run, waited(job.Metadata))
	if err := t.execute(ctx); err != nil {
		return t.unfinished(ctx, err)
	}
	t.ended(ctx)
	return nil
}

// NextRetry is when a job whose run could not be carried to its end is due again.
func (w *worker) NextRetry(job *river.Job[runArgs]) time.Time {
	return time.Now().Add(retryDelay(job.Attempt))
}

// taken tells that a worker has the run, once for one that has to wait.
func (t *turn) taken(ctx context.Context, run pipeline.Run, waited bool) {
	if waited {
		return
	}
	resumed := run.Status == pipeline.RunInProgress
	if resumed {
		t.counts.resumed.Inc()
	}
	t.log.InfoContext(ctx, "run taken up", "trigger", string(run.Trigger), "resumed", resumed, "records_done", run.RecordsDone)
}

// enter marks a job as at work until the function that it returns is called.
func (w *worker) enter(id int64) (leave func()) {
	w.counts.working.Inc()
	w.mu.Lock()
	defer w.mu.Unlock()
	w.atWork[id] = true
	return func() {
		w.counts.working.Dec()
		w.mu.Lock()
		defer w.mu.Unlock()
		delete(w.atWork, id)
	}
}

// has reports whether a job is at work here.
func (w *worker) has(id int64) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.atWork[id]
}

// execute carries the run out; a panic is an error.
func (t *turn) execute(ctx context.Context) (err error) {
	defer func() { err = errors.Join(err, recovered(recover())) }()
	return t.service.Execute(ctx, t.runID, t.pause)
}

// ended tells how a run ended.
func (t *turn) ended(ctx context.Context) {
	took := time.Since(t.began)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordTimeout)
	defer cancel()
	run, _, err := t.service.Assignment(ctx, t.runID)
	if err != nil {
		t.log.WarnContext(ctx, "run ended; how cannot be read", "duration", took, "err", err.Error())
		return
	}
	t.counts.turn(string(run.Status), took)
	attrs := []any{"status", string(run.Status), "duration", took, "records_done", run.RecordsDone}
	if run.Error != nil {
		t.log.WarnContext(ctx, "run ended", append(attrs, "code", run.Error.Code, "err", run.Error.Message)...)
		return
	}
	t.log.InfoContext(ctx, "run ended", attrs...)
}

// unfinished deals with a run that did not come to its end: it goes on later,
// here or elsewhere, unless a panic of the program or the last attempt ends it.
func (t *turn) unfinished(ctx context.Context, err error) error {
	took := time.Since(t.began)
	_, crashed := errors.AsType[*panicked](err)
	switch cause := context.Cause(ctx); {
	case crashed || t.last:
		return t.fail(ctx, err)
	case errors.Is(err, enrich.ErrBusy):
		if err := river.MetadataSet(ctx, waitedKey, true); err != nil {
			return err
		}
		t.counts.turn(outcomeBusy, took)
		t.log.DebugContext(ctx, "run waits for another of the same series")
		return river.JobSnooze(busyDelay())
	case errors.Is(cause, rivertype.ErrJobCancelledRemotely) || errors.Is(err, enrich.ErrTakenOver):
		t.counts.turn(outcomeTakenOver, took)
		t.log.WarnContext(ctx, "run goes on with another worker, since this one had lost its lock", "duration", took)
		return river.JobCancel(err)
	case cause != nil || errors.Is(err, enrich.ErrPaused):
		t.counts.turn(outcomeHandedBack, took)
		t.log.InfoContext(ctx, "run handed back", "duration", took)
		return river.JobSnooze(0) // which makes the job available at once
	}
	t.counts.turn(outcomeInterrupted, took)
	t.log.WarnContext(ctx, "run interrupted; it goes on later from where it stands", "duration", took, "err", err.Error())
	return err
}

// fail ends a run that is not to be tried again.
func (t *turn) fail(ctx context.Context, cause error) error {
	t.log.ErrorContext(ctx, "run cannot be carried out", withStack(cause, "duration", time.Since(t.began))...)
	// The run must not be left open, even while the process stops.
	record, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordTimeout)
	defer cancel()
	if err := t.service.Fail(record, t.runID, cause); err != nil {
		return fmt.Errorf("record the failure of the run: %w", err)
	}
	t.ended(ctx)
	return nil
}
