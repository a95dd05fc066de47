package enrich

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/candlewright/candlewright/internal/grid"
	"github.com/candlewright/candlewright/internal/market"
	"github.com/candlewright/candlewright/internal/pipeline"
)

func day(s string) time.Time {
	d, err := market.ParseDate(s)
	if err != nil {
		panic(err)
	}
	return d.Time()
}

// TestWindowsHoldEveryBarOnce walks the windows of ranges and holds them against
// the slots of the whole.
func TestWindowsHoldEveryBarOnce(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 24, 15, 31, 7, 0, time.UTC)
	for _, class := range market.AssetClasses() {
		for _, tfs := range [][]market.Timeframe{{market.D1}, {market.W1}, {market.W1, market.H1}, {market.M5, market.D1}, {market.H4}} {
			for _, r := range [][2]string{
				{"2015-01-01", ""}, {"1999-12-31", "2026-11-24"}, {"2020-02-29", "2020-03-01"}, {"2021-12-30", "2022-01-05"}, {"2024-01-01", "2024-12-31"}, {"2026-11-20", ""},
			} {
				from, to := day(r[0]), now
				if class == market.Crypto {
					from = later(from, time.Date(2009, 1, 1, 0, 0, 0, 0, time.UTC))
				}
				if r[1] != "" {
					to = day(r[1])
				}
				list := windowsOf(class, tfs, from, to, now)
				var bars int64
				for i, w := range list {
					if bars += w.bars; !w.from.Before(w.to) || w.bars == 0 {
						t.Errorf("%s %v %v: an empty window %+v", class, tfs, r, w)
					}
					if i > 0 && !w.to.Equal(list[i-1].from) {
						t.Errorf("%s %v %v: %v follows %v", class, tfs, r, w, list[i-1])
					}
					for _, tf := range tfs { // the last bar of a window has ended in it, as the run sees it
						if g := grid.New(class, tf); i > 0 && g.LastEnded(w.to) != g.FirstFrom(w.to)-1 {
							t.Errorf("%s %s: a bar is cut at %s", class, tf, w.to)
						}
					}
				}
				if want := expected(class, tfs, from, to); bars != want {
					t.Errorf("%s %v %v: %d bars in windows, %d in the range", class, tfs, r, bars, want)
				}
			}
		}
	}
}

func TestCutsDoNotDependOnTheRange(t *testing.T) {
	t.Parallel()
	now := day("2026-11-24")
	cuts := func(from, to string) (list []string) {
		for _, w := range windowsOf(market.Stock, []market.Timeframe{market.H1}, day(from), day(to), now) {
			list = append(list, w.from.Format(time.DateOnly))
		}
		return list
	}
	if diff := cmp.Diff([]string{"2026-01-05", "2024-01-01", "2022-01-03", "2020-01-06", "2018-01-01", "2016-01-04", "2015-06-01"}, cuts("2015-06-01", "2026-11-01")); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"2022-01-03", "2020-01-06", "2017-11-01"}, cuts("2017-11-01", "2023-05-01")); diff != "" {
		t.Error(diff)
	}
}

func TestCoverage(t *testing.T) {
	t.Parallel()
	w := backfillWindow{from: day("2020-01-06"), to: day("2022-01-03")}
	current := backfillWindow{from: day("2024-01-01"), to: day("2024-06-01").Add(15 * time.Hour), current: true}
	run := func(status pipeline.RunStatus, from, to string, tfs ...market.Timeframe) pipeline.Run {
		return pipeline.Run{Status: status, From: day(from), To: day(to), Timeframes: tfs, Trigger: pipeline.TriggerBackfill}
	}
	manual := run(pipeline.RunCompleted, "2019-01-01", "2023-01-01", market.D1)
	manual.Trigger = pipeline.TriggerManual
	stopping := run(pipeline.RunInProgress, "2020-01-06", "2022-01-03", market.D1)
	stopping.CancelRequested = true
	for name, tc := range map[string]struct {
		w    backfillWindow
		runs []pipeline.Run
		want covered
	}{
		"nothing":                  {w, nil, uncovered},
		"done":                     {w, []pipeline.Run{run(pipeline.RunCompleted, "2020-01-06", "2022-01-03", market.D1, market.H1)}, coveredDone},
		"another timeframe":        {w, []pipeline.Run{run(pipeline.RunCompleted, "2020-01-06", "2022-01-03", market.H1)}, uncovered},
		"a part of it":             {w, []pipeline.Run{run(pipeline.RunCompleted, "2020-01-07", "2022-01-03", market.D1)}, uncovered},
		"failed":                   {w, []pipeline.Run{run(pipeline.RunFailed, "2020-01-06", "2022-01-03", market.D1)}, coveredInPart},
		"failed, done before":      {w, []pipeline.Run{run(pipeline.RunFailed, "2020-01-06", "2022-01-03", market.D1), run(pipeline.RunCompleted, "2020-01-06", "2022-01-03", market.D1)}, coveredDone},
		"failed, waiting":          {w, []pipeline.Run{run(pipeline.RunFailed, "2020-01-06", "2022-01-03", market.D1), run(pipeline.RunQueued, "2020-01-06", "2022-01-03", market.D1)}, coveredOpen},
		"being cancelled":          {w, []pipeline.Run{stopping}, uncovered},
		"by hand":                  {w, []pipeline.Run{manual}, uncovered},
		"now, queued this morning": {current, []pipeline.Run{run(pipeline.RunQueued, "2024-01-01", "2024-06-01", market.D1)}, coveredOpen},
		"now, queued yesterday":    {current, []pipeline.Run{run(pipeline.RunQueued, "2024-01-01", "2024-05-31", market.D1)}, coveredOpen}, // it goes up to the now at which it starts
		"now, done this morning":   {current, []pipeline.Run{run(pipeline.RunCompleted, "2024-01-01", "2024-06-01", market.D1)}, uncovered},
	} {
		if _, got := coverage(tc.runs, tc.w, []market.Timeframe{market.D1}); got != tc.want {
			t.Errorf("%s: %d, want %d", name, got, tc.want)
		}
	}
}
