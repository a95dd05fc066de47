package enrich

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"time"

	"github.com/candlewright/candlewright/internal/market"
	"github.com/candlewright/candlewright/internal/quality"
)

// rowsInMemory is how many rows of a file are held in memory; beyond it they
// are written to a temporary file.
const rowsInMemory = 1_000_000

// rows keeps the rows of a delivery that passed the checks, by the number under
// which they came.
type rows struct {
	list  []row
	limit int
	file  *os.File
	out   *bufio.Writer
	n     int
	rec   [rowSize]byte
	page  []byte // of the file, read ahead
	first int    // number of the page's first row
}

type row struct {
	candle market.Candle
	failed quality.Checks
}

// rowSize is the size of a row in the temporary file: stamp, prices and volume,
// crypto fields, failed checks, offered fields, marks, source.
const rowSize = 8 + 5*8 + market.NumFields*8 + 2 + 2 + 1 + 1

// pageRows is how many rows are read from the temporary file at once.
const pageRows = 4096

func newRows(limit int) *rows { return &rows{limit: limit} }

func (r *rows) add(c market.Candle, failed quality.Checks) error {
	r.n++
	if r.file == nil && len(r.list) < r.limit {
		r.list = append(r.list, row{c, failed})
		return nil
	}
	if r.file == nil {
		if err := r.spill(); err != nil {
			return err
		}
	}
	return r.write(row{c, failed})
}

// spill moves the rows to a temporary file that has no name any more, so that
// nothing of it stays behind however the program ends.
func (r *rows) spill() error {
	f, err := os.CreateTemp("", "candlewright-rows-*")
	if err != nil {
		return fmt.Errorf("make a temporary file for more than %d rows: %w", r.limit, err)
	}
	_ = os.Remove(f.Name()) // where the system does not allow it, close does
	r.file, r.out = f, bufio.NewWriterSize(f, 1<<20)
	for _, x := range r.list {
		if err := r.write(x); err != nil {
			return err
		}
	}
	r.list = nil
	return nil
}

func (r *rows) write(x row) error {
	b := r.rec[:0]
	b = binary.LittleEndian.AppendUint64(b, uint64(x.candle.TS.UnixMicro()))
	for _, v := range [...]float64{x.candle.Open, x.candle.High, x.candle.Low, x.candle.Close, x.candle.Volume} {
		b = binary.LittleEndian.AppendUint64(b, math.Float64bits(v))
	}
	for _, v := range x.candle.Delivered {
		b = binary.LittleEndian.AppendUint64(b, math.Float64bits(v))
	}
	b = binary.LittleEndian.AppendUint16(b, uint16(x.failed))
	b = binary.LittleEndian.AppendUint16(b, uint16(x.candle.Offered))
	var marks byte
	if x.candle.Manual {
		marks |= 1
	}
	if x.candle.VolumeEstimated {
		marks |= 2
	}
	source := slices.Index(market.SourceNames(), x.candle.Source)
	if _, err := r.out.Write(append(b, marks, byte(source))); err != nil {
		return fmt.Errorf("write a temporary file: %w", err)
	}
	return nil
}

// at gives row number i. Rows are read a page at a time, so walking them in
// about the order in which they came is cheap.
func (r *rows) at(i int) (row, error) {
	if r.file == nil {
		return r.list[i], nil
	}
	if i < r.first || i >= r.first+len(r.page)/rowSize {
		if err := r.load(i); err != nil {
			return row{}, err
		}
	}
	return decodeRow(r.page[(i-r.first)*rowSize:]), nil
}

func (r *rows) load(i int) error {
	if r.out != nil {
		if err := r.out.Flush(); err != nil {
			return fmt.Errorf("write a temporary file: %w", err)
		}
		r.out = nil
	}
	// A delivery in descending order is walked from its end: the page then ends at i.
	first := i
	if i < r.first {
		first = max(i-pageRows+1, 0)
	}
	if r.page == nil {
		r.page = make([]byte, pageRows*rowSize)
	}
	r.page = r.page[:pageRows*rowSize]
	n, err := r.file.ReadAt(r.page, int64(first)*rowSize)
	if err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("read a temporary file: %w", err)
	}
	r.page, r.first = r.page[:n-n%rowSize], first
	return nil
}

func decodeRow(b []byte) row {
	word := func(i int) uint64 { return binary.LittleEndian.Uint64(b[i*8:]) }
	number := func(i int) float64 { return math.Float64frombits(word(i)) }
	x := row{candle: market.Candle{
		TS:   time.UnixMicro(int64(word(0))).UTC(),
		Open: number(1), High: number(2), Low: number(3), Close: number(4), Volume: number(5),
	}}
	for f := range x.candle.Delivered {
		x.candle.Delivered[f] = number(6 + f)
	}
	rest := b[(6+market.NumFields)*8:]
	x.failed = quality.Checks(binary.LittleEndian.Uint16(rest))
	x.candle.Offered = market.Fields(binary.LittleEndian.Uint16(rest[2:]))
	x.candle.Manual, x.candle.VolumeEstimated = rest[4]&1 != 0, rest[4]&2 != 0
	x.candle.Source = market.SourceNames()[rest[5]]
	return x
}

func (r *rows) close() {
	if r.file != nil {
		_ = r.file.Close() // nothing in it is needed any more
		_ = os.Remove(r.file.Name())
	}
}
