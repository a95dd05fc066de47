package file

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/candlewright/candlewright/internal/market"
)

func TestParseStamp(t *testing.T) {
	t.Parallel()
	const nov = 1573055700 // 2019-11-06T15:55:00Z
	tests := map[string]stamp{
		"2019-11-06T15:55:00Z":           {kind: offset, sec: nov},
		"2019-11-06t15:55:00z":           {kind: offset, sec: nov},
		"2019-11-06 15:55:00Z":           {kind: offset, sec: nov},
		"2019-11-06T15:55Z":              {kind: offset, sec: nov},
		"2019-11-06 15:55:00 UTC":        {kind: offset, sec: nov},
		"2019-11-06T15:55:00+00:00":      {kind: offset, sec: nov},
		"2019-11-06 15:55:00-05:00":      {kind: offset, sec: nov, east: -5 * 3600},
		"2019-11-06 15:55-05:00":         {kind: offset, sec: nov, east: -5 * 3600},
		"2019-11-06 15:55:00-0500":       {kind: offset, sec: nov, east: -5 * 3600},
		"2019-11-06 15:55:00-05":         {kind: offset, sec: nov, east: -5 * 3600},
		"2019-11-06 15:55:00 +05:45":     {kind: offset, sec: nov, east: 5*3600 + 45*60},
		"2019-11-06T15:55:00.25Z":        {kind: offset, sec: nov, nsec: 250_000_000},
		"2019-11-06T15:55:00.123456789Z": {kind: offset, sec: nov, nsec: 123_456_789},
		"2019-11-06T15:55:00.1234567891": {sec: nov, nsec: 123_456_789},
		"2019-11-06T15:55:00":            {sec: nov},
		"2019-11-06 15:55":               {sec: nov},
		"2019/11/06 15:55":               {sec: nov},
		"20191106 15:55":                 {sec: nov},
		"11/06/2019 15:55":               {sec: nov},
		"11/6/2019 3:55 PM":              {sec: nov},
		"11/6/2019 3:55:00 pm":           {sec: nov},
		"2019-11-06 03-PM":               {sec: nov - 55*60},
		"2019-11-06":                     {sec: nov - 15*3600 - 55*60},
		"2019/11/6":                      {sec: nov - 15*3600 - 55*60},
		"11/06/2019":                     {sec: nov - 15*3600 - 55*60},
		"20191106":                       {sec: nov - 15*3600 - 55*60},
		"2024-02-29":                     {sec: 1709164800},
		"0001-01-01":                     {sec: -62135596800},
		"9999-12-31":                     {sec: 253402214400},
		"1573055700":                     {kind: epoch, sec: nov},
		"1573055700.5":                   {kind: epoch, sec: nov, nsec: 500_000_000},
		"1573055700000":                  {kind: epoch, sec: nov},
		"1573055700000.0":                {kind: epoch, sec: nov},
		"1573055700123":                  {kind: epoch, sec: nov, nsec: 123_000_000},
		"1573055700123.5":                {kind: epoch, sec: nov, nsec: 123_500_000},
		"1573055700123456":               {kind: epoch, sec: nov, nsec: 123_456_000},
		"1573055700123456789":            {kind: epoch, sec: nov, nsec: 123_456_789},
		"0":                              {kind: epoch},
		"-86400":                         {kind: epoch, sec: -86400},
		"86400000":                       {kind: epoch, sec: 86_400_000},
		"99999999999":                    {kind: epoch, sec: 99_999_999_999},
		"100000000000":                   {kind: epoch, sec: 100_000_000},
	}
	for in, want := range tests {
		if got, ok := parseStamp([]byte(in)); !ok || got != want {
			t.Errorf("%q: %+v, %v; want %+v", in, got, ok, want)
		}
	}
	for _, in := range []string{
		"", " ", "-", "nan", "2019-11", "2019-11-6", "2019-13-01", "2019-00-01", "2019-02-29", "1900-02-29", "2019-11-31", "0000-01-01",
		"06/11/19", "13/01/2019", "2019.11.06", "6 Nov 2019", "2019-11-06T", "2019-11-06 ", "2019-11-06 15", "2019-11-06 15:5", "2019-11-06 24:00",
		"2019-11-06 15:60", "2019-11-06 15:55:60", "2019-11-06 15:55:00.", "2019-11-06 15:55:00,5", "2019-11-06 15:55 EST", "2019-11-06 15:55+24:00",
		"2019-11-06 15:55+05:60", "2019-11-06 15:55+5", "2019-11-06 15:55+05:", "2019-11-06 13-PM", "2019-11-06 00-AM", "2019-11-06 09-XM", "2019-11-06 15:55 PM",
		"2019-11-06Z", "2019-11-06+01:00", "2019-11-06T15:55:00ZZ", "1.5e9", "1573055700x", "9999999999999999999", "99999999999999999999", "12345678901234567890",
	} {
		if got, ok := parseStamp([]byte(in)); ok {
			t.Errorf("%q is read as %+v", in, got)
		}
	}
}

