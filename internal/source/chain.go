package source

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"time"

	"github.com/candlewright/candlewright/internal/grid"
	"github.com/candlewright/candlewright/internal/market"
)

// Chain asks the sources of an asset class in their order. A source that fails
// for a range is replaced for that range only and asked again for what follows,
// unless what it said holds for the whole series (no such symbol, not entitled,
// blocked). A Chain has no state of its own.
type Chain struct {
	order   Order
	sources map[market.SourceName]Source
	inflow  InflowSource // nil: none
}

// NewChain makes a chain of the sources that are switched on; one that the
// order names and that is not given is skipped.
func NewChain(order Order, sources ...Source) *Chain {
	c := &Chain{order: order, sources: make(map[market.SourceName]Source, len(sources))}
	for _, s := range sources {
		c.sources[s.Name()] = s
	}
	return c
}

// Order is the order the chain was made with.
func (c *Chain) Order() Order { return c.order }

// Sources are the sources switched on that serve a series, the best first.
func (c *Chain) Sources(sym market.Symbol, tf market.Timeframe) []Source {
	var list []Source
	for _, name := range c.order[sym.Class] {
		if s, ok := c.sources[name]; ok && s.Serves(sym, tf) {
			list = append(list, s)
		}
	}
	return list
}

// Breaker is the state of a source's breaker in this process; false where the
// source is not switched on or has none.
func (c *Chain) Breaker(name market.SourceName) (BreakerState, bool) {
	g, ok := c.sources[name].(Guarded)
	if !ok {
		return "", false
	}
	return g.Breaker(), true
}

// Funding is the best source that is switched on and has the funding payments
// of a coin's perpetual.
func (c *Chain) Funding(sym market.Symbol) (FundingSource, bool) {
	for _, name := range c.order[sym.Class] {
		if f, ok := c.sources[name].(FundingSource); ok && sym.Class == market.Crypto {
			return f, true
		}
	}
	return nil, false
}

// Candles is as Source.Candles, with pages of several sources: each page's
// attempt names its own. A range that no source's history reaches is told to
// OnFailure and passed over, so pages may leave it out. The error at the end is
// a *FailedError, or the context's.
func (c *Chain) Candles(ctx context.Context, r Request) iter.Seq2[Page, error] {
	return func(yield func(Page, error) bool) {
		list := c.Sources(r.Symbol, r.Timeframe)
		if len(list) == 0 {
			yield(Page{From: r.From, To: r.To}, &FailedError{From: r.From, To: r.To, Errors: []error{c.noSource(r)}})
			return
		}
		w := &walk{
			ctx: ctx, r: r, yield: yield, out: make(map[market.SourceName]error),
			grid: grid.New(r.Symbol.Class, r.Timeframe), inflows: c.inflowsOf(ctx, r),
		}
		w.serve(list, r.From, r.To, nil)
	}
}

// noSource says why nobody can be asked.
func (c *Chain) noSource(r Request) error {
	names := c.order[r.Symbol.Class]
	first := market.SourceName("sources")
	if len(names) > 0 {
		first = names[0]
	}
	return &Error{
		Kind: NoSource, Source: first,
		Message: fmt.Sprintf("no source that is switched on serves %s of a %s; the order is %v", r.Timeframe, r.Symbol.Class, names),
	}
}

// walk is one run over a range.
type walk struct {
	ctx   context.Context
	r     Request
	yield func(Page, error) bool
	out   map[market.SourceName]error // sources of no further use in this walk, and why

	grid    grid.Grid
	inflows inflows
}

// serve gets [from, to) from the first of list, and from the others what the
// first cannot give. failed are the errors of better sources for this very
// range. It reports whether the walk goes on.
func (w *walk) serve(list []Source, from, to time.Time, failed []error) bool {
	src, rest := list[0], list[1:]
	for from.Before(to) {
		if err := w.out[src.Name()]; err != nil {
			return w.replace(rest, from, to, append(failed, err))
		}
		if reach := w.reach(src); from.Before(reach) {
			edge := earlier(reach, to)
			if !w.beyondReach(src, rest, from, edge, failed) {
				return false
			}
			from = edge
			continue
		}
		next, err, more := w.ask(src, from, to)
		if err == nil {
			return more
		}
		if KindOf(err) == Cancelled {
			w.yield(Page{From: next.From, To: next.To}, err)
			return false
		}
		if lasting(err) {
			w.out[src.Name()] = err
			next.To = to
		}
		if !w.replace(rest, next.From, next.To, append(failed, err)) {
			return false
		}
		from = next.To
	}
	return true
}

// ask passes on the pages of one source. Where it ends with an error, the page
// returned is the range that failed; more is whether the walk goes on.
func (w *walk) ask(src Source, from, to time.Time) (failed Page, err error, more bool) {
	r := w.r
	r.From, r.To = from, to
	pos := from
	for page, err := range src.Candles(w.ctx, r) {
		if err != nil {
			// A range that does not advance would be asked for for ever.
			if !page.To.After(pos) || page.To.After(to) {
				page.To = to
			}
			page.From = pos
			return page, err, true
		}
		pos = page.To
		w.inflows.fill(w.grid, page.Candles)
		if !w.yield(page, nil) {
			return Page{}, nil, false
		}
	}
	return Page{}, nil, true
}

// replace has the other sources stand in for a range.
func (w *walk) replace(rest []Source, from, to time.Time, failed []error) bool {
	if len(rest) > 0 {
		return w.serve(rest, from, to, slices.Clip(failed))
	}
	w.yield(Page{From: from, To: to}, &FailedError{From: from, To: to, Errors: failed})
	return false
}

// beyondReach deals with a range older than a source's history: others are
// asked; with none left, it is an error only where a better source had failed.
func (w *walk) beyondReach(src Source, rest []Source, from, to time.Time, failed []error) bool {
	if len(rest) > 0 {
		return w.serve(rest, from, to, failed)
	}
	err := &Error{
		Kind: OutOfReach, Source: src.Name(),
		Message: fmt.Sprintf("%s candles before %s are older than its history reaches", w.r.Timeframe, to.UTC().Format(time.RFC3339)),
	}
	w.r.Failed(Attempt{
		Source: src.Name(), From: from, To: to, Number: 1, At: w.r.Now,
		ErrorCode: Code(err), ErrorMessage: err.Error(),
	})
	if len(failed) > 0 {
		return w.replace(nil, from, to, append(failed, err))
	}
	return true
}

func (w *walk) reach(src Source) time.Time {
	if s, ok := src.(Reacher); ok {
		return s.Reach(w.r.Symbol, w.r.Timeframe, w.r.Now)
	}
	return time.Time{}
}

// lasting reports whether a source's error holds for the rest of the series.
func lasting(err error) bool {
	switch KindOf(err) {
	case NotFound, NotEntitled, Unauthorized, Blocked:
		return true
	default:
		return false
	}
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
