package enrich

import (
	"context"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/candlewright/candlewright/internal/market"
	"github.com/candlewright/candlewright/internal/pipeline"
)

const (
	// runsPoll is how often somebody who follows many runs looks.
	runsPoll = 500 * time.Millisecond

	// runsLooked is how many of them he looks at: the first in the queue that
	// have not ended, among which those in progress are.
	runsLooked = 1000
)

// RunsProgress is how far many runs are, all together.
type RunsProgress struct {
	Runs, Completed, Failed, Cancelled int
	InProgress                         int
	BarsTotal, BarsDone                int64
	BarsPerSecond                      float64        // measured since the following began; 0: nothing yet
	Eta                                *time.Duration // by that speed; nil without one
}

// Ended is the number of runs that are over.
func (p RunsProgress) Ended() int { return p.Completed + p.Failed + p.Cancelled }

// FollowRuns tells how far runs are, whoever carries them out, until all have
// ended. ids are in the order of the queue. It gives the runs that did not
// complete, oldest first.
func (s *Service) FollowRuns(ctx context.Context, ids []int64, tell func(RunsProgress)) ([]pipeline.Run, error) {
	f := &following{s: s, open: slices.Clone(ids), done: make(map[int64]int64, len(ids))}
	f.now.Runs = len(ids)
	if err := f.begin(ctx); err != nil {
		return nil, err
	}
	tick := time.NewTicker(runsPoll)
	defer tick.Stop()
	for {
		if err := f.look(ctx); err != nil {
			return nil, err
		}
		tell(f.now)
		if len(f.open) == 0 {
			return f.unfinished, nil
		}
		select {
		case <-ctx.Done():
			return f.unfinished, context.Cause(ctx)
		case <-tick.C:
		}
	}
}

// following is one who follows runs.
type following struct {
	s          *Service
	open       []int64
	done       map[int64]int64 // bars of each run
	unfinished []pipeline.Run
	now        RunsProgress
	begun      int64 // bars done before
	started    time.Duration
}

// begin reads where all of the runs stand.
func (f *following) begin(ctx context.Context) error {
	for page := range slices.Chunk(f.open, runsLooked) {
		runs, err := f.s.store.RunsByIDs(ctx, page)
		if err != nil {
			return err
		}
		for _, run := range runs {
			f.now.BarsTotal += run.RecordsTotal
			f.now.BarsDone += run.RecordsDone
			f.done[run.ID] = run.RecordsDone
		}
	}
	f.begun, f.started = f.now.BarsDone, f.s.elapsed()
	return nil
}

// look reads where the first open runs stand.
func (f *following) look(ctx context.Context) error {
	page := f.open[:min(runsLooked, len(f.open))]
	runs, err := f.s.store.RunsByIDs(ctx, page)
	if err != nil {
		return err
	}
	f.now.InProgress = 0
	left := make([]int64, 0, len(f.open))
	for _, id := range page {
		run, ok := runs[id]
		if !ok {
			f.now.Cancelled++ // its row is gone, by housekeeping
			continue
		}
		if f.count(run) {
			left = append(left, id)
		}
	}
	f.open = append(left, f.open[len(page):]...)
	f.speed()
	return nil
}

// count takes over where a run stands, and reports whether it goes on.
func (f *following) count(run pipeline.Run) bool {
	done := run.RecordsDone
	switch run.Status {
	case pipeline.RunQueued:
	case pipeline.RunInProgress:
		f.now.InProgress++
	case pipeline.RunCompleted:
		f.now.Completed++
		done = run.RecordsTotal // a source may have no slots where the calendar has
	case pipeline.RunFailed:
		f.now.Failed++
		f.unfinished = append(f.unfinished, run)
	case pipeline.RunCancelled:
		f.now.Cancelled++
		f.unfinished = append(f.unfinished, run)
	}
	f.now.BarsDone += done - f.done[run.ID]
	f.done[run.ID] = done
	return !run.Status.Ended()
}

func (f *following) speed() {
	p := &f.now
	p.BarsTotal = max(p.BarsTotal, p.BarsDone)
	took := (f.s.elapsed() - f.started).Seconds()
	if took <= 0 || p.BarsDone <= f.begun {
		return
	}
	p.BarsPerSecond = float64(p.BarsDone-f.begun) / took
	left := time.Duration(float64(p.BarsTotal-p.BarsDone) / p.BarsPerSecond * float64(time.Second))
	p.Eta = &left
}

// MissingPart is what a run that did not complete leaves undone.
type MissingPart struct {
	Run       pipeline.Run
	Symbol    market.Symbol
	Timeframe market.Timeframe
	From, To  time.Time // stamps that are missing, To exclusive
	Why       string
}

// MissingOf says which dates runs that failed or were cancelled have not
// brought, by run and timeframe.
func (s *Service) MissingOf(ctx context.Context, runs []pipeline.Run) ([]MissingPart, error) {
	jobs, symbols := make([]uuid.UUID, len(runs)), make([]int64, len(runs))
	for i, run := range runs {
		jobs[i], symbols[i] = run.JobID, run.SymbolID
	}
	rows, err := s.store.Backfills(ctx, jobs)
	if err != nil {
		return nil, err
	}
	names, err := s.store.SymbolsByIDs(ctx, symbols)
	if err != nil {
		return nil, err
	}
	var parts []MissingPart
	for _, run := range runs {
		for _, row := range rows[run.JobID] {
			if row.Status == pipeline.BackfillCompleted {
				continue
			}
			p := MissingPart{Run: run, Symbol: names[run.SymbolID].Symbol, Timeframe: row.Timeframe, From: later(run.From, row.DoneThrough), To: run.To, Why: string(run.Status)}
			if run.Error != nil {
				p.Why = run.Error.Message
			}
			parts = append(parts, p)
		}
	}
	return parts, nil
}
