package sourcetest

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/candlewright/candlewright/internal/grid"
	"github.com/candlewright/candlewright/internal/market"
	"github.com/candlewright/candlewright/internal/source"
	"github.com/candlewright/candlewright/internal/source/sim"
)

// Run tests a source for what every source must do.
func Run(t *testing.T, s Subject) {
	t.Helper()
	if s.Retries == 0 {
		s.Retries = 3
	}
	t.Run("delivers the market", s.deliversTheMarket)
	t.Run("pages add up", s.pagesAddUp)
	t.Run("the running bar is left out", s.leavesOutTheRunningBar)
	t.Run("a window is respected", s.respectsTheWindow)
	t.Run("a range before the listing is empty", s.isEmptyBeforeTheListing)
	t.Run("an unknown symbol is not found", s.doesNotFindTheUnknown)
	t.Run("what heals is tried again", s.triesAgain)
	t.Run("what does not heal is not", s.givesUpAtOnce)
	t.Run("what goes on failing ends typed", s.endsTyped)
	t.Run("disorder and doublets are no wrong candles", s.survivesDisorder)
	t.Run("cancel ends a call", s.obeysCancel)
	t.Run("a stalled body ends by time", s.endsByTime)
	t.Run("a reader that has enough stops the calls", s.stopsWithItsReader)
	t.Run("many readers at once", s.servesManyReaders)
}

func (s Subject) deliversTheMarket(t *testing.T) {
	for _, series := range s.Series {
		t.Run(series.String(), func(t *testing.T) {
			t.Parallel()
			b, src := s.start(t, sim.Options{}, Options{})
			if !src.Serves(series.Symbol, series.Timeframe) {
				t.Fatalf("%s does not serve %s", src.Name(), series)
			}
			r := b.request(series, days(series.Timeframe))
			got, pages, err := b.collect(t.Context(), src, r)
			if err != nil {
				t.Fatal(err)
			}
			if len(got) == 0 {
				t.Fatal("no candles")
			}
			b.same(series, got, b.truth(r))
			g := grid.New(series.Symbol.Class, series.Timeframe)
			if to := pages[len(pages)-1].To; !to.Equal(g.Stamp(g.LastEnded(Now) + 1)) {
				t.Errorf("the last page answers up to %v, want the first slot that has not ended", to)
			}
			if len(b.failed) > 0 {
				t.Errorf("failed attempts: %+v", b.failed)
			}
		})
	}
}

func (s Subject) pagesAddUp(t *testing.T) {
	for _, series := range s.Series {
		t.Run(series.String(), func(t *testing.T) {
			t.Parallel()
			b, whole := s.start(t, sim.Options{}, Options{})
			r := b.request(series, days(series.Timeframe))
			want, few, err := b.collect(t.Context(), whole, r)
			if err != nil {
				t.Fatal(err)
			}
			o := b.opts
			o.PageRows = 37 // no multiple of anything
			parts := s.New(t, b.url, o)
			got, many, err := b.collect(t.Context(), parts, r)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got, equalNaNs); diff != "" {
				t.Errorf("in %d pages other candles than in %d (-few +many):\n%s", len(many), len(few), diff)
			}
		})
	}
}

func (s Subject) leavesOutTheRunningBar(t *testing.T) {
	for _, series := range s.Series {
		t.Run(series.String(), func(t *testing.T) {
			t.Parallel()
			// The provider's clock is ahead: it has bars that had not ended Now.
			b, src := s.start(t, sim.Options{Now: func() time.Time { return Now.AddDate(0, 0, 8) }}, Options{})
			r := b.request(series, 10)
			if series.Timeframe == market.W1 {
				r.From = r.From.AddDate(0, 0, -21)
			}
			got, _, err := b.collect(t.Context(), src, r)
			if err != nil {
				t.Fatal(err)
			}
			if len(got) == 0 {
				t.Fatal("no candles")
			}
			g := grid.New(series.Symbol.Class, series.Timeframe)
			for _, c := range got {
				if slot, ok := g.At(c.TS); !ok || g.End(slot).After(Now) {
					t.Errorf("the candle of %v has not ended at %v, or is off the grid", c.TS, Now)
				}
			}
		})
	}
}

func (s Subject) respectsTheWindow(t *testing.T) {
	t.Parallel()
	b, src := s.start(t, sim.Options{}, Options{})
	for _, series := range s.Series {
		g := grid.New(series.Symbol.Class, series.Timeframe)
		last := g.LastEnded(Now)
		r := b.request(series, 1)
		// One second into a slot, up to one second into another: the slots between.
		r.From, r.To = g.Stamp(last-6).Add(time.Second), g.Stamp(last-2).Add(time.Second)
		got, _, err := b.collect(t.Context(), src, r)
		if err != nil {
			t.Fatal(err)
		}
		b.same(series, got, b.truth(r))

		r.From, r.To = g.Stamp(last+1), g.Stamp(last+4)
		before := b.provider.Requests()
		got, pages, err := b.collect(t.Context(), src, r)
		if err != nil || len(got) > 0 || len(pages) > 0 || b.provider.Requests() != before {
			t.Errorf("%s: a range that has not ended gave %d candles, %d pages, error %v", series, len(got), len(pages), err)
		}
	}
}

