package scalar_test

import (
	"encoding/json"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/google/uuid"

	"github.com/candlewright/candlewright/graph/scalar"
	"github.com/candlewright/candlewright/internal/fault"
	"github.com/candlewright/candlewright/internal/market"
)

func written(m graphql.Marshaler) string {
	var b strings.Builder
	m.MarshalGQL(&b)
	return b.String()
}

func TestWhatIsWritten(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		value graphql.Marshaler
		want  string
	}{
		{scalar.MarshalFloat(1), "1"},
		{scalar.MarshalFloat(0.1), "0.1"},
		{scalar.MarshalFloat(12345678.9), "12345678.9"},
		{scalar.MarshalFloat(1e20), "100000000000000000000"},
		{scalar.MarshalFloat(1e21), "1e+21"},
		{scalar.MarshalFloat(1e-7), "1e-07"},
		{scalar.MarshalFloat(math.NaN()), "null"},
		{scalar.MarshalFloat(math.Inf(-1)), "null"},
		{scalar.MarshalFloat(0), "0"},
		{scalar.MarshalInt(-7), "-7"},
		{scalar.MarshalLong(math.MaxInt64), "9223372036854775807"},
		{scalar.MarshalLongInt(3), "3"},
		{scalar.MarshalTime(time.Date(2024, 11, 13, 12, 31, 0, 0, time.FixedZone("", 7200))), `"2024-11-13T10:31:00Z"`},
		{scalar.MarshalTime(time.Date(2024, 11, 13, 10, 31, 0, 123456000, time.UTC)), `"2024-11-13T10:31:00.123456Z"`},
		{scalar.MarshalTime(time.Time{}), "null"},
		{scalar.MarshalDate(market.NewDate(2024, 2, 29)), `"2024-02-29"`},
		{scalar.MarshalUUID(uuid.MustParse("550E8400-E29B-41D4-A716-446655440000")), `"550e8400-e29b-41d4-a716-446655440000"`},
		{scalar.MarshalString("a\"<b"), `"a\"<b"`},
		{scalar.MarshalID("x"), `"x"`},
	} {
		if got := written(c.value); got != c.want {
			t.Errorf("%s, want %s", got, c.want)
		}
	}
}

func TestFloatsReadBackAsTheSame(t *testing.T) {
	t.Parallel()
	for _, x := range []float64{math.SmallestNonzeroFloat64, math.MaxFloat64, math.Pi, 1.0 / 3, 1e-6, 123456789.123456789, -1e21} {
		var back float64
		if err := json.Unmarshal([]byte(written(scalar.MarshalFloat(x))), &back); err != nil || back != x {
			t.Errorf("%v came back as %v: %v", x, back, err)
		}
	}
}

// read is one reading of a scalar, with its type forgotten.
func read[T any](f func(any) (T, error)) func(any) (any, error) {
	return func(v any) (any, error) { return f(v) }
}

func TestWhatIsRead(t *testing.T) {
	t.Parallel()
	n := func(s string) json.Number { return json.Number(s) }
	id := uuid.MustParse("550e8400-e29b-41d4-a716-446655440000")
	for _, c := range []struct {
		name string
		read func(any) (any, error)
		in   any
		want any // nil: refused
	}{
		{"Int", read(scalar.UnmarshalInt), int64(5), 5},
		{"Int", read(scalar.UnmarshalInt), n("2147483647"), math.MaxInt32},
		{"Int", read(scalar.UnmarshalInt), n("2147483648"), nil},
		{"Int", read(scalar.UnmarshalInt), n("1.0"), nil},
		{"Int", read(scalar.UnmarshalInt), "5", nil},
		{"Int", read(scalar.UnmarshalInt), n("1e400"), nil},
		{"Int", read(scalar.UnmarshalInt), true, nil},
		{"Long", read(scalar.UnmarshalLong), n("9223372036854775807"), int64(math.MaxInt64)},
		{"Long", read(scalar.UnmarshalLong), n("9223372036854775808"), nil},
		{"Long", read(scalar.UnmarshalLong), 4.0, nil},
		{"Long as int", read(scalar.UnmarshalLongInt), int64(4), 4},
		{"Float", read(scalar.UnmarshalFloat), n("1e3"), 1000.0},
		{"Float", read(scalar.UnmarshalFloat), int64(2), 2.0},
		{"Float", read(scalar.UnmarshalFloat), n("1e400"), nil},
		{"Float", read(scalar.UnmarshalFloat), "1", nil},
		{"Float", read(scalar.UnmarshalFloat), math.NaN(), nil},
		{"String", read(scalar.UnmarshalString), "x", "x"},
		{"String", read(scalar.UnmarshalString), n("1"), nil},
		{"String", read(scalar.UnmarshalString), nil, nil},
		{"ID", read(scalar.UnmarshalID), "x", "x"},
		{"ID", read(scalar.UnmarshalID), n("12"), "12"},
		{"ID", read(scalar.UnmarshalID), int64(12), "12"},
		{"ID", read(scalar.UnmarshalID), true, nil},
		{"Time", read(scalar.UnmarshalTime), "2024-11-13T12:31:00+02:00", time.Date(2024, 11, 13, 10, 31, 0, 0, time.UTC)},
		{"Time", read(scalar.UnmarshalTime), "2024-11-13T10:31:00", nil},
		{"Time", read(scalar.UnmarshalTime), "2024-11-13", nil},
		{"Time", read(scalar.UnmarshalTime), int64(1), nil},
		{"Time", read(scalar.UnmarshalTime), "0000-01-01T00:00:00Z", nil},
		{"Time", read(scalar.UnmarshalTime), "9999-12-31T12:00:00Z", nil},
		{"Date", read(scalar.UnmarshalDate), "2024-02-29", market.NewDate(2024, 2, 29)},
		{"Date", read(scalar.UnmarshalDate), "2023-02-29", nil},
		{"Date", read(scalar.UnmarshalDate), "0001-01-01", nil},
		{"Date", read(scalar.UnmarshalDate), int64(1), nil},
		{"UUID", read(scalar.UnmarshalUUID), "550E8400-e29b-41d4-a716-446655440000", id},
		{"UUID", read(scalar.UnmarshalUUID), "550e8400e29b41d4a716446655440000", nil},
		{"UUID", read(scalar.UnmarshalUUID), "urn:uuid:550e8400-e29b-41d4-a716-446655440000", nil},
		{"UUID", read(scalar.UnmarshalUUID), int64(1), nil},
	} {
		got, err := c.read(c.in)
		switch {
		case c.want == nil && !fault.Is(err, fault.BadUserInput):
			t.Errorf("%s took %v as %v, %v", c.name, c.in, got, err)
		case c.want != nil && (err != nil || got != c.want):
			t.Errorf("%s read %v as %v, %v; want %v", c.name, c.in, got, err, c.want)
		}
	}
}

func TestRefusalsAreShort(t *testing.T) {
	t.Parallel()
	_, err := scalar.UnmarshalTime(strings.Repeat("é", 1000))
	if shown := fault.Show(err).Detail; len(shown) > 200 || !strings.Contains(shown, "…") || strings.Contains(shown, "\uFFFD") {
		t.Errorf("%q", shown)
	}
}
