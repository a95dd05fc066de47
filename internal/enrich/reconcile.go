package enrich

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/candlewright/candlewright/internal/fault"
	"github.com/candlewright/candlewright/internal/grid"
	"github.com/candlewright/candlewright/internal/market"
	"github.com/candlewright/candlewright/internal/quality"
	"github.com/candlewright/candlewright/internal/source"
)

const (
	// DefaultTolerance is the relative difference that counts as none.
	DefaultTolerance = 0.001

	// maxReconciled bounds the bars of one comparison, which are held in memory.
	maxReconciled = 500_000
)

// ReconcileRequest asks what two sources say of the same bars.
type ReconcileRequest struct {
	Symbol    market.Symbol // its ticker as market.ParseTicker gives it
	Timeframe market.Timeframe
	From, To  time.Time           // bars stamped in [From, To); To zero or after now: up to now
	Sources   []market.SourceName // two; none: the first two of the class's order that are switched on
	Tolerance float64             // relative, 0 … 1
}

// Reconciliation is what came of it.
type Reconciliation struct {
	Symbol   market.Symbol
	From, To time.Time // what was compared: stamps, To exclusive
	quality.Comparison
	Answers [2]SourceAnswer
	Notes   []string // why less was compared than asked for, in sentences
}

// SourceAnswer is what one source delivered.
type SourceAnswer struct {
	Source   market.SourceName
	Calls    int // that brought a page
	Rows     int // that reached the checks
	Rejected int // by the checks; those off the grid take part in the search for causes
	OffGrid  int
}

