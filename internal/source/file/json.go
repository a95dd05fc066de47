package file

import (
	"bufio"
	"fmt"
	"io"
	"slices"
	"strconv"
)

// listNames are the members of a JSON object that hold candles.
var listNames = [...]string{"candles", "ohlc"}

// maxWidth is how many values of a JSON row are kept; a wider row is bad anyway.
const maxWidth = 64

// jsonTable is a list of arrays or of objects, at the top of a JSON file or
// under one of listNames.
type jsonTable struct {
	scan   jsonScanner
	names  []string
	kind   Form
	first  byte // what the first row starts with: '[' or '{'
	nested bool // the list is a member of an object
	ready  bool // the first row is read and not given yet
	done   bool

	row   jsonRow
	count int
	cells [][]byte // of the row, in the order of names
}

// jsonRow is a row as it was read last.
type jsonRow struct {
	line  int
	start byte   // '[', '{' or another
	width int    // values, also those beyond maxWidth
	text  []byte // all values, one after the other
	ends  []int  // where in text each ends
	names []int  // of an object: which of the table's names each value has
	wrong string // what is wrong with its names
}

// openJSON reads up to the first row.
func openJSON(file string, in *bufio.Reader) (*jsonTable, error) {
	t := &jsonTable{scan: jsonScanner{file: file, in: in, line: 1}, kind: FormJSON, row: jsonRow{text: []byte{}}}
	if t.scan.accept('{') {
		t.nested = true
		if err := t.findList(); err != nil {
			return nil, err
		}
	} else {
		t.scan.accept('[')
	}
	if t.scan.accept(']') {
		if err := t.finish(); err != nil {
			return nil, err
		}
		return nil, noRows(file)
	}
	t.first = t.scan.peek()
	if err := t.read(); err != nil {
		return nil, err
	}
	t.ready = true
	return t, t.findNames()
}

func (t *jsonTable) header() []string { return t.names }
func (t *jsonTable) form() Form       { return t.kind }

func (t *jsonTable) place() place {
	return place{file: t.scan.file, line: t.row.line, row: t.count}
}

// findNames makes a header of the first row: the keys of an object, the names
// that go with the width of an array.
func (t *jsonTable) findNames() error {
	switch {
	case t.first == '{' && t.row.width > maxWidth:
		return t.place().fault("an object of %d values: want a candle", t.row.width)
	case t.first == '{' && t.row.wrong != "":
		return t.place().fault("%s: want every key once", t.row.wrong)
	case t.first == '{':
	case t.first == '[' && t.row.width == len(plainNames):
		t.names = plainNames
	case t.first == '[' && t.row.width == len(klineNames):
		t.names, t.kind = klineNames, FormKlines
	case t.first == '[':
		return t.place().fault("an array of %d: want %d, [ms, open, high, low, close, volume], or the %d of Binance klines", t.row.width, len(plainNames), len(klineNames))
	default:
		return t.place().fault("%s in the list: want arrays [ms, open, high, low, close, volume] or objects", quoted(t.row.text))
	}
	return nil
}

// findList reads members of the file's object up to the start of its list.
func (t *jsonTable) findList() error {
	s := &t.scan
	for !s.accept('}') {
		key, err := s.key(nil)
		if err != nil {
			return err
		}
		if isListName(key) {
			if !s.accept('[') {
				return s.unexpected("a list under " + strconv.Quote(string(key)))
			}
			return nil
		}
		if err := s.skip(1); err != nil {
			return err
		}
		if s.peek() != '}' && !s.accept(',') {
			return s.unexpected(`"," or "}"`)
		}
	}
	return fmt.Errorf("%s: a JSON object without %q and %q: want one of them with a list of candles", s.file, listNames[0], listNames[1])
}

func isListName(key []byte) bool {
	return slices.Contains(listNames[:], string(key))
}

// finish reads what follows the list, down to the end of the file.
func (t *jsonTable) finish() error {
	s := &t.scan
	t.done = true
	for t.nested && !s.accept('}') {
		if !s.accept(',') {
			return s.unexpected(`"," or "}"`)
		}
		key, err := s.key(nil)
		if err != nil {
			return err
		}
		if isListName(key) {
			return place{file: s.file, line: s.line}.fault("a second list under %q: want one list of candles", key)
		}
		if err := s.skip(1); err != nil {
			return err
		}
	}
	return s.end()
}

