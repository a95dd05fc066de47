package enrich

import (
	"context"
	"time"

	"github.com/candlewright/candlewright/internal/market"
	"github.com/candlewright/candlewright/internal/pipeline"
)

// SeriesDigest says in a few bytes which candles a series holds.
type SeriesDigest struct {
	Symbol      market.Symbol
	Timeframe   market.Timeframe
	Digest      pipeline.Digest
	Records     int64
	First, Last time.Time // stamps
}

// Digests gives the digests of a symbol's series with candles, finest first. Two
// installations that agree in one have the same delivered candles in that series.
func (s *Service) Digests(ctx context.Context, ticker string, class *market.AssetClass) ([]SeriesDigest, error) {
	sym, err := s.mustFind(ctx, ticker, class)
	if err != nil {
		return nil, err
	}
	stored, err := s.store.Series(ctx, sym.ID)
	if err != nil {
		return nil, err
	}
	var digests []SeriesDigest
	for _, info := range stored {
		if info.Records > 0 {
			digests = append(digests, SeriesDigest{sym.Symbol, info.Timeframe, info.Digest, info.Records, info.First, info.Last})
		}
	}
	return digests, nil
}
