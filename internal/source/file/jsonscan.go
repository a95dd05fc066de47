package file

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// jsonScanner reads JSON a piece at a time, so that a file of any size takes the
// memory of one row. encoding/json cannot: its Decoder refuses the NaN and
// Infinity that Python writes, and its Token allocates per number.
//
// After an error the scanner stays where it is; err is kept and given again.
type jsonScanner struct {
	file string
	in   *bufio.Reader
	line int
	err  error
}

// maxDepth is how deep values may be nested, maxCell the bytes kept of one;
// longer ones are no number and no time anyway.
const (
	maxDepth = 200
	maxCell  = 256
)

// peek is the next byte that is no blank; 0 at the end of the file or after an
// error (a 0 byte in the file is no JSON either).
func (s *jsonScanner) peek() byte {
	for s.err == nil {
		c, err := s.in.ReadByte()
		if err != nil {
			if !errors.Is(err, io.EOF) {
				s.err = readError(s.file, s.line, err)
			}
			return 0
		}
		switch c {
		case '\n':
			s.line++
		case ' ', '\t', '\r':
		default:
			_ = s.in.UnreadByte() // the byte was just read
			return c
		}
	}
	return 0
}

// byte is the next byte, blank or not; 0 as in peek.
func (s *jsonScanner) byte() byte {
	if s.err != nil {
		return 0
	}
	c, err := s.in.ReadByte()
	if err != nil && !errors.Is(err, io.EOF) {
		s.err = readError(s.file, s.line, err)
	}
	return c
}

// accept reads c if it comes next.
func (s *jsonScanner) accept(c byte) bool {
	if s.peek() != c || c == 0 {
		return false
	}
	_, _ = s.in.Discard(1) // it was peeked
	return true
}

// unexpected is the error of finding something else than want.
func (s *jsonScanner) unexpected(want string) error {
	if s.err != nil {
		return s.err
	}
	at := place{file: s.file, line: s.line}
	rest, _ := s.in.Peek(20)
	if len(rest) == 0 {
		s.err = at.fault("the JSON ends here: want %s", want)
	} else {
		s.err = at.fault("not valid JSON at %s: want %s", strconv.Quote(string(rest)), want)
	}
	return s.err
}

// end checks that nothing follows.
func (s *jsonScanner) end() error {
	if s.peek() == 0 && s.err == nil {
		if rest, _ := s.in.Peek(1); len(rest) == 0 {
			return nil
		}
	}
	return s.unexpected("nothing after the JSON value")
}

// elements goes through the members of a list or an object up to its closing
// bracket, which it reads; each reads one member.
func (s *jsonScanner) elements(closing byte, each func() error) error {
	if s.accept(closing) {
		return nil
	}
	for {
		if err := each(); err != nil {
			return err
		}
		if s.accept(closing) {
			return nil
		}
		if !s.accept(',') {
			return s.unexpected(`"," or "` + string(rune(closing)) + `"`)
		}
	}
}

// key reads a member's name with its colon, appended to dst.
func (s *jsonScanner) key(dst []byte) ([]byte, error) {
	if !s.accept('"') {
		return dst, s.unexpected("a name in quotes")
	}
	dst, err := s.text(dst)
	if err != nil {
		return dst, err
	}
	if !s.accept(':') {
		return dst, s.unexpected(`":"`)
	}
	return dst, nil
}

// value reads any value and appends its text to dst: a string without quotes, a
// number or word as it stands, nothing for null, and "[…]" or "{…}" for what
// holds others.
func (s *jsonScanner) value(dst []byte, depth int) ([]byte, error) {
	if depth > maxDepth {
		return dst, place{file: s.file, line: s.line}.fault("values nested deeper than %d: want a list of candles", maxDepth)
	}
	switch c := s.peek(); c {
	case '"':
		s.byte()
		return s.text(dst)
	case '[':
		s.byte()
		err := s.elements(']', func() error { return s.skip(depth + 1) })
		return append(dst, "[…]"...), err
	case '{':
		s.byte()
		err := s.elements('}', func() error {
			if _, err := s.key(nil); err != nil {
				return err
			}
			return s.skip(depth + 1)
		})
		return append(dst, "{…}"...), err
	default:
		return s.bare(dst)
	}
}

