package store_test

import (
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/candlewright/candlewright/internal/fault"
	"github.com/candlewright/candlewright/internal/market"
	"github.com/candlewright/candlewright/internal/pipeline"
	"github.com/candlewright/candlewright/internal/quality"
	"github.com/candlewright/candlewright/internal/store"
)

func TestRunStatesHoldTheNewestEvent(t *testing.T) {
	t.Parallel()
	s, _ := open(t)
	sym := track(t, s, "BTC", market.Crypto)
	quiet, told := run(t, s, sym.ID, now), run(t, s, sym.ID, now)
	for i := range 3 {
		_, err := s.AppendEvent(t.Context(), told.ID, pipeline.Progress{Status: pipeline.RunInProgress, Stage: pipeline.StageStore, RecordsDone: int64(i), At: now})
		check(t, err)
	}
	states, err := s.RunStates(t.Context(), []int64{quiet.ID, told.ID, 999})
	check(t, err)
	same(t, "runs", len(states), 2)
	same(t, "a run without events", states[quiet.ID], store.RunState{Run: quiet})
	same(t, "the newest event", states[told.ID].Last, pipeline.Progress{Seq: 3, Status: pipeline.RunInProgress, Stage: pipeline.StageStore, RecordsDone: 2, At: now})
}

func TestAReopenedRunGoesOnWhereItStopped(t *testing.T) {
	t.Parallel()
	s, _ := open(t)
	sym := track(t, s, "BTC", market.Crypto)
	r := run(t, s, sym.ID, now, market.H1, market.D1, market.W1)
	_, err := s.ReopenRun(t.Context(), r.ID, 3, now)
	if !fault.Is(err, fault.Conflict) {
		t.Errorf("a queued run: %v", err)
	}
	_, err = s.StartRun(t.Context(), r.ID, 2, now)
	check(t, err)
	through := now.Truncate(time.Hour)
	for tf, status := range map[market.Timeframe]pipeline.BackfillStatus{market.H1: pipeline.BackfillCompleted, market.D1: pipeline.BackfillInProgress} {
		check(t, s.UpdateBackfill(t.Context(), pipeline.Backfill{JobID: r.JobID, Timeframe: tf, Status: status, DoneThrough: through, UpdatedAt: now}))
	}
	_, err = s.EndRun(t.Context(), r.ID, store.RunEnd{Status: pipeline.RunFailed, RecordsDone: 7, Error: &pipeline.RunError{Code: "X", Message: "x"}}, now)
	check(t, err)

	later := now.Add(time.Hour)
	got, err := s.ReopenRun(t.Context(), r.ID, 3, later)
	check(t, err)
	if got.Status != pipeline.RunQueued || got.Error != nil || !got.FinishedAt.IsZero() || got.CancelRequested || got.Attempt != 2 || got.MaxAttempts != 5 || got.RecordsDone != 7 {
		t.Errorf("reopened: %+v", got)
	}
	rows, err := s.Backfills(t.Context(), []uuid.UUID{r.JobID})
	check(t, err)
	for _, b := range rows[r.JobID] {
		want := pipeline.BackfillPending
		if b.Timeframe == market.H1 {
			want = pipeline.BackfillCompleted
		}
		if b.Status != want || b.ErrorMessage != "" || (b.RetryCount == 1) == (b.Timeframe == market.H1) || b.DoneThrough.Equal(through) == (b.Timeframe == market.W1) {
			t.Errorf("%s: %+v", b.Timeframe, b)
		}
	}
	if _, err := s.ReopenRun(t.Context(), 999, 3, later); !fault.Is(err, fault.NotFound) {
		t.Errorf("no run: %v", err)
	}
}

func TestLastRunsAreFoundBySeries(t *testing.T) {
	t.Parallel()
	s, _ := open(t)
	a, b := track(t, s, "A", market.Crypto), track(t, s, "B", market.Crypto)
	run(t, s, a.ID, now.Add(-time.Hour), market.H1, market.D1)
	newest := run(t, s, a.ID, now, market.H1)
	other := run(t, s, b.ID, now, market.D1)
	old, err := s.LastRunsOf(t.Context(), []int64{a.ID}, market.D1)
	check(t, err)
	got, err := s.LastRunsOfSeries(t.Context(), []store.SeriesKey{
		{SymbolID: a.ID, Timeframe: market.H1}, {SymbolID: a.ID, Timeframe: market.D1}, {SymbolID: b.ID, Timeframe: market.H1}, {SymbolID: b.ID, Timeframe: market.D1},
	})
	check(t, err)
	same(t, "last runs", got, map[store.SeriesKey]pipeline.Run{
		{SymbolID: a.ID, Timeframe: market.H1}: newest, {SymbolID: a.ID, Timeframe: market.D1}: old[a.ID], {SymbolID: b.ID, Timeframe: market.D1}: other,
	})
}

func TestDayMetricsAreFoundByDate(t *testing.T) {
	t.Parallel()
	s, _ := open(t)
	sym := track(t, s, "A", market.Crypto)
	day := market.NewDate(2026, 11, 20)
	check(t, s.PutDayMetrics(t.Context(), sym.ID, []quality.DayMetric{{Date: day, Total: 1, Validated: 1, ScoreSum: 1}, {Date: day + 1, Gaps: 3}}, now))
	got, err := s.DayMetricsOn(t.Context(), []store.DayKey{{SymbolID: sym.ID, Date: day + 1}, {SymbolID: sym.ID, Date: day + 2}, {SymbolID: 99, Date: day}})
	check(t, err)
	same(t, "days", len(got), 1)
	same(t, "the metrics", got[store.DayKey{SymbolID: sym.ID, Date: day + 1}].Gaps, 3)
}
