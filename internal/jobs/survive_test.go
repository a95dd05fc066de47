package jobs_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/candlewright/candlewright/internal/enrich"
	"github.com/candlewright/candlewright/internal/market"
	"github.com/candlewright/candlewright/internal/pipeline"
	"github.com/candlewright/candlewright/internal/postgres"
	"github.com/candlewright/candlewright/internal/postgres/pgtest"
	"github.com/candlewright/candlewright/internal/source"
)

// undisturbed is what runs of BTC leave behind that nothing interferes with.
func undisturbed(t *testing.T, rows int, tfs ...market.Timeframe) *world {
	t.Helper()
	w := newWorld(t, &feed{rows: rows})
	w.work(t, w.quick())
	w.await(t, w.trigger(t, btc, tfs...).ID, pipeline.RunCompleted)
	return w
}

// sameAs holds that a world has what an undisturbed one has, and fetched nothing
// twice.
func (w *world) sameAs(t *testing.T, want *world) {
	t.Helper()
	same(t, "contents of the database", w.contents(t), want.contents(t))
	same(t, "ranges fetched", w.stored(t), want.stored(t))
}

func TestStoppedWorkerHandsItsRunBack(t *testing.T) {
	t.Parallel()
	want := undisturbed(t, 50, market.D1)
	held, release := make(chan struct{}, 1), make(chan struct{})
	w := newWorld(t, &feed{rows: 50, turn: func(ctx context.Context, _ source.Request, page int) error {
		if page == 3 {
			held <- struct{}{}
			return hold(ctx, release)
		}
		return nil
	}})
	cfg := w.quick()
	cfg.Grace = 100 * time.Millisecond
	workers := w.work(t, cfg)
	run := w.trigger(t, btc, market.D1)
	receive(t, "the fourth page", held)
	stop(t, workers)

	same(t, "jobs after the stop", w.jobs(t, run.ID), []string{"available"})
	if got := w.run(t, run.ID); got.Status != pipeline.RunInProgress || got.RecordsDone != 150 {
		t.Errorf("after the stop the run is %s with %d records done, want in_progress with 150", got.Status, got.RecordsDone)
	}
	close(release)
	other := worldOn(t, w.pool, &feed{rows: 50})
	other.work(t, other.quick())
	other.await(t, run.ID, pipeline.RunCompleted)
	other.sameAs(t, want)
	same(t, "jobs at the end", len(w.jobs(t, run.ID)), 1)
}

// TestStopLetsThePageBeStored stops while the second page is on its way: it is
// stored, the third is not asked for, and nobody waits for the grace to be over.
func TestStopLetsThePageBeStored(t *testing.T) {
	t.Parallel()
	held, release := make(chan struct{}, 1), make(chan struct{})
	w := newWorld(t, &feed{rows: 100, turn: func(ctx context.Context, _ source.Request, page int) error {
		if page == 1 {
			held <- struct{}{}
			return hold(ctx, release)
		}
		return nil
	}})
	workers := w.work(t, w.quick())
	run := w.trigger(t, btc, market.D1)
	receive(t, "the second page", held)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	begin := time.Now()
	if err := workers.Stop(ctx); !errors.Is(err, context.Canceled) {
		t.Fatalf("stop gave %v, though a page is on its way", err)
	}
	close(release)
	stop(t, workers)
	if took := time.Since(begin); took > 3*time.Second {
		t.Errorf("the stop took %v", took)
	}
	if got := w.run(t, run.ID); got.Status != pipeline.RunInProgress || got.RecordsDone != 200 {
		t.Errorf("after the stop the run is %s with %d records done, want in_progress with 200", got.Status, got.RecordsDone)
	}
	same(t, "jobs", w.jobs(t, run.ID), []string{"available"})
}

