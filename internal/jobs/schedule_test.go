package jobs_test

import (
	"sync"
	"testing"
	"time"

	"github.com/candlewright/candlewright/internal/market"
	"github.com/candlewright/candlewright/internal/pipeline"
)

// scheduled makes tracked symbols of which two are scheduled, and gives those.
func (w *world) scheduled(t testing.TB) []string {
	t.Helper()
	for _, ticker := range []string{"BTC", "ETH", "SOL"} {
		run := w.trigger(t, market.Symbol{Ticker: ticker, Class: market.Crypto}, market.D1)
		w.await(t, run.ID, pipeline.RunCompleted)
	}
	w.exec(t, `UPDATE symbols SET scheduled = ticker <> 'SOL'`)
	return []string{"BTC", "ETH"}
}

// runsOfSchedule are the tickers of the scheduled runs in the order of their making.
func (w *world) runsOfSchedule(t testing.TB) []string {
	t.Helper()
	return w.texts(t, `SELECT s.ticker FROM enrichment_runs r JOIN symbols s ON s.id = r.symbol_id
		WHERE r.trigger = 'schedule' ORDER BY r.created_at, s.ticker`)
}

// lastFired is the planned instant of the last start.
func (w *world) lastFired(t testing.TB) time.Time {
	t.Helper()
	var at time.Time
	check(t, w.pool.QueryRow(t.Context(), `SELECT last_fired_at FROM schedules`).Scan(&at))
	return at.UTC()
}

func TestScheduleStartsEachSymbolOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, &feed{rows: 1000})
	w.work(t, w.quick())
	tickers := w.scheduled(t)
	eventually(t, "the schedule is known", func() bool { return len(w.texts(t, `SELECT name FROM schedules`)) == 1 })
	same(t, "runs before the time", w.runsOfSchedule(t), []string{})

	w.clock.set(time.Date(2024, time.November, 14, 1, 29, 59, 0, time.UTC))
	queued, err := w.Tick(t.Context())
	check(t, err)
	same(t, "runs queued a second before the time", queued, 0)

	due := time.Date(2024, time.November, 14, 1, 30, 0, 0, time.UTC)
	w.clock.set(due)
	eventually(t, "the runs are queued", func() bool { return len(w.runsOfSchedule(t)) > 0 })
	same(t, "runs at the time", w.runsOfSchedule(t), tickers)
	same(t, "planned instant", w.lastFired(t), due)
	for _, id := range w.texts(t, `SELECT job_id::text FROM enrichment_runs WHERE trigger = 'schedule'`) {
		eventually(t, "the scheduled run completes", func() bool {
			return len(w.texts(t, `SELECT 'yes' FROM enrichment_runs WHERE job_id = $1::uuid AND status = 'completed'`, id)) == 1
		})
	}
	w.clock.set(due.Add(5 * time.Hour))
	queued, err = w.Tick(t.Context())
	check(t, err)
	same(t, "runs queued hours later", queued, 0)
	same(t, "runs hours later", w.runsOfSchedule(t), tickers)
}

func TestMissedStartsAreCaughtUpOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, &feed{rows: 1000})
	workers := w.work(t, w.quick())
	tickers := w.scheduled(t)
	eventually(t, "the schedule is known", func() bool { return len(w.texts(t, `SELECT name FROM schedules`)) == 1 })
	stop(t, workers)

	later := worldOn(t, w.pool, &feed{rows: 1000})
	later.clock.set(atStart.AddDate(0, 0, 4)) // four starts later, long after the last
	later.work(t, later.quick())
	eventually(t, "the runs are queued", func() bool { return len(later.runsOfSchedule(t)) > 0 })
	eventually(t, "the runs are done", func() bool {
		return len(w.texts(t, `SELECT 'open' FROM enrichment_runs WHERE status IN ('queued', 'in_progress')`)) == 0
	})
	same(t, "runs", later.runsOfSchedule(t), tickers)
	same(t, "planned instant", later.lastFired(t), time.Date(2024, time.November, 17, 1, 30, 0, 0, time.UTC))
}

func TestProcessesThatTickAtOnceQueueOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, &feed{rows: 1000})
	workers := w.work(t, w.quick())
	tickers := w.scheduled(t)
	eventually(t, "the schedule is known", func() bool { return len(w.texts(t, `SELECT name FROM schedules`)) == 1 })
	stop(t, workers)

	queued := make([]int, 6)
	var group sync.WaitGroup
	for i := range queued {
		process := worldOn(t, w.pool, &feed{})
		process.clock.set(atStart.AddDate(0, 0, 1))
		group.Go(func() {
			var err error
			if queued[i], err = process.Tick(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	total := 0
	for _, n := range queued {
		total += n
	}
	same(t, "runs queued by all", total, len(tickers))
	same(t, "runs", w.runsOfSchedule(t), tickers)
}
