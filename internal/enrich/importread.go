package enrich

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"time"

	"github.com/candlewright/candlewright/internal/grid"
	"github.com/candlewright/candlewright/internal/market"
	"github.com/candlewright/candlewright/internal/quality"
	"github.com/candlewright/candlewright/internal/source/file"
)

// readFile is a file after the first pass: read, checked and put in order, with
// nothing of it stored.
type readFile struct {
	name       string
	path       string
	grid       grid.Grid
	checker    *quality.Checker
	rows       *rows
	order      quality.Order
	ordered    *quality.Ordered
	failures   []quality.Failure
	counts     quality.Counts
	unreadable int // rows without a stamp
	skipped    int // bad rows
	sample     error
	read       int // rows in the file that can be read
	cut        int // rows outside --from and --to
	unfit      int // parts of bars that would be rejected
	joined     int // parts of bars that begin in another file
	replaced   int // parts of which a later one has the stamp
	offGrid    spacing
	first      time.Time
	last       time.Time // stamps of the first and last row that passed or was refused
	took       time.Duration
}

// fetched is the rows that reached the checks: those without a readable stamp
// too, since they are refused for it.
func (f *readFile) fetched() int { return f.counts.Reached() + f.unreadable }

func (f *readFile) rejected() int { return f.counts.Rejected + f.counts.Copies + f.unreadable }

// newest is the stamp of the newest row that is to be stored.
func (f *readFile) newest() time.Time {
	if f.ordered.Len() == 0 {
		return time.Time{}
	}
	return f.grid.Stamp(f.ordered.At(f.ordered.Len() - 1).Slot)
}

// readOne makes the first pass over one file. What is finer than the series goes
// into the pool, which comes with files that are to be resampled.
func (s *Service) readOne(ctx context.Context, path string, r ImportRequest, pool *partPool, report func(read int)) (*readFile, error) {
	started := s.elapsed()
	reader, err := file.Open(path, file.Options{
		Class: r.Symbol.Class, Interval: r.interval(), Zone: r.Zone, VolumeUnit: r.VolumeUnit, SkipBadRows: r.SkipBadRows,
	})
	if err != nil {
		return nil, err
	}
	defer func() { _ = reader.Close() }() // it was only read
	if r.Funding != "" && reader.Offered().Has(market.FundingRate) {
		return nil, fmt.Errorf("%s: has a column funding_rate and --funding names another source of it: drop one of the two", path)
	}
	g := grid.New(r.Symbol.Class, r.Timeframe)
	f := &readFile{name: filepath.Base(path), path: path, grid: g, rows: newRows(r.rowsInMemory)}
	f.checker = quality.NewChecker(g, r.FetchedAt)
	if err := f.readRows(ctx, reader, r, pool, report); err != nil {
		f.rows.close()
		return nil, err
	}
	f.skipped, f.sample = reader.Skipped()
	f.took = s.elapsed() - started
	return f, nil
}

// readRows hands the rows on in the order in which they stand in the file. The
// reader's errors name the file already.
func (f *readFile) readRows(ctx context.Context, reader *file.Reader, r ImportRequest, pool *partPool, report func(int)) error {
	push := f.push
	if pool != nil {
		push = pool.open(f)
	}
	for ; ; f.read++ {
		row, err := reader.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if f.read%4096 == 0 {
			if err := ctx.Err(); err != nil {
				return err
			}
			report(f.read)
		}
		if !row.HasTS {
			f.unstamped(row.Candle)
			continue
		}
		if !r.covers(f.stampOf(row.Candle.TS, pool != nil)) {
			f.cut++
			continue
		}
		row.Candle.Manual = r.Manual
		if r.Funding != "" {
			row.Candle.Offered |= market.FundingPayments | market.Offer(market.FundingRate)
		}
		if err := push(row.Candle); err != nil {
			return err
		}
	}
}

// stampOf is the stamp by which a row is in the range asked for or not: its own,
// and of a part of a bar the bar's, so that no bar is cut in two.
func (f *readFile) stampOf(ts time.Time, part bool) time.Time {
	if part {
		if slot, ok := f.grid.Containing(ts); ok {
			return f.grid.Stamp(slot)
		}
	}
	return ts
}

// unstamped counts a row without a readable stamp; one that has no price either
// is no row at all.
func (f *readFile) unstamped(c market.Candle) {
	if quality.HasPrice(&c) {
		f.unreadable++
	}
}

// push holds a row against the checks that need it alone.
func (f *readFile) push(c market.Candle) error {
	slot, failed, fate, err := f.checker.Row(&c)
	if err != nil {
		return f.named(err)
	}
	f.counts.Count(fate)
	switch fate {
	case quality.Passed:
		f.order.Add(slot)
		if err := f.rows.add(c, failed); err != nil {
			return f.named(err)
		}
	case quality.Rejected:
		f.failures = append(f.failures, quality.FailuresOf(c.TS, failed)...)
		if failed.Has(quality.OnGrid) {
			f.offGrid.add(f.grid, c.TS)
		}
	default:
		return nil
	}
	if f.first.IsZero() || c.TS.Before(f.first) {
		f.first = c.TS
	}
	if c.TS.After(f.last) {
		f.last = c.TS
	}
	return nil
}

// named says which file an error is about.
func (f *readFile) named(err error) error { return fmt.Errorf("%s: %w", f.path, err) }
