package market

import (
	"fmt"
	"time"
)

// Date is a calendar date without a zone, as days since 1970-01-01.
type Date int32

const secondsPerDay = 24 * 60 * 60

// DateOf is the UTC date of an instant.
func DateOf(t time.Time) Date {
	s := t.Unix()
	d := s / secondsPerDay
	if s%secondsPerDay < 0 {
		d--
	}
	return Date(d)
}

// NewDate is the date of a year, month and day; days beyond the month's end
// carry over as in time.Date.
func NewDate(year int, month time.Month, day int) Date {
	return DateOf(time.Date(year, month, day, 0, 0, 0, 0, time.UTC))
}

// ParseDate reads YYYY-MM-DD.
func ParseDate(s string) (Date, error) {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		return 0, fmt.Errorf("invalid date %q: want YYYY-MM-DD", s)
	}
	return DateOf(t), nil
}

// Time is the date at 00:00 UTC.
func (d Date) Time() time.Time { return time.Unix(int64(d)*secondsPerDay, 0).UTC() }

// String gives YYYY-MM-DD.
func (d Date) String() string { return d.Time().Format(time.DateOnly) }

// Weekday is the day of the week.
func (d Date) Weekday() time.Weekday {
	w := (int(d) + 4) % 7 // 1970-01-01 was a Thursday
	if w < 0 {
		w += 7
	}
	return time.Weekday(w)
}

// Monday is the Monday of the date's week (weeks start on Monday).
func (d Date) Monday() Date { return d - Date((int(d.Weekday())+6)%7) }
