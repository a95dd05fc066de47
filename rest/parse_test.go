package rest

import (
	"bytes"
	"encoding/json"
	"math/big"
	"os"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

func TestReadQuery(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		raw  string
		want query
	}{
		{"", nil},
		{"a=1&b=2&a=3", query{{"a", "1"}, {"b", "2"}, {"a", "3"}}},
		{"a", query{{"a", ""}}},
		{"a=", query{{"a", ""}}},
		{"=x", query{{"", "x"}}},
		{"&&a=1&", query{{"a", "1"}}},
		{"a=1;b=2", query{{"a", "1;b=2"}}},
		{"a=b=c", query{{"a", "b=c"}}},
		{"a+b=c+d", query{{"a b", "c d"}}},
		{"a=%2B%26%3D%3b", query{{"a", "+&=;"}}},
		{"%61=%C3%A9", query{{"a", "é"}}},
		{"a=é", query{{"a", "é"}}},
		{"a=%", query{{"a", "%"}}},
		{"a=%4", query{{"a", "%4"}}},
		{"a=%zz%41", query{{"a", "%zzA"}}},
		{"a=%%41", query{{"a", "%A"}}},
		{"a=%2%35", query{{"a", "%25"}}},
		{"a=%2541", query{{"a", "%41"}}},
		{"a=%00", query{{"a", "\x00"}}},
		{"a=%FF", query{{"a", "\uFFFD"}}},
		{"a=\xFF", query{{"a", "\uFFFD"}}},
		{"%FF=a", query{{"\uFFFD", "a"}}},
		{"a=?#/", query{{"a", "?#/"}}},
	} {
		if d := cmp.Diff(tc.want, readQuery(tc.raw), cmp.AllowUnexported(parameter{})); d != "" {
			t.Errorf("%q: %s", tc.raw, d)
		}
	}
}

func TestQueryValues(t *testing.T) {
	t.Parallel()
	q := readQuery("a=1&b=2&a=&A=9")
	if v, ok := q.last("a"); v != "" || !ok {
		t.Errorf("last a = %q, %v", v, ok)
	}
	if v, ok := q.last("c"); v != "" || ok {
		t.Errorf("last c = %q, %v", v, ok)
	}
	if d := cmp.Diff([]string{"1", ""}, q.all("a")); d != "" {
		t.Error(d)
	}
}

// TestToText has Python's bytes.decode("utf-8", "replace") as its authority; the
// lines from E2 82 on differ from what Go's range would give.
func TestToText(t *testing.T) {
	t.Parallel()
	for bytes, want := range map[string]string{
		"plain é 日 😀":           "plain é 日 😀",
		"\xff\xfe":              "\uFFFD\uFFFD",
		"a\x80b":                "a\uFFFDb",
		"\xc0\xaf":              "\uFFFD\uFFFD",
		"\xed\xa0\x80":          "\uFFFD\uFFFD\uFFFD",
		"\xf4\x90\x80\x80":      "\uFFFD\uFFFD\uFFFD\uFFFD",
		"\xe2\x82":              "\uFFFD",
		"\xe2\x82A":             "\uFFFDA",
		"\xf0\x9f\x98":          "\uFFFD",
		"\xf0\x9f\x98\xf0\x9f":  "\uFFFD\uFFFD",
		"\xf0\x80\x80":          "\uFFFD\uFFFD\uFFFD",
		"\xe2\xe2\x82\xac":      "\uFFFD€",
		"\xef\xbf\xbd\xef\xbf":  "\uFFFD\uFFFD",
		"\xc3":                  "\uFFFD",
		"\xf0\x9f\x98\x80\xf0!": "😀\uFFFD!",
	} {
		if got := toText(bytes); got != want {
			t.Errorf("%q: %q, want %q", bytes, got, want)
		}
	}
}

func FuzzReadQuery(f *testing.F) {
	for _, s := range []string{"a=1&b", "%", "%zz", "a=%F0%9F", "+=+", "&;&", "\xff=\xe2\x82"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		for _, p := range readQuery(raw) {
			if !utf8.ValidString(p.name) || !utf8.ValidString(p.value) {
				t.Errorf("%q gives %q", raw, p)
			}
		}
	})
}

