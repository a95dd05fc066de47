package enrich

import (
	"context"
	"sort"
	"time"

	"github.com/candlewright/candlewright/internal/grid"
	"github.com/candlewright/candlewright/internal/market"
	"github.com/candlewright/candlewright/internal/quality"
	"github.com/candlewright/candlewright/internal/source/file"
)

// partPool puts the rows of finer files together to bars. All files of an import
// are one delivery to it, since a bar may begin in one file and end in the next.
// Rows that would be rejected are left out, and of several with one stamp the
// last one counts.
type partPool struct {
	to    *grid.Resampler
	parts *rows
	order quality.Order
	files []*readFile
	ends  []int // number of parts up to the end of each file
}

func newPartPool(r ImportRequest) (*partPool, error) {
	to, err := grid.NewResampler(r.interval().Duration(), grid.New(r.Symbol.Class, r.Timeframe))
	if err != nil {
		return nil, err
	}
	return &partPool{to: to, parts: newRows(r.rowsInMemory)}, nil
}

func (p *partPool) close() { p.parts.close() }

// open begins a file and gives what takes its rows.
func (p *partPool) open(f *readFile) func(market.Candle) error {
	p.files, p.ends = append(p.files, f), append(p.ends, p.parts.n)
	return func(c market.Candle) error {
		if !quality.SanePart(&c) {
			f.unfit++
			return nil
		}
		// The order of parts is that of their stamps, whatever grid they are on.
		p.order.Add(grid.Slot(c.TS.UnixMicro()))
		if err := p.parts.add(c, 0); err != nil {
			return f.named(err)
		}
		p.ends[len(p.ends)-1] = p.parts.n
		f.replaced++ // unless it is met below
		return nil
	}
}

// resample has each bar checked as one of the file in which it begins.
func (p *partPool) resample(ctx context.Context) error {
	var (
		owner *readFile
		open  grid.Slot
	)
	ordered := p.order.Finish()
	for i := range ordered.Len() {
		if err := ctx.Err(); i%4096 == 0 && err != nil {
			return err
		}
		number := ordered.At(i).Number
		part, err := p.parts.at(number)
		if err != nil {
			return err
		}
		f := p.files[sort.SearchInts(p.ends, number+1)]
		f.replaced--
		bar, ok, err := p.to.Push(part.candle)
		if err != nil {
			return f.named(err)
		}
		if ok {
			if err := owner.push(bar); err != nil {
				return err
			}
		}
		switch slot, filled := p.to.Open(); {
		case filled && (owner == nil || slot != open):
			owner, open = f, slot
		case filled && f != owner:
			f.joined++
		}
	}
	if bar, ok := p.to.Flush(); ok {
		return owner.push(bar)
	}
	return nil
}

// spacing is how far apart the rows of a file are that stand off the grid.
type spacing struct {
	step time.Duration // that all their distances from the grid are multiples of
	n    int
}

func (s *spacing) add(g grid.Grid, ts time.Time) {
	slot, ok := g.Containing(ts)
	if !ok {
		return
	}
	s.n++
	for b := ts.Sub(g.Stamp(slot)); b != 0; { // the greatest common divisor
		s.step, b = b, s.step%b
	}
}

// interval is the finer one that a file holds where its rows fill the slots of
// the timeframe evenly, onGrid of them at their starts; "" where they do not, as
// in a file whose stamps are all shifted.
func (s *spacing) interval(tf market.Timeframe, onGrid int) file.Interval {
	if tf == market.D1 || s.n == 0 || onGrid == 0 {
		return "" // days are never put together
	}
	between := int(tf.Duration()/s.step) - 1
	if tf == market.W1 {
		between = 4 // the days of an exchange's week
	}
	if s.n < onGrid*between/2 {
		return ""
	}
	finer := []file.Interval{file.Minute}
	for _, t := range market.Timeframes() {
		finer = append(finer, file.Interval(t))
	}
	for _, i := range finer {
		if _, err := grid.NewResampler(i.Duration(), grid.New(market.Crypto, tf)); err == nil && i.Duration() == s.step {
			return i
		}
	}
	return ""
}
