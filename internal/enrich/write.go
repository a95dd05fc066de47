package enrich

import (
	"context"
	"time"

	"github.com/candlewright/candlewright/internal/feature"
	"github.com/candlewright/candlewright/internal/grid"
	"github.com/candlewright/candlewright/internal/market"
	"github.com/candlewright/candlewright/internal/pipeline"
	"github.com/candlewright/candlewright/internal/quality"
	"github.com/candlewright/candlewright/internal/store"
)

// target is the series that a run writes into, and what holds for all that the
// run writes there.
type target struct {
	symbol   pipeline.Symbol
	grid     grid.Grid
	runID    int64
	priority pipeline.Priority
	by       string    // who corrects, for data_corrections
	now      time.Time // of the run: what the rules are asked as of
	stored   time.Time // of the commit
	newest   time.Time // stamp of the newest candle after the run's last write: what freshness is measured from
	elapsed  func() time.Duration
}

// delta is a piece of a delivery: what one commit brings into a series.
type delta struct {
	rows     []quality.Checked // in time order, each slot once
	failures []quality.Failure // of the rows that the checks dropped or marked
	payments time.Time         // of the earliest funding payment that is new or changed; zero where none is
	// paymentsThrough is the latest such payment; zero: not known.
	paymentsThrough time.Time
}

// written is what a commit, or several, did to a series.
type written struct {
	Inserted, Updated int         // candles that are new; stored ones of which a delivered value changed
	Candles           int         // written in all, with those that were merely recomputed
	Values            int         // feature values of the candles written
	Missing           feature.Set // expected of one of them, and without a value there
	Compute           time.Duration
}

func (w *written) add(o written) {
	w.Inserted += o.Inserted
	w.Updated += o.Updated
	w.Candles += o.Candles
	w.Values += o.Values
	w.Compute += o.Compute
	w.Missing |= o.Missing
}

// writeDelta brings a delta into its series in one transaction of the caller:
// candles, corrections, failed checks, saved states, the extent of the series,
// the metrics of the dates that changed and the status of the symbol. Storing
// the same delta again changes nothing.
func (s *Service) writeDelta(ctx context.Context, tx *store.Tx, t target, d delta) (written, error) {
	if err := tx.LockWrites(ctx, t.symbol.ID); err != nil {
		return written{}, err
	}
	t.stored = s.now()
	before, err := tx.LockSeries(ctx, t.symbol.ID, t.grid.Timeframe(), t.stored)
	if err != nil {
		return written{}, err
	}
	touched := newDates()
	for _, f := range d.failures {
		touched.add(market.DateOf(f.TS))
	}
	if _, err := tx.AddFailures(ctx, t.symbol.ID, t.grid.Timeframe(), d.failures, t.stored); err != nil {
		return written{}, err
	}
	done, info, err := replayParts(ctx, tx, t, d, before, touched)
	if err != nil {
		return written{}, err
	}
	if done.Candles > 0 {
		info.Revision++
		if err := tx.UpdateSeries(ctx, info, t.stored); err != nil {
			return written{}, err
		}
		touched.addSeries(before, info)
	}
	if t.grid.Timeframe() != market.W1 {
		if err := refreshDays(ctx, tx, t.symbol, touched, t.stored); err != nil {
			return written{}, err
		}
	}
	if done.Candles > 0 {
		if err := s.refreshStatus(ctx, tx, t.symbol.ID, t.now); err != nil {
			return written{}, err
		}
	}
	return done, nil
}

// replayParts replays the series for each part of a delta.
func replayParts(ctx context.Context, tx *store.Tx, t target, d delta, info pipeline.SeriesInfo, touched *dates) (written, pipeline.SeriesInfo, error) {
	var done written
	for _, part := range d.parts() {
		first, last, err := changedSpan(ctx, tx, t, info, part)
		if err != nil {
			return written{}, info, err
		}
		if first > last {
			continue
		}
		r := newReplay(ctx, tx, t, info, part, first, last, touched)
		if err := r.run(); err != nil {
			return written{}, info, err
		}
		if err := r.end(); err != nil {
			return written{}, info, err
		}
		info = r.info
		done.add(r.done)
	}
	return done, info, nil
}

// parts are the changes of a delta that lie so far apart that what is between
// them need not be computed anew: one at each end of a long series is no reason
// to go through all of it.
func (d delta) parts() []delta {
	var list []delta
	if !d.payments.IsZero() {
		list = append(list, delta{payments: d.payments, paymentsThrough: d.paymentsThrough})
	}
	for rest := d.rows; len(rest) > 0; {
		n := 1
		for n < len(rest) && rest[n].Slot-rest[n-1].Slot <= stateSpacing+settleBars {
			n++
		}
		list = append(list, delta{rows: rest[:n]})
		rest = rest[n:]
	}
	return list
}

// changedSpan is the first and the last slot whose candle the delta changes;
// first > last where it changes none.
func changedSpan(ctx context.Context, tx *store.Tx, t target, info pipeline.SeriesInfo, d delta) (first, last grid.Slot, err error) {
	first, last = 1, 0
	widen := func(from, to grid.Slot) {
		if first > last {
			first, last = from, to
			return
		}
		first, last = min(first, from), max(last, to)
	}
	if n := len(d.rows); n > 0 && (info.Records == 0 || d.rows[0].Candle.TS.After(info.Last)) {
		return d.rows[0].Slot, d.rows[n-1].Slot, nil // nothing to compare with
	}
	for rest := d.rows; len(rest) > 0; {
		n := 1
		for n < len(rest) && n < stateSpacing && rest[n].Slot-rest[0].Slot < 4*stateSpacing {
			n++
		}
		page := rest[:n]
		rest = rest[n:]
		stored, err := tx.CandlesIn(ctx, t.symbol.ID, t.grid.Timeframe(),
			store.Range{From: page[0].Candle.TS, To: page[n-1].Candle.TS.Add(time.Microsecond)})
		if err != nil {
			return 0, 0, err
		}
		for _, b := range pipeline.MergePage(stored, page, t.priority).Bars {
			if b.Change != pipeline.Kept {
				slot, _ := t.grid.At(b.Candle.TS)
				widen(slot, slot)
			}
		}
	}
	if !d.payments.IsZero() && info.Records > 0 {
		from, to, err := changedPayments(ctx, tx, t, info, d)
		if err != nil {
			return 0, 0, err
		}
		if from <= to {
			widen(from, to)
		}
	}
	return first, last, nil
}