func (s Subject) isEmptyBeforeTheListing(t *testing.T) {
	t.Parallel()
	b, src := s.start(t, sim.Options{}, Options{})
	for _, series := range s.Series {
		l, _ := b.market.Listing(series.Symbol)
		g := grid.New(series.Symbol.Class, series.Timeframe)
		r := b.request(series, 1)
		r.To = l.First.Time().AddDate(0, 0, -8)
		r.From = r.To.AddDate(0, 0, -20)
		if reacher, ok := src.(source.Reacher); ok && r.From.Before(reacher.Reach(series.Symbol, series.Timeframe, Now)) {
			continue
		}
		if g.Count(r.From, r.To) == 0 {
			continue
		}
		got, _, err := b.collect(t.Context(), src, r)
		if err != nil || len(got) > 0 {
			t.Errorf("%s: %d candles before its first bar, error %v", series, len(got), err)
		}
	}
}

func (s Subject) doesNotFindTheUnknown(t *testing.T) {
	t.Parallel()
	b, src := s.start(t, sim.Options{}, Options{})
	for _, tf := range []market.Timeframe{market.M5, market.D1} {
		_, _, err := b.collect(t.Context(), src, b.request(market.Series{Symbol: s.Unknown, Timeframe: tf}, 10))
		if source.KindOf(err) != source.NotFound || source.Retryable(err) {
			t.Errorf("%s: error %v, want %s, not to be tried again", tf, err, source.NotFound)
		}
	}
	if len(b.slept) > 0 || len(b.failed) != 2 || b.failed[0].ErrorCode != string(source.NotFound) {
		t.Errorf("waits %v, failed attempts %+v, want one for each request", b.slept, b.failed)
	}
}

func (s Subject) triesAgain(t *testing.T) {
	for name, c := range map[string]struct {
		fault sim.Fault
		kind  source.Kind
		wait  time.Duration // at least
	}{
		"429 with Retry-After": {sim.Fault{Kind: sim.TooMany, RetryAfter: "21"}, source.RateLimited, 21 * time.Second},
		"429 without":          {sim.Fault{Kind: sim.TooMany}, source.RateLimited, time.Second},
		"500":                  {sim.Fault{Kind: sim.ServerError}, source.Unavailable, time.Second},
		"502 in HTML":          {sim.Fault{Kind: sim.BadGateway}, source.Unavailable, time.Second},
		"reset in mid-body":    {sim.Fault{Kind: sim.Reset}, source.Unavailable, time.Second},
		"JSON cut off":         {sim.Fault{Kind: sim.Truncated}, source.BadResponse, time.Second},
		"HTML for JSON":        {sim.Fault{Kind: sim.HTML}, source.BadResponse, time.Second},
		"an empty 200":         {sim.Fault{Kind: sim.Empty}, source.BadResponse, time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b, src := s.start(t, sim.Options{Faults: sim.First(2, c.fault)}, Options{})
			series := s.Series[0]
			r := b.request(series, 5)
			got, pages, err := b.collect(t.Context(), src, r)
			if err != nil {
				t.Fatal(err)
			}
			b.same(series, got, b.truth(r))
			if len(b.failed) != 2 {
				t.Fatalf("%d failed attempts, want 2", len(b.failed))
			}
			for i, a := range b.failed {
				if a.ErrorCode != string(c.kind) || a.Number != i+1 || a.Success || a.Source != src.Name() || a.ErrorMessage == "" {
					t.Errorf("failed attempt %d is %+v, want code %s", i+1, a, c.kind)
				}
			}
			if n := pages[0].Attempt.Number; n != 3 {
				t.Errorf("the page came with attempt %d, want 3", n)
			}
			if len(b.slept) < 2 || slices.Max(b.slept) < c.wait {
				t.Errorf("waits %v, want at least %v", b.slept, c.wait)
			}
		})
	}
}

func (s Subject) givesUpAtOnce(t *testing.T) {
	for name, c := range map[string]struct {
		fault sim.Fault
		kind  source.Kind
	}{
		"null":                {sim.Fault{Kind: sim.NullJSON}, source.BadResponse},
		"a body without end":  {sim.Fault{Kind: sim.Huge}, source.BadResponse},
		"to another host":     {sim.Fault{Kind: sim.Redirect}, source.BadResponse},
		"451":                 {sim.Fault{Kind: sim.Restricted}, source.Blocked},
		"a firewall's 403":    {sim.Fault{Kind: sim.Firewall}, source.Blocked},
		"Retry-After an hour": {sim.Fault{Kind: sim.TooMany, RetryAfter: "3600"}, source.RateLimited},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b, src := s.start(t, sim.Options{Faults: sim.Always(c.fault)}, Options{MaxBody: 1 << 20})
			got, _, err := b.collect(t.Context(), src, b.request(s.Series[0], 5))
			if source.KindOf(err) != c.kind || len(got) > 0 {
				t.Errorf("%d candles and error %v, want %s", len(got), err, c.kind)
			}
			if n := b.provider.Requests(); n != 1 || len(b.failed) != 1 {
				t.Errorf("%d requests and %d failed attempts, want one", n, len(b.failed))
			}
		})
	}
}

