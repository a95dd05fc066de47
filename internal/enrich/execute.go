package enrich

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/candlewright/candlewright/internal/fault"
	"github.com/candlewright/candlewright/internal/grid"
	"github.com/candlewright/candlewright/internal/market"
	"github.com/candlewright/candlewright/internal/pipeline"
	"github.com/candlewright/candlewright/internal/quality"
	"github.com/candlewright/candlewright/internal/source"
	"github.com/candlewright/candlewright/internal/store"
)

// ErrBusy says that another run is writing one of the series: try the run again
// a little later.
var ErrBusy = errors.New("another run is writing the series")

// ErrTakenOver says that another worker has the run: this one had lost its lock,
// and wrote nothing since.
var ErrTakenOver = errors.New("another worker has taken the run over")

// ErrPaused says that a run stopped between two pages because it was asked to:
// it goes on from there when it is executed again.
var ErrPaused = errors.New("the run was paused")

// ErrAgain says that an attempt of a run failed at the sources in a way that may
// heal, and that the run waits for its next attempt.
var ErrAgain = errors.New("the attempt failed, another follows")

// cancelPoll is how often a run looks whether it was asked to stop.
const cancelPoll = 500 * time.Millisecond

// Execute carries out a run from where it stands: each page of a source is one
// commit of candles, logs, progress and the place to go on from, so whatever
// happens nothing is stored twice and nothing is half stored. A run that has
// ended is left as it is.
//
// When pause is closed, the run stops after the page at hand; a nil pause never
// is.
//
// Its error is ErrBusy, ErrPaused, ErrTakenOver or ErrAgain, or one that kept the end of
// the run from being written, so that the run has to be taken up again. A failure
// of sources that cannot heal, or that lasted over all attempts, ends the run and
// is no error here.
func (s *Service) Execute(ctx context.Context, runID int64, pause <-chan struct{}) error {
	run, sym, err := s.runOf(ctx, runID)
	if err != nil || run.Status.Ended() {
		return err
	}
	if waits, err := s.newerFirst(ctx, run); err != nil || waits {
		return cmp.Or(err, ErrBusy)
	}
	unlock, ok, err := s.store.TryLockSeries(ctx, sym.ID, run.Timeframes...)
	if err != nil {
		return err
	}
	if !ok {
		return ErrBusy
	}
	defer unlock()

	x := &execution{s: s, symbol: sym, now: s.now(), pause: pause}
	err = s.store.InTx(ctx, func(tx *store.Tx) error {
		var err error
		if x.run, err = tx.StartRun(ctx, run.ID, run.Attempt+1, x.now); err != nil {
			return err
		}
		x.watch = s.watchRun(x.run)
		return x.watch.stage(ctx, tx, pipeline.StageFetch, "")
	})
	if fault.Is(err, fault.Conflict) {
		return nil // it ended while we waited for its lock
	}
	if err != nil {
		return err
	}
	return x.end(ctx, x.work(ctx))
}

func (s *Service) runOf(ctx context.Context, runID int64) (pipeline.Run, pipeline.Symbol, error) {
	run, err := s.store.RunByID(ctx, runID)
	if err != nil {
		return pipeline.Run{}, pipeline.Symbol{}, err
	}
	syms, err := s.store.SymbolsByIDs(ctx, []int64{run.SymbolID})
	if err != nil {
		return pipeline.Run{}, pipeline.Symbol{}, err
	}
	return run, syms[run.SymbolID], nil
}

// execution is one attempt of a run.
type execution struct {
	s      *Service
	run    pipeline.Run
	symbol pipeline.Symbol
	now    time.Time
	watch  *watch
	pause  <-chan struct{}
}

// ours makes sure, up to the end of the transaction, that the run is in progress
// and in this very attempt. The lock on the series can be lost without the worker
// noticing; what it writes then must not meet what its successor writes.
func (x *execution) ours(ctx context.Context, tx *store.Tx) error {
	run, err := tx.LockRun(ctx, x.run.ID)
	if err != nil {
		return err
	}
	if run.Status != pipeline.RunInProgress || run.Attempt != x.run.Attempt {
		return ErrTakenOver
	}
	return nil
}

