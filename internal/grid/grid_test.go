package grid

import (
	"errors"
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/candlewright/candlewright/internal/market"
)

func at(tb testing.TB, s string) time.Time {
	tb.Helper()
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02 15:04", time.DateOnly} {
		if ts, err := time.Parse(layout, s); err == nil {
			return ts.UTC()
		}
	}
	tb.Fatalf("no instant: %q", s)
	return time.Time{}
}

// stamps are the stamps of a session's slots as "15:04", or with the date where
// that is another one.
func stamps(g Grid, d market.Date) []string {
	var ss []string
	first, end := g.SessionSlots(d)
	for s := first; s < end; s++ {
		if ts := g.Stamp(s); market.DateOf(ts) == d {
			ss = append(ss, ts.Format("15:04"))
		} else {
			ss = append(ss, ts.Format(time.DateTime))
		}
	}
	return ss
}

func TestSlotsOfASession(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		class market.AssetClass
		tf    market.Timeframe
		date  string
		want  []string
		ended string // end of the last one
	}{
		{market.Stock, market.H1, "2024-07-02", []string{"13:30", "14:30", "15:30", "16:30", "17:30", "18:30", "19:30"}, "2024-07-02 20:00"},
		{market.Stock, market.H1, "2024-07-03", []string{"13:30", "14:30", "15:30", "16:30"}, "2024-07-03 17:00"},
		{market.Stock, market.H1, "2024-07-04", nil, ""},
		{market.Stock, market.H1, "2024-12-02", []string{"14:30", "15:30", "16:30", "17:30", "18:30", "19:30", "20:30"}, "2024-12-02 21:00"},
		{market.ETF, market.H4, "2024-07-02", []string{"13:30", "17:30"}, "2024-07-02 20:00"},
		{market.ETF, market.H4, "2024-07-03", []string{"13:30"}, "2024-07-03 17:00"},
		{market.ETF, market.D1, "2024-07-03", []string{"00:00"}, "2024-07-03 17:00"},
		{market.Stock, market.D1, "2024-07-06", nil, ""},
		{market.Stock, market.W1, "2024-07-01", []string{"00:00"}, "2024-07-05 20:00"},
		{market.Stock, market.W1, "2024-05-27", []string{"00:00"}, "2024-05-31 20:00"}, // Memorial Day
		{market.Stock, market.W1, "2024-03-25", []string{"00:00"}, "2024-03-28 20:00"}, // Good Friday ends the week on Thursday
		{market.Stock, market.W1, "2023-11-20", []string{"00:00"}, "2023-11-24 18:00"}, // a half day ends it
		{market.Stock, market.W1, "2001-09-10", []string{"00:00"}, "2001-09-10 20:00"}, // one session
		{market.Stock, market.W1, "2024-07-02", nil, ""},
		{market.Crypto, market.H4, "2024-03-10", []string{"00:00", "04:00", "08:00", "12:00", "16:00", "20:00"}, "2024-03-11"},
		{market.Crypto, market.D1, "2024-03-10", []string{"00:00"}, "2024-03-11"},
		{market.Crypto, market.W1, "2024-03-04", []string{"00:00"}, "2024-03-11"},
		{market.Crypto, market.W1, "2024-03-10", nil, ""},
	} {
		g := New(c.class, c.tf)
		if diff := cmp.Diff(c.want, stamps(g, date(t, c.date))); diff != "" {
			t.Errorf("%s on %s (-want +got):\n%s", g, c.date, diff)
		}
		if c.ended != "" {
			_, end := g.SessionSlots(date(t, c.date))
			if got := g.End(end - 1); !got.Equal(at(t, c.ended)) {
				t.Errorf("%s on %s ends at %v, want %s", g, c.date, got, c.ended)
			}
		}
	}
	for tf, want := range map[market.Timeframe][2]int64{ // bars of a full and of a half day
		market.M5: {78, 42}, market.M15: {26, 14}, market.M30: {13, 7}, market.H1: {7, 4}, market.H4: {2, 1}, market.D1: {1, 1},
	} {
		g := New(market.Stock, tf)
		got := [2]int64{
			g.Count(at(t, "2024-07-02"), at(t, "2024-07-03")),
			g.Count(at(t, "2024-07-03"), at(t, "2024-07-04")),
		}
		if got != want {
			t.Errorf("%s: %v bars on a full and on a half day, want %v", g, got, want)
		}
	}
}

