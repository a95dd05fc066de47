package enrich_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/candlewright/candlewright/internal/market"
	"github.com/candlewright/candlewright/internal/pipeline"
	"github.com/candlewright/candlewright/internal/source/sim"
)

var (
	beforeSplit = time.Date(2024, time.November, 8, 22, 0, 0, 0, time.UTC)
	afterSplit  = time.Date(2024, time.November, 12, 22, 0, 0, 0, time.UTC)
	splitDay    = time.Date(2024, time.November, 11, 0, 0, 0, 0, time.UTC)
	longAgo     = time.Date(2023, time.June, 1, 0, 0, 0, 0, time.UTC)
	lately      = time.Date(2024, time.November, 1, 0, 0, 0, 0, time.UTC)
)

// splitting is a market in which AAPL is split.
func splitting(to, from float64) *sim.Market {
	return sim.NewMarket(sim.Config{Seed: 5, Splits: []sim.Split{{Symbol: aapl, Date: market.DateOf(splitDay), To: to, From: from}}})
}

// stored checks the books of the series of AAPL and gives its basis; all of its
// candles must have it.
func (w *simulated) basis(t testing.TB, tf market.Timeframe) string {
	t.Helper()
	list := w.texts(t, `SELECT DISTINCT concat_ws(' ', s.basis, m.basis) FROM series s
		JOIN market_data m ON m.symbol_id = s.symbol_id AND m.timeframe = s.timeframe WHERE s.timeframe = $1`, string(tf))
	if len(list) != 1 {
		t.Fatalf("the series and its candles have the bases %q", list)
	}
	one, other, _ := strings.Cut(list[0], " ")
	if one != other {
		t.Errorf("the series has basis %s and its candles %s", one, other)
	}
	return one
}

// books are the extents and digests of the series, and what was counted of them.
func (w *simulated) books(t testing.TB) []string {
	t.Helper()
	return w.texts(t, `SELECT concat_ws(' ', timeframe, first_ts, last_ts, records, validated, anomalies, encode(digest, 'hex')) FROM series ORDER BY timeframe`)
}

func (w *simulated) notes(t testing.TB) (corrections, actions []string) {
	t.Helper()
	corrections = w.texts(t, `SELECT concat_ws(' ', timeframe, coalesce(ts::text, 'series'), field_corrected, new_value, reason)
		FROM data_corrections WHERE reason = 'split_adjustment' ORDER BY timeframe`)
	actions = w.texts(t, `SELECT concat_ws(' ', ex_date, kind, factor, source) FROM corporate_actions`)
	return corrections, actions
}

