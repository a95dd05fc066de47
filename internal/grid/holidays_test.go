package grid

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/candlewright/candlewright/internal/market"
)

func date(tb testing.TB, s string) market.Date {
	tb.Helper()
	d, err := market.ParseDate(s)
	if err != nil {
		tb.Fatal(err)
	}
	return d
}

// weekdaysClosed are the dates of a year, as MM-DD, that are Monday to Friday
// and have no session.
func weekdaysClosed(year int) []string {
	var closed []string
	c := CalendarOf(market.Stock)
	for d := market.NewDate(year, time.January, 1); d < market.NewDate(year+1, time.January, 1); d++ {
		if w := d.Weekday(); w == time.Saturday || w == time.Sunday {
			continue
		}
		if _, _, ok := c.Hours(d); !ok {
			closed = append(closed, d.String()[5:])
		}
	}
	return closed
}

func TestSessionsAYear(t *testing.T) {
	t.Parallel()
	want := map[int]int{
		2001: 248, 2006: 251, 2007: 251, 2008: 253, 2012: 250, 2017: 251, 2018: 251, 2020: 253,
		2022: 251, 2023: 250, 2025: 250, 2026: 251, 2027: 251, 2028: 251, 2029: 251, 2030: 251,
	}
	for year := firstYear; year <= lastYear; year++ {
		n := 0
		for range CalendarOf(market.Stock).Dates(market.NewDate(year, 1, 1), market.NewDate(year+1, 1, 1)) {
			n++
		}
		w, ok := want[year]
		if !ok {
			w = 252
		}
		if n != w {
			t.Errorf("%d has %d sessions, want %d", year, n, w)
		}
	}
}

// The dates as NYSE published them or as exchange_calendars has them, written
// down and not computed: every weekday without session, year by year.
func TestEveryClosure(t *testing.T) {
	t.Parallel()
	lines := strings.Split(strings.TrimSpace(`
1998 01-01 01-19 02-16 04-10 05-25 07-03 09-07 11-26 12-25
1999 01-01 01-18 02-15 04-02 05-31 07-05 09-06 11-25 12-24
2000 01-17 02-21 04-21 05-29 07-04 09-04 11-23 12-25
2001 01-01 01-15 02-19 04-13 05-28 07-04 09-03 09-11 09-12 09-13 09-14 11-22 12-25
2002 01-01 01-21 02-18 03-29 05-27 07-04 09-02 11-28 12-25
2003 01-01 01-20 02-17 04-18 05-26 07-04 09-01 11-27 12-25
2004 01-01 01-19 02-16 04-09 05-31 06-11 07-05 09-06 11-25 12-24
2005 01-17 02-21 03-25 05-30 07-04 09-05 11-24 12-26
2006 01-02 01-16 02-20 04-14 05-29 07-04 09-04 11-23 12-25
2007 01-01 01-02 01-15 02-19 04-06 05-28 07-04 09-03 11-22 12-25
2008 01-01 01-21 02-18 03-21 05-26 07-04 09-01 11-27 12-25
2009 01-01 01-19 02-16 04-10 05-25 07-03 09-07 11-26 12-25
2010 01-01 01-18 02-15 04-02 05-31 07-05 09-06 11-25 12-24
2011 01-17 02-21 04-22 05-30 07-04 09-05 11-24 12-26
2012 01-02 01-16 02-20 04-06 05-28 07-04 09-03 10-29 10-30 11-22 12-25
2013 01-01 01-21 02-18 03-29 05-27 07-04 09-02 11-28 12-25
2014 01-01 01-20 02-17 04-18 05-26 07-04 09-01 11-27 12-25
2015 01-01 01-19 02-16 04-03 05-25 07-03 09-07 11-26 12-25
2016 01-01 01-18 02-15 03-25 05-30 07-04 09-05 11-24 12-26
2017 01-02 01-16 02-20 04-14 05-29 07-04 09-04 11-23 12-25
2018 01-01 01-15 02-19 03-30 05-28 07-04 09-03 11-22 12-05 12-25
2019 01-01 01-21 02-18 04-19 05-27 07-04 09-02 11-28 12-25
2020 01-01 01-20 02-17 04-10 05-25 07-03 09-07 11-26 12-25
2021 01-01 01-18 02-15 04-02 05-31 07-05 09-06 11-25 12-24
2022 01-17 02-21 04-15 05-30 06-20 07-04 09-05 11-24 12-26
2023 01-02 01-16 02-20 04-07 05-29 06-19 07-04 09-04 11-23 12-25
2024 01-01 01-15 02-19 03-29 05-27 06-19 07-04 09-02 11-28 12-25
2025 01-01 01-09 01-20 02-17 04-18 05-26 06-19 07-04 09-01 11-27 12-25
2026 01-01 01-19 02-16 04-03 05-25 06-19 07-03 09-07 11-26 12-25
2027 01-01 01-18 02-15 03-26 05-31 06-18 07-05 09-06 11-25 12-24
2028 01-17 02-21 04-14 05-29 06-19 07-04 09-04 11-23 12-25
2029 01-01 01-15 02-19 03-30 05-28 06-19 07-04 09-03 11-22 12-25
2030 01-01 01-21 02-18 04-19 05-27 06-19 07-04 09-02 11-28 12-25`), "\n")
	for i, line := range lines {
		got := fmt.Sprintf("%d %s", firstYear+i, strings.Join(weekdaysClosed(firstYear+i), " "))
		if diff := cmp.Diff(line, got); diff != "" {
			t.Errorf("closures (-want +got):\n%s", diff)
		}
	}
	if got := firstYear + len(lines) - 1; got != lastYear {
		t.Errorf("list ends in %d, calendar in %d", got, lastYear)
	}
}

