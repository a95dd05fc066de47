package market

import (
	"strings"
	"testing"
	"time"
)

func TestDateOf(t *testing.T) {
	t.Parallel()
	newYork := time.FixedZone("EST", -5*60*60)
	for _, c := range []struct {
		t    time.Time
		want string
	}{
		{time.Unix(0, 0), "1970-01-01"},
		{time.Unix(-1, 0), "1969-12-31"},
		{time.Unix(-86400, 0), "1969-12-31"},
		{time.Unix(-86401, 999_999_999), "1969-12-30"},
		{time.Date(2024, time.February, 29, 23, 59, 59, 999_999_999, time.UTC), "2024-02-29"},
		{time.Date(2024, time.February, 29, 20, 0, 0, 0, newYork), "2024-03-01"},
		{time.Time{}, "0001-01-01"},
	} {
		if got := DateOf(c.t).String(); got != c.want {
			t.Errorf("DateOf(%v) = %s, want %s", c.t, got, c.want)
		}
	}
}

func TestNewDateCarriesOver(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		year  int
		month time.Month
		day   int
		want  string
	}{
		{2024, time.February, 30, "2024-03-01"},
		{2024, time.January, 0, "2023-12-31"},
		{2024, 13, 1, "2025-01-01"},
	} {
		if got := NewDate(c.year, c.month, c.day).String(); got != c.want {
			t.Errorf("NewDate(%d, %d, %d) = %s, want %s", c.year, c.month, c.day, got, c.want)
		}
	}
}

func TestParseDateRefuses(t *testing.T) {
	t.Parallel()
	for _, in := range []string{
		"", "2024", "2024-1-2", "2024-02-30", "2023-02-29", "2024-13-01", "20240101", "2024/01/01", "2024-01-01T00:00:00Z", " 2024-01-01", "24-01-01", "-2024-01-01",
	} {
		if got, err := ParseDate(in); err == nil || got != 0 || !strings.Contains(err.Error(), "want YYYY-MM-DD") {
			t.Errorf("ParseDate(%q) = %v, %v", in, got, err)
		}
	}
}

// Over 400 years, a whole round of the Gregorian calendar, dates agree with
// package time.
func TestDatesAgreeWithTime(t *testing.T) {
	t.Parallel()
	for d := NewDate(1800, 1, 1); d < NewDate(2200, 1, 1); d++ {
		ts := d.Time()
		if ts.Location() != time.UTC || DateOf(ts) != d || DateOf(ts.Add(24*time.Hour-1)) != d || NewDate(ts.Date()) != d {
			t.Fatalf("%s does not come back from %v", d, ts)
		}
		if d.Weekday() != ts.Weekday() {
			t.Fatalf("%s is a %s, want %s", d, d.Weekday(), ts.Weekday())
		}
		if m := d.Monday(); m.Weekday() != time.Monday || m > d || m+7 <= d {
			t.Fatalf("the Monday of %s is %s", d, m)
		}
	}
}

func FuzzParseDate(f *testing.F) {
	for _, s := range []string{"1970-01-01", "2024-02-29", "0000-01-01", "9999-12-31", "2024-2-9", "２０２４-01-01"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		d, err := ParseDate(s)
		if err == nil && d.String() != s {
			t.Errorf("ParseDate(%q) prints as %q", s, d)
		}
	})
}