// paused reports whether the run was asked to stop after the page at hand.
func (x *execution) paused() bool {
	select {
	case <-x.pause:
		return true
	default:
		return false
	}
}

// work goes through the timeframes that are not done.
func (x *execution) work(ctx context.Context) error {
	ctx, stop := context.WithCancelCause(ctx)
	watching := make(chan struct{})
	go func() {
		defer close(watching)
		x.watchCancel(ctx, stop)
	}()
	defer func() {
		stop(nil)
		<-watching
	}()
	rows, err := x.s.store.Backfills(ctx, []uuid.UUID{x.run.JobID})
	if err != nil {
		return err
	}
	failure := x.payments(ctx)
	for _, row := range rows[x.run.JobID] {
		if failure != nil && !ofSources(failure) {
			break
		}
		if row.Status != pipeline.BackfillCompleted {
			// What a source cannot give of one timeframe keeps none from the others.
			failure = errors.Join(failure, x.timeframe(ctx, row))
		}
	}
	if failure != nil && errors.Is(context.Cause(ctx), errCancelRequested) {
		return errCancelRequested
	}
	return failure
}

// ofSources reports whether a failure is of the sources alone.
func ofSources(failure error) bool {
	switch err := failure.(type) { //nolint:errorlint // each error of a join is looked at, not the first that fits
	case *source.FailedError:
		return true
	case interface{ Unwrap() []error }:
		return !slices.ContainsFunc(err.Unwrap(), func(err error) bool { return !ofSources(err) })
	case interface{ Unwrap() error }:
		return ofSources(err.Unwrap())
	}
	return false
}

// watchCancel ends the context when the run is asked to stop.
func (x *execution) watchCancel(ctx context.Context, stop context.CancelCauseFunc) {
	tick := time.NewTicker(cancelPoll)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if asked, err := x.s.store.CancelRequested(ctx, x.run.ID); err == nil && asked {
				stop(errCancelRequested)
				return
			}
		}
	}
}

// timeframe fetches and stores one timeframe from where it stands.
func (x *execution) timeframe(ctx context.Context, row pipeline.Backfill) error {
	p := &passage{x: x, row: row, t: x.target(row.Timeframe), wroteFrom: x.wroteFrom()}
	g := p.t.grid
	from := x.run.From
	if row.DoneThrough.After(from) {
		from = row.DoneThrough
	}
	first, last := g.FirstFrom(from), g.LastEnded(x.through())
	if first <= last {
		p.first, p.last = first, last
		if err := p.fetch(ctx); err != nil {
			return err
		}
	}
	return p.finish(ctx)
}

// fetch asks the sources for what is left of the run in this series, page by
// page. A page on another price basis than the series is not stored: it has the
// whole series fetched anew, and the run's range with it.
func (p *passage) fetch(ctx context.Context) error {
	found, err := p.probe(ctx)
	if err != nil {
		return err
	}
	if found != nil {
		return p.rebase(ctx, *found)
	}
	for page, err := range p.x.s.sources.Candles(ctx, p.request(ctx, p.first, p.last)) {
		if err != nil {
			return errors.Join(err, p.logError)
		}
		delivery, err := quality.Arrange(p.t.grid, page.Candles, p.x.now)
		if err != nil {
			return err
		}
		found, err := p.otherBasis(ctx, page, delivery)
		if err != nil {
			return err
		}
		if found != nil {
			return p.rebase(ctx, *found)
		}
		if err := p.store(ctx, page, delivery); err != nil {
			return err
		}
		if p.x.paused() {
			return ErrPaused
		}
	}
	return nil
}

// request asks for slots of the series, both ends included.
func (p *passage) request(ctx context.Context, first, last grid.Slot) source.Request {
	return source.Request{
		Symbol: p.x.symbol.Symbol, Timeframe: p.row.Timeframe, From: p.t.grid.Stamp(first), To: p.t.grid.Stamp(last + 1), Now: p.x.now,
		OnFailure: func(a source.Attempt) { p.failed(ctx, a) },
	}
}

