package enrich

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/candlewright/candlewright/internal/grid"
	"github.com/candlewright/candlewright/internal/market"
	"github.com/candlewright/candlewright/internal/pipeline"
	"github.com/candlewright/candlewright/internal/quality"
	"github.com/candlewright/candlewright/internal/store"
)

// rebaseRows is how many rows of a series that is fetched anew are held in
// memory; beyond it they wait in a temporary file.
const rebaseRows = 100_000

// rebasing is the replacement of a whole series after a split.
//
// The new series is put together aside, in this process: what the sources
// deliver now, and for the slots that they do not (older than a source's
// history reaches, manual, of a better source than those that answer) the stored
// candle, rescaled. Then one transaction exchanges the two. Whoever reads sees
// the one or the other, and a process that dies on the way leaves the old one,
// for the next run to find.
type rebasing struct {
	p        *passage
	b        newBasis
	fetched  *rows
	failures []quality.Failure
	merged   *rows
	archive  []store.Range // stretches of the old series, a statement each
	oldest   time.Time     // stamp of the first candle of the new series
}

// rebase replaces the series, with all of the run's range.
func (p *passage) rebase(ctx context.Context, b newBasis) error {
	r := &rebasing{p: p, b: b, fetched: newRows(rebaseRows), merged: newRows(rebaseRows)}
	defer r.fetched.close()
	defer r.merged.close()
	p.x.s.log.InfoContext(ctx, "a split has rewritten the series at its source; it is fetched anew",
		"job_id", p.x.run.JobID.String(), "symbol", p.x.symbol.String(), "timeframe", string(p.row.Timeframe), "split", b.ratio())
	// The delivery that showed it is an attempt like any other, though nothing of it is stored.
	log := p.log(b.page.Attempt)
	log.Detail = joinNotes(log.Detail, fmt.Sprintf("not stored: the stored prices of %d bars are %v times these (a split %s), so that the series is fetched anew",
		b.Bars, b.Factor, b.ratio()))
	if err := p.logOnly(ctx, log); err != nil {
		return err
	}
	if err := r.fetch(ctx); err != nil {
		return err
	}
	if err := r.merge(ctx); err != nil {
		return err
	}
	return r.exchange(ctx)
}

// ratio is the split as people write it, "4:1".
func (b newBasis) ratio() string { return fmt.Sprintf("%d:%d", b.To, b.From) }

// fetch asks for the whole series, from its first bar to the last one of the run
// or of the series.
func (r *rebasing) fetch(ctx context.Context) error {
	p := r.p
	first, _ := p.t.grid.At(r.b.info.First)
	last, _ := p.t.grid.At(r.b.info.Last)
	next := grid.Slot(math.MinInt64) // rows before it are there
	for page, err := range p.x.s.sources.Candles(ctx, p.request(ctx, min(first, p.first), max(last, p.last))) {
		if err != nil {
			return errors.Join(err, p.logError)
		}
		d, err := quality.Arrange(p.t.grid, page.Candles, p.x.now)
		if err != nil {
			return err
		}
		for _, row := range d.Rows {
			if row.Slot < next {
				continue
			}
			if err := r.fetched.add(row.Candle, row.Failed); err != nil {
				return err
			}
			next = row.Slot + 1
		}
		r.failures = append(r.failures, d.Failures...)
		log := p.log(page.Attempt)
		log.Fetched, log.Rejected = d.Counts.Reached(), d.Counts.Rejected+d.Counts.Copies
		log.Detail = joinNotes(log.Detail, "for the series on the basis after the split "+r.b.ratio())
		if err := p.logOnly(ctx, log); err != nil {
			return err
		}
		if p.x.paused() {
			return ErrPaused
		}
	}
	return nil
}

