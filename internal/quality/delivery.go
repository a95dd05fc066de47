package quality

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/candlewright/candlewright/internal/grid"
	"github.com/candlewright/candlewright/internal/market"
)

// Failure is one failed check of one slot, kept once per (ts, check).
type Failure struct {
	TS    time.Time // whole microseconds, as the database keeps it
	Check Check
}

// NewFailure is the failure of a row stamped ts.
func NewFailure(ts time.Time, c Check) Failure {
	return Failure{TS: ts.UTC().Truncate(time.Microsecond), Check: c}
}

// FailuresOf are the failures of a row stamped ts, in the order of the rules.
func FailuresOf(ts time.Time, failed Checks) []Failure {
	var list []Failure
	for c := range Check(NumChecks) {
		if failed.Has(c) {
			list = append(list, NewFailure(ts, c))
		}
	}
	return list
}

// Checked is a row that is to be stored, if what is stored lets it.
type Checked struct {
	Candle market.Candle // fields that are not sane are missing
	Slot   grid.Slot
	Failed Checks // monotonic, ohlc_order, volume_positive, microstructure_sane
}

// Counts says what became of the rows of a delivery.
type Counts struct {
	Delivered      int // all rows that had a readable stamp
	NoRow          int // left out: no price at all
	OutsideSession int // left out: pre- or post-market
	NotFuture      int // dropped, and no failed check
	Rejected       int // refused: on_grid, fields_present, price_positive
	Copies         int // dropped by unique
}

// Reached is the number of rows that reached the checks.
func (c Counts) Reached() int { return c.Delivered - c.NoRow - c.OutsideSession }

// Count adds a row.
func (c *Counts) Count(f Fate) {
	c.Delivered++
	switch f {
	case NoRow:
		c.NoRow++
	case OutsideSession:
		c.OutsideSession++
	case NotEnded:
		c.NotFuture++
	case Rejected:
		c.Rejected++
	case Passed:
	}
}

// Delivery is what the checks made of the rows of one fetch.
type Delivery struct {
	Rows     []Checked // one per slot, in time order
	Failures []Failure // by ts, then check, each once; feature_sane is not yet among them
	Counts   Counts

	// First and Last are the earliest and latest stamp of the rows that passed or
	// were refused: a file answers for the slots between, both included. They are
	// zero where there is no such row.
	First, Last time.Time
}

// Arrange checks the rows of one fetch, given in the order delivered, as they
// were at now. It nulls fields in rows and copies them. The error is that of
// Checker.Row: nothing of the delivery can be used.
func Arrange(g grid.Grid, rows []market.Candle, now time.Time) (Delivery, error) {
	var (
		d       Delivery
		order   Order
		checker = NewChecker(g, now)
		passed  = make([]Checked, 0, len(rows))
	)
	for i := range rows {
		c := &rows[i]
		slot, failed, fate, err := checker.Row(c)
		if err != nil {
			return Delivery{}, fmt.Errorf("row %d: %w", i+1, err)
		}
		d.Counts.Count(fate)
		switch fate {
		case Passed:
			order.Add(slot)
			passed = append(passed, Checked{Candle: *c, Slot: slot, Failed: failed})
			d.answers(c.TS)
		case Rejected:
			d.fails(c.TS, failed)
			d.answers(c.TS)
		case NotEnded, OutsideSession, NoRow:
		}
	}
	d.place(passed, order.Finish(), g)
	slices.SortFunc(d.Failures, compareFailures)
	d.Failures = slices.Compact(d.Failures)
	return d, nil
}

// place brings the passed rows into time order and records what they fail.
func (d *Delivery) place(passed []Checked, o *Ordered, g grid.Grid) {
	d.Counts.Copies = o.Copies()
	for _, s := range o.Copied() {
		d.fails(g.Stamp(s), 1<<Unique)
	}
	d.Rows = passed
	if o.byTime != nil {
		d.Rows = make([]Checked, 0, o.Len())
		for p := range o.All() {
			row := passed[p.Number]
			if p.Late {
				row.Failed = row.Failed.With(Monotonic)
			}
			d.Rows = append(d.Rows, row)
		}
	}
	for i := range d.Rows {
		if row := &d.Rows[i]; row.Failed != 0 {
			d.fails(row.Candle.TS, row.Failed)
		}
	}
}

func (d *Delivery) fails(ts time.Time, failed Checks) {
	d.Failures = append(d.Failures, FailuresOf(ts, failed)...)
}

func (d *Delivery) answers(ts time.Time) {
	if d.First.IsZero() || ts.Before(d.First) {
		d.First = ts
	}
	if ts.After(d.Last) || d.Last.IsZero() {
		d.Last = ts
	}
}

func compareFailures(a, b Failure) int {
	return cmp.Or(a.TS.Compare(b.TS), cmp.Compare(a.Check, b.Check))
}