// through is up to when the run goes. One that was to go up to now when it was
// queued goes up to the now at which it is carried out.
func (x *execution) through() time.Time {
	if x.run.To.Before(x.run.CreatedAt) {
		return x.run.To
	}
	return x.now
}

// passage is a run's way through one series.
type passage struct {
	x           *execution
	row         pipeline.Backfill
	t           target
	first, last grid.Slot // of what is left of the run
	wroteFrom   time.Time // the first stamp of a candle that the run may have written
	done        written
	logError    error
}

// failed logs an attempt that brought nothing, in a commit of its own: it must
// be seen even if nothing else of the run ever is.
func (p *passage) failed(ctx context.Context, a source.Attempt) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), endTimeout)
	defer cancel()
	err := p.x.s.store.InTx(ctx, func(tx *store.Tx) error {
		if err := p.x.ours(ctx, tx); err != nil {
			return err
		}
		_, err := tx.AddFetchLog(ctx, p.log(a))
		return err
	})
	p.logError = errors.Join(p.logError, err)
}

func (p *passage) log(a source.Attempt) pipeline.FetchLog {
	return pipeline.FetchLog{
		SymbolID: p.x.symbol.ID, Timeframe: p.row.Timeframe, RunID: p.x.run.ID, Source: a.Source, From: a.From, To: a.To,
		Fetched: a.Rows, Success: a.Success, ResponseTimeMs: a.ResponseTimeMs, APIQuotaRemaining: a.QuotaRemaining,
		ErrorCode: a.ErrorCode, ErrorMessage: a.ErrorMessage, Attempt: a.Number, Detail: a.Detail, CreatedAt: p.x.s.now(),
	}
}

// store brings one page into the series and moves the place to go on from, in
// one commit.
func (p *passage) store(ctx context.Context, page source.Page, delivery quality.Delivery) error {
	taken, err := p.takenOver(ctx, page, delivery)
	if err != nil {
		return err
	}
	t := p.t
	t.by = string(page.Attempt.Source)
	row := p.row
	row.Status, row.DoneThrough, row.UpdatedAt = pipeline.BackfillInProgress, page.To, p.x.s.now()
	if through, any := wholeDates(p.t.grid, p.x.run.From, page.To); any {
		row.LastSuccessfulDate = &through
	}
	var one written
	watch := *p.x.watch
	err = p.x.s.store.InTx(ctx, func(tx *store.Tx) error {
		*p.x.watch = watch // a repeated transaction tells its progress anew
		if err := p.x.ours(ctx, tx); err != nil {
			return err
		}
		var err error
		if one, err = p.x.s.writeDelta(ctx, tx, t, delta{rows: delivery.Rows, failures: delivery.Failures}); err != nil {
			return err
		}
		log := p.log(page.Attempt)
		log.Fetched = delivery.Counts.Reached()
		log.Inserted, log.Updated, log.Rejected = one.Inserted, one.Updated, delivery.Counts.Rejected+delivery.Counts.Copies
		if log.Detail, err = noteTakeover(ctx, tx, taken, log.Detail); err != nil {
			return err
		}
		if _, err := tx.AddFetchLog(ctx, log); err != nil {
			return err
		}
		if len(delivery.Rows) > 0 {
			if _, err := tx.AddTimeframe(ctx, p.x.symbol.ID, p.row.Timeframe, p.x.now); err != nil {
				return err
			}
		}
		if err := tx.UpdateBackfill(ctx, row); err != nil {
			return err
		}
		slots := int(p.t.grid.Count(page.From, page.To))
		return p.x.watch.stored(ctx, tx, p.row.Timeframe, slots)
	})
	if err != nil {
		return err
	}
	p.row = row
	p.done.add(one)
	return nil
}

// wholeDates is the newest session date all of whose slots lie in [from, before);
// false where there is none.
func wholeDates(g grid.Grid, from, before time.Time) (market.Date, bool) {
	next := g.FirstFrom(before)
	d := g.SessionOf(next - 1)
	if first, end := g.SessionSlots(d); end > next {
		d = g.SessionOf(first - 1)
	}
	return d, d >= market.DateOf(from)
}

