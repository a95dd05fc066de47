package enrich_test

import (
	"context"
	"fmt"
	"iter"
	"log/slog"
	"math"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/candlewright/candlewright/internal/enrich"
	"github.com/candlewright/candlewright/internal/grid"
	"github.com/candlewright/candlewright/internal/market"
	"github.com/candlewright/candlewright/internal/postgres/pgtest"
	"github.com/candlewright/candlewright/internal/source"
	"github.com/candlewright/candlewright/internal/store"
)

// made is a source of bars that a function makes.
type made struct {
	rows int
	bar  func(g grid.Grid, s grid.Slot) (market.Candle, bool)
}

func (m *made) Name() market.SourceName                              { return market.Polygon }
func (m *made) Serves(market.Symbol, market.Timeframe) bool          { return true }
func (m *made) Offers(market.Symbol, market.Timeframe) market.Fields { return 0 }

func (m *made) Candles(_ context.Context, r source.Request) iter.Seq2[source.Page, error] {
	return func(yield func(source.Page, error) bool) {
		w := r.Window(0)
		for first := w.First; first < w.End; {
			end := min(first+grid.Slot(m.rows), w.End)
			page := source.Page{From: w.Grid.Stamp(first), To: w.Until(end)}
			for s := first; s < end; s++ {
				if c, ok := m.bar(w.Grid, s); ok {
					c.TS, c.Source, c.Delivered = w.Grid.Stamp(s), market.Polygon, market.NoFields()
					page.Candles = append(page.Candles, c)
				}
			}
			page.Attempt = source.Attempt{Source: market.Polygon, From: page.From, To: page.To, Rows: len(page.Candles), Success: true, Number: 1}
			if !yield(page, nil) {
				return
			}
			first = end
		}
	}
}

func newMade(t testing.TB, now time.Time, m *made) *simulated {
	t.Helper()
	w := &simulated{pool: pgtest.New(t), clock: &handClock{now: now}}
	w.store = store.New(w.pool)
	start := time.Now()
	w.Service = enrich.New(enrich.Deps{
		Store: w.store, Now: w.clock.Now, Elapsed: func() time.Duration { return time.Since(start) }, Log: slog.New(slog.DiscardHandler),
		Sources: source.NewChain(source.DefaultOrder(), m), Queue: noQueue{},
	})
	return w
}

// price is a smooth path around a level, in cents.
func price(s grid.Slot, level float64) market.Candle {
	at := func(s grid.Slot) float64 {
		return math.Round(100*level*(1+0.1*math.Sin(float64(s)/50)+0.02*math.Sin(float64(s)))) / 100
	}
	c := market.Candle{Open: at(s), Close: at(s + 1), Volume: float64(1000 + s%100)}
	c.High, c.Low = max(c.Open, c.Close), min(c.Open, c.Close)
	return c
}

func TestTickerOfAnotherSecurityIsNoted(t *testing.T) {
	t.Parallel()
	end, begin := time.Date(2023, time.March, 31, 0, 0, 0, 0, time.UTC), time.Date(2024, time.February, 1, 0, 0, 0, 0, time.UTC)
	m := &made{rows: 40, bar: func(g grid.Grid, s grid.Slot) (market.Candle, bool) {
		ts := g.Stamp(s)
		if ts.Before(end) {
			return price(s, 10), true
		}
		return price(s, 180), !ts.Before(begin)
	}}
	w := newMade(t, beforeSplit, m)
	w.enrich(t, aapl, longAgo.AddDate(-1, 0, 0), market.D1)
	w.enrich(t, aapl, longAgo.AddDate(-1, 0, 0), market.D1)
	actions := w.texts(t, `SELECT concat_ws(' ', ex_date, kind, coalesce(factor::text, 'no factor'), source) FROM corporate_actions`)
	if diff := cmp.Diff([]string{"2024-02-01 rename no factor polygon"}, actions); diff != "" {
		t.Errorf("corporate actions (-want +got):\n%s", diff)
	}
	notes := w.texts(t, `SELECT detail FROM enrichment_fetch_log WHERE detail IS NOT NULL`)
	if len(notes) != 1 || !strings.HasPrefix(notes[0], "AAPL may be another security from 2024-02-01 on: 210 sessions without a bar, then the price went from ") {
		t.Errorf("notes of the fetch log: %q", notes)
	}
}

// BenchmarkSplit rewrites a series as long as the calendar and a source's finest
// bars make it. A candle counts as its row in PostgreSQL, about 300 bytes.
func BenchmarkSplit(b *testing.B) {
	for _, years := range []int{2, 10, 26} {
		now := time.Date(2024, time.November, 8, 22, 0, 0, 0, time.UTC)
		from := now.AddDate(-years, 0, 0)
		bars := grid.New(market.Stock, market.M5).Count(from, now)
		b.Run(fmt.Sprintf("bars=%dk", bars/1000), func(b *testing.B) {
			factor := 1.0
			m := &made{rows: 10_000, bar: func(_ grid.Grid, s grid.Slot) (market.Candle, bool) {
				c := price(s, 180)
				c.Open, c.High, c.Low, c.Close, c.Volume = c.Open/factor, c.High/factor, c.Low/factor, c.Close/factor, c.Volume*factor
				return c, true
			}}
			w := newMade(b, now, m)
			w.enrich(b, aapl, from, market.M5)
			for b.Loop() {
				factor *= 2
				w.clock.set(w.clock.Now().AddDate(0, 0, 7))
				w.enrich(b, aapl, w.clock.Now().AddDate(0, 0, -14), market.M5)
			}
			if got := w.texts(b, `SELECT basis::text FROM series`); got[0] != strconv.Itoa(b.N) {
				b.Errorf("basis %s after %d splits", got[0], b.N)
			}
			b.ReportMetric(float64(bars)*float64(b.N)/b.Elapsed().Seconds(), "candles/s")
		})
	}
}
