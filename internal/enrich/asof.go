package enrich

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/candlewright/candlewright/internal/fault"
	"github.com/candlewright/candlewright/internal/grid"
	"github.com/candlewright/candlewright/internal/market"
	"github.com/candlewright/candlewright/internal/pipeline"
	"github.com/candlewright/candlewright/internal/store"
)

// CandlesAsOf is a page of a series as it was known at an instant: the candles
// that had been stored by then, with the values that they had then, of the split
// basis that was valid then. Features, flags and scores are computed anew from
// those, with the payments that were known then and the freshness that the series
// had then. An instant that is still to come is BAD_USER_INPUT.
//
// It looks through the series for what came later, and computes from the last
// saved state before that; of an older basis from the start.
func (s *Service) CandlesAsOf(ctx context.Context, sym SymbolKey, tf market.Timeframe, p CandlePage, at time.Time) (List[Candle], error) {
	if err := s.past(at); err != nil {
		return List[Candle]{}, err
	}
	r := bounds(p)
	var page List[Candle]
	err := s.store.Snapshot(ctx, func(tx *store.Tx) error {
		k, err := knownAt(ctx, tx, sym.ID, grid.New(sym.Class, tf), at)
		if err != nil {
			return err
		}
		if p.Backward {
			stamps, err := k.stamps(ctx, r, p.Limit+1)
			if err != nil || len(stamps) == 0 {
				return err
			}
			page.More = len(stamps) > p.Limit
			r.From = stamps[len(stamps)-min(len(stamps), p.Limit)]
		}
		return k.each(ctx, r, func(c *pipeline.Candle) error {
			if len(page.Rows) == p.Limit {
				page.More = true
				return errEnough
			}
			page.Rows = append(page.Rows, Candle{Candle: c, grid: k.grid})
			return nil
		})
	})
	return page, err
}

// errEnough ends a walk through a series early.
var errEnough = errors.New("enough")

// past refuses an instant that is still to come.
func (s *Service) past(at time.Time) error {
	if at.After(s.now()) {
		return fault.BadInput("asOf", "what will be known at %s is not known yet: want an instant up to now", at.Format(time.RFC3339))
	}
	return nil
}

// bounds is the stretch of a page, from inclusive and to exclusive.
func bounds(p CandlePage) Range {
	r := p.Range
	if after := p.After.Add(time.Microsecond); !p.After.IsZero() && after.After(r.From) {
		r.From = after
	}
	if !p.Before.IsZero() && (r.To.IsZero() || p.Before.Before(r.To)) {
		r.To = p.Before
	}
	return r
}

// knownPage is how many candles are computed at once.
const knownPage = 2000

// known is a series as it was known at an instant.
type known struct {
	tx       *store.Tx
	symbolID int64
	grid     grid.Grid
	at       time.Time
	replaced store.Basis // the basis of then, if it is not that of now
	older    bool        // it is not
	behind   int64       // bars, at that instant
}

// knownAt finds the basis that a series had at an instant.
func knownAt(ctx context.Context, tx *store.Tx, symbolID int64, g grid.Grid, at time.Time) (*known, error) {
	k := &known{tx: tx, symbolID: symbolID, grid: g, at: at}
	var err error
	k.replaced, k.older, err = tx.BasisReplacedAfter(ctx, symbolID, g.Timeframe(), at)
	return k, err
}

// stamps are the newest n of a stretch that were known, oldest first.
func (k *known) stamps(ctx context.Context, r Range, n int) ([]time.Time, error) {
	if k.older {
		return k.tx.KnownStampsOfBasis(ctx, k.symbolID, k.grid.Timeframe(), k.replaced.Number, r, k.at, n)
	}
	return k.tx.KnownStamps(ctx, k.symbolID, k.grid.Timeframe(), r, k.at, n)
}

// page is the next stored candles of the basis, known then or not.
func (k *known) page(ctx context.Context, after, to time.Time) (List[pipeline.Candle], error) {
	p := CandlePage{Range: Range{To: to}, After: after, Limit: knownPage}
	if k.older {
		return k.tx.CandlesOfBasis(ctx, k.symbolID, k.grid.Timeframe(), k.replaced.Number, p)
	}
	return k.tx.Candles(ctx, k.symbolID, k.grid.Timeframe(), p)
}

