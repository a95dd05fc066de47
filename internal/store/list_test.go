package store_test

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/candlewright/candlewright/internal/market"
	"github.com/candlewright/candlewright/internal/pipeline"
	"github.com/candlewright/candlewright/internal/quality"
	"github.com/candlewright/candlewright/internal/store"
)

// kind is one kind of rows that are listed newest first: how to add the n-th row
// of a symbol at an instant (rows of one instant follow each other by id), and
// the lists that show them.
type kind struct {
	name  string
	add   func(ctx context.Context, s *store.Store, symbolID int64, at time.Time) error
	of    func(ctx context.Context, s *store.Store, ids []int64, r store.Range, p store.Page) (map[int64]store.List[store.Key], error)
	all   func(ctx context.Context, s *store.Store, r store.Range, p store.Page) (store.List[store.Key], error)
	count func(ctx context.Context, s *store.Store, ids []int64, r store.Range) (map[int64]int64, error)
	dates bool // rows are of dates, one per symbol and date
}

func keys[T any](l store.List[T], err error, key func(T) store.Key) (store.List[store.Key], error) {
	out := store.List[store.Key]{More: l.More}
	for _, row := range l.Rows {
		out.Rows = append(out.Rows, key(row))
	}
	return out, err
}

func keysOf[T any](ls map[int64]store.List[T], err error, key func(T) store.Key) (map[int64]store.List[store.Key], error) {
	out := map[int64]store.List[store.Key]{}
	for id, l := range ls {
		out[id], _ = keys(l, nil, key)
	}
	return out, err
}

func runKey(r pipeline.Run) store.Key               { return store.Key{At: r.CreatedAt, ID: r.ID} }
func fetchKey(l pipeline.FetchLog) store.Key        { return store.Key{At: l.CreatedAt, ID: l.ID} }
func computeKey(l pipeline.ComputeLog) store.Key    { return store.Key{At: l.CreatedAt, ID: l.ID} }
func correctionKey(c pipeline.Correction) store.Key { return store.Key{At: c.CorrectedAt, ID: c.ID} }

// days is a range of instants as one of dates.
func days(r store.Range) (d store.DayRange) {
	if !r.From.IsZero() {
		from := market.DateOf(r.From)
		d.From = &from
	}
	if !r.To.IsZero() {
		through := market.DateOf(r.To.Add(-1))
		d.Through = &through
	}
	return d
}