// The sessions before and after each change of the clocks, and what a change
// does not do to crypto.
func TestClockChanges(t *testing.T) {
	t.Parallel()
	newYork, err := time.LoadLocation("America/New_York")
	if err != nil {
		t.Fatal(err)
	}
	changes := 0
	for d := firstDay; d < endDay; d++ {
		_, before := d.Time().In(newYork).Zone()
		_, after := (d + 1).Time().In(newYork).Zone()
		if before == after {
			continue
		}
		changes++
		if d.Weekday() != time.Sunday {
			t.Errorf("clocks change on %s, a %s", d, d.Weekday())
		}
		for _, tf := range market.Timeframes() {
			checkClockChange(t, tf, d, newYork)
		}
	}
	if want := 2 * (lastYear - firstYear + 1); changes != want {
		t.Errorf("clocks change %d times, want %d", changes, want)
	}
}

func checkClockChange(t *testing.T, tf market.Timeframe, sunday market.Date, newYork *time.Location) {
	t.Helper()
	// 21 days around the Sunday hold sessions of both clocks.
	stock := New(market.Stock, tf)
	for d := sunday - 10; d <= sunday+10; d++ {
		first, end := stock.SessionSlots(d)
		if first == end {
			continue
		}
		if tf.Intraday() {
			if got := stock.Stamp(first).In(newYork).Format("2006-01-02 15:04"); got != d.String()+" 09:30" {
				t.Errorf("%s: first slot of %s opens at %s in New York", stock, d, got)
			}
		} else if !stock.Stamp(first).Equal(d.Time()) {
			t.Errorf("%s: slot of %s is stamped %v", stock, d, stock.Stamp(first))
		}
		closing := stock.End(end - 1).In(newYork).Format("15:04")
		if closing != "16:00" && closing != "13:00" {
			t.Errorf("%s: last slot of %s ends at %s in New York", stock, d, closing)
		}
	}

	crypto := New(market.Crypto, tf)
	from, to := sunday.Monday().Time(), (sunday.Monday() + 14).Time()
	if got, want := crypto.Count(from, to), int64(14*24*time.Hour/tf.Duration()); got != want {
		t.Errorf("%s: %d slots in the two weeks around %s, want %d", crypto, got, sunday, want)
	}
	for s := crypto.FirstFrom(from); crypto.Stamp(s).Before(to); s++ {
		if got := crypto.End(s).Sub(crypto.Stamp(s)); got != tf.Duration() {
			t.Errorf("%s: slot %v lasts %v", crypto, crypto.Stamp(s), got)
		}
	}
}

func TestReferenceSlotsOfReturns(t *testing.T) {
	t.Parallel()
	const none = ""
	for _, c := range []struct {
		class     market.AssetClass
		tf        market.Timeframe
		ts        string
		hour, day string
	}{
		// The 15:30 bar of 1h lasts half an hour and is compared with the one that ended an hour and a half before.
		{market.Stock, market.H1, "2024-07-02 19:30", "2024-07-02 17:30", "2024-07-01 19:30"},
		{market.Stock, market.H1, "2024-07-02 18:30", "2024-07-02 17:30", "2024-07-01 19:30"},
		{market.Stock, market.H1, "2024-07-02 13:30", "2024-07-01 19:30", "2024-07-01 19:30"},
		{market.Stock, market.H1, "2024-07-02 14:30", "2024-07-02 13:30", "2024-07-01 19:30"},
		{market.Stock, market.H1, "2024-07-05 13:30", "2024-07-03 16:30", "2024-07-03 16:30"}, // half day and holiday before
		{market.Stock, market.M5, "2024-07-02 14:25", "2024-07-01 19:55", "2024-07-01 19:55"},
		{market.Stock, market.M5, "2024-07-02 14:30", "2024-07-02 13:30", "2024-07-01 19:55"},
		{market.Stock, market.M30, "2024-07-02 14:00", "2024-07-01 19:30", "2024-07-01 19:30"},
		{market.Stock, market.M30, "2024-07-02 14:30", "2024-07-02 13:30", "2024-07-01 19:30"},
		{market.Stock, market.H4, "2024-07-02 17:30", none, "2024-07-01 17:30"},
		{market.Stock, market.D1, "2024-07-05", none, "2024-07-03"},
		{market.Stock, market.W1, "2024-07-01", none, none},
		{market.ETF, market.M15, "1998-01-02 14:30", none, none}, // the calendar's first
		{market.ETF, market.D1, "1998-01-02", none, none},
		{market.Crypto, market.M5, "2024-03-10 00:00", "2024-03-09 23:00", "2024-03-09 00:00"},
		{market.Crypto, market.H1, "2024-03-10 00:00", "2024-03-09 23:00", "2024-03-09 00:00"},
		{market.Crypto, market.H4, "2024-03-10 08:00", none, "2024-03-09 08:00"},
		{market.Crypto, market.D1, "2024-03-10", none, "2024-03-09"},
		{market.Crypto, market.W1, "2024-03-04", none, none},
	} {
		g := New(c.class, c.tf)
		s, ok := g.At(at(t, c.ts))
		if !ok {
			t.Errorf("%s: %s is no slot", g, c.ts)
			continue
		}
		for _, r := range []struct {
			name, want string
			get        func(Slot) (Slot, bool)
		}{{"HourBefore", c.hour, g.HourBefore}, {"DayBefore", c.day, g.DayBefore}} {
			ref, ok := r.get(s)
			switch {
			case ok != (r.want != none):
				t.Errorf("%s: %s of %s exists %t, want %t", g, r.name, c.ts, ok, !ok)
			case ok && !g.Stamp(ref).Equal(at(t, r.want)):
				t.Errorf("%s: %s of %s is %v, want %s", g, r.name, c.ts, g.Stamp(ref), r.want)
			}
		}
	}
}