// TestSplitRewritesTheSeriesInOneStep has every series end as a store that was
// first filled after the split.
func TestSplitRewritesTheSeriesInOneStep(t *testing.T) {
	t.Parallel()
	tfs := []market.Timeframe{market.D1, market.H1, market.W1}
	for _, ratio := range [][2]float64{{4, 1}, {1, 10}, {3, 2}} {
		t.Run(fmt.Sprintf("%v for %v", ratio[0], ratio[1]), func(t *testing.T) {
			t.Parallel()
			o := simOptions{market: splitting(ratio[0], ratio[1]), pageRows: 100}
			w := newSimulated(t, beforeSplit, o)
			w.enrich(t, aapl, longAgo, tfs...)
			old := w.texts(t, `SELECT concat_ws(' ', timeframe, ts, open, volume, basis) FROM market_data ORDER BY 1`)
			w.clock.set(afterSplit)
			w.enrich(t, aapl, lately, tfs...)

			fresh := newSimulated(t, afterSplit, o)
			fresh.enrich(t, aapl, longAgo, tfs...)
			if diff := cmp.Diff(fresh.rows(t, "basis"), w.rows(t, "basis")); diff != "" {
				t.Errorf("candles (-fresh +rewritten):\n%.3000s", diff)
			}
			if diff := cmp.Diff(fresh.books(t), w.books(t)); diff != "" {
				t.Errorf("series (-fresh +rewritten):\n%s", diff)
			}
			metrics := `SELECT (to_jsonb(m) - ARRAY['id', 'computed_at'])::text FROM data_quality_metrics m ORDER BY metric_date`
			if diff := cmp.Diff(fresh.texts(t, metrics), w.texts(t, metrics)); diff != "" {
				t.Errorf("days (-fresh +rewritten):\n%.3000s", diff)
			}
			w.verified(t, aapl)
			for _, tf := range tfs {
				if got := w.basis(t, tf); got != "1" {
					t.Errorf("basis %s of %s, want 1", got, tf)
				}
			}
			factor := ratio[0] / ratio[1]
			corrections, actions := w.notes(t)
			want := []string{}
			for _, tf := range []string{"1d", "1h", "1w"} {
				want = append(want, fmt.Sprintf("%s series split_factor %v split_adjustment", tf, factor))
			}
			if diff := cmp.Diff(want, corrections); diff != "" {
				t.Errorf("corrections (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff([]string{fmt.Sprintf("2024-11-11 split %v polygon", factor)}, actions); diff != "" {
				t.Errorf("corporate actions (-want +got):\n%s", diff)
			}
			kept := w.texts(t, `SELECT concat_ws(' ', timeframe, ts, candle->>'open', candle->>'volume', basis) FROM candle_history ORDER BY 1`)
			if diff := cmp.Diff(old, kept); diff != "" {
				t.Errorf("history (-stored before +kept):\n%.2000s", diff)
			}
		})
	}
}

func TestSplitIsFoundWhereTheRunAsksForOtherBars(t *testing.T) {
	t.Parallel()
	for name, from := range map[string]time.Time{"newer": splitDay, "older": longAgo.AddDate(-1, 0, 0)} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := simOptions{market: splitting(4, 1), pageRows: 100}
			w := newSimulated(t, beforeSplit, o)
			w.enrich(t, aapl, longAgo, market.D1)
			w.clock.set(afterSplit)
			w.enrich(t, aapl, from, market.D1)
			fresh := newSimulated(t, afterSplit, o)
			fresh.enrich(t, aapl, earlier(from, longAgo), market.D1)
			if diff := cmp.Diff(fresh.rows(t, "basis"), w.rows(t, "basis")); diff != "" {
				t.Errorf("candles (-fresh +rewritten):\n%.3000s", diff)
			}
		})
	}
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// TestSplitThatNobodyLists is found by the bars alone, once for all series.
func TestSplitThatNobodyLists(t *testing.T) {
	t.Parallel()
	lists := func(r *http.Request, _ int) sim.Fault {
		if strings.HasPrefix(r.URL.Path, "/v3/reference/splits") {
			return sim.Fault{Kind: sim.NotEntitled}
		}
		return sim.Fault{}
	}
	o := simOptions{market: splitting(4, 1), off: []market.SourceName{market.Yahoo}, faults: map[market.SourceName]sim.Schedule{market.Polygon: lists}}
	w := newSimulated(t, beforeSplit, o)
	w.enrich(t, aapl, longAgo, market.D1, market.H1)
	w.clock.set(afterSplit)
	w.enrich(t, aapl, lately, market.D1, market.H1)
	corrections, actions := w.notes(t)
	if len(corrections) != 2 || w.basis(t, market.D1) != "1" || w.basis(t, market.H1) != "1" {
		t.Errorf("corrections %q", corrections)
	}
	if diff := cmp.Diff([]string{"2024-11-11 split 4 polygon"}, actions); diff != "" {
		t.Errorf("corporate actions (-want +got):\n%s", diff)
	}
}

// TestSplitWhereTheSourceReachesNotBack has Yahoo serve 59 days of quarter hours:
// what lies before is rescaled.
func TestSplitWhereTheSourceReachesNotBack(t *testing.T) {
	t.Parallel()
	o := simOptions{market: splitting(4, 1), off: []market.SourceName{market.Polygon}}
	w := newSimulated(t, beforeSplit.AddDate(0, 0, -40), o)
	w.enrich(t, aapl, beforeSplit.AddDate(0, 0, -90), market.M15)
	w.clock.set(beforeSplit)
	w.enrich(t, aapl, beforeSplit.AddDate(0, 0, -50), market.M15)
	w.clock.set(afterSplit)
	w.enrich(t, aapl, lately, market.M15)
	if got := w.basis(t, market.M15); got != "1" {
		t.Fatalf("basis %s", got)
	}
	w.verified(t, aapl)
	// Against the history, every candle is a quarter of what it was; four times the volume.
	off := w.texts(t, `SELECT concat_ws(' ', m.ts, m.close, h.candle->>'close', m.volume, h.candle->>'volume')
		FROM market_data m JOIN candle_history h USING (symbol_id, timeframe, ts)
		WHERE abs(m.close * 4 / (h.candle->>'close')::float8 - 1) > 1e-3 OR abs(m.volume / 4 / (h.candle->>'volume')::float8 - 1) > 0.1`)
	if len(off) > 0 {
		t.Errorf("%d candles are on another basis, such as %s", len(off), off[0])
	}
	if n := w.texts(t, `SELECT count(*)::text FROM candle_history WHERE NOT EXISTS (
		SELECT FROM market_data m WHERE m.ts = candle_history.ts)`); n[0] != "0" {
		t.Errorf("%s candles were lost", n[0])
	}
	if n := w.texts(t, `SELECT count(*)::text FROM market_data WHERE ts < $1`, afterSplit.AddDate(0, 0, -59)); n[0] == "0" {
		t.Error("nothing lies before the source's reach, so nothing was shown")
	}
}