// merge puts the new series together. Both sides are walked in time order.
func (r *rebasing) merge(ctx context.Context) error {
	p, at := r.p, 0
	upTo := func(ts time.Time) error { // what was fetched before ts has no stored counterpart
		for ; at < r.fetched.n; at++ {
			x, err := r.fetched.at(at)
			if err != nil {
				return err
			}
			if !ts.IsZero() && !x.candle.TS.Before(ts) {
				return nil
			}
			if err := r.add(x.candle, x.failed); err != nil {
				return err
			}
		}
		return nil
	}
	page := store.CandlePage{Limit: DefaultChunkRows}
	for more := true; more; {
		list, err := p.x.s.store.Candles(ctx, p.x.symbol.ID, p.row.Timeframe, page)
		if err != nil {
			return err
		}
		more = list.More
		for i := range list.Rows {
			old := &list.Rows[i]
			if err := upTo(old.TS); err != nil {
				return err
			}
			row, used, err := r.instead(old, at)
			if err != nil {
				return err
			}
			at += used
			if err := r.add(row.Candle, row.Failed); err != nil {
				return err
			}
		}
		if n := len(list.Rows); n > 0 {
			page.After = list.Rows[n-1].TS
			r.archive = append(r.archive, store.Range{From: list.Rows[0].TS, To: page.After.Add(time.Microsecond)})
		}
	}
	return upTo(time.Time{})
}

// instead is the row that takes the place of a stored candle, and how many of
// the fetched rows, of which the next is number at, that uses up.
func (r *rebasing) instead(old *pipeline.Candle, at int) (quality.Checked, int, error) {
	if at < r.fetched.n {
		x, err := r.fetched.at(at)
		if err != nil {
			return quality.Checked{}, 0, err
		}
		if x.candle.TS.Equal(old.TS) {
			if r.p.t.priority.Yields(&old.Candle, &x.candle) {
				return quality.Checked{Candle: x.candle, Failed: x.failed}, 1, nil
			}
			return pipeline.Rescaled(old, r.b.Factor), 1, nil
		}
	}
	return pipeline.Rescaled(old, r.b.Factor), 0, nil
}

func (r *rebasing) add(c market.Candle, failed quality.Checks) error {
	if r.merged.n == 0 {
		r.oldest = c.TS
	}
	return r.merged.add(c, failed)
}

// exchange moves the old series to the history and stores the new one under the
// next basis, in one commit with all that tells of it.
func (r *rebasing) exchange(ctx context.Context) error {
	p := r.p
	row := p.row
	row.Status, row.DoneThrough, row.UpdatedAt = pipeline.BackfillInProgress, p.t.grid.Stamp(p.last+1), p.x.s.now()
	if through, any := wholeDates(p.t.grid, p.x.run.From, row.DoneThrough); any {
		row.LastSuccessfulDate = &through
	}
	var done written
	watch := *p.x.watch
	err := p.x.s.store.InTx(ctx, func(tx *store.Tx) error {
		*p.x.watch, done = watch, written{} // a repeated transaction begins anew
		if err := p.x.ours(ctx, tx); err != nil {
			return err
		}
		if err := r.clear(ctx, tx); err != nil {
			return err
		}
		var err error
		if done, err = r.fill(ctx, tx); err != nil {
			return err
		}
		if err := r.record(ctx, tx); err != nil {
			return err
		}
		if err := tx.UpdateBackfill(ctx, row); err != nil {
			return err
		}
		return p.x.watch.stored(ctx, tx, p.row.Timeframe, int(p.last-p.first)+1)
	})
	if err != nil {
		return err
	}
	p.row, p.wroteFrom = row, r.oldest
	p.done.add(done)
	return nil
}

// clear moves the old series away.
func (r *rebasing) clear(ctx context.Context, tx *store.Tx) error {
	id, tf, now := r.p.x.symbol.ID, r.p.row.Timeframe, r.p.x.now
	info, err := tx.LockSeries(ctx, id, tf, now)
	if err != nil {
		return err
	}
	if info.Revision != r.b.info.Revision {
		return ErrBusy // somebody wrote meanwhile, what was put together is of yesterday
	}
	for _, stretch := range r.archive {
		if _, err := tx.ArchiveCandles(ctx, id, tf, stretch, now); err != nil {
			return err
		}
	}
	if err := tx.DeleteStatesFrom(ctx, id, tf, info.First); err != nil {
		return err
	}
	return tx.UpdateSeries(ctx, pipeline.SeriesInfo{SymbolID: id, Timeframe: tf, Basis: info.Basis + 1, Revision: info.Revision}, now)
}