func TestEveryEarlyClose(t *testing.T) {
	t.Parallel()
	want := strings.Join(strings.Fields(`
1998 11-27 12-24; 1999 11-26 12-31; 2000 07-03 11-24; 2001 07-03 11-23 12-24; 2002 07-05 11-29 12-24; 2003 07-03 11-28 12-24 12-26; 2004 11-26;
2005 11-25; 2006 07-03 11-24; 2007 07-03 11-23 12-24; 2008 07-03 11-28 12-24; 2009 11-27 12-24; 2010 11-26; 2011 11-25;
2012 07-03 11-23 12-24; 2013 07-03 11-29 12-24; 2014 07-03 11-28 12-24; 2015 11-27 12-24; 2016 11-25; 2017 07-03 11-24; 2018 07-03 11-23 12-24;
2019 07-03 11-29 12-24; 2020 11-27 12-24; 2021 11-26; 2022 11-25; 2023 07-03 11-24; 2024 07-03 11-29 12-24;
2025 07-03 11-28 12-24; 2026 11-27 12-24; 2027 11-26; 2028 07-03 11-24; 2029 07-03 11-23 12-24; 2030 07-03 11-29 12-24`), " ")
	var years []string
	c := CalendarOf(market.ETF)
	for year := firstYear; year <= lastYear; year++ {
		line := strconv.Itoa(year)
		for d := range c.Dates(market.NewDate(year, 1, 1), market.NewDate(year+1, 1, 1)) {
			switch open, end, _ := c.Hours(d); end.Sub(open) {
			case 3*time.Hour + 30*time.Minute:
				line += " " + d.String()[5:]
			case 6*time.Hour + 30*time.Minute:
			default:
				t.Errorf("%s lasts %v", d, end.Sub(open))
			}
		}
		years = append(years, line)
	}
	if diff := cmp.Diff(strings.Split(want, "; "), years); diff != "" {
		t.Errorf("early closes (-want +got):\n%s", diff)
	}
}

// Every session opens at 09:30 New York time, by the zone database and by the
// rule of the law: second Sunday of March to first of November since 2007,
// first Sunday of April to last of October before.
func TestEverySessionOpensAtHalfPastNine(t *testing.T) {
	t.Parallel()
	newYork, err := time.LoadLocation("America/New_York")
	if err != nil {
		t.Fatal(err)
	}
	c := CalendarOf(market.Stock)
	for d := range c.Dates(firstDay, endDay) {
		open, _, _ := c.Hours(d)
		if got, want := open.In(newYork).Format("2006-01-02 15:04:05"), d.String()+" 09:30:00"; got != want {
			t.Errorf("session of %s opens at %s", d, got)
		}
		year := d.Time().Year()
		start, stop := nth(year, time.March, time.Sunday, 2), nth(year, time.November, time.Sunday, 1)
		if year < 2007 {
			start, stop = nth(year, time.April, time.Sunday, 1), nth(year, time.November, time.Sunday, 1)-7
		}
		utc := 14*time.Hour + 30*time.Minute
		if start <= d && d < stop {
			utc -= time.Hour
		}
		if got := open.Sub(d.Time()); got != utc {
			t.Errorf("session of %s opens at %v UTC, want %v", d, got, utc)
		}
	}
}

