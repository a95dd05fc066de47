package store

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/candlewright/candlewright/db"
	"github.com/candlewright/candlewright/internal/market"
	"github.com/candlewright/candlewright/internal/pipeline"
)

// CandlePage asks for a part of a series, oldest first. From, After, To and
// Before are stamps; zero ones are open.
type CandlePage struct {
	Range              // From inclusive, To exclusive
	After    time.Time // exclusive
	Before   time.Time // exclusive
	Limit    int       // rows at most, at least 1
	Backward bool      // the last rows of the stretch rather than the first
}

// bounds gives the stretch as one from inclusive to exclusive. Stamps are whole
// seconds, and the column holds microseconds.
func (p CandlePage) bounds() (from, to time.Time) {
	from, to = p.ends()
	if after := p.After.Add(time.Microsecond); !p.After.IsZero() && after.After(from) {
		from = after
	}
	if !p.Before.IsZero() && p.Before.Before(to) {
		to = p.Before
	}
	return from, to
}

// CandlesIn are all candles of a series stamped in the range, oldest first.
func (s *queries) CandlesIn(ctx context.Context, symbolID int64, tf market.Timeframe, r Range) ([]pipeline.Candle, error) {
	from, to := r.ends()
	return s.candles(ctx, db.CandlesForward, 0, symbolID, tf, from, to, nil)
}

// LastCandles are the newest n candles of a series stamped before an instant
// (zero: the newest of all), oldest first.
func (s *queries) LastCandles(ctx context.Context, symbolID int64, tf market.Timeframe, before time.Time, n int) ([]pipeline.Candle, error) {
	l, err := s.Candles(ctx, symbolID, tf, CandlePage{Before: before, Limit: n, Backward: true})
	return l.Rows, err
}

// Candles is a page of a series, oldest first.
func (s *queries) Candles(ctx context.Context, symbolID int64, tf market.Timeframe, p CandlePage) (List[pipeline.Candle], error) {
	from, to := p.bounds()
	sql := db.CandlesForward
	if p.Backward {
		sql = db.CandlesBackward
	}
	rows, err := s.candles(ctx, sql, p.Limit+1, symbolID, tf, from, to, int64(p.Limit)+1)
	if err != nil {
		return List[pipeline.Candle]{}, err
	}
	return candleList(rows, p), nil
}

// CandlesOf is Candles for many symbols in one statement; one without candles
// in the stretch has no entry.
func (s *queries) CandlesOf(ctx context.Context, symbolIDs []int64, tf market.Timeframe, p CandlePage) (map[int64]List[pipeline.Candle], error) {
	from, to := p.bounds()
	sql := db.CandlesOfForward
	if p.Backward {
		sql = db.CandlesOfBackward
	}
	bySymbol := make(map[int64][]pipeline.Candle, len(symbolIDs))
	var c pipeline.Candle
	err := s.eachCandle(ctx, sql, []any{symbolIDs, tf, from, to, int64(p.Limit) + 1}, func(r *reader) {
		decodeCandle(r, &c)
		if place := r.int8(); r.err == nil {
			id := symbolIDs[place-1]
			bySymbol[id] = append(bySymbol[id], c)
		}
	})
	if err != nil {
		return nil, err
	}
	lists := make(map[int64]List[pipeline.Candle], len(bySymbol))
	for id, rows := range bySymbol {
		lists[id] = candleList(rows, p)
	}
	return lists, nil
}

func candleList(rows []pipeline.Candle, p CandlePage) List[pipeline.Candle] {
	more := len(rows) > p.Limit
	if more {
		rows = rows[:p.Limit]
	}
	if p.Backward {
		slices.Reverse(rows)
	}
	return List[pipeline.Candle]{Rows: rows, More: more}
}

// candles reads the rows of one series; a hint of how many is worth a slice that
// need not grow.
func (s *queries) candles(ctx context.Context, sql string, hint int, args ...any) ([]pipeline.Candle, error) {
	candles := make([]pipeline.Candle, 0, hint)
	err := s.eachCandle(ctx, sql, args, func(r *reader) {
		candles = append(candles, pipeline.Candle{})
		decodeCandle(r, &candles[len(candles)-1])
	})
	if err != nil {
		return nil, err
	}
	return candles, nil
}

// errText says that the connection gives text where rows are read as they come.
var errText = errors.New("the server answers in text: connect without default_query_exec_mode=simple_protocol")

func (s *queries) eachCandle(ctx context.Context, sql string, args []any, row func(*reader)) error {
	args = append([]any{pgx.QueryResultFormats{pgx.BinaryFormatCode}}, args...)
	rows, err := s.conn.Query(ctx, sql, args...)
	if err != nil {
		return failed(ctx, "read candles", err)
	}
	defer rows.Close()
	if f := rows.FieldDescriptions(); len(f) > 0 && f[0].Format != pgx.BinaryFormatCode {
		return failed(ctx, "read candles", errText)
	}
	for rows.Next() {
		r := reader{cells: rows.RawValues()}
		row(&r)
		if r.err != nil {
			return failed(ctx, "read candles", r.err)
		}
	}
	return failed(ctx, "read candles", rows.Err())
}

// Stamps calls stamp with the stamp of each candle of a series in the range,
// oldest first, without holding them. It stops at the first error and gives
// that.
func (s *queries) Stamps(ctx context.Context, symbolID int64, tf market.Timeframe, r Range, stamp func(time.Time) error) error {
	from, to := r.ends()
	rows, err := s.conn.Query(ctx, db.CandleStamps, symbolID, tf, from, to)
	if err != nil {
		return failed(ctx, "read stamps", err)
	}
	defer rows.Close()
	for rows.Next() {
		var ts time.Time
		if err := rows.Scan(&ts); err != nil {
			return failed(ctx, "read stamps", err)
		}
		if err := stamp(ts.UTC()); err != nil {
			return err
		}
	}
	return failed(ctx, "read stamps", rows.Err())
}

// CountCandles counts the candles of each symbol stamped in the range; a symbol
// without any has no entry.
func (s *queries) CountCandles(ctx context.Context, symbolIDs []int64, tf market.Timeframe, r Range) (map[int64]int64, error) {
	from, to := r.ends()
	rows, err := s.q.CountCandles(ctx, db.CountCandlesParams{SymbolIds: symbolIDs, Timeframe: tf, FromTs: from, ToTs: to})
	if err != nil {
		return nil, failed(ctx, "count candles", err)
	}
	return counts(rows, func(r db.CountCandlesRow) (int64, int64) { return r.SymbolID, r.Candles }), nil
}

// counts makes a table of rows that are a symbol and a number.
func counts[R any](rows []R, pair func(R) (int64, int64)) map[int64]int64 {
	bySymbol := make(map[int64]int64, len(rows))
	for _, r := range rows {
		id, n := pair(r)
		bySymbol[id] = n
	}
	return bySymbol
}
