package store

import (
	"context"
	"time"

	"github.com/candlewright/candlewright/db"
	"github.com/candlewright/candlewright/internal/market"
	"github.com/candlewright/candlewright/internal/pipeline"
)

// StoredCandle is a candle with all columns of its row. Two of them say what
// follows from the others, and are there for those who query the table.
type StoredCandle struct {
	pipeline.Candle
	Validated    bool
	QualityScore float64
	RunID        int64 // that last wrote the row
}

// StoredCandles are the first candles of a series after a stamp (zero: from its
// start) and before another (zero: to its end), at most limit of them.
func (s *queries) StoredCandles(ctx context.Context, symbolID int64, tf market.Timeframe, after, before time.Time, limit int) ([]StoredCandle, error) {
	from, to := CandlePage{After: after, Before: before}.bounds()
	rows := make([]StoredCandle, 0, limit)
	err := s.eachCandle(ctx, db.StoredCandles, []any{symbolID, tf, from, to, int64(limit)}, func(r *reader) {
		rows = append(rows, StoredCandle{})
		c := &rows[len(rows)-1]
		decodeCandle(r, &c.Candle)
		c.Validated, c.QualityScore, c.RunID = r.bool(), r.float(), r.int8()
	})
	if err != nil {
		return nil, err
	}
	return rows, nil
}
