package store_test

import (
	"strconv"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/candlewright/candlewright/internal/fault"
	"github.com/candlewright/candlewright/internal/market"
	"github.com/candlewright/candlewright/internal/pipeline"
	"github.com/candlewright/candlewright/internal/store"
)

func itoa(n int64) string { return strconv.FormatInt(n, 10) }

func backfills(t *testing.T, s *store.Store, r pipeline.Run) []pipeline.Backfill {
	t.Helper()
	byJob, err := s.Backfills(t.Context(), []uuid.UUID{r.JobID, uuid.New()})
	check(t, err)
	same(t, "runs with backfill rows", len(byJob), 1)
	return byJob[r.JobID]
}

func TestBackfillsFollowTheirRun(t *testing.T) {
	t.Parallel()
	s, _ := open(t)
	ctx := t.Context()
	sym := track(t, s, "BTC", market.Crypto)
	r := run(t, s, sym.ID, now, market.D1, market.M5, market.H1)
	want := backfills(t, s, r)
	for i, tf := range []market.Timeframe{market.D1, market.M5, market.H1} { // in the order asked
		same(t, "a new row", want[i], pipeline.Backfill{
			ID: want[i].ID, SymbolID: sym.ID, JobID: r.JobID, Timeframe: tf, Status: pipeline.BackfillPending, CreatedAt: now, UpdatedAt: now,
		})
	}

	at := func(n int) time.Time { return now.Add(time.Duration(n) * time.Minute) }
	day := market.DateOf(monday)
	want[0].Status, want[0].LastSuccessfulDate, want[0].DoneThrough = pipeline.BackfillCompleted, &day, hour(24)
	want[1].Status, want[1].ErrorMessage, want[1].RetryCount = pipeline.BackfillInProgress, "slow", 1
	want[0].UpdatedAt, want[1].UpdatedAt = at(1), at(1)
	check(t, s.UpdateBackfill(ctx, want[0]))
	check(t, s.UpdateBackfill(ctx, want[1]))
	same(t, "changed", backfills(t, s, r), want)

	_, err := s.RequeueRun(ctx, r.ID, pipeline.RunError{Code: "HTTP_500", Message: "away"}, at(2))
	check(t, err)
	want[1].Status, want[1].ErrorMessage, want[1].RetryCount, want[1].UpdatedAt = pipeline.BackfillPending, "away", 2, at(2)
	same(t, "back in the queue", backfills(t, s, r), want)

	_, err = s.EndRun(ctx, r.ID, store.RunEnd{Status: pipeline.RunCancelled}, at(3))
	check(t, err)
	for _, i := range []int{1, 2} {
		want[i].Status, want[i].ErrorMessage, want[i].UpdatedAt = pipeline.BackfillCancelled, "", at(3)
	}
	same(t, "ended", backfills(t, s, r), want)
	if err := s.UpdateBackfill(ctx, want[0]); !fault.Is(err, fault.Conflict) {
		t.Errorf("change of an ended row: got %v", err)
	}
}

func TestARunEndsOnce(t *testing.T) {
	t.Parallel()
	s, _ := open(t)
	ctx := t.Context()
	sym := track(t, s, "BTC", market.Crypto)
	r := run(t, s, sym.ID, now)
	started, err := s.StartRun(ctx, r.ID, 1, hour(1))
	check(t, err)
	restarted, err := s.StartRun(ctx, r.ID, 2, hour(2))
	check(t, err)
	same(t, "the first start stays", restarted.StartedAt, started.StartedAt)
	same(t, "attempt", restarted.Attempt, 2)
	asked, err := s.CancelRequested(ctx, r.ID)
	check(t, err)
	same(t, "asked to stop", asked, false)
	_, err = s.RequestCancel(ctx, r.ID)
	check(t, err)
	asked, err = s.CancelRequested(ctx, r.ID)
	check(t, err)
	same(t, "asked to stop", asked, true)

	requeued, err := s.RequeueRun(ctx, r.ID, pipeline.RunError{Code: "X", Message: "y"}, now)
	check(t, err)
	same(t, "the error of an attempt", requeued.Error, &pipeline.RunError{Code: "X", Message: "y", Retryable: true})
	ended, err := s.EndRun(ctx, r.ID, store.RunEnd{Status: pipeline.RunCompleted, RecordsDone: 500}, now)
	check(t, err)
	same(t, "the error of a completed run", ended.Error, (*pipeline.RunError)(nil))
	for name, change := range map[string]func() (pipeline.Run, error){
		"start":   func() (pipeline.Run, error) { return s.StartRun(ctx, r.ID, 3, now) },
		"requeue": func() (pipeline.Run, error) { return s.RequeueRun(ctx, r.ID, pipeline.RunError{Code: "X"}, now) },
		"cancel":  func() (pipeline.Run, error) { return s.RequestCancel(ctx, r.ID) },
		"end": func() (pipeline.Run, error) {
			return s.EndRun(ctx, r.ID, store.RunEnd{Status: pipeline.RunFailed}, now)
		},
	} {
		if _, err := change(); !fault.Is(err, fault.Conflict) {
			t.Errorf("%s of an ended run: got %v, want a CONFLICT", name, err)
		}
	}
	check(t, s.UpdateRunProgress(ctx, r.ID, 1, 1))
	got, err := s.RunByID(ctx, r.ID)
	check(t, err)
	same(t, "the ended run", got, ended)
}