// TestKilledWorkers kills worker processes at random instants until the run is
// done in spite of that.
func TestKilledWorkers(t *testing.T) {
	t.Parallel()
	kills := 20
	if testing.Short() {
		kills = 3
	}
	const rows = 48
	want := undisturbed(t, rows, market.H1, market.D1)
	url := pgtest.NewURL(t)
	pool, err := postgres.Connect(t.Context(), url, postgres.PoolOptions{})
	check(t, err)
	t.Cleanup(pool.Close)
	w := worldOn(t, pool, &feed{rows: rows})
	run := w.trigger(t, btc, market.H1, market.D1)
	spec := processSpec{URL: url, Rows: rows, Pause: 3 * time.Millisecond}

	killed := 0
	for ; killed < kills && !w.run(t, run.ID).Status.Ended(); killed++ {
		p := startProcess(t, spec)
		check(t, (pauser{rand.N(400 * time.Millisecond)}).wait(t.Context()))
		p.kill(t)
	}
	before := w.run(t, run.ID)
	t.Logf("after %d kills the run is %s, %d of %d records done, in attempt %d", killed, before.Status, before.RecordsDone, before.RecordsTotal, before.Attempt)
	begin := time.Now()
	last := startProcess(t, spec)
	eventually(t, "the run goes on", func() bool { return w.run(t, run.ID).RecordsDone > before.RecordsDone || before.Status.Ended() })
	t.Logf("it went on %v after the last start", time.Since(begin).Round(time.Millisecond))
	w.await(t, run.ID, pipeline.RunCompleted)
	last.end(t)
	w.sameAs(t, want)
}

// TestOtherProcessTakesOver kills a worker while another process waits for work.
func TestOtherProcessTakesOver(t *testing.T) {
	t.Parallel()
	const rows = 48
	want := undisturbed(t, rows, market.H1)
	url := pgtest.NewURL(t)
	pool, err := postgres.Connect(t.Context(), url, postgres.PoolOptions{})
	check(t, err)
	t.Cleanup(pool.Close)
	w := worldOn(t, pool, &feed{rows: rows})
	run := w.trigger(t, btc, market.H1)
	p := startProcess(t, processSpec{URL: url, Rows: rows, Pause: 20 * time.Millisecond})
	eventually(t, "the run is on its way", func() bool { return w.run(t, run.ID).RecordsDone > 0 })

	w.work(t, w.quick())
	p.kill(t)
	killed, done := time.Now(), w.run(t, run.ID).RecordsDone
	eventually(t, "the run goes on", func() bool { return w.run(t, run.ID).RecordsDone > done })
	t.Logf("the run went on %v after its worker was killed", time.Since(killed).Round(time.Millisecond))
	w.await(t, run.ID, pipeline.RunCompleted)
	w.sameAs(t, want)
}

// TestWorkerKilledBeforeItsRunBegan is the death between the two statements that
// take a job and begin its run.
func TestWorkerKilledBeforeItsRunBegan(t *testing.T) {
	t.Parallel()
	w := newWorld(t, &feed{rows: 1000})
	run := w.trigger(t, btc, market.D1)
	w.exec(t, `UPDATE river_job SET state = 'running', attempt = 1, attempted_at = now() - interval '10 seconds', attempted_by = '{dead}'`)
	w.work(t, w.quick())
	other := worldOn(t, w.pool, &feed{rows: 1000})
	other.work(t, other.quick())
	w.await(t, run.ID, pipeline.RunCompleted)
	eventually(t, "the new job is done", func() bool { return len(w.jobs(t, run.ID)) == 2 && w.jobs(t, run.ID)[1] == "completed" })
	same(t, "jobs", w.jobs(t, run.ID), []string{"running", "completed"})
	same(t, "marked for River's rescuer", w.texts(t, `SELECT 'yes' FROM river_job WHERE state = 'running' AND metadata ? 'cancel_attempted_at'`), []string{"yes"})
}

// TestWorkerKilledAfterItsRunEnded is the death before River heard of the end,
// and the rescue of that row much later.
func TestWorkerKilledAfterItsRunEnded(t *testing.T) {
	t.Parallel()
	f := &feed{rows: 1000}
	w := newWorld(t, f)
	workers := w.work(t, w.quick())
	run := w.trigger(t, btc, market.D1)
	w.await(t, run.ID, pipeline.RunCompleted)
	stop(t, workers)
	asked := len(f.asked())

	w.exec(t, `UPDATE river_job SET state = 'running', finalized_at = NULL, attempted_at = now() - interval '10 seconds'`)
	again := worldOn(t, w.pool, f)
	workers = again.work(t, again.quick())
	eventually(t, "the row is marked", func() bool {
		return len(w.texts(t, `SELECT state::text FROM river_job WHERE metadata ? 'cancel_attempted_at'`)) == 1
	})
	stop(t, workers)

	w.exec(t, `UPDATE river_job SET state = 'available', metadata = '{}'`) // as if it were rescued
	third := worldOn(t, w.pool, f)
	third.work(t, third.quick())
	eventually(t, "the job is done", func() bool { return w.jobs(t, run.ID)[0] == "completed" })
	if n := len(f.asked()); n != asked {
		t.Errorf("the source was asked %d times for a run that had ended", n-asked)
	}
}

