package jobs_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/candlewright/candlewright/internal/jobs"
	"github.com/candlewright/candlewright/internal/market"
	"github.com/candlewright/candlewright/internal/pipeline"
)

func newWorkers(t *testing.T) (*world, *jobs.Workers) {
	t.Helper()
	w := newWorld(t, &feed{rows: 1000})
	workers, err := jobs.NewWorkers(w.pool, w.Service, w.quick())
	check(t, err)
	return w, workers
}

func TestStopBeforeStart(t *testing.T) {
	t.Parallel()
	_, workers := newWorkers(t)
	check(t, workers.Stop(t.Context()))
	check(t, workers.Stop(t.Context()))
	if err := workers.Start(t.Context()); !errors.Is(err, jobs.ErrStopped) {
		t.Errorf("start after stop gave %v, want %v", err, jobs.ErrStopped)
	}
}

func TestStartTwice(t *testing.T) {
	t.Parallel()
	_, workers := newWorkers(t)
	check(t, workers.Start(t.Context()))
	if err := workers.Start(t.Context()); err == nil {
		t.Error("the second start gave no error")
	}
	stop(t, workers)
}

func TestStopByMany(t *testing.T) {
	t.Parallel()
	for range 5 {
		_, workers := newWorkers(t)
		check(t, workers.Start(t.Context()))
		var group sync.WaitGroup
		for range 4 {
			group.Go(func() {
				if err := workers.Stop(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
		group.Wait()
	}
}

func TestStopGivesUpWaitingWithItsContext(t *testing.T) {
	t.Parallel()
	_, workers := newWorkers(t)
	check(t, workers.Start(t.Context()))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := workers.Stop(ctx); err != nil && !errors.Is(err, context.Canceled) {
		t.Errorf("stop gave %v", err)
	}
	stop(t, workers) // and it can be waited for again
}

func TestStartNeedsTheDatabase(t *testing.T) {
	t.Parallel()
	w, workers := newWorkers(t)
	w.pool.Close()
	if err := workers.Start(t.Context()); err == nil {
		t.Error("the start without a database gave no error")
	}
	check(t, workers.Stop(t.Context()))
}

func TestWorkOutlivesTheContextOfStart(t *testing.T) {
	t.Parallel()
	w, workers := newWorkers(t)
	ctx, cancel := context.WithCancel(t.Context())
	check(t, workers.Start(ctx))
	cancel()
	w.await(t, w.trigger(t, btc, market.D1).ID, pipeline.RunCompleted)
	stop(t, workers)
}

func TestRunWorksUntilItsContextEnds(t *testing.T) {
	t.Parallel()
	w, workers := newWorkers(t)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- workers.Run(ctx) }()
	w.await(t, w.trigger(t, btc, market.D1).ID, pipeline.RunCompleted)
	cancel()
	begin := time.Now()
	check(t, receive(t, "the end of Run", ended))
	if took := time.Since(begin); took > 4*time.Second {
		t.Errorf("idle workers took %v to stop", took)
	}
}
