package enrich

import (
	"context"
	"time"

	"github.com/candlewright/candlewright/internal/fault"
	"github.com/candlewright/candlewright/internal/grid"
	"github.com/candlewright/candlewright/internal/market"
	"github.com/candlewright/candlewright/internal/pipeline"
	"github.com/candlewright/candlewright/internal/store"
)

// CandleKey names a stored candle.
type CandleKey struct {
	SymbolID  int64
	Timeframe market.Timeframe
	TS        time.Time
}

// Key names the candle as it is stored now; false for one as it was known once.
func (c Candle) Key() (CandleKey, bool) {
	return CandleKey{c.symbolID, c.Timeframe(), c.TS}, c.symbolID != 0
}

// ExplainCandles is Explain for candles by key, all as of one moment. One that is
// not stored any more has no entry. It reads up to a thousand bars for each, one
// candle after the other.
func (s *Service) ExplainCandles(ctx context.Context, keys []CandleKey) (map[CandleKey]Explanation, error) {
	now := s.now()
	out := make(map[CandleKey]Explanation, len(keys))
	err := s.store.Snapshot(ctx, func(tx *store.Tx) error {
		ids := make([]int64, len(keys))
		for i, k := range keys {
			ids[i] = k.SymbolID
		}
		symbols, err := tx.SymbolsByIDs(ctx, ids)
		if err != nil {
			return err
		}
		series := map[SeriesKey]pipeline.SeriesInfo{}
		for _, key := range keys {
			e, err := explainOne(ctx, tx, symbols[key.SymbolID], series, key, now)
			switch {
			case fault.Is(err, fault.NotFound):
			case err != nil:
				return err
			default:
				out[key] = e
			}
		}
		return nil
	})
	return out, err
}

// explainOne explains one of many; series are those that were looked up before.
func explainOne(ctx context.Context, tx *store.Tx, sym pipeline.Symbol, series map[SeriesKey]pipeline.SeriesInfo, key CandleKey, now time.Time) (Explanation, error) {
	e := Explanation{Symbol: sym.Symbol, Timeframe: key.Timeframe}
	of := SeriesKey{SymbolID: key.SymbolID, Timeframe: key.Timeframe}
	info, ok := series[of]
	if !ok {
		var err error
		if info, err = seriesWith(ctx, tx, sym, key.Timeframe); err != nil {
			return e, err
		}
		series[of] = info
	}
	x := &explanation{tx: tx, sym: sym, grid: grid.New(sym.Class, key.Timeframe), info: info, ts: key.TS}
	stored, err := x.candle(ctx, now)
	if err != nil {
		return e, err
	}
	err = x.fill(ctx, &e, stored)
	return e, err
}
