package store

import (
	"context"
	"slices"
	"time"

	"github.com/candlewright/candlewright/db"
	"github.com/candlewright/candlewright/internal/market"
)

// PaymentWindow is the number of payments that a funding percentile is taken of.
const PaymentWindow = 90

// PutPayments stores funding payments of a symbol, each instant once. A payment
// that is stored already is replaced if its rate differs and it is from the same
// source or one of lesser. It gives the instant of the earliest payment that is
// new or changed, false if none is.
func (s *queries) PutPayments(ctx context.Context, symbolID int64, source market.SourceName, lesser []market.SourceName, payments []market.Payment, now time.Time) (earliest time.Time, changed bool, err error) {
	if len(payments) == 0 {
		return time.Time{}, false, nil
	}
	arg := db.PutPaymentsParams{
		SymbolID: symbolID, Source: source, Now: now, Lesser: words(lesser),
		PaidAt: make([]time.Time, len(payments)), Rates: make([]float64, len(payments)),
	}
	for i, p := range payments {
		arg.PaidAt[i], arg.Rates[i] = p.At, p.Rate
	}
	stamps, err := s.q.PutPayments(ctx, arg)
	if err != nil {
		return time.Time{}, false, failed(ctx, "store funding payments", err)
	}
	if len(stamps) == 0 {
		return time.Time{}, false, nil
	}
	return slices.MinFunc(stamps, time.Time.Compare).UTC(), true, nil
}

// Payments are the funding payments of a symbol that count for bars which end
// after "after" and at or before through: those paid between the two, and the
// PaymentWindow before, ascending. Two statements.
func (s *queries) Payments(ctx context.Context, symbolID int64, after, through time.Time) ([]market.Payment, error) {
	before, err := s.q.PaymentsBefore(ctx, db.PaymentsBeforeParams{SymbolID: symbolID, At: after, RowLimit: PaymentWindow})
	if err != nil {
		return nil, failed(ctx, "read earlier funding payments", err)
	}
	within, err := s.q.PaymentsAfter(ctx, db.PaymentsAfterParams{SymbolID: symbolID, After: after, Through: through})
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
