package enrich

import (
	"context"
	"errors"
	"time"

	"github.com/candlewright/candlewright/internal/fault"
	"github.com/candlewright/candlewright/internal/grid"
	"github.com/candlewright/candlewright/internal/market"
	"github.com/candlewright/candlewright/internal/pipeline"
	"github.com/candlewright/candlewright/internal/store"
)

// CandlesAsOf is a page of a series as it was known at an instant: the candles
// that had been stored by then, with the values that they had then. Features,
// flags and scores are computed anew from those, with the payments that were
// known then and the freshness that the series had then.
//
// It looks through the series for what came later, and computes from the last
// saved state before that. An instant that is still to come is BAD_USER_INPUT, and
// so is one before the series was rewritten as a whole.
func (s *Service) CandlesAsOf(ctx context.Context, sym SymbolKey, tf market.Timeframe, p CandlePage, at time.Time) (List[Candle], error) {
	if err := s.past(at); err != nil {
		return List[Candle]{}, err
	}
	r := bounds(p)
	var page List[Candle]
	err := s.store.Snapshot(ctx, func(tx *store.Tx) error {
		k := known{tx: tx, symbolID: sym.ID, grid: grid.New(sym.Class, tf), at: at}
		if p.Backward {
			stamps, err := tx.KnownStamps(ctx, sym.ID, tf, r, at, p.Limit+1)
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
			page.Rows = append(page.Rows, Candle{c, k.grid})
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
	behind   int64 // bars, at that instant
}

// each visits the candles of a stretch, oldest first; errEnough of visit ends the
// walk without an error.
func (k *known) each(ctx context.Context, r Range, visit func(*pipeline.Candle) error) error {
	tf := k.grid.Timeframe()
	changes, err := k.tx.ChangesAfter(ctx, k.symbolID, tf, k.at, r.To)
	if err != nil {
		return err
	}
	if !changes.Series.IsZero() {
		return fault.BadInput("asOf", "the %s series was rewritten as a whole at %s, as after a split: want an instant from then on",
			tf, changes.Series.Format(time.RFC3339))
	}
	newest, err := k.tx.KnownStamps(ctx, k.symbolID, tf, Range{}, k.at, 1)
	if err != nil || len(newest) == 0 {
		return err
	}
	k.behind = k.grid.Behind(k.grid.FirstFrom(newest[0]), k.at)
	state, after, err := k.start(ctx, changes, r.From)
	if err != nil {
		return err
	}
	for {
		page, err := k.tx.Candles(ctx, k.symbolID, tf, CandlePage{Range: Range{To: r.To}, After: after, Limit: knownPage})
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

// start is the last saved state before a stamp that holds today as it held then,
// and the stamp of its bar. Before the zero time there is none.
func (k *known) start(ctx context.Context, changes store.Changes, from time.Time) (*pipeline.State, time.Time, error) {
	state := pipeline.NewState(k.grid)
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
