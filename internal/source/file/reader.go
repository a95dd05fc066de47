package file

import (
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"strconv"
	"time"

	"github.com/candlewright/candlewright/internal/market"
)

// Form is what a file turned out to be, in words for a person.
type Form string

// The forms.
const (
	FormCSV    Form = "CSV"
	FormKlines Form = "Binance klines"
	FormLEAN   Form = "LEAN" // of stock and etf: prices in 1/10,000 of a dollar, divided on reading
	FormJSON   Form = "JSON"
)

// Row is one row that reaches the checks.
type Row struct {
	Candle market.Candle // TS is zero without HasTS
	Line   int           // counted from 1; in JSON where the row begins
	HasTS  bool          // false where the time cell is empty or null
}

// Reader reads the candles of one file, in its order and one at a time: it
// holds one row, whatever the file's size.
type Reader struct {
	file    string
	table   table
	layout  *layout
	place   *placer
	options Options
	closer  io.Closer

	template market.Candle // what all rows have in common
	lean     bool          // prices are to be divided by 10,000
	zoned    zoning
	spanned  bool   // the first row's opening and end were compared with the interval
	joined   []byte // date and time of day, where they are two columns

	skipped int
	sample  error
	err     error
}

// Open opens a candle file and reads up to its first row. It fails with one
// line that names the file and what would be right: where it cannot be read, is
// no text, holds no rows (ErrNoRows) or lacks a column. Close the reader.
func Open(path string, o Options) (*Reader, error) {
	f, err := openFile(path)
	if err != nil {
		return nil, err
	}
	r, err := NewReader(shownName(path), f, o)
	if err != nil {
		_ = f.Close() // it was only read
		return nil, err
	}
	r.closer = f
	return r, nil
}

func openFile(path string) (*os.File, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", shownName(path), bareError(err))
	}
	info, err := f.Stat()
	if err == nil && info.IsDir() {
		err = errors.New("is a directory: want a file")
	}
	if err != nil {
		_ = f.Close() // it was only read
		return nil, fmt.Errorf("%s: %w", shownName(path), bareError(err))
	}
	return f, nil
}

// NewReader reads candles from r; name stands for the file in errors.
func NewReader(name string, r io.Reader, o Options) (*Reader, error) {
	o, err := o.filled()
	if err != nil {
		return nil, err
	}
	t, err := openTable(name, r)
	if err != nil {
		return nil, err
	}
	l, err := candleLayout(t.header(), o.Class)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if t.form() == FormKlines && o.VolumeUnit == Quote {
		return nil, fmt.Errorf("%s: the volume of Binance klines counts base units: want the volume unit base", name)
	}
	return &Reader{
		file: name, table: t, layout: l, place: newPlacer(o), options: o,
		lean:    t.form() == FormLEAN && o.Class != market.Crypto,
		spanned: l.end < 0 || l.atEnd || o.Class != market.Crypto,
		template: market.Candle{
			Delivered:       market.NoFields(),
			Offered:         l.offered,
			Source:          market.CSV,
			VolumeEstimated: o.VolumeUnit == Quote,
		},
	}, nil
}

// openTable finds the form of a file and reads up to its first row.
func openTable(name string, r io.Reader) (table, error) {
	in, err := text(name, r)
	if err != nil {
		return nil, err
	}
	head, _ := in.Peek(bufferSize) // an error shows again when the first row is read
	for _, c := range head {
		switch c {
		case ' ', '\t', '\r', '\n':
			continue
		case '[', '{':
			return openJSON(name, in)
		}
		break
	}
	return openCSV(&lines{file: name, in: in})
}

// Offered is the set of crypto fields that the file delivers, known before the
// first row; the rows carry it too.
func (r *Reader) Offered() market.Fields { return r.layout.offered }

// Form is what the file was recognised as.
func (r *Reader) Form() Form { return r.table.form() }

// Skipped is the number of bad rows left out so far and the error of the first
// of them; always 0 without Options.SkipBadRows.
func (r *Reader) Skipped() (n int, first error) { return r.skipped, r.sample }

// Close closes the file; the reader gives no rows any more.
func (r *Reader) Close() error {
	if r.err == nil {
		r.err = fmt.Errorf("%s: read after close", r.file)
	}
	if r.closer == nil {
		return nil
	}
	return r.closer.Close()
}

// Next gives the next row, and io.EOF after the last. A bad row is a *RowError
// unless it is skipped. Every error is final and given again.
func (r *Reader) Next() (Row, error) {
	for r.err == nil {
		rec, err := r.table.next()
		if err == nil {
			var row Row
			if row, err = r.row(rec); err == nil {
				return row, nil
			}
		}
		var bad *RowError
		if r.options.SkipBadRows && errors.As(err, &bad) {
			if r.skipped == 0 {
				r.sample = err
			}
			r.skipped++
			continue
		}
		r.err = err
	}
	return Row{}, r.err
}