// TestConnectionsAreCut cuts every connection to the database in the middle of
// a run, that of its lock among them.
func TestConnectionsAreCut(t *testing.T) {
	t.Parallel()
	const rows = 48
	want := undisturbed(t, rows, market.H1)
	url := pgtest.NewURL(t)
	pool, err := postgres.Connect(t.Context(), url, postgres.PoolOptions{})
	check(t, err)
	t.Cleanup(pool.Close)
	worker := worldOn(t, pool, &feed{rows: rows, pause: 5 * time.Millisecond})
	worker.work(t, worker.quick())
	w := worldOn(t, spectators(t, url), &feed{})
	run := w.trigger(t, btc, market.H1)
	for cut := range 2 {
		at := int64(1000 + 2000*cut)
		eventually(t, "the run is on its way", func() bool { return w.run(t, run.ID).RecordsDone > at })
		w.exec(t, `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND application_name <> $1`, spectator)
	}
	w.await(t, run.ID, pipeline.RunCompleted)
	w.sameAs(t, want)
}

// spectator is the name of connections that a test keeps.
const spectator = "spectator"

func spectators(t testing.TB, url string) *pgxpool.Pool {
	t.Helper()
	cfg, err := pgxpool.ParseConfig(url)
	check(t, err)
	cfg.ConnConfig.RuntimeParams["application_name"] = spectator
	cfg.ConnConfig.RuntimeParams["timezone"] = "UTC"
	pool, err := pgxpool.NewWithConfig(t.Context(), cfg)
	check(t, err)
	t.Cleanup(pool.Close)
	return pool
}

// TestWorkerLosesItsLock cuts the connection of the lock alone, while the worker
// waits for its source and notices nothing.
func TestWorkerLosesItsLock(t *testing.T) {
	t.Parallel()
	want := undisturbed(t, 50, market.D1)
	held, left := make(chan struct{}, 1), make(chan struct{})
	var times atomic.Int32
	w := newWorld(t, &feed{rows: 50, turn: func(ctx context.Context, _ source.Request, page int) error {
		if page != 3 || times.Add(1) > 1 {
			return nil
		}
		held <- struct{}{}
		<-ctx.Done()
		close(left)
		return context.Cause(ctx)
	}})
	w.work(t, w.quick())
	run := w.trigger(t, btc, market.D1)
	receive(t, "the fourth page", held)
	other := worldOn(t, w.pool, &feed{rows: 50})
	other.work(t, other.quick())

	w.exec(t, `SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`)
	receive(t, "the first worker to let go", left)
	w.await(t, run.ID, pipeline.RunCompleted)
	w.sameAs(t, want)
	eventually(t, "the first job is closed", func() bool { return w.jobs(t, run.ID)[0] == "cancelled" })
}

// TestZombieWritesNothing is a worker that lost its lock, does not hear that
// another has its run, and comes back with a page when that one is done.
func TestZombieWritesNothing(t *testing.T) {
	t.Parallel()
	want := undisturbed(t, 50, market.D1)
	held, release := make(chan struct{}, 1), make(chan struct{})
	w := newWorld(t, &feed{rows: 50, turn: func(_ context.Context, _ source.Request, page int) error {
		if page == 3 {
			held <- struct{}{}
			<-release
		}
		return nil
	}})
	run := w.trigger(t, btc, market.D1)
	executed := make(chan error, 1)
	go func() { executed <- w.Execute(t.Context(), run.ID, nil) }()
	receive(t, "the fourth page", held)
	w.exec(t, `UPDATE river_job SET state = 'running', attempt = 1, attempted_at = now() - interval '10 seconds', attempted_by = '{zombie}'`)
	w.exec(t, `SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`)
	going := make(chan struct{}, 1)
	goOn := make(chan struct{})
	other := worldOn(t, w.pool, &feed{rows: 50, turn: func(ctx context.Context, _ source.Request, page int) error {
		if page == 2 {
			going <- struct{}{}
			return hold(ctx, goOn)
		}
		return nil
	}})
	other.work(t, other.quick())
	receive(t, "the other worker", going)

	close(release)
	if err := receive(t, "the end of the zombie", executed); !errors.Is(err, enrich.ErrTakenOver) {
		t.Errorf("the zombie ended with %v, want %v", err, enrich.ErrTakenOver)
	}
	same(t, "status", other.run(t, run.ID).Status, pipeline.RunInProgress)
	close(goOn)
	other.await(t, run.ID, pipeline.RunCompleted)
	other.sameAs(t, want)
}
