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
	grid       grid.Grid
	rows       *rows
	order      quality.Order
	ordered    *quality.Ordered
	failures   []quality.Failure
	counts     quality.Counts
	unreadable int // rows without a stamp
	skipped    int // bad rows
	sample     error
	cut        int // rows outside --from and --to
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

// readOne makes the first pass over one file.
func (s *Service) readOne(ctx context.Context, path string, r ImportRequest, now time.Time, report func(read int)) (*readFile, error) {
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
	f := &readFile{name: filepath.Base(path), grid: grid.New(r.Symbol.Class, r.Timeframe), rows: newRows(r.rowsInMemory)}
	if err := f.read(ctx, reader, r, now, report); err != nil {
		f.rows.close()
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	f.skipped, f.sample = reader.Skipped()
	f.ordered = f.order.Finish()
	f.took = s.elapsed() - started
	return f, nil
}

func (f *readFile) read(ctx context.Context, reader *file.Reader, r ImportRequest, now time.Time, report func(int)) error {
	sink, err := f.sink(r, now)
	if err != nil {
		return err
	}
	for n := 0; ; n++ {
		row, err := reader.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		if n%4096 == 0 {
			if err := ctx.Err(); err != nil {
				return err
			}
			report(n)
		}
		if !row.HasTS {
			f.unstamped(row.Candle)
			continue
		}
		if !r.covers(row.Candle.TS) {
			f.cut++
			continue
		}
		row.Candle.Manual = r.Manual
		if r.Funding != "" {
			row.Candle.Offered |= market.FundingPayments | market.Offer(market.FundingRate)
		}
		if err := sink.push(row.Candle); err != nil {
			return err
		}
	}
	return sink.end()
}

// unstamped counts a row without a readable stamp; one that has no price either
// is no row at all.
func (f *readFile) unstamped(c market.Candle) {
	if quality.HasPrice(&c) {
		f.unreadable++
	}
}

// sink takes the rows of a file in the order in which they stand there.
type sink interface {
	push(c market.Candle) error
	end() error
}

func (f *readFile) sink(r ImportRequest, now time.Time) (sink, error) {
	checks := &checkSink{f: f, checker: quality.NewChecker(f.grid, now)}
	if !r.resamples() {
		return checks, nil
	}
	to, err := grid.NewResampler(r.interval().Duration(), f.grid)
	if err != nil {
		return nil, err
	}
	return &partSink{to: to, next: checks, parts: newRows(r.rowsInMemory)}, nil
}

// checkSink holds each row against the checks that need it alone.
type checkSink struct {
	f       *readFile
	checker *quality.Checker
}

func (k *checkSink) push(c market.Candle) error {
	slot, failed, fate, err := k.checker.Row(&c)
	if err != nil {
		return err
	}
	k.f.counts.Count(fate)
	switch fate {
	case quality.Passed:
		k.f.order.Add(slot)
		if err := k.f.rows.add(c, failed); err != nil {
			return err
		}
	case quality.Rejected:
		k.f.failures = append(k.f.failures, quality.FailuresOf(c.TS, failed)...)
	default:
		return nil
	}
	if k.f.first.IsZero() || c.TS.Before(k.f.first) {
		k.f.first = c.TS
	}
	if c.TS.After(k.f.last) {
		k.f.last = c.TS
	}
	return nil
}

func (k *checkSink) end() error { return nil }

// partSink puts the rows of a finer file together to bars. Rows that would be
// rejected are left out, and of several with one stamp the last one counts.
type partSink struct {
	to    *grid.Resampler
	next  *checkSink
	parts *rows
	order quality.Order
}

func (p *partSink) push(c market.Candle) error {
	if !quality.SanePart(&c) {
		return nil
	}
	// The order of parts is that of their stamps, whatever grid they are on.
	p.order.Add(grid.Slot(c.TS.UnixMicro()))
	return p.parts.add(c, 0)
}

func (p *partSink) end() error {
	defer p.parts.close()
	for placed := range p.order.Finish().All() {
		part, err := p.parts.at(placed.Number)
		if err != nil {
			return err
		}
		bar, ok, err := p.to.Push(part.candle)
		if err != nil {
			return err
		}
		if ok {
			if err := p.next.push(bar); err != nil {
				return err
			}
		}
	}
	if bar, ok := p.to.Flush(); ok {
		return p.next.push(bar)
	}
	return nil
}
