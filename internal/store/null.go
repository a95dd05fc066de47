package store

import (
	"math"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgtype"

	"github.com/candlewright/candlewright/internal/market"
)

// How the domain says "nothing" (NaN, "", the zero time, nil) and how SQL does.
// Candles have the same in their own codec.

func nullFloat(x float64) pgtype.Float8 { return pgtype.Float8{Float64: x, Valid: x == x} }

// nullText is a text column's value. Words that came from outside (a provider's
// error, a file's name) may hold what PostgreSQL refuses in a text.
func nullText(s string) pgtype.Text {
	return pgtype.Text{String: clean(s), Valid: s != ""}
}

// clean replaces what no text column can hold: NUL and bytes that are not UTF-8.
func clean(s string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "\uFFFD")
}

func nullTime(t time.Time) pgtype.Timestamptz {
	return pgtype.Timestamptz{Time: t, Valid: !t.IsZero()}
}

func timeOf(t pgtype.Timestamptz) time.Time {
	if !t.Valid {
		return time.Time{}
	}
	return t.Time.UTC()
}

func nullDate(d *market.Date) pgtype.Date {
	if d == nil {
		return pgtype.Date{}
	}
	return pgtype.Date{Time: d.Time(), Valid: true}
}

func dateOf(d pgtype.Date) *market.Date {
	if !d.Valid {
		return nil
	}
	date := market.DateOf(d.Time)
	return &date
}

func nullInt(n *int) pgtype.Int4 {
	if n == nil {
		return pgtype.Int4{}
	}
	return pgtype.Int4{Int32: int4(*n), Valid: true}
}

func intOf(n pgtype.Int4) *int {
	if !n.Valid {
		return nil
	}
	i := int(n.Int32)
	return &i
}

// nullID is a reference that may be absent: 0 is none, since ids start at 1.
func nullID(id int64) pgtype.Int8 { return pgtype.Int8{Int64: id, Valid: id != 0} }

func nullBool(b *bool) pgtype.Bool {
	if b == nil {
		return pgtype.Bool{}
	}
	return pgtype.Bool{Bool: *b, Valid: true}
}

// int4 is a number for an integer column; what does not fit is cut to the end of
// the range, since a count that large is no less true for it.
func int4[T int | int64](n T) int32 {
	return int32(min(max(n, math.MinInt32), math.MaxInt32))
}

// words are enums as a text array. Nil stays nil, which queries read as "any".
func words[T ~string](xs []T) []string {
	if xs == nil {
		return nil
	}
	ws := make([]string, len(xs))
	for i, x := range xs {
		ws[i] = clean(string(x))
	}
	return ws
}