// TestSplitKeepsManualCorrections rescales what a person has set.
func TestSplitKeepsManualCorrections(t *testing.T) {
	t.Parallel()
	o := simOptions{market: splitting(4, 1)}
	w := newSimulated(t, beforeSplit, o)
	w.enrich(t, aapl, longAgo, market.D1)
	_, err := w.pool.Exec(t.Context(), `UPDATE market_data SET manual = true, close = high, open = low WHERE ts = '2024-10-01Z'`)
	must(t, err)
	set := w.texts(t, `SELECT (close / 4)::text FROM market_data WHERE manual`)
	w.clock.set(afterSplit)
	w.enrich(t, aapl, lately, market.D1)
	w.verified(t, aapl)
	if diff := cmp.Diff(set, w.texts(t, `SELECT close::text FROM market_data WHERE manual AND basis = 1`)); diff != "" {
		t.Errorf("the manual candle (-want +got):\n%s", diff)
	}
}

// TestKilledAmidASplit stops the run at any moment: whoever looks finds one
// basis, and in the end the series is that of a fresh store.
func TestKilledAmidASplit(t *testing.T) {
	t.Parallel()
	o := simOptions{market: splitting(4, 1), pageRows: 100}
	since := beforeSplit.AddDate(0, -6, 0)
	w := newSimulated(t, beforeSplit, o)
	w.enrich(t, aapl, since, market.D1, market.H1)
	old := w.texts(t, `SELECT ts::text || ' ' || close FROM market_data ORDER BY timeframe, ts`)
	w.clock.set(afterSplit)
	run := w.trigger(t, aapl, lately, market.D1, market.H1)
	rng := rand.New(rand.NewPCG(7, 7))
	killed, amid := 0, 0
	for limit := 8 * time.Millisecond; ; limit += limit / 10 {
		ctx, cancel := context.WithTimeout(t.Context(), time.Duration(rng.Int64N(int64(limit))))
		err := w.Execute(ctx, run.ID, nil)
		cancel()
		if w.basis(t, market.D1) == "0" {
			now := w.texts(t, `SELECT ts::text || ' ' || close FROM market_data ORDER BY timeframe, ts`)
			if diff := cmp.Diff(old, now); diff != "" {
				t.Fatalf("killed before the exchange, and the series is another (-before +now):\n%.2000s", diff)
			}
		} else if w.basis(t, market.H1) == "0" {
			amid++
		}
		got, e := w.store.RunByID(t.Context(), run.ID)
		must(t, e)
		if got.Status == pipeline.RunCompleted {
			break
		}
		if got.Status.Ended() {
			t.Fatalf("the run is %s: %+v", got.Status, got.Error)
		}
		if err == nil {
			t.Fatal("an execution that was killed ended well")
		}
		killed++
	}
	if killed == 0 {
		t.Error("nothing was killed, so nothing was shown")
	}
	t.Logf("killed %d times, %d of them after the first series of two", killed, amid)
	fresh := newSimulated(t, afterSplit, o)
	fresh.enrich(t, aapl, since, market.D1, market.H1)
	if diff := cmp.Diff(fresh.rows(t, "basis"), w.rows(t, "basis")); diff != "" {
		t.Errorf("candles (-fresh +rewritten):\n%.3000s", diff)
	}
	corrections, actions := w.notes(t)
	if len(corrections) != 2 || len(actions) != 1 {
		t.Errorf("corrections %q and actions %q, want one for each series and one", corrections, actions)
	}
}