// TestStampsOfEveryDay compares the calendar with the one of package time.
func TestStampsOfEveryDay(t *testing.T) {
	t.Parallel()
	for day := time.Date(1890, 1, 1, 0, 0, 0, 0, time.UTC); day.Year() < 2110; day = day.AddDate(0, 0, 1) {
		for _, layout := range []string{time.DateOnly, "01/02/2006", "20060102", "2006/1/2"} {
			in := day.Format(layout)
			if got, ok := parseStamp([]byte(in)); !ok || got != (stamp{sec: day.Unix()}) {
				t.Fatalf("%q: %+v, %v", in, got, ok)
			}
		}
	}
}

// TestWallClock compares every half hour of some years, in zones with odd
// clock changes, with all instants that show it.
func TestWallClock(t *testing.T) {
	t.Parallel()
	for name, years := range map[string][2]int{
		"America/New_York":    {2006, 2008},
		"Europe/Berlin":       {2024, 2025},
		"Australia/Lord_Howe": {2023, 2024}, // half an hour
		"Pacific/Apia":        {2011, 2012}, // skipped 2011-12-30
		"America/St_Johns":    {2010, 2012}, // changes at 00:01
		"Africa/Casablanca":   {2022, 2023}, // changes about Ramadan
		"UTC":                 {2024, 2025},
		"America/Los_Angeles": {2060, 2062}, // a leap year beyond the table of changes
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			zone, err := ParseZone(name)
			if err != nil {
				t.Fatal(err)
			}
			const step = 30 * 60
			from := time.Date(years[0], 1, 1, 0, 0, 0, 0, time.UTC).Unix()
			to := time.Date(years[1], 1, 1, 0, 0, 0, 0, time.UTC).Unix()
			shown := map[int64][]int64{} // wall time to instants
			for sec := from - 2*reach; sec < to+2*reach; sec += 60 {
				_, east := time.Unix(sec, 0).In(zone).Zone()
				if wall := sec + int64(east); wall%step == 0 {
					shown[wall] = append(shown[wall], sec)
				}
			}
			clock := wallClock{zone: zone}
			for wall := from; wall < to; wall += step {
				got, n := clock.utc(wall)
				if want := shown[wall]; n != len(want) || n == 1 && got != want[0] {
					t.Fatalf("%s: %d (%d instants), want %v", time.Unix(wall, 0).UTC(), got, n, want)
				}
			}
		})
	}
}

// TestPlaceInAnyOrder: what a wall clock remembers changes no answer.
func TestPlaceInAnyOrder(t *testing.T) {
	t.Parallel()
	o, err := Options{Class: market.Stock, Interval: "5m"}.filled()
	if err != nil {
		t.Fatal(err)
	}
	p := newPlacer(o)
	random := rand.New(rand.NewPCG(3, 4))
	for range 20_000 {
		s := stamp{sec: random.Int64N(3e9) / 1800 * 1800}
		got, want := p.open(s)
		again, wantAgain := newPlacer(o).open(s)
		if !got.Equal(again) || want != wantAgain {
			t.Fatalf("%d: %v %q, afresh %v %q", s.sec, got, want, again, wantAgain)
		}
	}
}
