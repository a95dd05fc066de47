package file

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"
)

// bufferSize is also the greatest length of a line.
const bufferSize = 64 << 10

// text gives the plain text of a file: unpacked and without byte order mark.
// Files that are no text are refused.
func text(file string, r io.Reader) (*bufio.Reader, error) {
	in := bufio.NewReaderSize(r, bufferSize)
	head, err := in.Peek(2)
	if err == nil && head[0] == 0x1f && head[1] == 0x8b {
		unpacked, err := gzip.NewReader(in)
		if err != nil {
			return nil, readError(file, 0, err)
		}
		in = bufio.NewReaderSize(unpacked, bufferSize)
	}
	head, err = in.Peek(4096)
	if err != nil && !errors.Is(err, io.EOF) && len(head) == 0 {
		return nil, readError(file, 0, err)
	}
	if what := notText(head); what != "" {
		return nil, fmt.Errorf("%s: %s: want CSV or JSON as UTF-8 text, gzipped or not", file, what)
	}
	if bytes.HasPrefix(head, []byte("\ufeff")) {
		_, err = in.Discard(len("\ufeff"))
	} else {
		err = nil
	}
	return in, err
}

// notText names what a file is that starts with head, "" for text.
func notText(head []byte) string {
	switch {
	case bytes.HasPrefix(head, []byte{0xff, 0xfe}), bytes.HasPrefix(head, []byte{0xfe, 0xff}):
		return "text in UTF-16"
	case bytes.HasPrefix(head, []byte("PK\x03\x04")):
		return "a zip archive or spreadsheet"
	case bytes.HasPrefix(head, []byte{0x1f, 0x8b}):
		return "gzip within gzip"
	case bytes.IndexByte(head, 0) >= 0:
		return "not a text file"
	}
	// A character that is cut off at the end of head is no fault.
	line, _, _ := bytes.Cut(head, []byte{'\n'})
	for len(line) > 0 {
		r, size := utf8.DecodeRune(line)
		if r == utf8.RuneError && size <= 1 && utf8.FullRune(line) {
			return "not text in UTF-8"
		}
		line = line[max(size, 1):]
	}
	return ""
}

// lines reads a file line by line.
type lines struct {
	file string
	in   *bufio.Reader
	n    int // lines read
}

// next gives the next line without its end, valid until the following call;
// io.EOF after the last.
func (l *lines) next() ([]byte, error) {
	line, err := l.in.ReadSlice('\n')
	switch {
	case err == nil:
		line = line[:len(line)-1]
	case errors.Is(err, io.EOF):
		if len(line) == 0 {
			return nil, io.EOF
		}
	case errors.Is(err, bufio.ErrBufferFull):
		return nil, fmt.Errorf("%s:%d: the line is longer than %d bytes: want a table of candles", l.file, l.n+1, bufferSize)
	default:
		return nil, readError(l.file, l.n, err)
	}
	l.n++
	if n := len(line); n > 0 && line[n-1] == '\r' {
		line = line[:n-1]
	}
	return line, nil
}

// nextFilled is next without blank lines.
func (l *lines) nextFilled() ([]byte, error) {
	for {
		line, err := l.next()
		if err != nil || len(trim(line)) > 0 {
			return line, err
		}
	}
}

// trim takes spaces and tabs off both ends.
func trim(b []byte) []byte {
	for len(b) > 0 && (b[0] == ' ' || b[0] == '\t') {
		b = b[1:]
	}
	for n := len(b); n > 0 && (b[n-1] == ' ' || b[n-1] == '\t'); n = len(b) {
		b = b[:n-1]
	}
	return b
}