func TestContainingIsFromStampToEnd(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		class    market.AssetClass
		tf       market.Timeframe
		t, stamp string // stamp "" is none
	}{
		{market.Stock, market.H1, "2024-07-02 13:29", ""},
		{market.Stock, market.H1, "2024-07-02 13:30", "2024-07-02 13:30"},
		{market.Stock, market.H1, "2024-07-02T14:29:59.999999999Z", "2024-07-02 13:30"},
		{market.Stock, market.H1, "2024-07-02 19:59", "2024-07-02 19:30"},
		{market.Stock, market.H1, "2024-07-02 20:00", ""},
		{market.Stock, market.M5, "2024-07-03 17:00", ""}, // half day
		{market.Stock, market.D1, "2024-07-02 00:00", "2024-07-02"},
		{market.Stock, market.D1, "2024-07-02 04:00", "2024-07-02"}, // a daily row stamped at midnight in New York
		{market.Stock, market.D1, "2024-07-02 20:00", ""},
		{market.Stock, market.D1, "2024-07-04 15:00", ""},
		{market.Stock, market.W1, "2024-05-27 00:00", "2024-05-27"}, // a holiday, of the week all the same
		{market.Stock, market.W1, "2024-05-31T19:59:59Z", "2024-05-27"},
		{market.Stock, market.W1, "2024-06-01 12:00", ""},
		{market.Crypto, market.D1, "2024-07-02T23:59:59.9Z", "2024-07-02"},
		{market.Crypto, market.W1, "1969-12-31", "1969-12-29"},
	} {
		g := New(c.class, c.tf)
		s, ok := g.Containing(at(t, c.t))
		if ok != (c.stamp != "") || ok && !g.Stamp(s).Equal(at(t, c.stamp)) {
			t.Errorf("%s: slot at %s is %v %t, want %q", g, c.t, g.Stamp(s), ok, c.stamp)
		}
	}
}

func TestLag(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name      string
		class     market.AssetClass
		tf        market.Timeframe
		last, now string
		delay     time.Duration
		behind    int64
		want      time.Duration
	}{
		{"Friday's bar until Monday's close", market.Stock, market.D1, "2024-06-28", "2024-07-01T19:59:59Z", 0, 0, 0},
		{"a bar whose end is now has ended", market.Stock, market.D1, "2024-06-28", "2024-07-01 20:00", 0, 1, 0},
		{"hours after the close", market.Stock, market.D1, "2024-06-28", "2024-07-01 23:00", 0, 1, 3 * time.Hour},
		{"over a weekend and a holiday", market.Stock, market.D1, "2024-07-03", "2024-07-05 20:01", 0, 1, time.Minute},
		{"two bars, from the end of the first", market.Stock, market.M5, "2024-07-02 13:30", "2024-07-02 13:47", 0, 2, 7 * time.Minute},
		{"less the publishing delay", market.Stock, market.M5, "2024-07-02 13:30", "2024-07-02 13:56", 15 * time.Minute, 4, time.Minute},
		{"not below zero", market.Stock, market.M5, "2024-07-02 13:30", "2024-07-02 13:41", 15 * time.Minute, 1, 0},
		{"crypto runs on Sundays", market.Crypto, market.H1, "2024-03-10 00:00", "2024-03-10 04:30", 0, 3, 2*time.Hour + 30*time.Minute},
		{"a bar that is still open", market.Crypto, market.D1, "2024-03-10", "2024-03-10 12:00", 0, 0, 0},
	} {
		g := New(c.class, c.tf)
		last, ok := g.At(at(t, c.last))
		if !ok {
			t.Errorf("%s: %s is no slot of %s", c.name, c.last, g)
		}
		now := at(t, c.now)
		if got := g.Behind(last, now); got != c.behind {
			t.Errorf("%s: behind %d bars, want %d", c.name, got, c.behind)
		}
		if got := g.Lag(last, now, c.delay); got != c.want {
			t.Errorf("%s: lag %v, want %v", c.name, got, c.want)
		}
	}
}

