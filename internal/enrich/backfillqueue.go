package enrich

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/candlewright/candlewright/internal/market"
	"github.com/candlewright/candlewright/internal/pipeline"
	"github.com/candlewright/candlewright/internal/store"
)

// queueBatch is how many runs of a backfill one commit makes. The symbols of a
// batch are locked until then, and whoever triggers one of them waits so long.
const queueBatch = 250

// QueuedBackfill is what was queued.
type QueuedBackfill struct {
	RunIDs  []int64 // in the order in which they are carried out, the pending ones too
	New     int
	Resumed int
	Pending int // were in the queue already
}

// QueueBackfill queues the runs of a plan: the newest window of every symbol
// before any older one, below every other run in rank. A symbol that is not
// tracked is from now on.
//
// It commits batch by batch. When it fails in between, what it gives was queued;
// to plan and queue again makes the rest. report, if set, is told how many of
// the plan's runs are dealt with.
func (s *Service) QueueBackfill(ctx context.Context, p BackfillPlan, by string, report func(done, total int)) (QueuedBackfill, error) {
	var all QueuedBackfill
	if s.queue == nil {
		return all, errNoQueue()
	}
	done := 0
	for start := 0; start < len(p.steps); {
		batch := p.steps[start:min(start+queueBatch, len(p.steps))]
		start += len(batch)
		one, err := s.queueBatch(ctx, p, batch, by)
		if err != nil {
			return all, err
		}
		all.RunIDs = append(all.RunIDs, one.RunIDs...)
		all.New, all.Resumed, all.Pending = all.New+one.New, all.Resumed+one.Resumed, all.Pending+one.Pending
		if done += len(batch); report != nil {
			report(done, len(p.steps))
		}
	}
	return all, nil
}

// queueBatch queues steps in one commit. Symbols are locked in one order by
// everybody who locks more than one, so that no two wait for each other; the
// runs are made in the order of the plan all the same.
func (s *Service) queueBatch(ctx context.Context, p BackfillPlan, batch []backfillStep, by string) (QueuedBackfill, error) {
	now := s.now()
	var q QueuedBackfill
	err := s.store.InTx(ctx, func(tx *store.Tx) error {
		q = QueuedBackfill{}
		locked, err := s.lockAll(ctx, tx, batch, p.Timeframes, now)
		if err != nil {
			return err
		}
		for _, step := range batch {
			if err := s.queueStep(ctx, tx, &q, step, locked[step.symbol], p.Timeframes, by, now); err != nil {
				return err
			}
		}
		return nil
	})
	return q, err
}

func compareSymbols(a, b market.Symbol) int {
	return cmp.Or(cmp.Compare(a.Ticker, b.Ticker), cmp.Compare(a.Class, b.Class))
}

// lockAll tracks and locks the symbols of a batch.
func (s *Service) lockAll(ctx context.Context, tx *store.Tx, batch []backfillStep, tfs []market.Timeframe, now time.Time) (map[market.Symbol]pipeline.Symbol, error) {
	order := make([]market.Symbol, len(batch))
	for i, step := range batch {
		order[i] = step.symbol
	}
	slices.SortFunc(order, compareSymbols)
	locked := make(map[market.Symbol]pipeline.Symbol, len(order))
	for _, sym := range slices.Compact(order) {
		known, err := s.trackForRun(ctx, tx, TriggerRequest{Ticker: sym.Ticker, Class: sym.Class, Timeframes: tfs}, now)
		if err != nil {
			return nil, err
		}
		locked[sym] = known
	}
	return locked, nil
}

// queueStep queues one run, unless one has come to be there since the plan.
func (s *Service) queueStep(
	ctx context.Context, tx *store.Tx, q *QueuedBackfill, step backfillStep, sym pipeline.Symbol, tfs []market.Timeframe, by string, now time.Time,
) error {
	open, err := tx.OpenRunsOf(ctx, sym.ID)
	if err != nil {
		return err
	}
	if run, state := coverage(open, step.window, tfs); state == coveredOpen {
		q.RunIDs = append(q.RunIDs, run.ID)
		q.Pending++
		return nil
	}
	if step.resume {
		run, err := tx.LockRun(ctx, step.runID)
		if err != nil {
			return err
		}
		if run.Status.Ended() && run.Status != pipeline.RunCompleted {
			q.RunIDs = append(q.RunIDs, run.ID)
			q.Resumed++
			_, err := s.reopen(ctx, tx, run, now)
			return err
		}
	}
	run, err := s.createRun(ctx, tx, sym, runSpec{
		trigger: pipeline.TriggerBackfill, timeframes: tfs, from: step.window.from, to: step.window.to, total: step.window.bars, by: by,
	}, now)
	if err != nil {
		return err
	}
	q.RunIDs = append(q.RunIDs, run.ID)
	q.New++
	return s.queue.Enqueue(ctx, tx, run)
}

// newerFirst reports whether a run of a backfill has to wait for another of the
// same symbol that brings newer bars. The queue hands out several runs at once
// and what finds its series busy comes back later, so its order alone does not
// keep the newest first.
func (s *Service) newerFirst(ctx context.Context, run pipeline.Run) (bool, error) {
	if run.Trigger != pipeline.TriggerBackfill {
		return false, nil
	}
	open, err := s.store.OpenRunsOf(ctx, run.SymbolID)
	return slices.ContainsFunc(open, func(o pipeline.Run) bool {
		return o.Trigger == pipeline.TriggerBackfill && o.From.After(run.From) && !o.CancelRequested
	}), err
}