func (s *jsonScanner) skip(depth int) error {
	var room [maxCell]byte
	_, err := s.value(room[:0], depth)
	return err
}

// bare reads a number or a word: true, false, null, and the spellings of NaN
// and infinity that are no JSON.
func (s *jsonScanner) bare(dst []byte) ([]byte, error) {
	start := len(dst)
	for s.err == nil {
		c, err := s.in.ReadByte()
		if err != nil {
			if !errors.Is(err, io.EOF) {
				s.err = readError(s.file, s.line, err)
			}
			break
		}
		if !isBare(c) {
			_ = s.in.UnreadByte() // the byte was just read
			break
		}
		if len(dst)-start == maxCell {
			return dst, s.unexpected("a shorter number")
		}
		dst = append(dst, c)
	}
	if s.err != nil {
		return dst, s.err
	}
	word := dst[start:]
	switch {
	case len(word) == 0:
		return dst, s.unexpected("a value")
	case string(word) == "null":
		return dst[:start], nil
	case string(word) == "true", string(word) == "false", isJSONNumber(word):
		return dst, nil
	}
	if _, ok := parseMissing(word); !ok {
		s.err = place{file: s.file, line: s.line}.fault("not valid JSON at %s: want a value", quoted(word))
	}
	return dst, s.err
}

func isBare(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || c == '.' || c == '-' || c == '+' || c == '/'
}

// isJSONNumber follows the grammar of RFC 8259.
func isJSONNumber(b []byte) bool {
	if len(b) > 0 && b[0] == '-' {
		b = b[1:]
	}
	rest := skipDigits(b)
	if whole := len(b) - len(rest); whole == 0 || whole > 1 && b[0] == '0' {
		return false
	}
	b = rest
	if len(b) > 0 && b[0] == '.' {
		if rest = skipDigits(b[1:]); len(rest) == len(b)-1 {
			return false
		}
		b = rest
	}
	if len(b) > 1 && b[0]|0x20 == 'e' {
		b = b[1:]
		if len(b) > 1 && (b[0] == '+' || b[0] == '-') {
			b = b[1:]
		}
		return len(skipDigits(b)) == 0
	}
	return len(b) == 0
}

func skipDigits(b []byte) []byte {
	for len(b) > 0 && '0' <= b[0] && b[0] <= '9' {
		b = b[1:]
	}
	return b
}

// text reads a string behind its first quote. Of long ones it keeps maxCell bytes.
func (s *jsonScanner) text(dst []byte) ([]byte, error) {
	start := len(dst)
	for {
		switch c := s.byte(); {
		case s.err != nil:
			return dst, s.err
		case c == '"':
			return dst, nil
		case c < ' ':
			return dst, s.unexpected("the end of a string")
		case c == '\\':
			r, err := s.escape()
			if err != nil {
				return dst, err
			}
			if len(dst)-start < maxCell {
				dst = utf8.AppendRune(dst, r)
			}
		case len(dst)-start < maxCell:
			dst = append(dst, c)
		}
	}
}

// escape reads what stands behind a backslash.
func (s *jsonScanner) escape() (rune, error) {
	switch c := s.byte(); c {
	case '"', '\\', '/':
		return rune(c), nil
	case 'b':
		return '\b', nil
	case 'f':
		return '\f', nil
	case 'n':
		return '\n', nil
	case 'r':
		return '\r', nil
	case 't':
		return '\t', nil
	case 'u':
		r, err := s.hex()
		if err != nil || !utf16.IsSurrogate(r) {
			return r, err
		}
		if pair, _ := s.in.Peek(2); string(pair) != `\u` {
			return utf8.RuneError, nil
		}
		_, _ = s.in.Discard(2) // they were peeked
		second, err := s.hex()
		return utf16.DecodeRune(r, second), err
	}
	return 0, s.unexpected("a known escape in the string")
}

func (s *jsonScanner) hex() (rune, error) {
	var digits [4]byte
	if _, err := io.ReadFull(s.in, digits[:]); err != nil {
		return 0, s.unexpected("four hexadecimal digits")
	}
	v, err := strconv.ParseUint(string(digits[:]), 16, 16)
	if err != nil {
		s.err = fmt.Errorf("%s:%d: not valid JSON at %s: want four hexadecimal digits", s.file, s.line, quoted(digits[:]))
		return 0, s.err
	}
	return rune(v), nil
}
