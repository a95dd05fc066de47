// Package scalar reads and writes the scalars of the schema. What a client sends
// is checked for its range here; what cannot be written in a field that must
// have a value (NaN, the zero time) becomes null, which the executor refuses.
package scalar

import (
	"encoding/json"
	"errors"
	"io"
	"math"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/99designs/gqlgen/graphql"
	"github.com/google/uuid"

	"github.com/candlewright/candlewright/internal/fault"
	"github.com/candlewright/candlewright/internal/market"
)

// writer is a value that writes itself.
type writer func(b []byte) []byte

// MarshalGQL writes the value.
func (w writer) MarshalGQL(out io.Writer) {
	var buf [32]byte
	_, _ = out.Write(w(buf[:0])) // to a buffer in memory
}

// refused says what a value is and what it should be.
func refused(v any, want string) error {
	shown, err := json.Marshal(v)
	if err != nil {
		shown = []byte("this value")
	}
	const longest = 60
	if len(shown) > longest {
		cut := longest
		for cut > 0 && !utf8.RuneStart(shown[cut]) {
			cut--
		}
		shown = append(shown[:cut:cut], "…"...)
	}
	return fault.BadInput("", "%s is not valid here: want %s", shown, want)
}

// MarshalID writes an opaque id.
func MarshalID(id string) graphql.Marshaler { return graphql.MarshalString(id) }

// UnmarshalID reads an id; a number is taken as its digits.
func UnmarshalID(v any) (string, error) {
	switch v := v.(type) {
	case string:
		return v, nil
	case json.Number:
		return v.String(), nil
	case int64:
		return strconv.FormatInt(v, 10), nil
	}
	return "", refused(v, "an id")
}

// MarshalString writes a text.
func MarshalString(s string) graphql.Marshaler { return graphql.MarshalString(s) }

// UnmarshalString reads a text. Numbers are none.
func UnmarshalString(v any) (string, error) {
	if s, ok := v.(string); ok {
		return s, nil
	}
	return "", refused(v, "a text")
}

// MarshalInt writes an integer.
func MarshalInt(n int) graphql.Marshaler {
	return writer(func(b []byte) []byte { return strconv.AppendInt(b, int64(n), 10) })
}

// UnmarshalInt reads an integer of 32 bits.
func UnmarshalInt(v any) (int, error) {
	n, err := integer(v)
	if err != nil || n < math.MinInt32 || n > math.MaxInt32 {
		return 0, refused(v, "an integer of 32 bits")
	}
	return int(n), nil
}

// MarshalLong writes an integer of 64 bits as a JSON number.
func MarshalLong(n int64) graphql.Marshaler {
	return writer(func(b []byte) []byte { return strconv.AppendInt(b, n, 10) })
}

// UnmarshalLong reads an integer of 64 bits.
func UnmarshalLong(v any) (int64, error) {
	n, err := integer(v)
	if err != nil {
		return 0, refused(v, "an integer of 64 bits")
	}
	return n, nil
}

// MarshalLongInt is MarshalLong for an int.
func MarshalLongInt(n int) graphql.Marshaler { return MarshalInt(n) }

// UnmarshalLongInt is UnmarshalLong for an int.
func UnmarshalLongInt(v any) (int, error) {
	n, err := UnmarshalLong(v)
	return int(n), err
}

var errNoInteger = errors.New("no integer")

func integer(v any) (int64, error) {
	switch v := v.(type) {
	case json.Number:
		return strconv.ParseInt(v.String(), 10, 64)
	case int64:
		return v, nil
	case int:
		return int64(v), nil
	}
	return 0, errNoInteger
}

// MarshalFloat writes a number in plain decimals where these are short; NaN and
// infinity are null.
func MarshalFloat(x float64) graphql.Marshaler {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return graphql.Null
	}
	return writer(func(b []byte) []byte { return appendFloat(b, x) })
}

// appendFloat writes a number as encoding/json does.
func appendFloat(b []byte, x float64) []byte {
	if abs := math.Abs(x); abs != 0 && (abs < 1e-6 || abs >= 1e21) {
		return strconv.AppendFloat(b, x, 'e', -1, 64)
	}
	return strconv.AppendFloat(b, x, 'f', -1, 64)
}

// UnmarshalFloat reads a finite number.
func UnmarshalFloat(v any) (float64, error) {
	var x float64
	var err error
	switch v := v.(type) {
	case json.Number:
		x, err = strconv.ParseFloat(v.String(), 64)
	case float64:
		x = v
	case int64:
		x = float64(v)
	default:
		err = errNoInteger
	}
	if err != nil || math.IsInf(x, 0) || math.IsNaN(x) {
		return 0, refused(v, "a finite number")
	}
	return x, nil
}

// MarshalTime writes an instant in UTC, with as many decimals of a second as it
// has; the zero time is null.
func MarshalTime(t time.Time) graphql.Marshaler {
	if t.IsZero() {
		return graphql.Null
	}
	return writer(func(b []byte) []byte {
		b = append(b, '"')
		b = t.UTC().AppendFormat(b, time.RFC3339Nano)
		return append(b, '"')
	})
}

// Instants between these fit a timestamptz and RFC 3339 both.
var (
	earliest = time.Date(1, 1, 2, 0, 0, 0, 0, time.UTC)
	latest   = time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC)
)

// UnmarshalTime reads RFC 3339 with any offset.
func UnmarshalTime(v any) (time.Time, error) {
	const want = "an instant as 2024-11-13T10:31:00Z, of the years 1 to 9999"
	s, ok := v.(string)
	if !ok {
		return time.Time{}, refused(v, want)
	}
	t, err := time.Parse(time.RFC3339, s)
	if err != nil || t.Before(earliest) || t.After(latest) {
		return time.Time{}, refused(v, want)
	}
	return t.UTC(), nil
}

// MarshalDate writes a date as YYYY-MM-DD.
func MarshalDate(d market.Date) graphql.Marshaler { return graphql.MarshalString(d.String()) }

// UnmarshalDate reads YYYY-MM-DD.
func UnmarshalDate(v any) (market.Date, error) {
	const want = "a date as 2024-11-13, of the years 1 to 9999"
	s, ok := v.(string)
	if !ok {
		return 0, refused(v, want)
	}
	d, err := market.ParseDate(s)
	if err != nil || d.Time().Before(earliest) || !d.Time().Before(latest) {
		return 0, refused(v, want)
	}
	return d, nil
}

// MarshalUUID writes a UUID in lower case.
func MarshalUUID(u uuid.UUID) graphql.Marshaler { return graphql.MarshalString(u.String()) }

// UnmarshalUUID reads the form with hyphens, in any case.
func UnmarshalUUID(v any) (uuid.UUID, error) {
	const hyphened = 36
	if s, ok := v.(string); ok && len(s) == hyphened {
		if u, err := uuid.Parse(s); err == nil {
			return u, nil
		}
	}
	return uuid.UUID{}, refused(v, "a UUID as 550e8400-e29b-41d4-a716-446655440000")
}
