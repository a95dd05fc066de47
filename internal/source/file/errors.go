package file

import (
	"compress/flate"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strconv"
	"strings"
	"unicode/utf8"
)

// ErrNoRows is wrapped by the error of a file that holds no row at all (a header
// alone, an empty list, no byte).
var ErrNoRows = errors.New("no rows")

// RowError is a row that cannot be read. The other errors of this package
// concern the whole file.
type RowError struct {
	File  string
	Line  int    // counted from 1
	Row   int    // position in a JSON list, counted from 1; 0 in a file of lines
	Value string // what stands there, with the column's name before it where one cell is at fault
	Want  string // what would be right
}

// Error is one line: file, line, value and what is expected.
func (e *RowError) Error() string {
	var b strings.Builder
	b.WriteString(e.File)
	b.WriteByte(':')
	b.WriteString(strconv.Itoa(e.Line))
	if e.Row > 0 {
		b.WriteString(": row ")
		b.WriteString(strconv.Itoa(e.Row))
	}
	b.WriteString(": ")
	b.WriteString(e.Value)
	b.WriteString(": want ")
	b.WriteString(e.Want)
	return b.String()
}

// place is where in a file a row or a fault is.
type place struct {
	file string
	line int
	row  int // 0 in a file of lines
}

func (p place) bad(value, want string) error {
	return &RowError{File: p.file, Line: p.line, Row: p.row, Value: value, Want: want}
}

// fault is an error of the whole file that shows at this place.
func (p place) fault(format string, args ...any) error {
	at := p.file
	if p.line > 0 {
		at += ":" + strconv.Itoa(p.line)
	}
	if p.row > 0 {
		at += ": row " + strconv.Itoa(p.row)
	}
	return fmt.Errorf(at+": "+format, args...)
}

func noRows(file string) error {
	return fmt.Errorf("%s: %w: want at least one", file, ErrNoRows)
}

// readError says in one line why bytes could not be had.
func readError(file string, line int, err error) error {
	var corrupt flate.CorruptInputError
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Errorf("%s: truncated gzip, it ends after %s: want the whole file: %w", file, counted(line), err)
	case errors.Is(err, gzip.ErrHeader), errors.Is(err, gzip.ErrChecksum), errors.As(err, &corrupt):
		return fmt.Errorf("%s: damaged gzip after %s: want an intact file: %w", file, counted(line), err)
	}
	return fmt.Errorf("%s: %w", file, bareError(err))
}

func counted(lines int) string {
	if lines == 1 {
		return "1 line"
	}
	return strconv.Itoa(lines) + " lines"
}

// bareError takes operation and path off an error of the file system.
func bareError(err error) error {
	if path, ok := errors.AsType[*fs.PathError](err); ok {
		return path.Err
	}
	return err
}

// shownName is the file's path on one line.
func shownName(path string) string {
	if strings.ContainsFunc(path, func(r rune) bool { return r < ' ' || r == utf8.RuneError }) {
		return strconv.Quote(path)
	}
	return path
}

const clipLength = 60

// clip shortens what is shown of foreign text.
func clip[T string | []byte](s T) string {
	if len(s) <= clipLength {
		return string(s)
	}
	return strings.ToValidUTF8(string(s[:clipLength]), "") + "…"
}

// quoted is foreign text on one line, shortened.
func quoted[T string | []byte](s T) string { return strconv.Quote(clip(s)) }
