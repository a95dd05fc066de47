package grid

import (
	"time"

	"github.com/candlewright/candlewright/internal/market"
)

// The years that the New York Stock Exchange's calendar is known for. 2029 and
// 2030 are by rule only, the exchange has published those before.
const (
	firstYear = 1998
	lastYear  = 2030
)

// closures are the weekdays without session that no rule foretells.
func closures() []market.Date {
	return []market.Date{
		market.NewDate(2001, time.September, 11), // attack on New York, to the 14th
		market.NewDate(2001, time.September, 12),
		market.NewDate(2001, time.September, 13),
		market.NewDate(2001, time.September, 14),
		market.NewDate(2004, time.June, 11),    // mourning for Reagan
		market.NewDate(2007, time.January, 2),  // mourning for Ford
		market.NewDate(2012, time.October, 29), // hurricane Sandy
		market.NewDate(2012, time.October, 30),
		market.NewDate(2018, time.December, 5), // mourning for G. H. W. Bush
		market.NewDate(2025, time.January, 9),  // mourning for Carter
	}
}

// holidays are the days of a year on which the exchange is closed by rule.
// Columbus and Veterans Day are none.
func holidays(year int) []market.Date {
	hs := []market.Date{
		nth(year, time.January, time.Monday, 3),    // Martin Luther King, from 1998
		nth(year, time.February, time.Monday, 3),   // Washington
		easter(year) - 2,                           // Good Friday
		nth(year, time.June, time.Monday, 1) - 7,   // Memorial Day, the last Monday of May
		observed(year, time.July, 4),               // Independence Day
		nth(year, time.September, time.Monday, 1),  // Labor Day
		nth(year, time.November, time.Thursday, 4), // Thanksgiving
		observed(year, time.December, 25),          // Christmas
	}
	// A New Year's Day on a Saturday is not moved into the old year.
	if market.NewDate(year, time.January, 1).Weekday() != time.Saturday {
		hs = append(hs, observed(year, time.January, 1))
	}
	if year >= 2022 {
		hs = append(hs, observed(year, time.June, 19)) // Juneteenth
	}
	return hs
}

// earlyCloses are the days of a year on which a session ends at 13:00. Some are
// no session at all, where a holiday is observed on the day.
func earlyCloses(year int) []market.Date {
	es := []market.Date{nth(year, time.November, time.Thursday, 4) + 1}

	eve := market.NewDate(year, time.December, 24)
	if w := eve.Weekday(); time.Monday <= w && w <= time.Thursday {
		es = append(es, eve)
	}

	fourth := market.NewDate(year, time.July, 4)
	switch w := fourth.Weekday(); {
	case w == time.Thursday && year <= 2012: // after a Thursday up to 2012, before one since
		es = append(es, fourth+1)
	case time.Tuesday <= w && w <= time.Friday:
		es = append(es, fourth-1)
	}

	switch year {
	case 1999:
		es = append(es, market.NewDate(1999, time.December, 31))
	case 2003:
		es = append(es, market.NewDate(2003, time.December, 26))
	}
	return es
}

// observed moves a holiday on a Saturday to Friday and one on a Sunday to Monday.
func observed(year int, month time.Month, dayOfMonth int) market.Date {
	d := market.NewDate(year, month, dayOfMonth)
	switch d.Weekday() {
	case time.Saturday:
		return d - 1
	case time.Sunday:
		return d + 1
	default:
		return d
	}
}

// nth is the n-th given weekday of a month, from 1.
func nth(year int, month time.Month, w time.Weekday, n int) market.Date {
	d := market.NewDate(year, month, 1)
	ahead := (int(w-d.Weekday()) + 7) % 7
	return d + market.Date(ahead+7*(n-1))
}

// easter is Easter Sunday by the Gregorian computus of Meeus, Jones and Butcher
// (J. Meeus, Astronomical Algorithms, 1991, chapter 8).
func easter(year int) market.Date {
	a, b, c := year%19, year/100, year%100
	d, e := b/4, b%4
	f := (b + 8) / 25
	g := (b - f + 1) / 3
	h := (19*a + b - d - g + 15) % 30
	i, k := c/4, c%4
	l := (32 + 2*e + 2*i - h - k) % 7
	m := (a + 11*h + 22*l) / 451
	n := h + l - 7*m + 114
	return market.NewDate(year, time.Month(n/31), n%31+1)
}
