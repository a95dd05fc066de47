package jobs_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/candlewright/candlewright/internal/market"
	"github.com/candlewright/candlewright/internal/pipeline"
	"github.com/candlewright/candlewright/internal/source"
	"github.com/candlewright/candlewright/internal/store"
)

func TestTriggeredRunIsCarriedOut(t *testing.T) {
	t.Parallel()
	w := newWorld(t, &feed{rows: 100})
	w.work(t, w.quick())
	run := w.trigger(t, btc, market.D1, market.H4)

	got := w.await(t, run.ID, pipeline.RunCompleted)
	if got.RecordsDone != got.RecordsTotal || got.RecordsTotal == 0 {
		t.Errorf("%d of %d records done", got.RecordsDone, got.RecordsTotal)
	}
	for tf, want := range map[market.Timeframe]int{market.D1: 365, market.H4: 365*6 + 2} {
		candles, err := w.store.CandlesIn(t.Context(), run.SymbolID, tf, store.Range{})
		check(t, err)
		if len(candles) != want {
			t.Errorf("%d candles of %s, want %d", len(candles), tf, want)
		}
	}
	eventually(t, "River knows that the job is done", func() bool { return w.jobs(t, run.ID)[0] == "completed" })
}

func TestSimultaneousTriggersGiveOneRun(t *testing.T) {
	t.Parallel()
	w := newWorld(t, &feed{rows: 100})
	runs := make([]pipeline.Run, 8)
	var group sync.WaitGroup
	for i := range runs {
		group.Go(func() { runs[i] = w.trigger(t, btc, market.D1) })
	}
	group.Wait()
	for _, run := range runs {
		if run.JobID != runs[0].JobID {
			t.Fatalf("triggers gave the runs %s and %s", runs[0].JobID, run.JobID)
		}
	}
	same(t, "jobs", w.jobs(t, runs[0].ID), []string{"available"})
	w.work(t, w.quick())
	w.await(t, runs[0].ID, pipeline.RunCompleted)
}

func TestRunsOfOneSeriesDoNotOverlap(t *testing.T) {
	t.Parallel()
	began, release := make(chan struct{}, 8), make(chan struct{})
	f := &feed{rows: 100, turn: func(ctx context.Context, _ source.Request, page int) error {
		if page == 1 {
			began <- struct{}{}
			return hold(ctx, release)
		}
		return nil
	}}
	w := newWorld(t, f)
	w.work(t, w.quick())
	other := worldOn(t, w.pool, f)
	other.work(t, other.quick())

	first := w.trigger(t, btc, market.D1)
	receive(t, "the first run", began)
	second := w.trigger(t, btc, market.D1)
	if first.ID == second.ID {
		t.Fatal("a run that has begun was given for a new trigger")
	}
	eventually(t, "the second run found the series taken", func() bool {
		return len(w.texts(t, `SELECT 'yes' FROM river_job WHERE args @> jsonb_build_object('run_id', $1::bigint) AND (metadata->>'snoozes')::int > 0`, second.ID)) > 0
	})
	close(release)
	w.await(t, first.ID, pipeline.RunCompleted)
	w.await(t, second.ID, pipeline.RunCompleted)
	if n := f.atOnce(); n != 1 {
		t.Errorf("%d requests at a time for one series", n)
	}
}

