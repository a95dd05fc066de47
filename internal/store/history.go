package store

import (
	"context"
	"time"

	"github.com/candlewright/candlewright/db"
	"github.com/candlewright/candlewright/internal/market"
)

// ArchiveCandles moves the candles of a series stamped in the range into
// candle_history, under the basis that they have; it gives their number. The
// caller holds the series (LockSeries) and fills it anew in the same
// transaction, so that nobody sees it empty.
func (tx *Tx) ArchiveCandles(ctx context.Context, symbolID int64, tf market.Timeframe, r Range, now time.Time) (int64, error) {
	from, to := r.ends()
	n, err := tx.q.ArchiveCandles(ctx, db.ArchiveCandlesParams{SymbolID: symbolID, Timeframe: tf, FromTs: from, ToTs: to, Now: now})
	return n, failed(ctx, "archive candles", err)
}

// ActionKind is what happened to a security.
type ActionKind string

// The kinds of corporate actions.
const (
	Split     ActionKind = "split"
	Rename    ActionKind = "rename" // the ticker came to mean another security
	Delisting ActionKind = "delisting"
)

// CorporateAction is something that happened to a security.
type CorporateAction struct {
	SymbolID   int64
	ExDate     market.Date
	Kind       ActionKind
	Factor     float64 // shares that one became, of a split; NaN of others
	Source     market.SourceName
	Detail     string
	DetectedAt time.Time
}

// AddCorporateAction writes an action, once for each symbol, date and kind; it
// reports whether it was new.
func (s *queries) AddCorporateAction(ctx context.Context, a CorporateAction) (bool, error) {
	n, err := s.q.AddCorporateAction(ctx, db.AddCorporateActionParams{
		SymbolID: a.SymbolID, ExDate: a.ExDate.Time(), Kind: string(a.Kind), Factor: nullFloat(a.Factor),
		Source: a.Source, Detail: nullText(a.Detail), Now: a.DetectedAt,
	})
	return n == 1, failed(ctx, "write corporate action", err)
}

// CorporateActionsOf gives the actions of each symbol, oldest first.
func (s *queries) CorporateActionsOf(ctx context.Context, symbolIDs []int64) (map[int64][]CorporateAction, error) {
	rows, err := s.q.CorporateActionsOf(ctx, symbolIDs)
	if err != nil {
		return nil, failed(ctx, "read corporate actions", err)
	}
	bySymbol := map[int64][]CorporateAction{}
	for _, r := range rows {
		a := CorporateAction{
			SymbolID: r.SymbolID, ExDate: market.DateOf(r.ExDate), Kind: ActionKind(r.Kind), Factor: market.Missing(),
			Source: r.Source, Detail: r.Detail.String, DetectedAt: r.DetectedAt.UTC(),
		}
		if r.Factor.Valid {
			a.Factor = r.Factor.Float64
		}
		bySymbol[r.SymbolID] = append(bySymbol[r.SymbolID], a)
	}
	return bySymbol, nil
}
