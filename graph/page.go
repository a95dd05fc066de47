package graph

import (
	"context"
	"time"

	"github.com/candlewright/candlewright/graph/model"
	"github.com/candlewright/candlewright/internal/enrich"
	"github.com/candlewright/candlewright/internal/fault"
)

// limits are how many rows a page of a list has.
type limits struct{ usual, most int }

var (
	rowLimits    = limits{usual: 50, most: 500}
	candleLimits = limits{usual: 500, most: 5000}
)

// pageArgs are the arguments of every list, as the client sent them.
type pageArgs struct {
	first  *int
	after  *string
	last   *int
	before *string
}

// window is how many rows are wanted, and from which end.
type window struct {
	rows     int
	backward bool
}

// window checks how many rows are asked for.
func (a pageArgs) window(l limits) (window, error) {
	switch {
	case a.first != nil && a.last != nil:
		return window{}, fault.BadInput("last", "first and last cannot be combined: want one of them, at most %d", l.most)
	case a.last != nil:
		return window{*a.last, true}, l.check("last", *a.last)
	case a.first != nil:
		return window{*a.first, false}, l.check("first", *a.first)
	}
	return window{rows: l.usual}, nil
}

func (l limits) check(argument string, n int) error {
	if n < 0 || n > l.most {
		return fault.BadInput(argument, "%s is %d: want 0 to %d", argument, n, l.most)
	}
	return nil
}

// limit is how many rows are read: one too, where none is wanted, to know whether
// there is any.
func (w window) limit() int { return max(w.rows, 1) }

// timePage reads the page of a list that is ordered by time.
func (a pageArgs) timePage(c cursors) (enrich.Page, window, error) {
	w, err := a.window(rowLimits)
	if err != nil {
		return enrich.Page{}, w, err
	}
	p := enrich.Page{Limit: w.limit(), Backward: w.backward}
	if p.After, err = c.readTimeKey("after", a.after); err != nil {
		return p, w, err
	}
	p.Before, err = c.readTimeKey("before", a.before)
	return p, w, err
}

// bounds tell whether rows lie outside of a page although they were not read: the
// rows of the cursors themselves, which were given out for rows of the list.
type bounds struct{ after, before bool }

// timeBounds of a page: a cursor outside of the range is of no row of the list.
func timeBounds(p enrich.Page, r enrich.Range) bounds {
	inside := func(k *enrich.Key) bool {
		return k != nil && !k.At.Before(r.From) && (r.To.IsZero() || k.At.Before(r.To))
	}
	return bounds{inside(p.After), inside(p.Before)}
}

// connect makes the connection of a page that was read.
func connect[T any](l enrich.List[T], w window, b bounds, cursorOf func(*T) string, count func(context.Context) (int64, error)) *model.Connection[T] {
	if w.rows == 0 {
		l.More, l.Rows = len(l.Rows) > 0, nil
	}
	c := &model.Connection[T]{Rows: l.Rows, HasNext: l.More || b.before, HasPrior: b.after, CursorOf: cursorOf, Count: count}
	if w.backward {
		c.HasNext, c.HasPrior = b.before, l.More || b.after
	}
	if c.Rows == nil {
		c.Rows = []T{} // a list that is empty is not null
	}
	return c
}

// readRange checks a stretch of time, From inclusive and To exclusive.
func readRange(fromArgument string, from *time.Time, toArgument string, to *time.Time) (enrich.Range, error) {
	var r enrich.Range
	if from != nil {
		r.From = *from
	}
	if to != nil {
		r.To = *to
	}
	if from != nil && to != nil && r.From.After(r.To) {
		return r, fault.BadInput(fromArgument, "%s is after %s: want a start that is not after the end", fromArgument, toArgument)
	}
	return r, nil
}

// optional is a text or a word that may be absent, of one that is "" then.
func optional[T ~string](s T) *T {
	if s == "" {
		return nil
	}
	return &s
}