var kinds = []kind{
	{
		name: "runs",
		add: func(ctx context.Context, s *store.Store, id int64, at time.Time) error {
			_, err := s.CreateRun(ctx, newRun(id, at))
			return err
		},
		of: func(ctx context.Context, s *store.Store, ids []int64, r store.Range, p store.Page) (map[int64]store.List[store.Key], error) {
			l, err := s.RunsOf(ctx, ids, store.RunFilter{Range: r}, p)
			return keysOf(l, err, runKey)
		},
		all: func(ctx context.Context, s *store.Store, r store.Range, p store.Page) (store.List[store.Key], error) {
			l, err := s.RunsList(ctx, store.RunFilter{Range: r}, p)
			return keys(l, err, runKey)
		},
		count: func(ctx context.Context, s *store.Store, ids []int64, r store.Range) (map[int64]int64, error) {
			return s.CountRunsOf(ctx, ids, store.RunFilter{Range: r})
		},
	},
	{
		name: "runs by status",
		add: func(ctx context.Context, s *store.Store, id int64, at time.Time) error {
			r, err := s.CreateRun(ctx, newRun(id, at))
			if err == nil && r.ID%2 == 0 {
				_, err = s.EndRun(ctx, r.ID, store.RunEnd{Status: pipeline.RunCompleted}, at)
			}
			return err
		},
		all: func(ctx context.Context, s *store.Store, r store.Range, p store.Page) (store.List[store.Key], error) {
			l, err := s.RunsList(ctx, store.RunFilter{Range: r, Statuses: []pipeline.RunStatus{pipeline.RunCompleted, pipeline.RunQueued}}, p)
			return keys(l, err, runKey)
		},
	},
	{
		name: "fetch logs",
		add: func(ctx context.Context, s *store.Store, id int64, at time.Time) error {
			_, err := s.AddFetchLog(ctx, pipeline.FetchLog{SymbolID: id, Timeframe: market.H1, Source: market.CSV, CreatedAt: at})
			return err
		},
		of: func(ctx context.Context, s *store.Store, ids []int64, r store.Range, p store.Page) (map[int64]store.List[store.Key], error) {
			l, err := s.FetchLogsOf(ctx, ids, store.FetchLogFilter{Range: r}, p)
			return keysOf(l, err, fetchKey)
		},
		all: func(ctx context.Context, s *store.Store, r store.Range, p store.Page) (store.List[store.Key], error) {
			l, err := s.FetchLogsList(ctx, store.FetchLogFilter{Range: r}, p)
			return keys(l, err, fetchKey)
		},
		count: func(ctx context.Context, s *store.Store, ids []int64, r store.Range) (map[int64]int64, error) {
			return s.CountFetchLogsOf(ctx, ids, store.FetchLogFilter{Range: r})
		},
	},
	{
		name: "compute logs",
		add: func(ctx context.Context, s *store.Store, id int64, at time.Time) error {
			_, err := s.AddComputeLog(ctx, pipeline.ComputeLog{SymbolID: id, Timeframe: market.H1, CreatedAt: at})
			return err
		},
		of: func(ctx context.Context, s *store.Store, ids []int64, r store.Range, p store.Page) (map[int64]store.List[store.Key], error) {
			l, err := s.ComputeLogsOf(ctx, ids, r, p)
			return keysOf(l, err, computeKey)
		},
		count: func(ctx context.Context, s *store.Store, ids []int64, r store.Range) (map[int64]int64, error) {
			return s.CountComputeLogsOf(ctx, ids, r)
		},
	},
	{
		name: "corrections",
		add: func(ctx context.Context, s *store.Store, id int64, at time.Time) error {
			return s.AddCorrections(ctx, []pipeline.Correction{{
				SymbolID: id, Timeframe: market.H1, TS: monday, Field: "close", Reason: pipeline.BugFix, CorrectedBy: "x", CorrectedAt: at,
			}})
		},
		of: func(ctx context.Context, s *store.Store, ids []int64, r store.Range, p store.Page) (map[int64]store.List[store.Key], error) {
			l, err := s.CorrectionsOf(ctx, ids, r, p)
			return keysOf(l, err, correctionKey)
		},
		count: func(ctx context.Context, s *store.Store, ids []int64, r store.Range) (map[int64]int64, error) {
			return s.CountCorrectionsOf(ctx, ids, r)
		},
	},
	{
		name:  "day metrics",
		dates: true,
		add: func(ctx context.Context, s *store.Store, id int64, at time.Time) error {
			return s.PutDayMetrics(ctx, id, []quality.DayMetric{{Date: market.DateOf(at)}}, now)
		},
		of: func(ctx context.Context, s *store.Store, ids []int64, r store.Range, p store.Page) (map[int64]store.List[store.Key], error) {
			l, err := s.DayMetricsOf(ctx, ids, days(r), p)
			return keysOf(l, err, store.DayMetric.Key)
		},
		all: func(ctx context.Context, s *store.Store, r store.Range, p store.Page) (store.List[store.Key], error) {
			l, err := s.DayMetricsList(ctx, days(r), p)
			return keys(l, err, store.DayMetric.Key)
		},
		count: func(ctx context.Context, s *store.Store, ids []int64, r store.Range) (map[int64]int64, error) {
			return s.CountDayMetricsOf(ctx, ids, days(r))
		},
	},
}

// TestListsAreStable walks every list in pages, forward and backward, while rows
// are added at both ends and in the middle between the pages.
func TestListsAreStable(t *testing.T) {
	t.Parallel()
	for _, k := range kinds {
		t.Run(k.name, func(t *testing.T) {
			t.Parallel()
			s, _ := open(t)
			a, b := track(t, s, "A", market.Crypto).ID, track(t, s, "B", market.Crypto).ID
			// Three rows per instant or, of dates, one.
			instant := func(n int) time.Time {
				if k.dates {
					return monday.AddDate(0, 0, 2*n)
				}
				return monday.Add(time.Duration(n/3) * time.Hour)
			}
			for n := range 20 {
				check(t, k.add(t.Context(), s, a, instant(n)))
				check(t, k.add(t.Context(), s, b, instant(n)))
			}
			add := func(at time.Time) { check(t, k.add(t.Context(), s, a, at)) }
			if k.of != nil {
				walk(t, add, func(p store.Page) store.List[store.Key] {
					ls, err := k.of(t.Context(), s, []int64{b, a}, store.Range{}, p)
					check(t, err)
					return ls[a]
				})
			}
			if k.all != nil {
				walk(t, add, func(p store.Page) store.List[store.Key] {
					l, err := k.all(t.Context(), s, store.Range{}, p)
					check(t, err)
					return l
				})
			}
		})
	}
}