// finish ends one timeframe: the freshness of what the run wrote is set right if
// the series did not come to be up to now, and the computation is logged.
func (p *passage) finish(ctx context.Context) error {
	now := p.x.s.now()
	p.row.Status, p.row.UpdatedAt = pipeline.BackfillCompleted, now
	return p.x.s.store.InTx(ctx, func(tx *store.Tx) error {
		if err := p.x.ours(ctx, tx); err != nil {
			return err
		}
		if err := p.x.s.settleFreshness(ctx, tx, p.t, p.wroteFrom); err != nil {
			return err
		}
		if p.done.Candles > 0 {
			log := computeLog(p.x.symbol.ID, p.row.Timeframe, p.x.run.ID, p.done, now)
			if _, err := tx.AddComputeLog(ctx, log); err != nil {
				return err
			}
		}
		return tx.UpdateBackfill(ctx, p.row)
	})
}

// settleFreshness corrects the freshness of the candles that a run wrote, which
// was taken as that of a series up to now.
func (s *Service) settleFreshness(ctx context.Context, tx *store.Tx, t target, from time.Time) error {
	if err := tx.LockWrites(ctx, t.symbol.ID); err != nil {
		return err
	}
	info, err := tx.LockSeries(ctx, t.symbol.ID, t.grid.Timeframe(), t.now)
	if err != nil || info.Records == 0 {
		return err
	}
	last, _ := t.grid.At(info.Last)
	fresh := quality.Freshness(t.grid.Behind(last, t.now))
	changed, err := tx.SetFreshness(ctx, t.symbol.ID, t.grid.Timeframe(), t.runID, from, fresh)
	if err != nil || changed == 0 {
		return err
	}
	touched := newDates()
	touched.spans = append(touched.spans, span{market.DateOf(from), market.DateOf(info.Last)})
	if t.grid.Timeframe() != market.W1 {
		if err := refreshDays(ctx, tx, t.symbol, touched, t.now); err != nil {
			return err
		}
	}
	return s.refreshStatus(ctx, tx, t.symbol.ID, t.now)
}

// wroteFrom is the first stamp of a candle that the run may have written:
// payments change bars before its range.
func (x *execution) wroteFrom() time.Time {
	if x.symbol.Class != market.Crypto {
		return x.run.From
	}
	return x.run.From.Add(-fundingLead - market.W1.Duration())
}

// end writes how the attempt ended.
func (x *execution) end(ctx context.Context, failure error) error {
	if errors.Is(failure, ErrTakenOver) || errors.Is(failure, ErrPaused) {
		return failure
	}
	if failure != nil && !errors.Is(failure, errCancelRequested) && ctx.Err() != nil {
		// The process is stopping: what is committed stays, and the run is taken up again.
		return failure
	}
	if failure != nil && store.Away(failure) {
		return failure // it is none of the run's: the queue repeats it until the database is back
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), endTimeout)
	defer cancel()
	if failure != nil && !errors.Is(failure, errCancelRequested) {
		x.s.log.WarnContext(ctx, "run failed", "job_id", x.run.JobID.String(), "symbol", x.symbol.String(), "err", failure.Error())
	}
	again := failure != nil && ofSources(failure) && source.Retryable(failure) && x.run.Attempt < x.run.MaxAttempts
	err := x.s.store.InTx(ctx, func(tx *store.Tx) error {
		if err := x.ours(ctx, tx); err != nil {
			return err
		}
		if again {
			return x.s.requeueRun(ctx, tx, x.run, x.watch, failure)
		}
		if failure != nil {
			if err := x.settle(ctx, tx); err != nil {
				return err
			}
		}
		return x.s.endRun(ctx, tx, x.run, x.watch, failure)
	})
	if err == nil && again {
		return fmt.Errorf("%w: %w", ErrAgain, failure)
	}
	return err
}

// settle sets the freshness of what the run wrote right where its end did not.
func (x *execution) settle(ctx context.Context, tx *store.Tx) error {
	for _, tf := range x.run.Timeframes {
		if err := x.s.settleFreshness(ctx, tx, x.target(tf), x.wroteFrom()); err != nil {
			return err
		}
	}
	return nil
}
