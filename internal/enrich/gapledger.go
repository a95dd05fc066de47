package enrich

import (
	"context"
	"time"

	"github.com/candlewright/candlewright/internal/fault"
	"github.com/candlewright/candlewright/internal/grid"
	"github.com/candlewright/candlewright/internal/market"
	"github.com/candlewright/candlewright/internal/pipeline"
	"github.com/candlewright/candlewright/internal/quality"
	"github.com/candlewright/candlewright/internal/store"
)

// GapsRequest asks for the gaps of one series.
type GapsRequest struct {
	Ticker    string
	Class     *market.AssetClass // nil: the ticker is one of a single class
	Timeframe market.Timeframe
	Range     // of slots, From inclusive, To exclusive; gaps are cut at its ends
}

// GapTotals is what is missing of a series, or of a stretch of it.
type GapTotals struct {
	Expected int64                   // slots between the ends of the series, within the stretch
	Missing  map[quality.Cause]int64 // slots by cause
}

// Gaps is the number of slots without candle.
func (t GapTotals) Gaps() int64 {
	var n int64
	for _, slots := range t.Missing {
		n += slots
	}
	return n
}

// Completeness is the share of stored slots, as shown: of all, and of those that
// a source has not confirmed to be empty. They are 0 where no slot is expected.
func (t GapTotals) Completeness() (all, withoutEmpty float64) {
	stored, gaps := t.Expected-t.Gaps(), t.Gaps()
	all, _ = quality.Completeness(stored, gaps)
	withoutEmpty, _ = quality.Completeness(stored, gaps-t.Missing[quality.SourceEmpty])
	return all, withoutEmpty
}

// breaksAtOnce is how many interruptions of a series are read at once, nights
// among them.
const breaksAtOnce = 2000

// EachGap visits the gaps of a series, oldest first, and gives the totals; it
// holds some of the gaps, however many there are. An error of visit ends the walk.
func (s *Service) EachGap(ctx context.Context, r GapsRequest, visit func(Gap) error) (GapTotals, error) {
	totals := GapTotals{Missing: map[quality.Cause]int64{}}
	if !r.From.IsZero() && !r.To.IsZero() && !r.From.Before(r.To) {
		return totals, fault.BadInput("from", "the range from %s to %s is empty: want a start before the end", r.From.Format(time.RFC3339), r.To.Format(time.RFC3339))
	}
	sym, err := s.mustFind(ctx, r.Ticker, r.Class)
	if err != nil {
		return totals, err
	}
	now := s.now()
	err = s.store.Snapshot(ctx, func(tx *store.Tx) error {
		info, err := seriesWith(ctx, tx, sym, r.Timeframe)
		if err != nil {
			return err
		}
		g := grid.New(sym.Class, r.Timeframe)
		within := cut(r.Range, info)
		totals.Expected = g.Count(within.From, within.To)
		return eachGap(ctx, tx, SymbolKey{sym.ID, sym.Class}, g, within, now, func(gap Gap) error {
			totals.Missing[gap.Cause] += gap.Slots
			return visit(gap)
		})
	})
	return totals, err
}

// cut is the part of a range that lies in a series: what is before its first and
// after its last candle is no gap.
func cut(r Range, info pipeline.SeriesInfo) Range {
	if r.From.Before(info.First) {
		r.From = info.First
	}
	if end := info.Last.Add(time.Microsecond); r.To.IsZero() || r.To.After(end) {
		r.To = end
	}
	return r
}

func eachGap(ctx context.Context, tx *store.Tx, sym SymbolKey, g grid.Grid, r Range, now time.Time, visit func(Gap) error) error {
	for r.From.Before(r.To) {
		found, err := tx.Breaks(ctx, []int64{sym.ID}, g.Timeframe(), r, breaksAtOnce)
		if err != nil {
			return err
		}
		breaks := found[sym.ID]
		if spans := missing(g, breaks, r, len(breaks)); len(spans) > 0 {
			reach := Range{From: g.Stamp(spans[0].First), To: g.Stamp(spans[len(spans)-1].Last + 1)}
			tried, err := attemptsOf(ctx, tx, []SymbolKey{sym}, g.Timeframe(), reach)
			if err != nil {
				return err
			}
			a := tried(sym)
			for _, span := range spans {
				for gap := range a.record.Split(span) {
					if err := visit(a.gap(g.Timeframe(), gap, now)); err != nil {
						return err
					}
				}
			}
		}
		if len(breaks) < breaksAtOnce {
			return nil
		}
		r.From = breaks[len(breaks)-1].After
	}
	return nil
}
