package store

import (
	"context"
	"time"

	"github.com/candlewright/candlewright/db"
	"github.com/candlewright/candlewright/internal/market"
)

// Checkpoint is the running computation of a series as it was saved after the
// bar stamped TS.
type Checkpoint struct {
	TS    time.Time
	State []byte
}

// LastState is the newest checkpoint of a series; false where it has none.
func (s *queries) LastState(ctx context.Context, symbolID int64, tf market.Timeframe) (Checkpoint, bool, error) {
	r, err := s.q.LastState(ctx, db.LastStateParams{SymbolID: symbolID, Timeframe: tf})
	return checkpoint(ctx, r.Ts, r.State, err)
}

// StateBefore is the newest checkpoint after a bar stamped before ts: from it
// the bar at ts can be computed anew.
func (s *queries) StateBefore(ctx context.Context, symbolID int64, tf market.Timeframe, ts time.Time) (Checkpoint, bool, error) {
	r, err := s.q.StateBefore(ctx, db.StateBeforeParams{SymbolID: symbolID, Timeframe: tf, Ts: ts})
	return checkpoint(ctx, r.Ts, r.State, err)
}

// StateAt is the checkpoint after the bar stamped ts.
func (s *queries) StateAt(ctx context.Context, symbolID int64, tf market.Timeframe, ts time.Time) (Checkpoint, bool, error) {
	state, err := s.q.StateAt(ctx, db.StateAtParams{SymbolID: symbolID, Timeframe: tf, Ts: ts})
	return checkpoint(ctx, ts, state, err)
}

func checkpoint(ctx context.Context, ts time.Time, state []byte, err error) (Checkpoint, bool, error) {
	if noRow(err) {
		return Checkpoint{}, false, nil
	}
	if err != nil {
		return Checkpoint{}, false, failed(ctx, "read checkpoint", err)
	}
	return Checkpoint{TS: ts.UTC(), State: state}, true, nil
}

// StateStamps are the stamps of a series' checkpoints from an instant on,
// ascending.
func (s *queries) StateStamps(ctx context.Context, symbolID int64, tf market.Timeframe, from time.Time) ([]time.Time, error) {
	stamps, err := s.q.StateStamps(ctx, db.StateStampsParams{SymbolID: symbolID, Timeframe: tf, FromTs: from})
	if err != nil {
		return nil, failed(ctx, "read the stamps of checkpoints", err)
	}
	return inUTC(stamps), nil
}

func inUTC(ts []time.Time) []time.Time {
	for i, t := range ts {
		ts[i] = t.UTC()
	}
	return ts
}

// PutState saves a checkpoint of a series that exists (LockSeries), over one of
// the same bar.
func (s *queries) PutState(ctx context.Context, symbolID int64, tf market.Timeframe, c Checkpoint) error {
	err := s.q.PutState(ctx, db.PutStateParams{SymbolID: symbolID, Timeframe: tf, Ts: c.TS, State: c.State})
	return failed(ctx, "save checkpoint", err)
}

// DeleteState removes the checkpoint after the bar stamped ts, if there is one.
func (s *queries) DeleteState(ctx context.Context, symbolID int64, tf market.Timeframe, ts time.Time) error {
	err := s.q.DeleteState(ctx, db.DeleteStateParams{SymbolID: symbolID, Timeframe: tf, Ts: ts})
	return failed(ctx, "delete checkpoint", err)
}

// DeleteStatesFrom removes the checkpoints after bars stamped at from or later.
func (s *queries) DeleteStatesFrom(ctx context.Context, symbolID int64, tf market.Timeframe, from time.Time) error {
	_, err := s.q.DeleteStatesFrom(ctx, db.DeleteStatesFromParams{SymbolID: symbolID, Timeframe: tf, FromTs: from})
	return failed(ctx, "delete checkpoints", err)
}
