package store

import (
	"context"
	"slices"
	"time"

	"github.com/candlewright/candlewright/db"
	"github.com/candlewright/candlewright/internal/market"
	"github.com/candlewright/candlewright/internal/pipeline"
)

// Basis is a split basis of a series that has been replaced by another.
type Basis struct {
	Number     int
	ReplacedAt time.Time
}

// BasisReplacedAfter is the basis of a series that was valid at an instant, if it
// has been replaced since; false where it is the present one.
func (s *queries) BasisReplacedAfter(ctx context.Context, symbolID int64, tf market.Timeframe, at time.Time) (Basis, bool, error) {
	r, err := s.q.BasisReplacedAfter(ctx, db.BasisReplacedAfterParams{SymbolID: symbolID, Timeframe: tf, At: at})
	if noRow(err) {
		return Basis{}, false, nil
	}
	if err != nil {
		return Basis{}, false, failed(ctx, "look for the basis of a series", err)
	}
	return Basis{Number: int(r.Basis), ReplacedAt: r.ReplacedAt.UTC()}, true, nil
}

// historyForward reads candles of an older basis in the columns of the query
// CandlesForward. sqlc does not know that a record has the columns of its table.
// Numbers come back from JSON as they went in, to the bit.
const historyForward = `
SELECT h.ts, m.open, m.high, m.low, m.close, m.volume,
    m.open_interest, m.funding_rate, m.liquidations_long, m.liquidations_short,
    m.taker_buy_volume, m.taker_sell_volume, m.long_short_ratio, m.exchange_inflow,
    m.return_1h, m.return_1d, m.volatility_20, m.volatility_50, m.atr, m.trend_direction, m.market_structure, m.rolling_volume_20,
    m.delta, m.buy_sell_ratio, m.liquidation_intensity, m.volume_spike_score, m.funding_rate_percentile, m.open_interest_change,
    m.source, m.manual, m.offered, m.validation_notes, m.anomaly,
    m.fields_present, m.fields_expected, m.checks_passed, m.checks_made, m.features_present, m.features_expected, m.freshness,
    m.revision, h.basis, h.first_stored_at
FROM candle_history h
CROSS JOIN LATERAL jsonb_populate_record(NULL::market_data, h.candle) AS m
WHERE h.symbol_id = $1 AND h.timeframe = $2 AND h.basis = $3 AND h.ts >= $4 AND h.ts < $5
ORDER BY h.ts
LIMIT $6`

// CandlesOfBasis is Candles of an older basis, forward only: as they stood when it
// was replaced.
func (s *queries) CandlesOfBasis(ctx context.Context, symbolID int64, tf market.Timeframe, basis int, p CandlePage) (List[pipeline.Candle], error) {
	from, to := p.bounds()
	rows, err := s.candles(ctx, historyForward, p.Limit+1, symbolID, tf, int4(basis), from, to, int64(p.Limit)+1)
	if err != nil {
		return List[pipeline.Candle]{}, err
	}
	return candleList(rows, CandlePage{Limit: p.Limit}), nil
}

// KnownStampsOfBasis is KnownStamps of an older basis.
func (s *queries) KnownStampsOfBasis(ctx context.Context, symbolID int64, tf market.Timeframe, basis int, r Range, at time.Time, n int) ([]time.Time, error) {
	from, to := r.ends()
	stamps, err := s.q.KnownHistoryStamps(ctx, db.KnownHistoryStampsParams{
		SymbolID: symbolID, Timeframe: tf, Basis: int4(basis), FromTs: from, ToTs: to, KnownAt: at, RowLimit: int4(n),
	})
	if err != nil {
		return nil, failed(ctx, "read known stamps of an older basis", err)
	}
	slices.Reverse(stamps)
	return inUTC(stamps), nil
}