// TestPyRepr compares with what CPython 3.11 printed. Line by line: a text and
// its repr.
func TestPyRepr(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile("testdata/pyrepr.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for line := range bytes.Lines(data) {
		var c struct{ Text, Repr string }
		if err := json.Unmarshal(line, &c); err != nil {
			t.Fatal(err)
		}
		n++
		if got := pyRepr(c.Text); got != c.Repr {
			t.Errorf("pyRepr(%q) = %s, want %s", c.Text, got, c.Repr)
		}
	}
	if n < 70 {
		t.Errorf("only %d cases", n)
	}
	if got, want := pyReprs([]string{"2h", "", `it's "x"`}), `['2h', '', 'it\'s "x"']`; got != want {
		t.Errorf("pyReprs = %s, want %s", got, want)
	}
}

func TestParseInt(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]int{
		"7": 7, "1": 1, "365": 365, "0": 0, "-0": 0, "+0": 0, "-1": -1, "+7": 7, "007": 7, "-007": -7, "7.0": 7, "7.": 7, "7.000": 7, "+7.0": 7, "-7.": -7,
		"1_0": 10, "1_2_3": 123, "+1_0": 10, "0_7": 7,
		"999999999": 999999999, "1000000000": beyond, "-99999999999999999999": -beyond, strings.Repeat("9", 4300): beyond, strings.Repeat("0", 4299) + "7": 7,
	} {
		if got, ok := parseInt(s); got != want || !ok {
			t.Errorf("parseInt(%.40q) = %d, %v, want %d", s, got, ok, want)
		}
	}
	for _, s := range []string{
		"", " ", " 7", "7 ", "\t7", "7\n", "abc", "7.5", "7.05", ".", ".0", "-.0", "+", "-", "--7", "+-7", "-+7", "1e1", "1E1", "0x7", "0b1", "0o7",
		"_7", "7_", "1__0", "+_7", "-_7", "1_0.0", "7_.0", "7.0_0", "7.0.0", "٧", "７", "7\u00a0", "1,0", "inf", "nan", "None", "true", "7\x00", "−7", "\uFFFD",
	} {
		if got, ok := parseInt(s); ok {
			t.Errorf("parseInt(%q) = %d, want none", s, got)
		}
	}
}

var (
	plainInt   = regexp.MustCompile(`^[+-]?[0-9]+(\.0*)?$`)
	groupedInt = regexp.MustCompile(`^[+-]?[0-9]+(_[0-9]+)*$`)
)

// slowParseInt reads an integer as the contract's sentence says it.
func slowParseInt(s string) (*big.Int, bool) {
	if !plainInt.MatchString(s) && !groupedInt.MatchString(s) {
		return nil, false
	}
	whole, _, _ := strings.Cut(strings.ReplaceAll(s, "_", ""), ".")
	return new(big.Int).SetString(strings.TrimPrefix(whole, "+"), 10)
}

func FuzzParseInt(f *testing.F) {
	for _, s := range []string{"7", "-0", "+7.0", "1_0", "1__0", "_1", "7.5", "999999999", "1000000000", "-1000000001", "0x7", "7\n"} {
		f.Add(s)
	}
	limit := big.NewInt(beyond)
	f.Fuzz(func(t *testing.T, s string) {
		got, ok := parseInt(s)
		want, valid := slowParseInt(s)
		if ok != valid {
			t.Fatalf("parseInt(%q) = %d, %v; the slow way: %v", s, got, ok, valid)
		}
		if !ok {
			return
		}
		if want.CmpAbs(limit) >= 0 {
			want = big.NewInt(int64(want.Sign()) * beyond)
		}
		if want.Cmp(big.NewInt(int64(got))) != 0 {
			t.Errorf("parseInt(%q) = %d, want %s", s, got, want)
		}
	})
}

func FuzzPyRepr(f *testing.F) {
	f.Add("it's")
	f.Add("\x00\u2028😀")
	f.Fuzz(func(t *testing.T, s string) {
		s = toText(s)
		r := pyRepr(s)
		if q := r[0]; len(r) < 2 || r[len(r)-1] != q || strings.ContainsAny(r, "\n\r\t\x00") {
			t.Errorf("pyRepr(%q) = %s", s, r)
		}
	})
}
