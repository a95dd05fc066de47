package enrich

import (
	"context"
	"slices"
	"time"

	"github.com/candlewright/candlewright/internal/grid"
	"github.com/candlewright/candlewright/internal/market"
	"github.com/candlewright/candlewright/internal/pipeline"
	"github.com/candlewright/candlewright/internal/quality"
	"github.com/candlewright/candlewright/internal/store"
)

const (
	// stateSpacing is about how many slots lie between two saved states: the most
	// that a change has to compute again before it reaches its own bar.
	stateSpacing = 1000
	// settleBars is how many bars after the last changed one are computed anew in
	// any case; by then the average true range has forgotten it.
	settleBars = 400
	// flushRows is about how many computed candles are held before they are written.
	flushRows = 10_000
)

// replay computes a series from the last saved state before the first change,
// merges the delta on its way, and stops where everything is as it was.
type replay struct {
	ctx         context.Context
	tx          *store.Tx
	t           target
	info        pipeline.SeriesInfo // grows with what is inserted
	rows        []quality.Checked   // still to merge
	first, last grid.Slot           // the first and the last change

	state     *pipeline.State
	after     time.Time // stamp of the bar after which state stands; zero at the start of the series
	recompute bool
	was       time.Time // stamp of what was the newest bar
	settled   int       // bars computed after the last change
	behind    int64

	dirty       []pipeline.Candle
	corrections []pipeline.Correction
	failures    []quality.Failure
	states      []store.Checkpoint
	touched     *dates
	done        written
}

func newReplay(ctx context.Context, tx *store.Tx, t target, info pipeline.SeriesInfo, d delta, first, last grid.Slot, touched *dates) *replay {
	newest := t.newest
	if info.Last.After(newest) {
		newest = info.Last
	}
	slot, _ := t.grid.At(newest)
	return &replay{
		ctx: ctx, tx: tx, t: t, info: info, was: info.Last, rows: d.rows, first: first, last: last,
		behind: t.grid.Behind(slot, t.now), touched: touched,
	}
}

// run goes through the stored series in stretches that end at saved states, and
// then through what lies beyond its end.
func (r *replay) run() error {
	if err := r.restore(); err != nil {
		return err
	}
	ends, err := r.tx.StateStamps(r.ctx, r.t.symbol.ID, r.t.grid.Timeframe(), r.after.Add(time.Microsecond))
	if err != nil {
		return err
	}
	for _, end := range ends {
		settled, err := r.stretch(end)
		if err != nil || settled {
			return err
		}
	}
	// A state stands after the newest stored bar, so beyond the last one there are new bars only.
	return r.blocks(nil, r.rows)
}

// restore loads the last state that no change concerns. Rows before it changed
// nothing, or the change would be the first.
func (r *replay) restore() error {
	r.state = pipeline.NewState(r.t.grid)
	saved, ok, err := r.tx.StateBefore(r.ctx, r.t.symbol.ID, r.t.grid.Timeframe(), r.t.grid.Stamp(r.first))
	if err != nil || !ok {
		return err
	}
	if err := r.state.UnmarshalBinary(saved.State); err != nil {
		return err
	}
	r.after = saved.TS
	for len(r.rows) > 0 && !r.rows[0].Candle.TS.After(saved.TS) {
		r.rows = r.rows[1:]
	}
	return nil
}

// stretch computes up to the saved state after the bar stamped end. It reports
// whether the series goes on from there as it did before.
func (r *replay) stretch(end time.Time) (settled bool, err error) {
	if len(r.dirty) >= flushRows {
		if err := r.flush(); err != nil {
			return false, err
		}
	}
	stored, err := r.tx.CandlesIn(r.ctx, r.t.symbol.ID, r.t.grid.Timeframe(),
		store.Range{From: r.after.Add(time.Microsecond), To: end.Add(time.Microsecond)})
	if err != nil {
		return false, err
	}
	n := 0
	for n < len(r.rows) && !r.rows[n].Candle.TS.After(end) {
		n++
	}
	rows := r.rows[:n]
	r.rows = r.rows[n:]
	if err := r.blocks(stored, rows); err != nil {
		return false, err
	}
	if len(r.rows) > 0 || r.settled < settleBars {
		return false, nil
	}
	saved, ok, err := r.tx.StateAt(r.ctx, r.t.symbol.ID, r.t.grid.Timeframe(), end)
	if err != nil || !ok {
		return false, err
	}
	before := pipeline.NewState(r.t.grid)
	if err := before.UnmarshalBinary(saved.State); err != nil {
		return false, err
	}
	if !r.state.Converged(before) {
		return false, nil
	}
	r.states = r.states[:len(r.states)-1] // the saved one stays
	return true, nil
}

// blocks merges a stretch and computes it in blocks, each with a state saved
// after it.
func (r *replay) blocks(stored []pipeline.Candle, rows []quality.Checked) error {
	merged := pipeline.MergePage(stored, rows, r.t.priority)
	r.corrections = append(r.corrections, merged.Corrections...)
	r.count(merged, stored)
	for bars := merged.Bars; len(bars) > 0; {
		n := min(stateSpacing, len(bars))
		if len(bars) < stateSpacing*3/2 {
			n = len(bars) // no short rest
		}
		if err := r.block(bars[:n]); err != nil {
			return err
		}
		bars = bars[n:]
	}
	return nil
}