// row understands the cells of a row.
func (r *Reader) row(rec record) (Row, error) {
	row := Row{Candle: r.template, Line: rec.place.line}
	c := &row.Candle
	for i, to := range [numNumbers]*float64{&c.Open, &c.High, &c.Low, &c.Close, &c.Volume} {
		v, err := r.number(rec, r.layout.numbers[i])
		if err != nil {
			return Row{}, err
		}
		if r.lean && i != volumeColumn {
			if v != math.Trunc(v) && !math.IsNaN(v) {
				return Row{}, r.badCell(rec, r.layout.numbers[i], "a whole number: LEAN writes prices of stock and etf in 1/10,000")
			}
			v /= 10_000
		}
		*to = v
	}
	if r.layout.offered != 0 {
		for f, i := range r.layout.fields {
			if i < 0 {
				continue
			}
			v, err := r.number(rec, i)
			if err != nil {
				return Row{}, err
			}
			c.Delivered[f] = v
		}
	}
	if r.options.VolumeUnit == Quote {
		toBase(c)
	}
	if r.layout.sellsOut {
		c.Delivered[market.TakerSellVolume] = c.Volume - c.Delivered[market.TakerBuyVolume]
	}
	var err error
	row.Candle.TS, row.HasTS, err = r.stamp(rec)
	return row, err
}

// toBase converts quote volumes. A bar without a price above 0 keeps them: it
// is refused for its prices, and must not look as if its volume were missing.
func toBase(c *market.Candle) {
	price := (c.High + c.Low + c.Close) / 3
	if math.IsInf(price, 1) { // the sum may be too large where its terms are not
		price = c.High/3 + c.Low/3 + c.Close/3
	}
	if !(price > 0) || math.IsInf(price, 1) {
		return
	}
	c.Volume /= price
	c.Delivered[market.TakerBuyVolume] /= price
	c.Delivered[market.TakerSellVolume] /= price
}

func (r *Reader) number(rec record, i int) (float64, error) {
	v, ok := parseNumber(rec.cells[i])
	if !ok {
		return 0, r.badCell(rec, i, "a number with a decimal point, nothing, NaN, null or inf")
	}
	return v, nil
}

func (r *Reader) badCell(rec record, i int, want string) error {
	return rec.place.bad(r.layout.name(i)+" "+quoted(rec.cells[i]), want)
}

// stamp reads and places the time of a row.
func (r *Reader) stamp(rec record) (ts time.Time, has bool, err error) {
	cell := rec.cells[r.layout.time]
	s, ok := parseStamp(cell)
	if !ok && blank(cell) {
		return ts, false, nil
	}
	if clock := r.layout.clock; clock >= 0 && !blank(rec.cells[clock]) {
		r.joined = append(append(append(r.joined[:0], cell...), ' '), rec.cells[clock]...)
		cell = r.joined
		s, ok = parseStamp(cell)
	}
	if !ok {
		return ts, false, r.badStamp(rec, cell, wantStamp)
	}
	if err := r.zoned.same(rec.place, s, cell); err != nil {
		return ts, false, err
	}
	place := r.place.open
	if r.layout.atEnd {
		place = r.place.close
	}
	ts, want := place(s)
	if want != "" {
		return ts, false, r.badStamp(rec, cell, want)
	}
	if !r.spanned {
		r.spanned = true
		err = r.checkSpan(rec, ts)
	}
	return ts, true, err
}

func (r *Reader) badStamp(rec record, cell []byte, want string) error {
	return rec.place.bad(r.layout.name(r.layout.time)+" "+quoted(cell), want)
}

// checkSpan refuses a file whose first row says itself that it covers another
// interval: hours read as days, or minutes as five, would look like candles.
func (r *Reader) checkSpan(rec record, open time.Time) error {
	s, ok := parseStamp(rec.cells[r.layout.end])
	if !ok || s.kind == naive {
		return nil
	}
	span := roundEnd(s.instant()).Sub(open)
	for word, length := range spans {
		if span == length && span != r.options.Interval.Duration() {
			return rec.place.fault("the row covers %s, from %s to %s: want rows of %s, or the file's timeframe told", word,
				strconv.Quote(clip(rec.cells[r.layout.time])), strconv.Quote(clip(rec.cells[r.layout.end])), r.options.Interval)
		}
	}
	return nil
}

// spans are the lengths in which exchanges serve bars.
var spans = map[string]time.Duration{
	"1m": time.Minute, "3m": 3 * time.Minute, "5m": 5 * time.Minute, "15m": 15 * time.Minute, "30m": 30 * time.Minute,
	"1h": time.Hour, "2h": 2 * time.Hour, "4h": 4 * time.Hour, "6h": 6 * time.Hour, "8h": 8 * time.Hour, "12h": 12 * time.Hour,
	"1d": 24 * time.Hour, "3d": 3 * 24 * time.Hour, "1w": 7 * 24 * time.Hour,
}

// zoning remembers whether a file's stamps name their instant.
type zoning struct {
	known bool
	naive bool
	line  int // where that was first seen
	text  string
}

// same refuses the first stamp that is of another sort than the ones before it.
func (z *zoning) same(at place, s stamp, cell []byte) error {
	isNaive := s.kind == naive
	if !z.known {
		*z = zoning{known: true, naive: isNaive, line: at.line, text: clip(cell)}
		return nil
	}
	if isNaive == z.naive {
		return nil
	}
	here, there := "names its offset from UTC", "does not"
	if isNaive {
		here, there = "names no offset from UTC", "does"
	}
	return at.fault("mixed zones: %s %s, %s in line %d %s: want the stamps of a file alike", quoted(cell), here, strconv.Quote(z.text), z.line, there)
}