// next gives the next row.
func (t *jsonTable) next() (record, error) {
	switch {
	case t.ready:
		t.ready = false
		return t.record()
	case t.done:
		return record{}, io.EOF
	case t.scan.accept(']'):
		if err := t.finish(); err != nil {
			return record{}, err
		}
		return record{}, io.EOF
	case !t.scan.accept(','):
		return record{}, t.scan.unexpected(`"," or "]"`)
	}
	if err := t.read(); err != nil {
		return record{}, err
	}
	return t.record()
}

// read reads a row whatever it is, so that the next can be read if it is bad.
func (t *jsonTable) read() error {
	s, r := &t.scan, &t.row
	t.count++
	*r = jsonRow{start: s.peek(), line: s.line, text: r.text[:0], ends: r.ends[:0], names: r.names[:0]}
	switch r.start {
	case '[':
		s.accept('[')
		return s.elements(']', t.readValue)
	case '{':
		s.accept('{')
		return s.elements('}', t.readMember)
	}
	return t.readValue()
}

func (t *jsonTable) readValue() error {
	r := &t.row
	r.width++
	if r.width > maxWidth {
		return t.scan.skip(1)
	}
	var err error
	r.text, err = t.scan.value(r.text, 1)
	r.ends = append(r.ends, len(r.text))
	return err
}

func (t *jsonTable) readMember() error {
	var room [maxCell]byte
	key, err := t.scan.key(room[:0])
	if err != nil {
		return err
	}
	if r := &t.row; r.width < maxWidth {
		r.names = append(r.names, t.nameOf(key))
	}
	return t.readValue()
}

// nameOf is which of the table's names a key is, -1 for none; in the first row
// it is a new one.
func (t *jsonTable) nameOf(key []byte) int {
	r := &t.row
	at := r.width // rows mostly agree in their order
	if at >= len(t.names) || t.names[at] != string(key) {
		at = slices.IndexFunc(t.names, func(name string) bool { return name == string(key) })
	}
	switch {
	case at < 0 && t.count == 1:
		t.names = append(t.names, string(key))
		return len(t.names) - 1
	case at < 0:
		if meansSomething(squeeze(string(key))) {
			r.wrong = quoted(key) + " is not among the keys of the first row"
		}
	case slices.Contains(r.names, at):
		r.wrong = "the key " + quoted(key) + " occurs twice"
	}
	return at
}

// record puts the values of the row read last in the order of the names.
func (t *jsonTable) record() (record, error) {
	r := &t.row
	rec := record{place: t.place()}
	if r.start != t.first {
		return rec, rec.place.bad(t.shown(), "a row like the first one, which starts with "+string(rune(t.first)))
	}
	if r.wrong != "" {
		return rec, rec.place.bad(r.wrong, "the keys of the first row")
	}
	if r.start == '[' && r.width != len(t.names) {
		return rec, rec.place.bad(fmt.Sprintf("an array of %d", r.width), fmt.Sprintf("%d values like the first row", len(t.names)))
	}
	t.cells = slices.Grow(t.cells[:0], len(t.names))[:len(t.names)]
	clear(t.cells)
	begin := 0
	for i, end := range r.ends {
		cell := r.text[begin:end:end]
		begin = end
		if r.start == '{' {
			if i = r.names[i]; i < 0 {
				continue
			}
		}
		t.cells[i] = trim(cell)
	}
	for i, cell := range t.cells {
		if cell == nil && meansSomething(squeeze(t.names[i])) {
			return rec, rec.place.bad("no "+quoted(t.names[i]), "the keys of the first row")
		}
	}
	rec.cells = t.cells
	return rec, nil
}

// shown is the row read last, for a message.
func (t *jsonTable) shown() string {
	switch t.row.start {
	case '[':
		return fmt.Sprintf("an array of %d", t.row.width)
	case '{':
		return fmt.Sprintf("an object of %d keys", t.row.width)
	}
	return quoted(t.row.text)
}
