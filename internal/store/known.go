package store

import (
	"context"
	"slices"
	"time"

	"github.com/candlewright/candlewright/db"
	"github.com/candlewright/candlewright/internal/market"
	"github.com/candlewright/candlewright/internal/pipeline"
)

// What was known at an earlier instant: rows by the time at which they were first
// stored, with the corrections since.

// KnownStamps are the newest n stamps of a series in the range whose candles were
// stored by an instant, oldest first.
func (s *queries) KnownStamps(ctx context.Context, symbolID int64, tf market.Timeframe, r Range, at time.Time, n int) ([]time.Time, error) {
	from, to := r.ends()
	stamps, err := s.q.KnownStamps(ctx, db.KnownStampsParams{
		SymbolID: symbolID, Timeframe: tf, FromTs: from, ToTs: to, KnownAt: at, RowLimit: int4(n),
	})
	if err != nil {
		return nil, failed(ctx, "read known stamps", err)
	}
	slices.Reverse(stamps)
	return inUTC(stamps), nil
}

// Changes is what happened to a series after an instant; zero is nothing.
type Changes struct {
	Candle  time.Time // stamp of the first candle that was stored or corrected since
	Payment time.Time // of the first funding payment of the symbol that was stored or replaced since
}

// ChangesAfter tells what changed in a series after an instant, as far as it
// concerns candles stamped before "before". It reads the series up to there.
// Three statements.
func (s *queries) ChangesAfter(ctx context.Context, symbolID int64, tf market.Timeframe, at, before time.Time) (Changes, error) {
	_, to := Range{To: before}.ends()
	stored, err := s.q.FirstStoredAfter(ctx, db.FirstStoredAfterParams{SymbolID: symbolID, Timeframe: tf, ToTs: to, KnownAt: at})
	if err != nil {
		return Changes{}, failed(ctx, "look for candles stored later", err)
	}
	corrected, err := s.q.FirstCorrectedAfter(ctx, db.FirstCorrectedAfterParams{
		ToTs: to, SymbolID: symbolID, Timeframe: tf, KnownAt: at,
	})
	if err != nil {
		return Changes{}, failed(ctx, "look for later corrections", err)
	}
	paid, err := s.q.FirstPaymentStoredAfter(ctx, db.FirstPaymentStoredAfterParams{SymbolID: symbolID, KnownAt: at})
	if err != nil {
		return Changes{}, failed(ctx, "look for payments stored later", err)
	}
	first := stored
	if corrected.Before(first) {
		first = corrected
	}
	return Changes{Candle: unlessLast(first), Payment: unlessLast(paid)}, nil
}

// unlessLast makes the zero time of the last year, which stands for none.
func unlessLast(t time.Time) time.Time {
	if !t.Before(highest.At) {
		return time.Time{}
	}
	return t.UTC()
}

// CorrectionsAfter are the corrections of a series' candles in the range that were
// made after an instant, by stamp and of one candle oldest first.
func (s *queries) CorrectionsAfter(ctx context.Context, symbolID int64, tf market.Timeframe, r Range, at time.Time) ([]pipeline.Correction, error) {
	from, to := r.ends()
	rows, err := s.q.CorrectionsAfter(ctx, db.CorrectionsAfterParams{
		SymbolID: symbolID, Timeframe: tf, FromTs: from, ToTs: to, KnownAt: at,
	})
	if err != nil {
		return nil, failed(ctx, "read later corrections", err)
	}
	return all(rows, correctionOf), nil
}

// KnownPayments is Payments less those that were stored or replaced after an
// instant. Two statements.
func (s *queries) KnownPayments(ctx context.Context, symbolID int64, after, through, at time.Time) ([]market.Payment, error) {
	before, err := s.q.KnownPaymentsBefore(ctx, db.KnownPaymentsBeforeParams{SymbolID: symbolID, At: after, KnownAt: at, RowLimit: PaymentWindow})
	if err != nil {
		return nil, failed(ctx, "read earlier funding payments", err)
	}
	within, err := s.q.KnownPaymentsAfter(ctx, db.KnownPaymentsAfterParams{SymbolID: symbolID, After: after, Through: through, KnownAt: at})
	if err != nil {
		return nil, failed(ctx, "read funding payments", err)
	}
	payments := make([]market.Payment, 0, len(before)+len(within))
	for _, r := range slices.Backward(before) {
		payments = append(payments, market.Payment{At: r.PaidAt.UTC(), Rate: r.Rate})
	}
	for _, r := range within {
		payments = append(payments, market.Payment{At: r.PaidAt.UTC(), Rate: r.Rate})
	}
	return payments, nil
}