func (s Subject) endsTyped(t *testing.T) {
	t.Parallel()
	b, src := s.start(t, sim.Options{Faults: sim.Always(sim.Fault{Kind: sim.ServerError})}, Options{})
	r := b.request(s.Series[0], 5)
	var last source.Page
	var err error
	for last, err = range src.Candles(t.Context(), r) {
		continue
	}
	if source.KindOf(err) != source.Unavailable || !source.Retryable(err) {
		t.Errorf("error %v, want one of kind %s that can be tried again", err, source.Unavailable)
	}
	if !last.From.Equal(r.From) || !last.To.After(last.From) || len(last.Candles) > 0 {
		t.Errorf("the failed range is [%v, %v) with %d candles", last.From, last.To, len(last.Candles))
	}
	if n := b.provider.Requests(); n != 1+s.Retries || len(b.failed) != n {
		t.Errorf("%d requests and %d failed attempts, want %d", n, len(b.failed), 1+s.Retries)
	}
}

func (s Subject) survivesDisorder(t *testing.T) {
	for name, kind := range map[string]sim.Kind{"doublets": sim.Duplicates, "disorder": sim.Disorder} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b, src := s.start(t, sim.Options{Faults: sim.Always(sim.Fault{Kind: kind})}, Options{})
			for _, series := range s.Series {
				r := b.request(series, 5)
				got, _, err := b.collect(t.Context(), src, r)
				if err != nil { // a source may refuse such a page
					if source.KindOf(err) != source.BadResponse {
						t.Errorf("%s: %v", series, err)
					}
					continue
				}
				slices.SortStableFunc(got, func(a, b market.Candle) int { return a.TS.Compare(b.TS) })
				got = slices.CompactFunc(got, func(a, b market.Candle) bool { return a.TS.Equal(b.TS) })
				b.same(series, got, b.truth(r))
			}
		})
	}
}

func (s Subject) obeysCancel(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancelCause(t.Context())
	defer cancel(nil)
	reason := errors.New("enough")
	slow := func(*http.Request, int) sim.Fault {
		cancel(reason) // the request is under way
		return sim.Fault{Kind: sim.Slow}
	}
	b, src := s.start(t, sim.Options{Faults: slow}, Options{})
	_, _, err := b.collect(ctx, src, b.request(s.Series[0], 5))
	if source.KindOf(err) != source.Cancelled || !errors.Is(err, context.Canceled) || !errors.Is(err, reason) {
		t.Errorf("error %v, want one that wraps the cancel and its cause", err)
	}
	if len(b.failed) > 0 || b.provider.Requests() != 1 {
		t.Errorf("%d requests, failed attempts %+v: a cancel is no failure of the source", b.provider.Requests(), b.failed)
	}
}

func (s Subject) endsByTime(t *testing.T) {
	t.Parallel()
	b, src := s.start(t, sim.Options{Faults: sim.Always(sim.Fault{Kind: sim.Slow})},
		Options{Timeouts: source.Timeouts{Total: 50 * time.Millisecond}})
	_, _, err := b.collect(t.Context(), src, b.request(s.Series[0], 2))
	// A source that asks several hosts for one page may fail at one of them more than at the others.
	if source.KindOf(err) != source.Timeout || !source.Retryable(err) || len(b.failed) < 1+s.Retries {
		t.Errorf("error %v after %d failed attempts, want %s after at least %d", err, len(b.failed), source.Timeout, 1+s.Retries)
	}
}

func (s Subject) stopsWithItsReader(t *testing.T) {
	t.Parallel()
	b, src := s.start(t, sim.Options{}, Options{PageRows: 20})
	for _, err := range src.Candles(t.Context(), b.request(s.Series[0], 15)) {
		if err != nil {
			t.Fatal(err)
		}
		break
	}
	if n := b.provider.Requests(); n != 1 {
		t.Errorf("%d requests for one page", n)
	}
}

func (s Subject) servesManyReaders(t *testing.T) {
	t.Parallel()
	b, src := s.start(t, sim.Options{Faults: sim.Share(3, 0.2, sim.Fault{Kind: sim.ServerError}, sim.Fault{Kind: sim.Reset})}, Options{PageRows: 200})
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			series := s.Series[i%len(s.Series)]
			r := b.request(series, min(20, days(series.Timeframe)))
			got, _, err := b.collect(t.Context(), src, r)
			if err != nil {
				if source.KindOf(err) != source.Unavailable {
					t.Error(err)
				}
				return
			}
			if want := b.truth(r); len(got) != len(want) {
				t.Errorf("%s: %d candles, want %d", series, len(got), len(want))
			}
		})
	}
	wg.Wait()
}

// equalNaNs lets cmp hold two missing numbers equal.
var equalNaNs = cmp.Comparer(func(a, b float64) bool { return a == b || a != a && b != b })
