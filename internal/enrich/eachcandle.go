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

// MaxLast is the greatest number of newest candles that can be asked for; a range
// has no limit.
const MaxLast = 1_000_000

// CandlesRequest asks for the candles of one series.
type CandlesRequest struct {
	Ticker    string
	Class     *market.AssetClass // nil: the ticker is one of a single class
	Timeframe market.Timeframe
	Range               // of stamps, From inclusive, To exclusive
	Last      int       // only the newest so many of the range; 0: all
	AsOf      time.Time // as they were known then; zero: as they are now
}

// Class is the asset class of the candle's symbol, which says what features it can
// have.
func (c Candle) Class() market.AssetClass { return c.grid.Class() }

// Timeframe is the candle's length.
func (c Candle) Timeframe() market.Timeframe { return c.grid.Timeframe() }

// EachCandle visits the candles of a series, oldest first, as they are at one
// moment; it holds a page of them. An error of visit ends the walk and is given.
func (s *Service) EachCandle(ctx context.Context, r CandlesRequest, visit func(Candle) error) error {
	switch {
	case r.Last < 0 || r.Last > MaxLast:
		return fault.BadInput("last", "the newest %d candles: want 1 to %d, or a range", r.Last, MaxLast)
	case !r.From.IsZero() && !r.To.IsZero() && !r.From.Before(r.To):
		return fault.BadInput("from", "the range from %s to %s is empty: want a start before the end", r.From.Format(time.RFC3339), r.To.Format(time.RFC3339))
	}
	at := time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC) // all that is stored is known
	if !r.AsOf.IsZero() {
		if err := s.past(r.AsOf); err != nil {
			return err
		}
		at = r.AsOf
	}
	sym, err := s.mustFind(ctx, r.Ticker, r.Class)
	if err != nil {
		return err
	}
	return s.store.Snapshot(ctx, func(tx *store.Tx) error {
		g := grid.New(sym.Class, r.Timeframe)
		if err := hasSeries(ctx, tx, sym, r.Timeframe); err != nil {
			return err
		}
		k, err := knownAt(ctx, tx, sym.ID, g, at)
		if err != nil {
			return err
		}
		within := r.Range
		if r.Last > 0 {
			stamps, err := k.stamps(ctx, within, r.Last)
			if err != nil || len(stamps) == 0 {
				return err
			}
			within.From = stamps[0]
		}
		show := func(c *pipeline.Candle) error { return visit(Candle{Candle: c, grid: g}) }
		if !r.AsOf.IsZero() {
			return k.each(ctx, within, show)
		}
		return eachStored(ctx, tx, sym.ID, r.Timeframe, within, show)
	})
}

// hasSeries is a fault where a symbol has no candle of a timeframe.
func hasSeries(ctx context.Context, tx *store.Tx, sym pipeline.Symbol, tf market.Timeframe) error {
	_, err := seriesWith(ctx, tx, sym, tf)
	return err
}

// seriesWith is a series that has candles.
func seriesWith(ctx context.Context, tx *store.Tx, sym pipeline.Symbol, tf market.Timeframe) (pipeline.SeriesInfo, error) {
	stored, err := tx.Series(ctx, sym.ID)
	if err != nil {
		return pipeline.SeriesInfo{}, err
	}
	for _, info := range stored {
		if info.Timeframe == tf && info.Records > 0 {
			return info, nil
		}
	}
	return pipeline.SeriesInfo{}, fault.NoSuch("%s has no candle of %s", sym.Symbol, tf)
}

func eachStored(ctx context.Context, tx *store.Tx, symbolID int64, tf market.Timeframe, r Range, visit func(*pipeline.Candle) error) error {
	p := CandlePage{Range: r, Limit: knownPage}
	for {
		page, err := tx.Candles(ctx, symbolID, tf, p)
		if err != nil {
			return err
		}
		for i := range page.Rows {
			if err := visit(&page.Rows[i]); err != nil {
				return err
			}
		}
		if !page.More {
			return nil
		}
		p.After = page.Rows[len(page.Rows)-1].TS
	}
}
