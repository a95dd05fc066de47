package enrich

import (
	"slices"
	"time"

	"github.com/candlewright/candlewright/internal/grid"
	"github.com/candlewright/candlewright/internal/market"
)

// windowBars is about how many bars a run of a backfill should have: enough that
// a call to a source is not wasted on a few rows, few enough that the newest
// part of a long history is there soon.
const windowBars = 5_000

// fewBars is what is not worth a run of its own, where another is beside it.
const fewBars = windowBars / 10

// backfillWindow is the range of one run of a backfill.
type backfillWindow struct {
	from, to time.Time
	current  bool // it goes up to now
	bars     int64
}

// windowsOf cuts a range into windows, the newest first. They are whole years,
// or 2, 5, 10, 20 years where a year has few bars; the cuts do not depend on the
// range, so that the same request on another day has the same ones. A year
// begins with the first Monday: no week is cut, and every bar stamped before a
// cut has ended by it.
func windowsOf(class market.AssetClass, tfs []market.Timeframe, from, to, now time.Time) []backfillWindow {
	years := yearsOfWindow(class, tfs)
	var list []backfillWindow
	year := from.UTC().Year() - 1 // before the first Monday it is still the year before
	for year -= year % years; firstMonday(year).Before(to); year += years {
		w := backfillWindow{from: later(firstMonday(year), from), to: firstMonday(year + years)}
		if !w.to.Before(to) {
			w.to, w.current = to, !to.Before(now)
		}
		if !w.from.Before(w.to) {
			continue
		}
		if w.bars = expected(class, tfs, w.from, w.to); w.bars > 0 {
			list = append(list, w)
		}
	}
	if len(list) > 1 && list[0].bars < fewBars { // a range that begins shortly before a cut
		list[1].from, list[1].bars = list[0].from, list[0].bars+list[1].bars
		list = list[1:]
	}
	slices.Reverse(list)
	return list
}

// yearsOfWindow is how many years a window has.
func yearsOfWindow(class market.AssetClass, tfs []market.Timeframe) int {
	var year int64
	for _, tf := range tfs {
		year += grid.New(class, tf).Count(firstMonday(2019), firstMonday(2020))
	}
	years := 1
	for _, n := range [...]int{2, 5, 10, 20} {
		if int64(n)*year <= windowBars {
			years = n
		}
	}
	return years
}

func firstMonday(year int) time.Time {
	d := market.NewDate(year, time.January, 1)
	if m := d.Monday(); m < d {
		d = m + 7
	}
	return d.Time()
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
