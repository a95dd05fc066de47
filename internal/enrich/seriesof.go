package enrich

import (
	"context"
	"time"

	"github.com/candlewright/candlewright/internal/grid"
	"github.com/candlewright/candlewright/internal/market"
	"github.com/candlewright/candlewright/internal/pipeline"
)

// SeriesExtent is what is stored of one timeframe of a symbol.
type SeriesExtent struct {
	SymbolID     int64
	Timeframe    market.Timeframe
	First, Last  time.Time // stamps
	Records      int64
	Expected     int64   // slots from First to Last, both included
	Completeness float64 // Records / Expected, unrounded
	LagSeconds   int64   // since the first missing bar after Last has ended, less the publishing delay
}

// Key names the series.
func (e SeriesExtent) Key() SeriesKey { return SeriesKey{SymbolID: e.SymbolID, Timeframe: e.Timeframe} }

// SeriesOf gives the series with candles of each symbol, finest first; a symbol
// without any has no entry.
func (s *Service) SeriesOf(ctx context.Context, symbols []SymbolKey) (map[SymbolKey][]SeriesExtent, error) {
	now := s.now()
	stored, err := s.store.SeriesOf(ctx, idsOf(symbols))
	if err != nil {
		return nil, err
	}
	out := make(map[SymbolKey][]SeriesExtent, len(stored))
	for _, sym := range symbols {
		for _, info := range stored[sym.ID] {
			if info.Records > 0 {
				out[sym] = append(out[sym], s.extent(sym.Class, info, now))
			}
		}
	}
	return out, nil
}

func (s *Service) extent(class market.AssetClass, info pipeline.SeriesInfo, now time.Time) SeriesExtent {
	g := grid.New(class, info.Timeframe)
	last := g.FirstFrom(info.Last)
	e := SeriesExtent{
		SymbolID: info.SymbolID, Timeframe: info.Timeframe, First: info.First, Last: info.Last,
		Records: info.Records, Expected: int64(last-g.FirstFrom(info.First)) + 1,
		LagSeconds: *seconds(g.Lag(last, now, s.publishingDelay)),
	}
	e.Completeness = float64(e.Records) / float64(e.Expected)
	return e
}

// LastRunsOf gives the newest run that covers each series; one that no run
// covers has no entry.
func (s *Service) LastRunsOf(ctx context.Context, series []SeriesKey) (map[SeriesKey]pipeline.Run, error) {
	return s.store.LastRunsOfSeries(ctx, series)
}
