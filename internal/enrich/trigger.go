package enrich

import (
	"context"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/candlewright/candlewright/internal/fault"
	"github.com/candlewright/candlewright/internal/grid"
	"github.com/candlewright/candlewright/internal/market"
	"github.com/candlewright/candlewright/internal/pipeline"
	"github.com/candlewright/candlewright/internal/store"
)

// TriggerDays is how many days a triggered run looks back: from the UTC date so
// many days before today up to now.
const TriggerDays = 365

// Queue has runs carried out by workers, of this process or another.
type Queue interface {
	// Enqueue queues a run in the transaction that made it: no run without its
	// job, and no job without its run.
	Enqueue(ctx context.Context, tx *store.Tx, run pipeline.Run) error
}

// TriggerRequest asks for a run of a symbol.
type TriggerRequest struct {
	Ticker      string // as market.ParseTicker gives it
	Class       market.AssetClass
	Timeframes  []market.Timeframe // each once, in the order asked
	From, To    time.Time          // bars stamped in [From, To); zero: the last TriggerDays up to now
	RequestedBy string
}

// Triggered is the queued run: a new one, or the queued one that covers the
// request.
type Triggered struct {
	Run              pipeline.Run
	JobID            uuid.UUID
	Symbol           market.Symbol
	Timeframes       []market.Timeframe // those asked for
	TotalRecords     int64              // slots of the run that have ended by its making
	EstimatedSeconds int64
	At               time.Time
}

// Trigger tracks the symbol if it is not tracked, writes the run with its
// pending rows and queues it, all in one commit. Two simultaneous triggers give
// one run. A symbol that is tracked keeps its schedule; a timeframe that is new
// to it is added once a candle of it is stored.
func (s *Service) Trigger(ctx context.Context, r TriggerRequest) (Triggered, error) {
	if s.queue == nil {
		return Triggered{}, errNoQueue()
	}
	now := s.now()
	spec, err := triggerSpec(r, now)
	if err != nil {
		return Triggered{}, err
	}
	var out Triggered
	err = s.store.InTx(ctx, func(tx *store.Tx) error {
		sym, err := s.trackForRun(ctx, tx, r, now)
		if err != nil {
			return err
		}
		run, found, err := coveringRun(ctx, tx, sym.ID, spec)
		if err != nil {
			return err
		}
		if !found {
			if run, err = s.createRun(ctx, tx, sym, spec, now); err != nil {
				return err
			}
			if err := s.queue.Enqueue(ctx, tx, run); err != nil {
				return err
			}
		}
		out = Triggered{
			Run: run, JobID: run.JobID, Symbol: sym.Symbol, Timeframes: r.Timeframes,
			TotalRecords: run.RecordsTotal, EstimatedSeconds: int64(run.EstimatedSeconds), At: now,
		}
		return nil
	})
	return out, err
}

func triggerSpec(r TriggerRequest, now time.Time) (runSpec, error) {
	spec := runSpec{
		trigger: pipeline.TriggerManual, timeframes: r.Timeframes,
		from: (market.DateOf(now) - TriggerDays).Time(), to: now, by: r.RequestedBy,
	}
	if !r.From.IsZero() {
		spec.from = r.From
	}
	if !r.To.IsZero() && r.To.Before(now) {
		spec.to = r.To
	}
	if !spec.from.Before(spec.to) {
		return runSpec{}, fault.BadInput("from", "the range from %s to %s is empty: want a start before the end and before now",
			spec.from.Format(time.RFC3339), spec.to.Format(time.RFC3339))
	}
	for _, tf := range r.Timeframes {
		if err := grid.New(r.Class, tf).Known(spec.from); err != nil {
			return runSpec{}, fault.BadInput("from", "%v", err)
		}
	}
	spec.total = expected(r.Class, spec.timeframes, spec.from, spec.to)
	return spec, nil
}

// expected counts the slots over all timeframes that are stamped from an instant
// on and have ended by now.
func expected(class market.AssetClass, tfs []market.Timeframe, from, now time.Time) int64 {
	var n int64
	for _, tf := range tfs {
		g := grid.New(class, tf)
		n += max(int64(g.LastEnded(now)-g.FirstFrom(from))+1, 0)
	}
	return n
}

// trackForRun finds the symbol, tracked, with its row locked: whoever decides
// about its runs waits for the other.
func (s *Service) trackForRun(ctx context.Context, tx *store.Tx, r TriggerRequest, now time.Time) (pipeline.Symbol, error) {
	name := market.Symbol{Ticker: r.Ticker, Class: r.Class}
	sym, err := tx.Symbol(ctx, name)
	if err != nil && !fault.Is(err, fault.SymbolNotFound) {
		return pipeline.Symbol{}, err
	}
	if err == nil && sym.Active {
		if sym, err = tx.LockSymbol(ctx, sym.ID); err != nil || sym.Scheduled {
			return sym, err
		}
		// So far it was only imported, which schedules nothing.
		sym.Scheduled = true
		return tx.SetTracking(ctx, sym, now)
	}
	return tx.TrackSymbol(ctx, store.Tracking{Symbol: name, Timeframes: r.Timeframes, Schedule: true}, now)
}

// upTo reports whether a queued run goes up to an instant at least. One that was
// to go up to now when it was queued goes up to the now at which it starts.
func upTo(run pipeline.Run, to time.Time) bool {
	return !run.To.Before(to) || !run.To.Before(run.CreatedAt)
}

// coveringRun is a queued run that does all that is asked for.
func coveringRun(ctx context.Context, tx *store.Tx, symbolID int64, spec runSpec) (pipeline.Run, bool, error) {
	open, err := tx.OpenRunsOf(ctx, symbolID)
	if err != nil {
		return pipeline.Run{}, false, err
	}
	for _, run := range open {
		if run.Status != pipeline.RunQueued || run.CancelRequested || run.From.After(spec.from) || !upTo(run, spec.to) {
			continue
		}
		if !slices.ContainsFunc(spec.timeframes, func(tf market.Timeframe) bool { return !slices.Contains(run.Timeframes, tf) }) {
			return run, true, nil
		}
	}
	return pipeline.Run{}, false, nil
}