// walk checks that pages forward and backward show the rows of the whole list,
// each once and in order, whatever is added meanwhile.
func walk(t *testing.T, add func(time.Time), page func(store.Page) store.List[store.Key]) {
	t.Helper()
	before := page(store.Page{Limit: 1000})
	for i := 1; i < len(before.Rows); i++ {
		x, y := before.Rows[i-1], before.Rows[i]
		if x.At.Before(y.At) || x.At.Equal(y.At) && x.ID <= y.ID {
			t.Fatalf("rows %v and %v are not newest first", x, y)
		}
	}
	step := 0
	for _, backward := range []bool{false, true} {
		seen := map[store.Key]bool{}
		p := store.Page{Limit: 3, Backward: backward}
		for more := true; more; {
			l := page(p)
			if len(l.Rows) == 0 || len(l.Rows) > p.Limit {
				t.Fatalf("a page of %d rows", len(l.Rows))
			}
			for _, key := range l.Rows {
				if seen[key] {
					t.Fatalf("%v is shown twice", key)
				}
				seen[key] = true
			}
			more = l.More
			if backward {
				p.Before = &l.Rows[0]
			} else {
				p.After = &l.Rows[len(l.Rows)-1]
			}
			if step++; step%10 < 5 { // fewer than are read, so that there is an end
				add(monday.AddDate(-1, 0, step))        // behind all
				add(monday.AddDate(1, 0, step))         // ahead of all
				add(monday.AddDate(0, 0, 3+2*(step%7))) // among them
			}
			if step > 200 {
				t.Fatal("no end")
			}
		}
		for _, key := range before.Rows {
			if !seen[key] {
				t.Errorf("%v is lost (backward %v)", key, backward)
			}
		}
	}
}

func TestListsKeepToTheirRange(t *testing.T) {
	t.Parallel()
	for _, k := range kinds {
		t.Run(k.name, func(t *testing.T) {
			t.Parallel()
			s, _ := open(t)
			a := track(t, s, "A", market.Crypto).ID
			for n := range 10 {
				check(t, k.add(t.Context(), s, a, monday.AddDate(0, 0, n)))
			}
			r := store.Range{From: monday.AddDate(0, 0, 2), To: monday.AddDate(0, 0, 8)}
			read := func(p store.Page) store.List[store.Key] {
				if k.of == nil {
					l, err := k.all(t.Context(), s, r, p)
					check(t, err)
					return l
				}
				ls, err := k.of(t.Context(), s, []int64{a}, r, p)
				check(t, err)
				if k.all != nil {
					l, err := k.all(t.Context(), s, r, p)
					check(t, err)
					same(t, "the list of all and that of the symbol", l, ls[a])
				}
				return ls[a]
			}
			whole := read(store.Page{Limit: 100})
			same(t, "days", dayNumbers(whole), "7 6 5 4 3 2")
			key := func(i int) *store.Key { return &whole.Rows[i] }
			for _, tc := range []struct {
				page store.Page
				want string
			}{
				{store.Page{Limit: 6}, "7 6 5 4 3 2"},
				{store.Page{Limit: 5}, "7 6 5 4 3 …"},
				{store.Page{Limit: 2, Backward: true}, "3 2 …"},
				{store.Page{Limit: 9, After: key(0), Before: key(4)}, "6 5 4"},
				{store.Page{Limit: 2, After: key(0), Before: key(4), Backward: true}, "5 4 …"},
				{store.Page{Limit: 9, After: key(5)}, ""},
				{store.Page{Limit: 9, Before: key(0), Backward: true}, ""},
				{store.Page{Limit: 9, After: key(4), Before: key(1)}, ""},
				{store.Page{Limit: 9, After: &store.Key{At: now, ID: 1}}, "7 6 5 4 3 2"}, // ahead of the range
				{store.Page{Limit: 9, Before: &store.Key{At: time.Unix(0, 0), ID: 1}}, "7 6 5 4 3 2"},
			} {
				same(t, fmt.Sprintf("page %+v", tc.page), dayNumbers(read(tc.page)), tc.want)
			}
			if k.count != nil {
				n, err := k.count(t.Context(), s, []int64{a, 404}, r)
				check(t, err)
				same(t, "counted", n, map[int64]int64{a: 6})
			}
		})
	}
}

func dayNumbers(l store.List[store.Key]) string {
	var text []string
	for _, k := range l.Rows {
		text = append(text, strconv.Itoa(int(k.At.Sub(monday).Hours())/24))
	}
	if l.More {
		text = append(text, "…")
	}
	return strings.Join(text, " ")
}

func TestListsOfManySymbolsGiveEachItsOwnPage(t *testing.T) {
	t.Parallel()
	for _, k := range kinds {
		if k.of == nil {
			continue
		}
		t.Run(k.name, func(t *testing.T) {
			t.Parallel()
			s, _ := open(t)
			var ids []int64
			want := map[int64]string{}
			for i, text := range []string{"4 3 …", "1 0", ""} {
				id := track(t, s, string(rune('A'+i)), market.Crypto).ID
				for n := range []int{5, 2, 0}[i] {
					check(t, k.add(t.Context(), s, id, monday.AddDate(0, 0, n)))
				}
				if text != "" {
					want[id] = text
				}
				ids = append(ids, id)
			}
			ls, err := k.of(t.Context(), s, ids, store.Range{}, store.Page{Limit: 2})
			check(t, err)
			got := map[int64]string{}
			for id, l := range ls {
				got[id] = dayNumbers(l)
			}
			same(t, "pages", got, want)
		})
	}
}
