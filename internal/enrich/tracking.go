package enrich

import (
	"context"

	"github.com/candlewright/candlewright/internal/market"
	"github.com/candlewright/candlewright/internal/pipeline"
	"github.com/candlewright/candlewright/internal/store"
)

// TrackRequest says what is to be tracked.
type TrackRequest struct {
	Symbol     market.Symbol // its ticker as market.ParseTicker gives it
	Timeframes []market.Timeframe
	Name       string // "" leaves the name as it is
}

// Track tracks a symbol from now on, or adds timeframes to one that is tracked,
// and has the scheduler start it. To repeat it changes nothing.
func (s *Service) Track(ctx context.Context, r TrackRequest) (pipeline.Symbol, error) {
	now := s.now()
	var sym pipeline.Symbol
	err := s.store.InTx(ctx, func(tx *store.Tx) error {
		var err error
		sym, err = tx.TrackSymbol(ctx, store.Tracking{Symbol: r.Symbol, Name: r.Name, Timeframes: r.Timeframes, Schedule: true}, now)
		if err != nil {
			return err
		}
		return s.refreshStatus(ctx, tx, sym.ID, now)
	})
	return sym, err
}

// Untrack stops tracking a symbol: nothing starts it any more. What is stored
// stays, and so do the runs that are queued. A symbol that is not known is
// SYMBOL_NOT_FOUND.
func (s *Service) Untrack(ctx context.Context, name market.Symbol) (pipeline.Symbol, error) {
	now := s.now()
	var sym pipeline.Symbol
	err := s.store.InTx(ctx, func(tx *store.Tx) error {
		found, err := tx.Symbol(ctx, name)
		if err != nil {
			return err
		}
		if sym, err = tx.LockSymbol(ctx, found.ID); err != nil || !sym.Active && !sym.Scheduled {
			return err
		}
		sym.Active, sym.Scheduled = false, false
		if sym, err = tx.SetTracking(ctx, sym, now); err != nil {
			return err
		}
		return s.refreshStatus(ctx, tx, sym.ID, now)
	})
	return sym, err
}