func TestKnown(t *testing.T) {
	t.Parallel()
	const cut = "; cut the range with --from and --to"
	for _, c := range []struct {
		class   market.AssetClass
		tf      market.Timeframe
		t, want string
	}{
		{market.Stock, market.D1, "1997-01-02", "calendar unknown: 1997-01-02 is outside 1998 to 2030" + cut},
		{market.ETF, market.M5, "1997-12-31T23:59:59Z", "calendar unknown: 1997-12-31 is outside 1998 to 2030" + cut},
		{market.ETF, market.M5, "1998-01-01", ""},
		{market.Stock, market.D1, "2030-12-31T23:59:59Z", ""},
		{market.Stock, market.D1, "2031-01-01", "calendar unknown: 2031-01-01 is outside 1998 to 2030" + cut},
		{market.Stock, market.D1, "2030-12-30", ""},
		{market.Stock, market.W1, "2030-12-23", ""},
		{market.Stock, market.W1, "2030-12-30", "calendar unknown: the week of 2030-12-30 ends outside 1998 to 2030" + cut},
		{market.Stock, market.W1, "1997-12-29", "calendar unknown: 1997-12-29 is outside 1998 to 2030" + cut},
		{market.Crypto, market.D1, "0001-01-01", "calendar unknown: 0001-01-01 is outside 2009 to 2199" + cut},
		{market.Crypto, market.H1, "2008-12-31T23:59:59Z", "calendar unknown: 2008-12-31 is outside 2009 to 2199" + cut},
		{market.Crypto, market.H1, "2009-01-01", ""},
		{market.Crypto, market.W1, "2199-12-31T23:59:59Z", ""},
		{market.Crypto, market.W1, "2200-01-01", "calendar unknown: 2200-01-01 is outside 2009 to 2199" + cut},
	} {
		err := New(c.class, c.tf).Known(at(t, c.t))
		got := ""
		if err != nil {
			got = err.Error()
		}
		if got != c.want || err != nil && !errors.Is(err, ErrUnknown) {
			t.Errorf("%s %s at %s: %v, want %q", c.class, c.tf, c.t, err, c.want)
		}
	}
}