// each visits the candles of a stretch, oldest first; errEnough of visit ends the
// walk without an error.
func (k *known) each(ctx context.Context, r Range, visit func(*pipeline.Candle) error) error {
	newest, err := k.stamps(ctx, Range{}, 1)
	if err != nil || len(newest) == 0 {
		return err
	}
	k.behind = k.grid.Behind(k.grid.FirstFrom(newest[0]), k.at)
	state, after, err := k.start(ctx, r)
	if err != nil {
		return err
	}
	for {
		page, err := k.page(ctx, after, r.To)
		if err != nil || len(page.Rows) == 0 {
			return err
		}
		after = page.Rows[len(page.Rows)-1].TS
		candles, err := k.compute(ctx, &state, page.Rows)
		if err != nil {
			return err
		}
		for i := range candles {
			if candles[i].TS.Before(r.From) {
				continue
			}
			if err := visit(&candles[i]); err != nil {
				if errors.Is(err, errEnough) {
					return nil
				}
				return err
			}
		}
		if !page.More {
			return nil
		}
	}
}

// start is the last saved state before a stretch that holds today as it held then,
// and the stamp of its bar. States of an older basis are not kept.
func (k *known) start(ctx context.Context, r Range) (*pipeline.State, time.Time, error) {
	state := pipeline.NewState(k.grid)
	if k.older {
		return state, time.Time{}, nil
	}
	changes, err := k.tx.ChangesAfter(ctx, k.symbolID, k.grid.Timeframe(), k.at, r.To)
	if err != nil {
		return nil, time.Time{}, err
	}
	from := r.From // nothing from here on may be in the state; before the zero time there is none
	if !changes.Candle.IsZero() && changes.Candle.Before(from) {
		from = changes.Candle
	}
	if !changes.Payment.IsZero() {
		if sees := k.grid.Stamp(k.grid.LastEnded(changes.Payment.Add(-time.Microsecond)) + 1); sees.Before(from) {
			from = sees
		}
	}
	saved, ok, err := k.tx.StateBefore(ctx, k.symbolID, k.grid.Timeframe(), from)
	if err != nil || !ok {
		return state, time.Time{}, err
	}
	if err := state.UnmarshalBinary(saved.State); err != nil {
		return nil, time.Time{}, err
	}
	return state, saved.TS, nil
}

// compute makes of stored candles what they were then, and of their features what
// follows from that.
func (k *known) compute(ctx context.Context, state **pipeline.State, stored []pipeline.Candle) ([]pipeline.Candle, error) {
	tf := k.grid.Timeframe()
	within := Range{From: stored[0].TS, To: stored[len(stored)-1].TS.Add(time.Microsecond)}
	corrections, err := k.tx.CorrectionsAfter(ctx, k.symbolID, tf, within, k.at)
	if err != nil {
		return nil, err
	}
	if k.older { // what was corrected later are candles of another basis
		corrections = slices.DeleteFunc(corrections, func(c pipeline.Correction) bool { return c.CorrectedAt.After(k.replaced.ReplacedAt) })
	}
	bars := make([]pipeline.Bar, 0, len(stored))
	for i := range stored {
		c := stored[i]
		n := 0
		for n < len(corrections) && !corrections[n].TS.After(c.TS) {
			n++
		}
		if !c.FirstStoredAt.After(k.at) {
			pipeline.Undo(&c, corrections[:n])
			bars = append(bars, pipeline.Bar{Candle: c})
		}
		corrections = corrections[n:]
	}
	if len(bars) == 0 {
		return nil, nil
	}
	var payments []market.Payment
	if offersPayments(bars) {
		first, _ := k.grid.At(bars[0].Candle.TS)
		last, _ := k.grid.At(bars[len(bars)-1].Candle.TS)
		if payments, err = k.tx.KnownPayments(ctx, k.symbolID, k.grid.End(first), k.grid.End(last), k.at); err != nil {
			return nil, err
		}
	}
	out := pipeline.Process(pipeline.Input{
		Grid: k.grid, Prior: *state, Bars: bars, Payments: payments, Behind: k.behind, Recompute: true,
	})
	*state = out.State
	return out.Candles, nil
}