// hold waits until it is released.
func hold(ctx context.Context, release <-chan struct{}) error {
	select {
	case <-release:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func TestPanicFailsItsRunAlone(t *testing.T) {
	t.Parallel()
	w := newWorld(t, &feed{rows: 100, turn: func(_ context.Context, r source.Request, page int) error {
		if r.Symbol.Ticker == "BAD" && page == 1 {
			panic("poisoned answer")
		}
		return nil
	}})
	cfg := w.quick()
	metrics := prometheus.NewRegistry()
	cfg.Runs, cfg.Metrics = 1, metrics
	w.work(t, cfg)
	bad := w.trigger(t, market.Symbol{Ticker: "BAD", Class: market.Crypto}, market.D1)
	good := w.trigger(t, btc, market.D1)

	got := w.await(t, bad.ID, pipeline.RunFailed)
	want := pipeline.RunError{Code: "INTERNAL_SERVER_ERROR", Message: "an error of the program; its log tells more"}
	if got.Error == nil || *got.Error != want {
		t.Errorf("run failed with %+v, want %+v", got.Error, want)
	}
	if got.RecordsDone != 100 {
		t.Errorf("%d records done, want those of the page before the panic", got.RecordsDone)
	}
	w.await(t, good.ID, pipeline.RunCompleted)
	eventually(t, "the job of the failed run is closed", func() bool { return w.jobs(t, bad.ID)[0] == "completed" })
	eventually(t, "both turns are counted", func() bool {
		n := turns(t, metrics)
		return n["failed"] == 1 && n["completed"] == 1 && len(n) == 2
	})
}

// turns are the counted turns by outcome.
func turns(t testing.TB, metrics prometheus.Gatherer) map[string]float64 {
	t.Helper()
	families, err := metrics.Gather()
	check(t, err)
	n := map[string]float64{}
	for _, f := range families {
		if f.GetName() != "candlewright_runs_turns_total" {
			continue
		}
		for _, m := range f.GetMetric() {
			n[m.GetLabel()[0].GetValue()] = m.GetCounter().GetValue()
		}
	}
	return n
}

func TestManualRunsComeFirst(t *testing.T) {
	t.Parallel()
	f := &feed{rows: 1000}
	w := newWorld(t, f)
	order := []struct {
		ticker  string
		trigger pipeline.RunTrigger
	}{
		{"BACKFILL", pipeline.TriggerBackfill},
		{"REPAIR", pipeline.TriggerRepair},
		{"SCHEDULE", pipeline.TriggerSchedule},
		{"MANUAL", pipeline.TriggerManual},
	}
	var ids []int64
	for _, o := range order {
		ids = append(ids, w.enqueue(t, market.Symbol{Ticker: o.ticker, Class: market.Crypto}, o.trigger).ID)
	}
	cfg := w.quick()
	cfg.Runs = 1
	w.work(t, cfg)
	for _, id := range ids {
		w.await(t, id, pipeline.RunCompleted)
	}
	same(t, "order", f.asked(), []string{"MANUAL", "SCHEDULE", "REPAIR", "BACKFILL"})
}

// enqueue makes and queues a run of 1d with any trigger.
func (w *world) enqueue(t testing.TB, name market.Symbol, trigger pipeline.RunTrigger) pipeline.Run {
	t.Helper()
	var run pipeline.Run
	check(t, w.store.InTx(t.Context(), func(tx *store.Tx) error {
		sym, err := tx.TrackSymbol(t.Context(), store.Tracking{Symbol: name, Timeframes: []market.Timeframe{market.D1}}, atStart)
		if err != nil {
			return err
		}
		run, err = tx.CreateRun(t.Context(), pipeline.Run{
			SymbolID: sym.ID, JobID: uuid.New(), Trigger: trigger, Timeframes: []market.Timeframe{market.D1},
			From: atStart.AddDate(0, 0, -30), To: atStart, RequestedBy: "test", MaxAttempts: 3, CreatedAt: atStart,
		})
		if err != nil {
			return err
		}
		return w.queue.Enqueue(t.Context(), tx, run)
	}))
	return run
}

func TestImportIsNotQueued(t *testing.T) {
	t.Parallel()
	w := newWorld(t, &feed{})
	err := w.store.InTx(t.Context(), func(tx *store.Tx) error {
		return w.queue.Enqueue(t.Context(), tx, pipeline.Run{ID: 1, Trigger: pipeline.TriggerImport})
	})
	if err == nil {
		t.Error("an import was queued")
	}
}

func TestRunThatIsRolledBackHasNoJob(t *testing.T) {
	t.Parallel()
	w := newWorld(t, &feed{})
	_ = w.store.InTx(t.Context(), func(tx *store.Tx) error {
		check(t, w.queue.Enqueue(t.Context(), tx, pipeline.Run{ID: 17, Trigger: pipeline.TriggerManual}))
		return context.Canceled
	})
	same(t, "jobs", w.jobs(t, 17), []string{})
}

func TestJobOfRunThatDoesNotExistIsDropped(t *testing.T) {
	t.Parallel()
	w := newWorld(t, &feed{})
	check(t, w.store.InTx(t.Context(), func(tx *store.Tx) error {
		return w.queue.Enqueue(t.Context(), tx, pipeline.Run{ID: 4711, Trigger: pipeline.TriggerManual})
	}))
	w.work(t, w.quick())
	eventually(t, "the job is dropped", func() bool { return w.jobs(t, 4711)[0] == "cancelled" })
}

// TestRunBeginsAtOnce holds that workers hear of a new job: the best of a few
// runs begins much sooner than polling would find it.
func TestRunBeginsAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, &feed{rows: 1000})
	w.work(t, w.quick())
	best := time.Hour
	for _, ticker := range []string{"BTC", "ETH", "SOL", "XRP", "ADA"} {
		begin := time.Now()
		run := w.trigger(t, market.Symbol{Ticker: ticker, Class: market.Crypto}, market.D1)
		eventually(t, "the run began", func() bool { return w.run(t, run.ID).Status != pipeline.RunQueued })
		best = min(best, time.Since(begin))
		w.await(t, run.ID, pipeline.RunCompleted)
	}
	t.Logf("the fastest began after %v", best.Round(time.Millisecond))
	if best > 300*time.Millisecond {
		t.Errorf("the fastest began after %v: as if it had been found by polling", best)
	}
}