// Beyond the years known nothing is a slot, and the answers are the table's
// bounds.
func TestBeyondTheYearsKnown(t *testing.T) {
	t.Parallel()
	start, stop := at(t, "1998-01-01"), at(t, "2031-01-01")
	for _, tf := range market.Timeframes() {
		g := New(market.Stock, tf)
		n := g.Count(at(t, "1900-01-01"), at(t, "2200-01-01"))
		for _, far := range []time.Time{{}, time.Unix(math.MinInt64, 0), time.Unix(math.MaxInt64, 0), at(t, "1997-12-30"), at(t, "2031-01-02 15:00")} {
			if s, ok := g.At(far); ok {
				t.Errorf("%s: %v is slot %d", g, far, s)
			}
			if s, ok := g.Containing(far); ok {
				t.Errorf("%s: %v lies in slot %d", g, far, s)
			}
		}
		if s := g.LastEnded(at(t, "1990-01-01")); s != -1 {
			t.Errorf("%s: slot %d had ended in 1990", g, s)
		}
		if s := g.FirstFrom(at(t, "1990-01-01")); s != 0 {
			t.Errorf("%s: first slot from 1990 is %d", g, s)
		}
		if s := g.LastEnded(at(t, "2040-01-01")); int64(s) != n-1 {
			t.Errorf("%s: last slot ended by 2040 is %d of %d", g, s, n)
		}
		if s := g.FirstFrom(at(t, "2040-01-01")); int64(s) != n {
			t.Errorf("%s: first slot from 2040 is %d of %d", g, s, n)
		}
		for _, s := range []Slot{-1, math.MinInt64, Slot(n), math.MaxInt64} {
			want := start
			if s > 0 {
				want = stop
			}
			if !g.Stamp(s).Equal(want) || !g.End(s).Equal(want) || g.SessionOf(s) != market.DateOf(want) {
				t.Errorf("%s: slot %d is %v to %v of %v, want %v", g, s, g.Stamp(s), g.End(s), g.SessionOf(s), want)
			}
			if r, ok := g.HourBefore(s); ok {
				t.Errorf("%s: an hour before slot %d is %d", g, s, r)
			}
			if r, ok := g.DayBefore(s); ok {
				t.Errorf("%s: a day before slot %d is %d", g, s, r)
			}
		}
		for _, d := range []market.Date{math.MinInt32, firstDay - 1, endDay, math.MaxInt32} {
			if first, end := g.SessionSlots(d); first != end {
				t.Errorf("%s: %s has slots %d to %d", g, d, first, end)
			}
		}
		if got := g.Count(stop, start); got != 0 {
			t.Errorf("%s: a range backwards holds %d slots", g, got)
		}
	}
}

func TestGridsCompareByClassAndTimeframe(t *testing.T) {
	t.Parallel()
	seen := map[Grid]string{}
	for _, class := range market.AssetClasses() {
		for _, tf := range market.Timeframes() {
			g := New(class, tf)
			if g != New(class, tf) || g.Class() != class || g.Timeframe() != tf {
				t.Errorf("%s is not itself", g)
			}
			if other, ok := seen[g]; ok {
				t.Errorf("%s equals %s", g, other)
			}
			seen[g] = g.String()
		}
	}
}

func TestNewPanicsOnUnknownWords(t *testing.T) {
	t.Parallel()
	for name, make := range map[string]func(){
		"class":     func() { New("bond", market.D1) },
		"timeframe": func() { New(market.Stock, "2h") },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("no panic for an unknown %s", name)
				}
			}()
			make()
		}()
	}
}

func TestCalendarOpen(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		class market.AssetClass
		t     string
		want  bool
	}{
		{market.Stock, "2024-07-02T13:29:59.9Z", false},
		{market.Stock, "2024-07-02 13:30", true},
		{market.Stock, "2024-07-02T19:59:59.9Z", true},
		{market.Stock, "2024-07-02 20:00", false},
		{market.ETF, "2024-07-03 17:00", false},
		{market.ETF, "2024-07-04 15:00", false},
		{market.ETF, "1997-07-03 15:00", false},
		{market.Crypto, "2024-07-06 03:00", true},
	} {
		if got := CalendarOf(c.class).Open(at(t, c.t)); got != c.want {
			t.Errorf("%s open at %s: %t, want %t", c.class, c.t, got, c.want)
		}
	}
}

func TestCalendarDates(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		class    market.AssetClass
		from, to string
		want     []string
	}{
		{market.Stock, "2024-07-03", "2024-07-09", []string{"2024-07-03", "2024-07-05", "2024-07-08"}},
		{market.Stock, "1990-01-01", "1998-01-03", []string{"1998-01-02"}},
		{market.Stock, "2030-12-31", "2040-01-01", []string{"2030-12-31"}},
		{market.Stock, "2024-07-09", "2024-07-03", nil},
		{market.Crypto, "2024-02-28", "2024-03-02", []string{"2024-02-28", "2024-02-29", "2024-03-01"}},
	} {
		var got []string
		for d := range CalendarOf(c.class).Dates(date(t, c.from), date(t, c.to)) {
			got = append(got, d.String())
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s from %s to %s (-want +got):\n%s", c.class, c.from, c.to, diff)
		}
	}
	for _, class := range market.AssetClasses() { // a walk can be left
		for range CalendarOf(class).Dates(date(t, "2024-07-01"), date(t, "2024-08-01")) {
			break
		}
	}
	if open, end, ok := CalendarOf(market.Crypto).Hours(date(t, "2024-07-06")); !ok || !open.Equal(at(t, "2024-07-06")) || !end.Equal(at(t, "2024-07-07")) {
		t.Errorf("crypto on a Saturday: %v to %v, %t", open, end, ok)
	}
}