func TestOpenRuns(t *testing.T) {
	t.Parallel()
	s, _ := open(t)
	ctx := t.Context()
	a, b := track(t, s, "A", market.Crypto).ID, track(t, s, "B", market.Crypto).ID
	queued, begun, ended, other := run(t, s, a, now), run(t, s, a, now), run(t, s, a, now), run(t, s, b, now)
	begun, err := s.StartRun(ctx, begun.ID, 1, now)
	check(t, err)
	_, err = s.EndRun(ctx, ended.ID, store.RunEnd{Status: pipeline.RunCancelled}, now)
	check(t, err)
	got, err := s.OpenRunsOf(ctx, a)
	check(t, err)
	same(t, "of a symbol", got, []pipeline.Run{queued, begun})
	got, err = s.OpenRuns(ctx)
	check(t, err)
	same(t, "of all", got, []pipeline.Run{queued, begun, other})
}

func TestLastRunsOf(t *testing.T) {
	t.Parallel()
	s, _ := open(t)
	a, b := track(t, s, "A", market.Crypto).ID, track(t, s, "B", market.Crypto).ID
	run(t, s, a, hour(1), market.H1)
	want := run(t, s, a, hour(2), market.D1, market.H1)
	run(t, s, a, hour(3), market.D1)
	run(t, s, b, hour(3), market.D1)
	got, err := s.LastRunsOf(t.Context(), []int64{a, b}, market.H1)
	check(t, err)
	same(t, "the newest of 1h", got, map[int64]pipeline.Run{a: want})
}

func TestRunAndLogFilters(t *testing.T) {
	t.Parallel()
	s, _ := open(t)
	ctx := t.Context()
	id := track(t, s, "A", market.Crypto).ID
	for n := range 6 {
		r := newRun(id, hour(n))
		if n%2 == 0 {
			r.Trigger = pipeline.TriggerImport
		}
		r, err := s.CreateRun(ctx, r)
		check(t, err)
		if n%3 == 0 {
			_, err = s.EndRun(ctx, r.ID, store.RunEnd{Status: pipeline.RunFailed, Error: &pipeline.RunError{Code: "X"}}, now)
			check(t, err)
		}
		_, err = s.AddFetchLog(ctx, pipeline.FetchLog{
			SymbolID: id, Timeframe: market.H1, CreatedAt: hour(n), Success: n%2 == 0, Source: []market.SourceName{market.CSV, market.Yahoo, market.Binance}[n%3],
		})
		check(t, err)
	}
	p := store.Page{Limit: 10}
	failed, imports := []pipeline.RunStatus{pipeline.RunFailed}, []pipeline.RunTrigger{pipeline.TriggerImport}
	for _, tc := range []struct {
		name string
		f    store.RunFilter
		want []int
	}{
		{"all", store.RunFilter{}, []int{5, 4, 3, 2, 1, 0}},
		{"failed", store.RunFilter{Statuses: failed}, []int{3, 0}},
		{"imports", store.RunFilter{Triggers: imports}, []int{4, 2, 0}},
		{"failed imports", store.RunFilter{Statuses: failed, Triggers: imports}, []int{0}},
		{"of no status", store.RunFilter{Statuses: []pipeline.RunStatus{}}, nil},
		{"of no trigger", store.RunFilter{Triggers: []pipeline.RunTrigger{}}, nil},
	} {
		l, err := s.RunsList(ctx, tc.f, p)
		check(t, err)
		of, err := s.RunsOf(ctx, []int64{id}, tc.f, p)
		check(t, err)
		n, err := s.CountRuns(ctx, tc.f)
		check(t, err)
		var got, gotOf []int
		for _, r := range l.Rows {
			got = append(got, int(r.CreatedAt.Sub(monday).Hours()))
		}
		for _, r := range of[id].Rows {
			gotOf = append(gotOf, int(r.CreatedAt.Sub(monday).Hours()))
		}
		same(t, tc.name, got, tc.want)
		same(t, tc.name+" of the symbol", gotOf, tc.want)
		same(t, tc.name+" counted", n, int64(len(tc.want)))
	}
	no := false
	for _, tc := range []struct {
		name string
		f    store.FetchLogFilter
		want []int
	}{
		{"failures", store.FetchLogFilter{Success: &no}, []int{5, 3, 1}},
		{"of two sources", store.FetchLogFilter{Sources: []market.SourceName{market.CSV, market.Yahoo}}, []int{4, 3, 1, 0}},
		{"in a range", store.FetchLogFilter{Range: store.Range{From: hour(1), To: hour(3)}}, []int{2, 1}},
	} {
		l, err := s.FetchLogsList(ctx, tc.f, p)
		check(t, err)
		of, err := s.FetchLogsOf(ctx, []int64{id}, tc.f, p)
		check(t, err)
		n, err := s.CountFetchLogs(ctx, tc.f)
		check(t, err)
		var got []int
		for _, r := range l.Rows {
			got = append(got, int(r.CreatedAt.Sub(monday).Hours()))
		}
		same(t, tc.name, got, tc.want)
		same(t, tc.name+" of the symbol", of[id], l)
		same(t, tc.name+" counted", n, int64(len(tc.want)))
	}
}
