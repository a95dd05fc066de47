package enrich

import (
	"context"
	"time"

	"github.com/candlewright/candlewright/internal/market"
	"github.com/candlewright/candlewright/internal/pipeline"
	"github.com/candlewright/candlewright/internal/store"
)

// eventSpacing keeps the events of a run to at most 10 a second.
const eventSpacing = 100 * time.Millisecond

// watch writes the progress of one run: an event in the same commit as what it
// tells of.
type watch struct {
	run     pipeline.Run
	now     func() time.Time
	elapsed func() time.Duration
	started time.Duration
	done    int64 // bars of the run that are dealt with
	begun   int64 // of these, before this attempt
	last    time.Duration
	any     bool
}

// watchRun begins to watch a run at what it has done before.
func (s *Service) watchRun(run pipeline.Run) *watch {
	return &watch{run: run, now: s.now, elapsed: s.elapsed, started: s.elapsed(), done: run.RecordsDone, begun: run.RecordsDone}
}

// stored tells of bars that a commit has dealt with.
func (w *watch) stored(ctx context.Context, tx *store.Tx, tf market.Timeframe, bars int) error {
	w.done += int64(bars)
	if err := tx.UpdateRunProgress(ctx, w.run.ID, max(w.run.RecordsTotal, w.done), w.done); err != nil {
		return err
	}
	return w.stage(ctx, tx, pipeline.StageStore, tf)
}

// stage tells what the run is at, unless it told something a moment ago.
func (w *watch) stage(ctx context.Context, tx *store.Tx, stage pipeline.Stage, tf market.Timeframe) error {
	if w.any && w.elapsed()-w.last < eventSpacing {
		return nil
	}
	return w.event(ctx, tx, pipeline.Progress{Status: pipeline.RunInProgress, Stage: stage, Timeframe: tf})
}

// ended tells of the end of the run; this event is always written.
func (w *watch) ended(ctx context.Context, tx *store.Tx, run pipeline.Run) error {
	p := pipeline.Progress{Status: run.Status, Stage: pipeline.StageDone}
	if run.Error != nil {
		p.Message = run.Error.Message
	}
	return w.event(ctx, tx, p)
}

func (w *watch) event(ctx context.Context, tx *store.Tx, p pipeline.Progress) error {
	w.any, w.last = true, w.elapsed()
	p.RecordsTotal, p.RecordsDone, p.At = max(w.run.RecordsTotal, w.done), w.done, w.now()
	if took := (w.last - w.started).Seconds(); took > 0 && w.done > w.begun {
		p.RecordsPerSecond = float64(w.done-w.begun) / took
		left := int(float64(p.RecordsTotal-p.RecordsDone) / p.RecordsPerSecond)
		p.EtaSeconds = &left
	}
	_, err := tx.AppendEvent(ctx, w.run.ID, p)
	return err
}