// Reconcile fetches a range from two sources and compares them bar by bar.
// Nothing is stored or logged, and no database is asked. Where one of them does
// not deliver, the error says which and why.
func (s *Service) Reconcile(ctx context.Context, r ReconcileRequest) (Reconciliation, error) {
	now := s.now()
	out := Reconciliation{Symbol: r.Symbol}
	pair, err := s.witnesses(r)
	if err != nil {
		return out, err
	}
	g := grid.New(r.Symbol.Class, r.Timeframe)
	req, notes, err := reconcileRange(g, r, pair, now)
	if err != nil {
		return out, err
	}
	var got [2]testimony
	group, gctx := errgroup.WithContext(ctx)
	for i, src := range pair {
		group.Go(func() error {
			var err error
			got[i], err = hear(gctx, src, g, req)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		if ctx.Err() != nil {
			return out, context.Cause(ctx)
		}
		return out, err
	}
	out.From, out.To = req.From, req.To
	for i, t := range got {
		out.Answers[i] = t.answer
		if t.to.Before(out.To) {
			out.To = t.to
		}
	}
	if out.To.Before(req.To) {
		notes = append(notes, fmt.Sprintf("Bars from %s on have not been published by both yet.", moment(out.To)))
	}
	out.Notes = notes
	out.Comparison = quality.Reconcile(g, got[0].until(out.To), got[1].until(out.To), r.Tolerance)
	if out.BarsA+out.BarsB == 0 {
		return out, fault.BadInput("from", "neither %s nor %s has a %s bar of %s from %s to %s: there is nothing to compare",
			out.A, out.B, r.Timeframe, r.Symbol, moment(req.From), moment(req.To))
	}
	return out, nil
}

// witnesses are the two sources to be asked.
func (s *Service) witnesses(r ReconcileRequest) ([2]source.Source, error) {
	var (
		pair [2]source.Source
		on   []source.Source
	)
	if s.sources != nil {
		on = s.sources.Sources(r.Symbol, r.Timeframe)
	}
	names := make([]string, len(on))
	for i, src := range on {
		names[i] = string(src.Name())
	}
	have := strings.Join(names, ", ")
	switch {
	case len(on) == 0:
		return pair, fault.Down(nil, "no source that is switched on here can be asked for %s of a %s: two are needed to compare", r.Timeframe, r.Symbol.Class)
	case len(r.Sources) == 0 && len(on) < 2:
		return pair, fault.BadInput("sources", "two sources are needed to compare %s of a %s, and those switched on are: %s", r.Timeframe, r.Symbol.Class, have)
	case len(r.Sources) == 0:
		return [2]source.Source{on[0], on[1]}, nil
	case len(r.Sources) != 2 || r.Sources[0] == r.Sources[1]:
		return pair, fault.BadInput("sources", "%d sources are named: want two different ones, as polygon and yahoo", len(r.Sources))
	}
	for i, name := range r.Sources {
		j := slices.IndexFunc(on, func(src source.Source) bool { return src.Name() == name })
		if j < 0 {
			return pair, fault.BadInput("sources", "%s cannot be asked for %s of a %s; those that can: %s", name, r.Timeframe, r.Symbol.Class, have)
		}
		pair[i] = on[j]
	}
	return pair, nil
}

// reconcileRange checks what is asked for and cuts it to what both can know.
func reconcileRange(g grid.Grid, r ReconcileRequest, pair [2]source.Source, now time.Time) (source.Request, []string, error) {
	req := source.Request{Symbol: r.Symbol, Timeframe: r.Timeframe, From: r.From, To: r.To, Now: now}
	if req.To.IsZero() || req.To.After(now) {
		req.To = now
	}
	if !(r.Tolerance >= 0 && r.Tolerance < 1) || math.IsNaN(r.Tolerance) {
		return req, nil, fault.BadInput("tolerance", "the tolerance is %v: want a share of the value from 0 to below 1, as 0.001", r.Tolerance)
	}
	if !req.From.Before(req.To) {
		return req, nil, emptyRange(req.From, req.To)
	}
	if err := g.Known(req.From); err != nil {
		return req, nil, fault.BadInput("from", "%v", err)
	}
	var notes []string
	for _, src := range pair {
		if reacher, ok := src.(source.Reacher); ok {
			if reach := reacher.Reach(r.Symbol, r.Timeframe, now); reach.After(req.From) {
				req.From = reach
				notes = append(notes, fmt.Sprintf("The %s history of %s reaches back to %s only.", r.Timeframe, src.Name(), moment(reach)))
			}
		}
	}
	first, end := g.FirstFrom(req.From), min(g.FirstFrom(req.To), g.LastEnded(now)+1)
	req.From, req.To = g.Stamp(first), g.Stamp(end)
	switch n := g.Count(req.From, req.To); {
	case n == 0:
		return req, nil, fault.BadInput("from", "no %s bar is due in the range that both sources can know, %s to %s. %s", r.Timeframe, moment(req.From), moment(req.To), strings.Join(notes, " "))
	case n > maxReconciled:
		return req, nil, fault.BadInput("from", "the range has %d bars: want at most %d at once", n, maxReconciled)
	}
	return req, notes, nil
}

func emptyRange(from, to time.Time) error {
	return fault.BadInput("from", "the range from %s to %s is empty: want a start before the end and before now", moment(from), moment(to))
}

// moment is an instant as people write it: a date where it is one.
func moment(t time.Time) string {
	if t = t.UTC(); t.Equal(t.Truncate(24 * time.Hour)) {
		return t.Format(time.DateOnly)
	}
	return t.Format(time.RFC3339)
}

// testimony is what one source said.
type testimony struct {
	quality.Witness
	answer SourceAnswer
	to     time.Time // up to where it has answered
}

// hear asks one source for the whole range.
func hear(ctx context.Context, src source.Source, g grid.Grid, r source.Request) (testimony, error) {
	t := testimony{answer: SourceAnswer{Source: src.Name()}, to: r.From}
	t.Source = src.Name()
	var rows []market.Candle
	for page, err := range src.Candles(ctx, r) {
		if err != nil {
			return t, silent(src.Name(), r, err)
		}
		t.answer.Calls++
		t.to = page.To
		rows = append(rows, page.Candles...)
	}
	delivery, err := quality.Arrange(g, rows, r.Now)
	if err != nil {
		return t, fault.Down(err, "the answer of %s cannot be compared", src.Name())
	}
	for _, row := range delivery.Rows {
		t.Candles = append(t.Candles, row.Candle)
	}
	t.answer.Rows = delivery.Counts.Reached()
	t.answer.Rejected = delivery.Counts.Rejected + delivery.Counts.Copies
	for _, c := range rows {
		if _, ok := g.At(c.TS); !ok && quality.SanePart(&c) {
			t.answer.OffGrid++
			t.Candles = append(t.Candles, c)
		}
	}
	return t, nil
}

// silent is the error of a source that did not deliver.
func silent(name market.SourceName, r source.Request, err error) error {
	f := fault.Down(err, "%s did not deliver %s of %s", name, r.Timeframe, r.Symbol)
	if source.KindOf(err) == source.NotFound {
		f = fault.NoSymbol("ticker", "%s does not know %s", name, r.Symbol)
		f.Err = err
	}
	if e, ok := errors.AsType[*source.Error](err); ok {
		f.Detail += ": " + e.Error()
		f.Err = nil
	}
	return f
}

// until are the bars before an instant.
func (t testimony) until(to time.Time) quality.Witness {
	return quality.Witness{
		Source:  t.Source,
		Candles: slices.DeleteFunc(t.Candles, func(c market.Candle) bool { return !c.TS.Before(to) }),
	}
}