// fill stores the new series as if it were a first delivery.
func (r *rebasing) fill(ctx context.Context, tx *store.Tx) (written, error) {
	var done written
	t := r.p.t
	t.by = string(r.b.page.Attempt.Source)
	failures := r.failures
	for at := 0; at < r.merged.n; at += DefaultChunkRows {
		d := delta{failures: failures}
		failures = nil
		for i := at; i < min(at+DefaultChunkRows, r.merged.n); i++ {
			x, err := r.merged.at(i)
			if err != nil {
				return done, err
			}
			slot, _ := t.grid.At(x.candle.TS)
			d.rows = append(d.rows, quality.Checked{Candle: x.candle, Slot: slot, Failed: x.failed})
		}
		one, err := r.p.x.s.writeDelta(ctx, tx, t, d)
		if err != nil {
			return done, err
		}
		done.add(one)
	}
	return done, nil
}

// record writes the one correction of the series, and the splits.
func (r *rebasing) record(ctx context.Context, tx *store.Tx) error {
	p := r.p
	err := tx.AddCorrections(ctx, []pipeline.Correction{{
		SymbolID: p.x.symbol.ID, Timeframe: p.row.Timeframe, Field: "split_factor", New: strconv.FormatFloat(r.b.Factor, 'f', -1, 64),
		Reason: pipeline.SplitAdjustment, CorrectedBy: string(r.b.page.Attempt.Source), CorrectedAt: p.x.now, RunID: p.x.run.ID,
	}})
	if err != nil {
		return err
	}
	actions, err := r.actions(ctx, tx)
	if err != nil {
		return err
	}
	for _, a := range actions {
		if _, err := tx.AddCorporateAction(ctx, a); err != nil {
			return err
		}
	}
	return nil
}

// actions are the splits to write down. One that no source lists counts from the
// session after the newest stored bar, unless another series of the symbol has
// shown it already.
func (r *rebasing) actions(ctx context.Context, tx *store.Tx) ([]store.CorporateAction, error) {
	p := r.p
	action := store.CorporateAction{SymbolID: p.x.symbol.ID, Kind: store.Split, Factor: r.b.Factor, Source: r.b.source, DetectedAt: p.x.now}
	var list []store.CorporateAction
	for _, s := range r.b.splits {
		action.ExDate, action.Factor, action.Detail = s.Date, s.Factor(), fmt.Sprintf("%v:%v, as %s lists it", s.To, s.From, r.b.source)
		list = append(list, action)
	}
	if len(list) > 0 {
		return list, nil
	}
	known, err := tx.CorporateActionsOf(ctx, []int64{p.x.symbol.ID})
	if err != nil {
		return nil, err
	}
	for _, a := range known[p.x.symbol.ID] {
		if a.Kind == store.Split && a.Factor == r.b.Factor && !a.ExDate.Time().Before(r.b.info.Last.Add(-splitSlack)) {
			return nil, nil
		}
	}
	action.ExDate = nextSession(p.t.grid, r.b.info.Last)
	action.Detail = fmt.Sprintf("%s, by the ratio of %d bars; the date is that of the first session after the newest bar on the old basis", r.b.ratio(), r.b.Bars)
	return []store.CorporateAction{action}, nil
}

// nextSession is the date of the first session after the one of a bar, of a week
// the first one of the next.
func nextSession(g grid.Grid, ts time.Time) market.Date {
	days := grid.New(g.Class(), market.D1)
	after := market.DateOf(ts) + 1
	if g.Timeframe() == market.W1 {
		after += 6
	}
	return days.SessionOf(days.FirstFrom(after.Time()))
}
