package enrich

import (
	"context"
	"time"

	"github.com/candlewright/candlewright/internal/grid"
	"github.com/candlewright/candlewright/internal/market"
	"github.com/candlewright/candlewright/internal/pipeline"
	"github.com/candlewright/candlewright/internal/store"
)

// What the lists of candles are as they were known at an instant. Each series is
// computed on its own, so the number of statements grows with that of symbols.

// KnownCandlesOf is CandlesAsOf for several symbols.
func (s *Service) KnownCandlesOf(ctx context.Context, symbols []SymbolKey, tf market.Timeframe, p CandlePage, at time.Time) (map[SymbolKey]List[Candle], error) {
	return eachKnown(symbols, func(sym SymbolKey) (List[Candle], error) {
		return s.CandlesAsOf(ctx, sym, tf, p, at)
	})
}

// KnownCandleColumnsOf is CandleColumnsOf of candles as CandlesAsOf gives them.
func (s *Service) KnownCandleColumnsOf(ctx context.Context, symbols []SymbolKey, tf market.Timeframe, r Range, n int, at time.Time) (map[SymbolKey]CandleColumns, error) {
	return eachKnown(symbols, func(sym SymbolKey) (CandleColumns, error) {
		page, err := s.CandlesAsOf(ctx, sym, tf, CandlePage{Range: r, Limit: n, Backward: true}, at)
		rows := make([]pipeline.Candle, len(page.Rows))
		for i := range page.Rows {
			rows[i] = *page.Rows[i].Candle
		}
		return CandleColumns{rows}, err
	})
}

// CountKnownCandlesOf counts the candles of each symbol in the range that were
// known at an instant.
func (s *Service) CountKnownCandlesOf(ctx context.Context, symbols []SymbolKey, tf market.Timeframe, r Range, at time.Time) (map[SymbolKey]int64, error) {
	if err := s.past(at); err != nil {
		return nil, err
	}
	return eachKnown(symbols, func(sym SymbolKey) (n int64, err error) {
		err = s.store.Snapshot(ctx, func(tx *store.Tx) error {
			k, err := knownAt(ctx, tx, sym.ID, grid.New(sym.Class, tf), at)
			if err != nil {
				return err
			}
			n, err = k.count(ctx, r)
			return err
		})
		return n, err
	})
}

// count reads the stamps of a stretch, newest first, some at a time.
func (k *known) count(ctx context.Context, r Range) (int64, error) {
	const atOnce = 50_000
	var n int64
	for {
		stamps, err := k.stamps(ctx, r, atOnce)
		n += int64(len(stamps))
		if err != nil || len(stamps) < atOnce {
			return n, err
		}
		r.To = stamps[0]
	}
}

func eachKnown[V any](symbols []SymbolKey, read func(SymbolKey) (V, error)) (map[SymbolKey]V, error) {
	out := make(map[SymbolKey]V, len(symbols))
	for _, sym := range symbols {
		v, err := read(sym)
		if err != nil {
			return nil, err
		}
		out[sym] = v
	}
	return out, nil
}