// The arithmetic of weekly slots rests on this.
func TestEveryWeekHasASession(t *testing.T) {
	t.Parallel()
	table := nyse()
	for monday := firstMonday; monday <= lastMonday; monday += 7 {
		from, _ := table.before(int64(monday))
		to, _ := table.before(int64(monday) + 7)
		if to == from {
			t.Errorf("the week of %s has no session", monday)
		}
	}
}

func TestTableBounds(t *testing.T) {
	t.Parallel()
	if firstDay != market.NewDate(firstYear, 1, 1) || endDay != market.NewDate(lastYear+1, 1, 1) {
		t.Errorf("table is %s to %s", firstDay, endDay)
	}
	if firstMonday.Monday() != firstMonday || firstMonday < firstDay || firstMonday-7 >= firstDay {
		t.Errorf("first week is that of %s", firstMonday)
	}
	if lastMonday.Monday() != lastMonday || lastMonday+7 > endDay || lastMonday+14 <= endDay {
		t.Errorf("last week is that of %s", lastMonday)
	}
}

// SPY traded on exactly the calendar's days from 1998 to March 2021.
func TestSessionsAgreeWithSPYDays(t *testing.T) {
	t.Parallel()
	var got, want []string
	for _, row := range sharedRows(t, "ohlcv/lean_SPY_1d_raw_1998-2021.csv") {
		got = append(got, row[0][:8])
	}
	for d := range CalendarOf(market.ETF).Dates(date(t, "1998-01-01"), date(t, "2021-04-01")) {
		want = append(want, strings.ReplaceAll(d.String(), "-", ""))
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("SPY's days (-calendar +file):\n%s", diff)
	}
}

// SPY's hours, labelled by the hour that they start in, run from 09 to 15 on
// full days and to 12 on half days. Before 2009 SPY itself traded to 13:15 on
// half days, and some prints came later; those days are told by their volume.
func TestEarlyClosesAgreeWithSPYHours(t *testing.T) {
	t.Parallel()
	hours := map[string]string{}
	total, late := map[string]float64{}, map[string]float64{} // volume of the day, and from 14:00 on
	for _, row := range sharedRows(t, "ohlcv/lean_SPY_1h_raw.csv") {
		key, hour := row[0][:8], row[0][9:11]
		hours[key] += " " + hour
		volume, err := strconv.ParseFloat(row[5], 64)
		if err != nil {
			t.Fatal(err)
		}
		total[key] += volume
		if hour >= "14" {
			late[key] += volume
		}
	}
	sessions := 0
	c := CalendarOf(market.ETF)
	for d := range c.Dates(date(t, "1998-01-01"), date(t, "2021-04-01")) {
		sessions++
		key := strings.ReplaceAll(d.String(), "-", "")
		open, end, _ := c.Hours(d)
		short := end.Sub(open) < 6*time.Hour
		want := " 09 10 11 12 13 14 15"
		switch {
		case key == "20020911": // opened at noon, one year after; SPY an hour before
			want = " 11 12 13 14 15"
		case short:
			want = " 09 10 11 12"
		}
		got := hours[key]
		if short && d < date(t, "2009-01-01") {
			got = got[:min(len(got), len(want))]
		}
		if got != want {
			t.Errorf("%s: SPY has hours%s, calendar%s", d, hours[key], want)
		}
		// On 2001-11-23 trading went on elsewhere.
		if share := late[key] / total[key]; (share < 0.07) != short && key != "20011123" {
			t.Errorf("%s: short %t, yet %.1f %% of SPY's volume is from 14:00 on", d, short, 100*share)
		}
	}
	if sessions != len(hours) {
		t.Errorf("SPY has hours on %d days, the calendar %d sessions", len(hours), sessions)
	}
}
