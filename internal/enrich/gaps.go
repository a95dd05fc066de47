package enrich

import (
	"context"
	"time"

	"github.com/candlewright/candlewright/internal/grid"
	"github.com/candlewright/candlewright/internal/market"
	"github.com/candlewright/candlewright/internal/quality"
	"github.com/candlewright/candlewright/internal/store"
)

// Gap is a stretch of missing bars of one cause.
type Gap struct {
	Timeframe market.Timeframe
	From, To  time.Time // stamps of the first and the last missing bar
	Slots     int64
	Cause     quality.Cause
	Tries     int          // how often sources were asked for it, files included
	NextTry   time.Time    // from when on it may be asked for again; the moment of the answer: at once
	Evidence  []FetchRange // what shows the cause, in the order of time; none where none was asked
}

// GapPage asks for a part of the gaps of a series, oldest first.
type GapPage struct {
	Range           // of slots, From inclusive, To exclusive; gaps are cut at its ends
	After time.Time // only gaps whose first slot is stamped later; zero: from the start
	Limit int       // at least 1
}

// GapsOf lists the gaps of one timeframe of each symbol: slots between the first
// and the last stored candle that have none. A symbol without any has no entry.
//
// Gaps are no rows: the stamps of the stretch are read by the server, and what
// comes back is where they are interrupted.
func (s *Service) GapsOf(ctx context.Context, symbols []SymbolKey, tf market.Timeframe, p GapPage) (map[SymbolKey]List[Gap], error) {
	within := p.Range
	if p.After.After(within.From) {
		within.From = p.After
	}
	limit := p.Limit + 2 // one more tells whether there are more, and one may lie before After
	fromStore := 0
	if allCrypto(symbols) {
		fromStore = limit // no nights: every break is a gap
	}
	breaks, err := s.store.Breaks(ctx, idsOf(symbols), tf, within, fromStore)
	if err != nil {
		return nil, err
	}
	spans := make(map[SymbolKey][]quality.Span, len(symbols))
	reach := Range{}
	for _, sym := range symbols {
		g := grid.New(sym.Class, tf)
		found := missing(g, breaks[sym.ID], p.Range, limit)
		if len(found) == 0 {
			continue
		}
		spans[sym] = found
		reach = widened(reach, g.Stamp(found[0].First), g.Stamp(found[len(found)-1].Last+1))
	}
	if len(spans) == 0 {
		return nil, nil
	}
	tried, err := attemptsOf(ctx, s.store, symbols, tf, reach)
	if err != nil {
		return nil, err
	}
	now := s.now()
	out := make(map[SymbolKey]List[Gap], len(spans))
	for sym, found := range spans {
		out[sym] = gapPage(tf, tried(sym), found, p, now)
	}
	return out, nil
}

func allCrypto(symbols []SymbolKey) bool {
	for _, sym := range symbols {
		if sym.Class != market.Crypto {
			return false
		}
	}
	return true
}

// missing are the runs of empty slots inside breaks, cut to a range, at most
// limit.
func missing(g grid.Grid, breaks []store.Break, r Range, limit int) []quality.Span {
	var spans []quality.Span
	for _, b := range breaks {
		span := quality.Span{First: g.FirstFrom(b.Before) + 1, Last: g.FirstFrom(b.After) - 1}
		if !r.From.IsZero() {
			span.First = max(span.First, g.FirstFrom(r.From))
		}
		if !r.To.IsZero() {
			span.Last = min(span.Last, g.FirstFrom(r.To)-1)
		}
		if span.First <= span.Last {
			spans = append(spans, span)
		}
		if len(spans) == limit {
			break
		}
	}
	return spans
}

func widened(r Range, from, to time.Time) Range {
	if r.From.IsZero() || from.Before(r.From) {
		r.From = from
	}
	if to.After(r.To) {
		r.To = to
	}
	return r
}

// fetched is the part of the store that knows what was tried.
type fetched interface {
	FetchRangesOf(ctx context.Context, symbolIDs []int64, tf market.Timeframe, r Range) (map[int64][]FetchRange, error)
	FailedStampsOf(ctx context.Context, symbolIDs []int64, tf market.Timeframe, r Range, checks quality.Checks) (map[int64][]time.Time, error)
}

// attemptsOf reads what was tried to fill a stretch of the series.
func attemptsOf(ctx context.Context, st fetched, symbols []SymbolKey, tf market.Timeframe, r Range) (func(SymbolKey) attempts, error) {
	asked, err := st.FetchRangesOf(ctx, idsOf(symbols), tf, r)
	if err != nil {
		return nil, err
	}
	refused, err := st.FailedStampsOf(ctx, idsOf(symbols), tf, r, quality.Refusing)
	if err != nil {
		return nil, err
	}
	return func(sym SymbolKey) attempts {
		return newAttempts(grid.New(sym.Class, tf), asked[sym.ID], refused[sym.ID])
	}, nil
}

func gapPage(tf market.Timeframe, tried attempts, spans []quality.Span, p GapPage, now time.Time) List[Gap] {
	var l List[Gap]
	for _, span := range spans {
		for g := range tried.record.Split(span) {
			if !p.After.IsZero() && !g.First.After(p.After) {
				continue
			}
			if len(l.Rows) == p.Limit {
				l.More = true
				return l
			}
			l.Rows = append(l.Rows, tried.gap(tf, g, now))
		}
	}
	return l
}
