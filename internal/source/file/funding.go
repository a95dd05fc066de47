package file

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"time"

	"github.com/candlewright/candlewright/internal/market"
)

// Funding is what a file of funding payments holds.
type Funding struct {
	Payments []market.Payment // ascending, one per second: of several the last in the file counts
	Rows     int              // rows of the file, skipped ones not counted
	TooLarge int              // of them with |rate| > 1, which is no rate and is not kept
	Missing  int              // of them without a time or without a finite rate
	Skipped  int              // bad rows left out with Options.SkipBadRows
}

// ReadFunding reads the funding payments of a file with columns for time and
// rate (a share, 0.0001 is one basis point), in the forms of candle files.
// Stamps are rounded to the second, since exchanges jitter by milliseconds.
func ReadFunding(path string, o Options) (Funding, error) {
	f, err := openFile(path)
	if err != nil {
		return Funding{}, err
	}
	defer func() { _ = f.Close() }() // it was only read
	return ReadFundingFrom(shownName(path), f, o)
}

// ReadFundingFrom is ReadFunding of r; name stands for the file in errors.
func ReadFundingFrom(name string, r io.Reader, o Options) (Funding, error) {
	if o.Class != market.Crypto {
		return Funding{}, fmt.Errorf("%s: funding payments of asset class %s: want crypto, whose perpetuals pay them", name, o.Class)
	}
	o.Interval = Minute // a payment has an instant, never a date
	o, err := o.filled()
	if err != nil {
		return Funding{}, err
	}
	t, err := openTable(name, r)
	if err != nil {
		return Funding{}, err
	}
	l, err := paymentLayout(t.header())
	if err != nil {
		return Funding{}, fmt.Errorf("%s: %w", name, err)
	}
	return readPayments(&Reader{file: name, table: t, layout: l, place: newPlacer(o), options: o, spanned: true})
}

func readPayments(r *Reader) (f Funding, err error) {
	for {
		rec, err := r.table.next()
		var p market.Payment
		var has bool
		if err == nil {
			p, has, err = r.payment(rec)
		}
		var bad *RowError
		switch {
		case errors.Is(err, io.EOF):
			f.Payments = inOrder(f.Payments)
			return f, nil
		case r.options.SkipBadRows && errors.As(err, &bad):
			f.Skipped++
			continue
		case err != nil:
			return Funding{}, err
		}
		f.Rows++
		switch size := math.Abs(p.Rate); {
		case !has, math.IsNaN(size), math.IsInf(size, 0):
			f.Missing++
		case size > 1:
			f.TooLarge++
		default:
			f.Payments = append(f.Payments, p)
		}
	}
}

func (r *Reader) payment(rec record) (p market.Payment, has bool, err error) {
	if p.Rate, err = r.number(rec, r.layout.rate); err != nil {
		return p, false, err
	}
	p.At, has, err = r.stamp(rec)
	p.At = p.At.Round(time.Second)
	return p, has, err
}

// inOrder sorts payments and keeps the last of each second.
func inOrder(ps []market.Payment) []market.Payment {
	slices.SortStableFunc(ps, func(a, b market.Payment) int { return cmp.Compare(a.At.Unix(), b.At.Unix()) })
	kept := ps[:0]
	for i, p := range ps {
		if i+1 < len(ps) && ps[i+1].At.Equal(p.At) {
			continue
		}
		kept = append(kept, p)
	}
	return kept
}