// count keeps the books of the merge: what is new in the series, and the flags
// of the candles that stood there before.
func (r *replay) count(m pipeline.Merged, stored []pipeline.Candle) {
	r.done.Inserted += m.Inserted
	r.done.Updated += m.Amended + m.Filled
	r.info.Records += int64(m.Inserted)
	for i := range stored {
		r.flags(&stored[i], -1)
		r.info.Digest.Remove(&stored[i])
	}
}

func (r *replay) flags(c *pipeline.Candle, sign int64) {
	if c.Verdict.Validated() {
		r.info.Validated += sign
	}
	if c.Verdict.Anomaly {
		r.info.Anomalies += sign
	}
}

func (r *replay) block(bars []pipeline.Bar) error {
	for i := range bars {
		b := &bars[i]
		if b.Change == pipeline.Inserted {
			b.Candle.Basis, b.Candle.FirstStoredAt = r.info.Basis, r.t.stored
		}
		slot, _ := r.t.grid.At(b.Candle.TS)
		if slot > r.last {
			r.settled++
		}
	}
	if n := r.untouched(bars); n > 0 {
		if err := r.compute(bars[:n]); err != nil {
			return err
		}
		bars = bars[n:]
	}
	if err := r.compute(bars); err != nil {
		return err
	}
	saved, err := r.state.MarshalBinary()
	if err != nil {
		return err
	}
	r.states = append(r.states, store.Checkpoint{TS: r.after, State: saved})
	return nil
}

// untouched is how many bars of a block lie before the first change, if that is
// in the block. A changed payment is no change of a bar, so that Process has to
// be told where what it changes begins.
func (r *replay) untouched(bars []pipeline.Bar) int {
	if r.recompute {
		return 0
	}
	n, _ := slices.BinarySearchFunc(bars, r.t.grid.Stamp(r.first), func(b pipeline.Bar, ts time.Time) int { return b.Candle.TS.Compare(ts) })
	if n == len(bars) {
		return 0
	}
	return n
}

// compute takes the next bars.
func (r *replay) compute(bars []pipeline.Bar) error {
	payments, err := paymentsSeen(r.ctx, r.tx, r.t.symbol.ID, r.t.grid, bars)
	if err != nil {
		return err
	}
	first, _ := r.t.grid.At(bars[0].Candle.TS)
	started := r.t.elapsed()
	out := pipeline.Process(pipeline.Input{
		Grid: r.t.grid, Prior: r.state, Bars: bars, Payments: payments, Behind: r.behind,
		Recompute: r.recompute || first >= r.first,
	})
	r.done.Compute += r.t.elapsed() - started
	r.recompute = r.recompute || out.Changed
	r.state = out.State
	r.failures = append(r.failures, out.Failures...)
	for i := range out.Candles {
		c := &out.Candles[i]
		r.flags(c, +1)
		r.info.Digest.Add(c)
		if !out.Dirty[i] {
			continue
		}
		r.done.Candles++
		r.done.Values += int(c.Verdict.Parts.FeaturesPresent)
		r.dirty = append(r.dirty, *c)
	}
	r.done.Missing |= out.Missing
	last := bars[len(bars)-1].Candle.TS
	r.extend(bars[0].Candle.TS, last)
	r.after = last
	return nil
}

func (r *replay) extend(first, last time.Time) {
	if r.info.First.IsZero() || first.Before(r.info.First) {
		r.info.First = first
	}
	if last.After(r.info.Last) {
		r.info.Last = last
	}
}

// end writes what is left to write.
func (r *replay) end() error {
	if err := r.flush(); err != nil {
		return err
	}
	return r.thinOut()
}

// flush writes what the replay found since the last time, and forgets it.
func (r *replay) flush() error {
	id, tf := r.t.symbol.ID, r.t.grid.Timeframe()
	if err := r.tx.WriteCandles(r.ctx, id, tf, r.t.runID, r.dirty); err != nil {
		return err
	}
	if _, err := r.tx.AddFailures(r.ctx, id, tf, r.failures, r.t.stored); err != nil {
		return err
	}
	for i := range r.corrections {
		c := &r.corrections[i]
		c.SymbolID, c.Timeframe, c.RunID = id, tf, r.t.runID
		c.CorrectedBy, c.CorrectedAt = r.t.by, r.t.stored
	}
	if err := r.tx.AddCorrections(r.ctx, r.corrections); err != nil {
		return err
	}
	for _, st := range r.states {
		if err := r.tx.PutState(r.ctx, id, tf, st); err != nil {
			return err
		}
	}
	for i := range r.dirty {
		r.touched.add(market.DateOf(r.dirty[i].TS))
	}
	r.dirty, r.corrections, r.failures, r.states = r.dirty[:0], nil, nil, nil
	return nil
}

// thinOut drops the state after what was the newest bar where another lies
// close before it, so that appending bar by bar leaves no trail of states.
func (r *replay) thinOut() error {
	was := r.was
	if was.IsZero() || !r.info.Last.After(was) {
		return nil
	}
	slot, _ := r.t.grid.At(was)
	near, err := r.tx.StateStamps(r.ctx, r.t.symbol.ID, r.t.grid.Timeframe(), r.t.grid.Stamp(max(slot-stateSpacing+1, 0)))
	if err != nil || len(near) == 0 || !near[0].Before(was) {
		return err
	}
	return r.tx.DeleteState(r.ctx, r.t.symbol.ID, r.t.grid.Timeframe(), was)
}
