package store

import (
	"slices"
	"time"
)

// Key is the place of a row in a list that is ordered by time: its instant, then
// its id. Of a list of dates the instant is 00:00 UTC.
type Key struct {
	At time.Time
	ID int64
}

func (k Key) before(o Key) bool {
	if c := k.At.Compare(o.At); c != 0 {
		return c < 0
	}
	return k.ID < o.ID
}

// Page asks for a part of a list: from its start or behind After, or, backward,
// from its end or ahead of Before. Rows come in the order of the list in any case.
type Page struct {
	Limit    int // rows at most, at least 1
	Backward bool
	After    *Key // only rows behind this one; nil: from the start
	Before   *Key // only rows ahead of this one; nil: to the end
}

// Range is a stretch of time, From inclusive and To exclusive; a zero end is open.
type Range struct{ From, To time.Time }

// List is one page of rows.
type List[T any] struct {
	Rows []T
	More bool // there are further rows in the direction of the page
}

// Keys of rows lie strictly between these: ids start at 1, and no row is logged
// outside of the years 1 to 9999.
var (
	lowest  = Key{At: time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC)}
	highest = Key{At: time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC)}
)

// ends are the range with its open ends closed beyond every row.
func (r Range) ends() (from, to time.Time) {
	from, to = lowest.At, highest.At
	if !r.From.IsZero() {
		from = r.From
	}
	if !r.To.IsZero() {
		to = r.To
	}
	return from, to
}

// newestFirst gives the keys, both exclusive, between which the rows of the page
// lie in a list with the newest row first. Range and cursors become two plain
// bounds, so that every page, the first too, is one index scan.
func (p Page) newestFirst(r Range) (above, below Key) {
	from, to := r.ends()
	above, below = Key{At: from}, Key{At: to}
	if p.After != nil && p.After.before(below) {
		below = *p.After
	}
	if p.Before != nil && above.before(*p.Before) {
		above = *p.Before
	}
	return above, below
}

// rowLimit asks for one row more than the page has, to know whether there is one.
func (p Page) rowLimit() int32 { return int4(p.Limit) + 1 }

// listed makes the page of the rows that were read for it.
func listed[R, T any](p Page, rows []R, domain func(R) T) List[T] {
	l := List[T]{More: len(rows) > p.Limit}
	if l.More {
		rows = rows[:p.Limit]
	}
	l.Rows = all(rows, domain)
	if p.Backward {
		slices.Reverse(l.Rows)
	}
	return l
}

// listedOf makes a page for each parent; one without rows has no entry.
func listedOf[R, T any](p Page, rows []R, parent func(R) int64, domain func(R) T) map[int64]List[T] {
	byParent := map[int64][]R{}
	for _, r := range rows {
		id := parent(r)
		byParent[id] = append(byParent[id], r)
	}
	lists := make(map[int64]List[T], len(byParent))
	for id, rs := range byParent {
		lists[id] = listed(p, rs, domain)
	}
	return lists
}

// all converts every row.
func all[R, T any](rows []R, domain func(R) T) []T {
	values := make([]T, len(rows))
	for i, r := range rows {
		values[i] = domain(r)
	}
	return values
}

// noting makes of a conversion that can fail one that leaves the last error in err.
func noting[R, T any](err *error, domain func(R) (T, error)) func(R) T {
	return func(r R) T {
		v, e := domain(r)
		if e != nil {
			*err = e
		}
		return v
	}
}
