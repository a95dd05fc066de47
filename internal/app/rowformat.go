package app

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// Rows of candles and gaps are written one by one, as they come from the
// database, in three formats: an aligned table for people, CSV, and one JSON
// object per line.

// cell is a value of a row: a string, a bool, an int, a float64 (NaN is missing),
// a time.Time (zero is missing), a stamp or a list of strings.
type cell any

// stamp is the stamp of a bar. In a table one of 1d or 1w is a date.
type stamp struct {
	ts       time.Time
	intraday bool
}

// column is a column of the rows.
type column struct {
	name  string // in CSV and JSON
	title string // in a table; "" leaves the column out of it
	width int    // in a table, at least; negative is aligned to the left
}

// rowWriter writes rows in one of the formats.
type rowWriter interface {
	row(cells []cell) error
	end() error
}

func newRowWriter(format string, out io.Writer, columns []column) rowWriter {
	buffered := bufio.NewWriter(out)
	switch format {
	case "csv":
		return &csvRows{csv: csv.NewWriter(buffered), out: buffered, columns: columns}
	case "json":
		return &jsonRows{out: buffered, columns: columns}
	}
	return &tableRows{out: buffered, columns: columns}
}

// tableRows writes columns of a fixed width, so that no row has to wait for the
// last one.
type tableRows struct {
	out     *bufio.Writer
	columns []column
	begun   bool
}

func (t *tableRows) row(cells []cell) error {
	if !t.begun {
		t.begun = true
		t.line(func(i int) string { return t.columns[i].title })
	}
	t.line(func(i int) string { return tableText(cells[i]) })
	return nil // the writer below remembers its error
}

func (t *tableRows) line(text func(i int) string) {
	var b strings.Builder
	for i, c := range t.columns {
		if c.title == "" {
			continue
		}
		s := text(i)
		pad := strings.Repeat(" ", max(0, max(c.width, -c.width)-utf8.RuneCountInString(s)))
		if c.width < 0 {
			s += pad
		} else {
			s = pad + s
		}
		b.WriteString(s + "  ")
	}
	_, _ = t.out.WriteString(strings.TrimRight(b.String(), " ") + "\n") // see row
}

func (t *tableRows) end() error { return t.out.Flush() }

// toTheMinute is how a table shows an instant.
const toTheMinute = "2006-01-02 15:04"

// tableText is a value for people: six digits or a whole number, and nothing for
// what is missing.
func tableText(c cell) string {
	switch x := c.(type) {
	case float64:
		if math.IsNaN(x) {
			return ""
		}
		if a := math.Abs(x); a >= 1e5 && a < 1e15 {
			return strconv.FormatFloat(x, 'f', 0, 64)
		}
		return strconv.FormatFloat(x, 'g', 6, 64)
	case time.Time:
		if x.IsZero() {
			return ""
		}
		return x.UTC().Format(toTheMinute)
	case stamp:
		if x.intraday {
			return x.ts.Format(toTheMinute)
		}
		return x.ts.Format(time.DateOnly)
	}
	return csvText(c)
}

type csvRows struct {
	csv     *csv.Writer
	out     *bufio.Writer
	columns []column
	begun   bool
}

func (w *csvRows) header() error {
	if w.begun {
		return nil
	}
	w.begun = true
	names := make([]string, len(w.columns))
	for i, c := range w.columns {
		names[i] = c.name
	}
	return w.csv.Write(names)
}

func (w *csvRows) row(cells []cell) error {
	if err := w.header(); err != nil {
		return err
	}
	texts := make([]string, len(cells))
	for i, c := range cells {
		texts[i] = csvText(c)
	}
	return w.csv.Write(texts)
}

func (w *csvRows) end() error {
	if err := w.header(); err != nil {
		return err
	}
	w.csv.Flush()
	if err := w.csv.Error(); err != nil {
		return err
	}
	return w.out.Flush()
}

// csvText is a value without loss.
func csvText(c cell) string {
	switch x := c.(type) {
	case float64:
		if math.IsNaN(x) {
			return ""
		}
		return plainNumber(x)
	case time.Time:
		if x.IsZero() {
			return ""
		}
		return x.UTC().Format(time.RFC3339Nano)
	case stamp:
		return csvText(x.ts)
	case []string:
		return strings.Join(x, " ")
	}
	return fmt.Sprint(c)
}

// plainNumber is the shortest text that reads back as the same number, without
// an exponent where that is short enough.
func plainNumber(x float64) string {
	format := byte('f')
	if a := math.Abs(x); a != 0 && a < 1e-6 || a >= 1e21 {
		format = 'e'
	}
	return strconv.FormatFloat(x, format, -1, 64)
}

type jsonRows struct {
	out     *bufio.Writer
	columns []column
}

func (w *jsonRows) row(cells []cell) error {
	for i, c := range cells {
		name, err := json.Marshal(w.columns[i].name)
		if err != nil {
			return err
		}
		value, err := jsonText(c)
		if err != nil {
			return err
		}
		mark := ","
		if i == 0 {
			mark = "{"
		}
		if _, err := fmt.Fprintf(w.out, "%s%s:%s", mark, name, value); err != nil {
			return err
		}
	}
	_, err := w.out.WriteString("}\n")
	return err
}

func (w *jsonRows) end() error { return w.out.Flush() }

func jsonText(c cell) ([]byte, error) {
	switch x := c.(type) {
	case float64:
		if math.IsNaN(x) {
			return []byte("null"), nil
		}
	case time.Time:
		if x.IsZero() {
			return []byte("null"), nil
		}
	case stamp:
		return json.Marshal(x.ts)
	}
	return json.Marshal(c)
}
