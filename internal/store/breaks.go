package store

import (
	"context"
	"time"

	"github.com/candlewright/candlewright/db"
	"github.com/candlewright/candlewright/internal/market"
	"github.com/candlewright/candlewright/internal/quality"
)

// Break is two candles of a series that follow each other and lie further apart
// than one bar: over a night, or over a gap.
type Break struct{ Before, After time.Time }

// Breaks gives, by symbol and oldest first, the breaks that touch the range, at
// most limit of each symbol (0: all), in one statement. It reads the stamps of
// the range.
func (s *queries) Breaks(ctx context.Context, symbolIDs []int64, tf market.Timeframe, r Range, limit int) (map[int64][]Break, error) {
	from, to := r.ends()
	arg := db.BreaksOfParams{
		SymbolIds: symbolIDs, Timeframe: tf, FromTs: from, ToTs: to, BarSeconds: tf.Duration().Seconds(), RowLimit: nullID(int64(limit)),
	}
	rows, err := s.q.BreaksOf(ctx, arg)
	if err != nil {
		return nil, failed(ctx, "read breaks", err)
	}
	bySymbol := map[int64][]Break{}
	for _, r := range rows {
		bySymbol[r.SymbolID] = append(bySymbol[r.SymbolID], Break{Before: r.BeforeTs.UTC(), After: r.Ts.UTC()})
	}
	return bySymbol, nil
}

// FetchRangesOf is FetchRanges for many symbols in one statement.
func (s *queries) FetchRangesOf(ctx context.Context, symbolIDs []int64, tf market.Timeframe, r Range) (map[int64][]FetchRange, error) {
	from, to := r.ends()
	rows, err := s.q.FetchRangesOf(ctx, db.FetchRangesOfParams{SymbolIds: symbolIDs, Timeframe: tf, FromTs: from, ToTs: to})
	if err != nil {
		return nil, failed(ctx, "read fetched ranges of symbols", err)
	}
	bySymbol := map[int64][]FetchRange{}
	for _, r := range rows {
		bySymbol[r.SymbolID] = append(bySymbol[r.SymbolID], FetchRange{
			LogID: r.LogID, Source: r.Source, From: r.RangeFrom.UTC(), To: r.RangeTo.UTC(),
			Success: r.Success, FetchedAt: r.FetchedAt.UTC(),
		})
	}
	return bySymbol, nil
}

// FailedStampsOf is FailedStamps for many symbols in one statement.
func (s *queries) FailedStampsOf(ctx context.Context, symbolIDs []int64, tf market.Timeframe, r Range, checks quality.Checks) (map[int64][]time.Time, error) {
	from, to := r.ends()
	rows, err := s.q.FailedStampsOf(ctx, db.FailedStampsOfParams{
		SymbolIds: symbolIDs, Timeframe: tf, FromTs: from, ToTs: to, Checks: checks.Names(),
	})
	if err != nil {
		return nil, failed(ctx, "read the stamps of failed checks of symbols", err)
	}
	bySymbol := map[int64][]time.Time{}
	for _, r := range rows {
		bySymbol[r.SymbolID] = append(bySymbol[r.SymbolID], r.Ts.UTC())
	}
	return bySymbol, nil
}
