package file

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
)

// record is one row before any of its cells is understood.
type record struct {
	cells [][]byte // valid until the next one is read
	place place
}

// table is a file of any form as a header and rows of cells.
type table interface {
	// header names the columns; files without a header get the names of their form.
	header() []string
	// next gives the next row: io.EOF after the last, a *RowError for a row
	// that cannot be split, after which reading may go on, or a final error.
	next() (record, error)
	// form describes what the file turned out to be.
	form() Form
}

// csvTable is a file of lines with separated cells.
type csvTable struct {
	in    *lines
	sep   byte
	names []string
	kind  Form
	first []byte // the first line of rows, already read
	cells [][]byte
}

// openCSV reads up to the first row.
func openCSV(in *lines) (*csvTable, error) {
	t := &csvTable{in: in, kind: FormCSV}
	line, err := in.nextFilled()
	if errors.Is(err, io.EOF) {
		return nil, noRows(in.file)
	}
	if err != nil {
		return nil, err
	}
	if isBanner(line) {
		if line, err = in.nextFilled(); errors.Is(err, io.EOF) {
			return nil, noRows(in.file)
		} else if err != nil {
			return nil, err
		}
	}
	t.first, t.sep = line, separator(line)
	cells, ok := split(nil, line, t.sep)
	if !ok {
		return nil, t.place().fault("the header %s has an open quote: want it closed on its line", quoted(t.first))
	}
	names := texts(cells)
	if known(names) == 0 {
		return t, t.headerless(names)
	}
	t.names = names
	if line, err = in.nextFilled(); errors.Is(err, io.EOF) {
		return nil, noRows(in.file)
	} else if err != nil {
		return nil, err
	}
	t.first = line
	return t, nil
}

func (t *csvTable) header() []string { return t.names }
func (t *csvTable) form() Form       { return t.kind }
func (t *csvTable) place() place     { return place{file: t.in.file, line: t.in.n} }

func (t *csvTable) next() (record, error) {
	line := t.first
	t.first = nil
	if line == nil {
		var err error
		if line, err = t.in.nextFilled(); err != nil {
			return record{}, err
		}
	}
	rec := record{place: t.place()}
	var ok bool
	t.cells, ok = split(t.cells[:0], line, t.sep)
	if !ok {
		return rec, rec.place.bad(quoted(line), "every quote closed before the next separator")
	}
	if len(t.cells) != len(t.names) {
		return rec, rec.place.bad(fmt.Sprintf("%d cells in %s", len(t.cells), quoted(line)), fmt.Sprintf("%d like the first line", len(t.names)))
	}
	rec.cells = t.cells
	return rec, nil
}

// klineNames are the columns of Binance's klines, by Binance's own names.
var klineNames = []string{
	"open_time", "open", "high", "low", "close", "volume", "close_time", "quote_volume",
	"count", "taker_buy_volume", "taker_buy_quote_volume", "ignore",
}

// plainNames are the columns of LEAN's files and of JSON arrays of six.
var plainNames = []string{"ts", "open", "high", "low", "close", "volume"}

// headerless finds the form of a file whose first line is a row.
func (t *csvTable) headerless(cells []string) error {
	switch {
	case len(cells) == len(klineNames) && isEpoch(cells[0]) && isEpoch(cells[6]):
		t.names, t.kind = klineNames, FormKlines
	case len(cells) == len(plainNames) && isLeanStamp(cells[0]):
		t.names, t.kind = plainNames, FormLEAN
	case len(cells) == len(plainNames) && isEpoch(cells[0]) && len(cells[0]) <= 8:
		return t.place().fault("%s counts milliseconds since midnight and names no date: want rows with full stamps, under a header", quoted(cells[0]))
	default:
		return t.place().fault("no header in %s: want a first line that names ts, open, high, low, close and volume (or the 12 columns of Binance klines)", quoted(t.first))
	}
	return nil
}

func isEpoch(cell string) bool {
	_, rest, n := leadingDigits([]byte(cell), 19)
	return n > 0 && len(rest) == 0
}

// isLeanStamp knows "20130102 09:00", which no other program writes.
func isLeanStamp(cell string) bool {
	s, ok := parseStamp([]byte(cell))
	return ok && s.kind == naive && len(cell) == len("20130102 09:00") && cell[8] == ' '
}

// isBanner knows the line with which a data vendor advertises above the header.
func isBanner(line []byte) bool {
	return bytes.Contains(line, []byte("://")) && known(texts(bytes.Split(line, []byte{','}))) == 0
}

// separator is the separator that a line uses most outside quotes.
func separator(line []byte) byte {
	var commas, semicolons, tabs int
	inQuotes := false
	for _, c := range line {
		switch {
		case c == '"':
			inQuotes = !inQuotes
		case inQuotes:
		case c == ',':
			commas++
		case c == ';':
			semicolons++
		case c == '\t':
			tabs++
		}
	}
	switch max(commas, semicolons, tabs) {
	case commas:
		return ','
	case semicolons:
		return ';'
	}
	return '\t'
}

// split appends the cells of a line, without surrounding blanks and quotes.
// False where a quote is not closed or text follows it.
func split(cells [][]byte, line []byte, sep byte) ([][]byte, bool) {
	if bytes.IndexByte(line, '"') < 0 {
		for {
			i := bytes.IndexByte(line, sep)
			if i < 0 {
				return append(cells, trim(line)), true
			}
			cells = append(cells, trim(line[:i]))
			line = line[i+1:]
		}
	}
	for {
		start := line
		for len(start) > 0 && start[0] == ' ' {
			start = start[1:]
		}
		var cell []byte
		if len(start) > 0 && start[0] == '"' {
			var ok bool
			if cell, line, ok = unquote(start[1:]); !ok {
				return cells, false
			}
			if line = trimLeft(line, sep); len(line) > 0 && line[0] != sep {
				return cells, false
			}
		} else {
			end := bytes.IndexByte(start, sep)
			if end < 0 {
				end = len(start)
			}
			cell, line = start[:end], start[end:]
		}
		cells = append(cells, trim(cell))
		if len(line) == 0 {
			return cells, true
		}
		line = line[1:]
	}
}

// unquote reads a quoted cell behind its first quote; two quotes stand for one.
func unquote(b []byte) (cell, rest []byte, ok bool) {
	end := bytes.IndexByte(b, '"')
	for end >= 0 && end+1 < len(b) && b[end+1] == '"' {
		next := bytes.IndexByte(b[end+2:], '"')
		if next < 0 {
			return nil, nil, false
		}
		end += 2 + next
	}
	if end < 0 {
		return nil, nil, false
	}
	cell = b[:end]
	if bytes.IndexByte(cell, '"') >= 0 {
		cell = bytes.ReplaceAll(cell, []byte(`""`), []byte(`"`))
	}
	return cell, b[end+1:], true
}

// trimLeft takes blanks off the front, but for a separator.
func trimLeft(b []byte, sep byte) []byte {
	for len(b) > 0 && (b[0] == ' ' || b[0] == '\t') && b[0] != sep {
		b = b[1:]
	}
	return b
}

func texts(cells [][]byte) []string {
	names := make([]string, 0, len(cells))
	for _, c := range cells {
		names = append(names, string(c))
	}
	return slices.Clip(names)
}
