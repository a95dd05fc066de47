package store

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/candlewright/candlewright/db"
	"github.com/candlewright/candlewright/internal/market"
	"github.com/candlewright/candlewright/internal/pipeline"
	"github.com/candlewright/candlewright/internal/quality"
)

// createStaging is what queries/schema/candle_staging.sql tells sqlc. The table
// lives as long as the connection and is empty at the start of a transaction.
const createStaging = `CREATE TEMP TABLE IF NOT EXISTS candle_staging (LIKE market_data) ON COMMIT DELETE ROWS`

var (
	copyToTable   = "COPY market_data (" + strings.Join(candleColumns, ", ") + ") FROM STDIN (FORMAT binary)"
	copyToStaging = "COPY candle_staging (" + strings.Join(candleColumns, ", ") + ") FROM STDIN (FORMAT binary)"
)

// WriteCandles writes candles of one series, ascending and each slot once: new
// ones are inserted, stored ones overwritten but for the time at which they were
// first stored. The caller holds the series (LockSeries).
//
// Where no slot of the stretch is stored the rows are copied straight into the
// table, which takes a third of the time; else they go to a staging table and from
// there into the table by one statement. Either way the number of statements does
// not depend on the number of candles.
func (tx *Tx) WriteCandles(ctx context.Context, symbolID int64, tf market.Timeframe, runID int64, candles []pipeline.Candle) error {
	if len(candles) == 0 {
		return nil
	}
	for i := 1; i < len(candles); i++ {
		if !candles[i-1].TS.Before(candles[i].TS) {
			return fmt.Errorf("write candles: %s does not come before %s", candles[i-1].TS, candles[i].TS)
		}
	}
	stored, err := tx.q.AnyCandle(ctx, db.AnyCandleParams{
		SymbolID: symbolID, Timeframe: tf, FirstTs: candles[0].TS, LastTs: candles[len(candles)-1].TS,
	})
	if err != nil {
		return failed(ctx, "look for stored candles", err)
	}
	rows := &copyRows{key: rowKey{symbolID, tf, runID}, candles: candles}
	if !stored {
		return failed(ctx, "copy candles", tx.copyFrom(ctx, copyToTable, rows))
	}
	if err := tx.clearStaging(ctx); err != nil {
		return failed(ctx, "prepare the staging table", err)
	}
	if err := tx.copyFrom(ctx, copyToStaging, rows); err != nil {
		return failed(ctx, "copy candles to the staging table", err)
	}
	n, err := tx.q.MergeCandles(ctx)
	if err == nil && n != int64(len(candles)) {
		err = fmt.Errorf("%d of %d rows arrived", n, len(candles))
	}
	return failed(ctx, "merge candles", err)
}

// clearStaging makes the staging table and sees that it is empty. Of several
// merges in one transaction the later ones find the rows of those before.
func (tx *Tx) clearStaging(ctx context.Context) error {
	if tx.staged {
		_, err := tx.conn.Exec(ctx, "TRUNCATE candle_staging")
		return err
	}
	tx.staged = true
	_, err := tx.conn.Exec(ctx, createStaging)
	return err
}

func (tx *Tx) copyFrom(ctx context.Context, sql string, rows io.Reader) error {
	_, err := tx.tx.Conn().PgConn().CopyFrom(ctx, rows, sql)
	return err
}

// copyRows is candles as the stream of a binary COPY. It encodes as it is read,
// so that it holds one buffer whatever the number of rows.
type copyRows struct {
	key     rowKey
	candles []pipeline.Candle
	begun   bool
	ended   bool
	buf     []byte // encoded
	off     int    // and read up to here
}

// copyHeader opens a binary COPY: signature, flags, length of an extension;
// copyTrailer closes it.
const (
	copyHeader  = "PGCOPY\n\xff\r\n\x00" + "\x00\x00\x00\x00" + "\x00\x00\x00\x00"
	copyTrailer = "\xff\xff"
	copyBuffer  = 64 << 10
)

// Read fills p with the next bytes of the stream.
func (r *copyRows) Read(p []byte) (int, error) {
	if r.off == len(r.buf) {
		r.fill()
	}
	if r.off == len(r.buf) {
		return 0, io.EOF
	}
	n := copy(p, r.buf[r.off:])
	r.off += n
	return n, nil
}

func (r *copyRows) fill() {
	r.buf, r.off = slices.Grow(r.buf[:0], copyBuffer+1<<10), 0
	if !r.begun {
		r.begun = true
		r.buf = append(r.buf, copyHeader...)
	}
	n := 0
	for ; n < len(r.candles) && len(r.buf) < copyBuffer; n++ {
		r.buf = appendCandle(r.buf, r.key, &r.candles[n])
	}
	r.candles = r.candles[n:]
	if len(r.candles) == 0 && !r.ended {
		r.ended = true
		r.buf = append(r.buf, copyTrailer...)
	}
}

// SetFreshness corrects the freshness, and with it the score, of every candle
// that a run wrote in a series from the stamp on: a run that was to bring a
// series up to now and did not must say so on its rows. It gives the number of
// candles changed.
func (tx *Tx) SetFreshness(ctx context.Context, symbolID int64, tf market.Timeframe, runID int64, from time.Time, freshness float64) (int64, error) {
	parts, err := tx.q.RunScoreParts(ctx, db.RunScorePartsParams{
		SymbolID: symbolID, Timeframe: tf, FromTs: from, RunID: runID, Freshness: freshness,
	})
	if err != nil {
		return 0, failed(ctx, "read the parts of scores", err)
	}
	arg := db.SetFreshnessParams{Freshness: freshness, SymbolID: symbolID, Timeframe: tf, FromTs: from, RunID: runID}
	for _, p := range parts {
		score := quality.Parts{
			FieldsPresent: p.FieldsPresent, FieldsExpected: p.FieldsExpected,
			ChecksPassed: p.ChecksPassed, ChecksMade: p.ChecksMade,
			FeaturesPresent: p.FeaturesPresent, FeaturesExpected: p.FeaturesExpected,
			Freshness: freshness,
		}.Score()
		arg.FieldsPresent = append(arg.FieldsPresent, p.FieldsPresent)
		arg.FieldsExpected = append(arg.FieldsExpected, p.FieldsExpected)
		arg.ChecksPassed = append(arg.ChecksPassed, p.ChecksPassed)
		arg.ChecksMade = append(arg.ChecksMade, p.ChecksMade)
		arg.FeaturesPresent = append(arg.FeaturesPresent, p.FeaturesPresent)
		arg.FeaturesExpected = append(arg.FeaturesExpected, p.FeaturesExpected)
		arg.Scores = append(arg.Scores, score)
	}
	if len(parts) == 0 {
		return 0, nil
	}
	n, err := tx.q.SetFreshness(ctx, arg)
	return n, failed(ctx, "correct freshness", err)
}
