package store

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/candlewright/candlewright/db"
	"github.com/candlewright/candlewright/internal/fault"
	"github.com/candlewright/candlewright/internal/market"
	"github.com/candlewright/candlewright/internal/pipeline"
)

// Series are the series of a symbol, finest first, those without candles too.
func (s *queries) Series(ctx context.Context, symbolID int64) ([]pipeline.SeriesInfo, error) {
	bySymbol, err := s.SeriesOf(ctx, []int64{symbolID})
	return bySymbol[symbolID], err
}

// SeriesOf gives the series of each symbol, finest first.
func (s *queries) SeriesOf(ctx context.Context, symbolIDs []int64) (map[int64][]pipeline.SeriesInfo, error) {
	rows, err := s.q.SeriesOf(ctx, symbolIDs)
	if err != nil {
		return nil, failed(ctx, "read series", err)
	}
	bySymbol := map[int64][]pipeline.SeriesInfo{}
	for _, r := range rows {
		info := seriesOf(r)
		bySymbol[r.SymbolID] = append(bySymbol[r.SymbolID], info)
	}
	for _, infos := range bySymbol {
		finestFirst(infos)
	}
	return bySymbol, nil
}

func finestFirst(infos []pipeline.SeriesInfo) {
	slices.SortFunc(infos, func(a, b pipeline.SeriesInfo) int { return cmp.Compare(a.Timeframe.Order(), b.Timeframe.Order()) })
}

// LockSeries reads a series, making it where it does not exist, and holds its
// row until the end of the transaction: who writes candles holds it.
func (tx *Tx) LockSeries(ctx context.Context, symbolID int64, tf market.Timeframe, now time.Time) (pipeline.SeriesInfo, error) {
	key := db.LockSeriesParams{SymbolID: symbolID, Timeframe: tf}
	r, err := tx.q.LockSeries(ctx, key)
	if noRow(err) {
		if err := tx.q.CreateSeries(ctx, db.CreateSeriesParams{SymbolID: symbolID, Timeframe: tf, Digest: make([]byte, len(pipeline.Digest{})), Now: now}); err != nil {
			return pipeline.SeriesInfo{}, failed(ctx, "create series", err)
		}
		r, err = tx.q.LockSeries(ctx, key)
	}
	if err != nil {
		return pipeline.SeriesInfo{}, failed(ctx, "lock series", err)
	}
	return seriesOf(r), nil
}

// UpdateSeries writes the extent of a series that exists.
func (s *queries) UpdateSeries(ctx context.Context, info pipeline.SeriesInfo, now time.Time) error {
	n, err := s.q.UpdateSeries(ctx, db.UpdateSeriesParams{
		Basis:     int4(info.Basis),
		FirstTs:   nullTime(info.First),
		LastTs:    nullTime(info.Last),
		Records:   info.Records,
		Validated: info.Validated,
		Anomalies: info.Anomalies,
		Revision:  info.Revision,
		Digest:    info.Digest[:],
		Now:       now,
		SymbolID:  info.SymbolID,
		Timeframe: info.Timeframe,
	})
	if err == nil && n == 0 {
		return fault.NoSuch("There is no %s series of symbol %d", info.Timeframe, info.SymbolID)
	}
	return failed(ctx, "update series", err)
}

// MeasureSeries counts a series anew from its candles, which reads all of them;
// basis, revision and digest are not measured.
func (s *queries) MeasureSeries(ctx context.Context, symbolID int64, tf market.Timeframe) (pipeline.SeriesInfo, error) {
	r, err := s.q.MeasureSeries(ctx, db.MeasureSeriesParams{SymbolID: symbolID, Timeframe: tf})
	if err != nil {
		return pipeline.SeriesInfo{}, failed(ctx, "measure series", err)
	}
	return pipeline.SeriesInfo{
		SymbolID: symbolID, Timeframe: tf, First: r.FirstTs.UTC(), Last: r.LastTs.UTC(),
		Records: r.Records, Validated: r.Validated, Anomalies: r.Anomalies,
	}, nil
}
