package rest

import (
	"strconv"
	"strings"
)

// unprocessable is a 422: a parameter that is missing or cannot be read, in the
// words of pydantic 2.5 as FastAPI 0.104.1 sends them.
type unprocessable struct {
	Type  string   `json:"type"`
	Loc   []string `json:"loc"`
	Msg   string   `json:"msg"`
	Input *string  `json:"input"` // the text as decoded; nil: there was none
	Ctx   any      `json:"ctx,omitempty"`
	URL   string   `json:"url"`
}

func (u *unprocessable) Error() string {
	return "query parameter " + u.Loc[len(u.Loc)-1] + ": " + u.Msg
}

func newUnprocessable(kind, name, msg string, input *string, ctx any) *unprocessable {
	return &unprocessable{
		Type: kind, Loc: []string{"query", name}, Msg: msg, Input: input, Ctx: ctx,
		URL: "https://errors.pydantic.dev/2.5/v/" + kind,
	}
}

func missing(name string) error {
	return newUnprocessable("missing", name, "Field required", nil, nil)
}

type (
	atLeast struct {
		Ge int `json:"ge"`
	}
	atMost struct {
		Le int `json:"le"`
	}
)

// readInt reads an integer parameter with bounds.
func readInt(name, s string, low, high int) (int, error) {
	if len(s) > maxIntBytes {
		return 0, newUnprocessable("int_parsing_size", name, "Unable to parse input string as an integer, exceeded maximum size", &s, nil)
	}
	n, ok := parseInt(s)
	switch {
	case !ok:
		return 0, newUnprocessable("int_parsing", name, "Input should be a valid integer, unable to parse string as an integer", &s, nil)
	case n > high:
		return 0, newUnprocessable("less_than_equal", name, "Input should be less than or equal to "+strconv.Itoa(high), &s, atMost{high})
	case n < low:
		return 0, newUnprocessable("greater_than_equal", name, "Input should be greater than or equal to "+strconv.Itoa(low), &s, atLeast{low})
	}
	return n, nil
}

const (
	// maxIntBytes is where pydantic, as CPython does, stops to read integers.
	maxIntBytes = 4300
	// manyDigits is a length at which an integer is beyond any bound of ours.
	manyDigits = 9
	beyond     = 1_000_000_000
)

// parseInt reads an integer as pydantic 2.5 reads one from a text: an optional
// sign and ASCII digits, with a point and zeros behind them or with single
// underscores between them, never both. Values of more than manyDigits digits
// come back as ±beyond.
func parseInt(s string) (n int, ok bool) {
	negative := strings.HasPrefix(s, "-")
	if negative || strings.HasPrefix(s, "+") {
		s = s[1:]
	}
	digits, zeros, point := strings.Cut(s, ".")
	if point {
		if strings.Trim(zeros, "0") != "" {
			return 0, false
		}
	} else if digits, ok = withoutUnderscores(digits); !ok {
		return 0, false
	}
	if digits == "" || strings.Trim(digits, "0123456789") != "" {
		return 0, false
	}
	digits = strings.TrimLeft(digits, "0")
	switch {
	case digits == "":
		return 0, true
	case len(digits) > manyDigits:
		n = beyond
	default:
		n, _ = strconv.Atoi(digits) // nine digits at most: it cannot fail
	}
	if negative {
		n = -n
	}
	return n, true
}

// withoutUnderscores drops single underscores between characters, and refuses
// them anywhere else.
func withoutUnderscores(s string) (string, bool) {
	if !strings.Contains(s, "_") {
		return s, true
	}
	if strings.HasPrefix(s, "_") || strings.HasSuffix(s, "_") || strings.Contains(s, "__") {
		return "", false
	}
	return strings.ReplaceAll(s, "_", ""), true
}
