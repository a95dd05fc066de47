package jobs

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"

	"github.com/candlewright/candlewright/internal/enrich"
)

const (
	fetchCooldown     = 20 * time.Millisecond // River's own would take at most 10 jobs a second where each is short
	fetchPollInterval = time.Second           // where the notification of a job was lost
	rescueAfter       = time.Hour
	stopMargin        = 10 * time.Second // for Run, on top of the grace: to write what was done
)

// Config is how a process works. The zero value of each field is its default.
type Config struct {
	Runs    int                   // carried out at a time by this process; 4
	Grace   time.Duration         // for which runs may go on after Stop before they are handed back; 10 s
	Orphans time.Duration         // between two looks for what dead workers left; 2 s
	Ticks   time.Duration         // between two looks at the schedule; 1 s
	Log     *slog.Logger          // silence
	Metrics prometheus.Registerer // none

	claim time.Duration // claimTime
}

func (c Config) orDefault() Config {
	orDefault(&c.Runs, 4)
	orDefault(&c.Grace, 10*time.Second)
	orDefault(&c.Orphans, 2*time.Second)
	orDefault(&c.Ticks, time.Second)
	orDefault(&c.claim, claimTime)
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return c
}

func orDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

// Workers carry out queued runs, look after those of dead workers and tick the
// schedule. Any number of processes may do so on one database.
//
// They are started once. Stop may be called at any time and any number of times,
// by several goroutines; before Start it makes Start fail with ErrStopped.
type Workers struct {
	pool   *pgxpool.Pool
	client *river.Client[pgx.Tx]
	cfg    Config
	chores []chore

	mu      sync.Mutex
	state   state
	pause   chan struct{} // closed by Stop
	endLoop context.CancelFunc
	loops   sync.WaitGroup
	stopped chan struct{} // closed when nothing of the workers runs any more
}

type state int

const (
	fresh state = iota
	started
	stopping
)

// ErrStopped is what Start gives after Stop.
var ErrStopped = errors.New("the workers were stopped")

// errStarted is what Start gives the second time.
var errStarted = errors.New("the workers are started already")

// NewWorkers makes the workers of a process. Nothing runs before Start. The pool
// needs two connections beside those that the runs use.
func NewWorkers(pool *pgxpool.Pool, service *enrich.Service, cfg Config) (*Workers, error) {
	cfg = cfg.orDefault()
	counts := newCounts(cfg.Metrics)
	w := &worker{service: service, log: cfg.Log, counts: counts, atWork: make(map[int64]bool), pause: make(chan struct{})}
	bundle := river.NewWorkers()
	if err := river.AddWorkerSafely(bundle, w); err != nil {
		return nil, fmt.Errorf("make the workers: %w", err)
	}
	client, err := river.NewClient(riverpgxv5.New(pool), &river.Config{
		Queues:               map[string]river.QueueConfig{queueName: {MaxWorkers: cfg.Runs}},
		Workers:              bundle,
		FetchCooldown:        fetchCooldown,
		FetchPollInterval:    fetchPollInterval,
		JobTimeout:           -1,
		RescueStuckJobsAfter: rescueAfter,
		SoftStopTimeout:      cfg.Grace,
		Logger:               riverLogger(cfg.Log),
	})
	if err != nil {
		return nil, fmt.Errorf("make the workers: %w", err)
	}
	watch := &orphanWatch{pool: pool, client: client, service: service, worker: w, claim: cfg.claim, log: cfg.Log}
	return &Workers{pool: pool, client: client, cfg: cfg, pause: w.pause, stopped: make(chan struct{}), chores: []chore{
		{name: "watch for orphans", every: cfg.Orphans, do: watch.look, log: cfg.Log},
		{name: "tick the schedule", every: cfg.Ticks, do: ticker(service, cfg.Log), log: cfg.Log},
	}}, nil
}

// ticker starts scheduled runs that have become due.
func ticker(service *enrich.Service, log *slog.Logger) func(context.Context) error {
	return func(ctx context.Context) error {
		queued, err := service.Tick(ctx)
		if queued > 0 {
			log.InfoContext(ctx, "scheduled runs queued", "runs", queued)
		}
		return err
	}
}

// Start begins to work, or gives an error with nothing running. ctx bounds the
// start alone: what was started goes on when ctx ends, until Stop.
func (w *Workers) Start(ctx context.Context) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch w.state {
	case started:
		return errStarted
	case stopping:
		return ErrStopped
	case fresh:
	}
	if err := w.pool.Ping(ctx); err != nil { // River's start would not heed the deadline of ctx
		return fmt.Errorf("start the workers: %w", err)
	}
	lasting := context.WithoutCancel(ctx)
	if err := w.client.Start(lasting); err != nil {
		return fmt.Errorf("start the workers: %w", err)
	}
	lasting, w.endLoop = context.WithCancel(lasting)
	for _, c := range w.chores {
		w.loops.Go(func() { c.run(lasting) })
	}
	w.state = started
	return nil
}

// Stop takes no more jobs, lets the runs at hand store the page that they are at,
// for which they have the grace, hands them back, and returns when nothing runs any more or,
// with its error, when ctx ends. Runs that were handed back are at once free for
// other processes.
func (w *Workers) Stop(ctx context.Context) error {
	w.mu.Lock()
	switch w.state {
	case fresh:
		close(w.stopped)
	case started:
		go w.end(context.WithoutCancel(ctx))
	case stopping:
	}
	w.state = stopping
	w.mu.Unlock()
	select {
	case <-w.stopped:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("stop the workers: %w", context.Cause(ctx))
	}
}

// end ends everything that Start began, and waits for it.
func (w *Workers) end(ctx context.Context) {
	defer close(w.stopped)
	close(w.pause)
	w.endLoop()
	if err := w.client.Stop(ctx); err != nil {
		w.cfg.Log.ErrorContext(ctx, "stop the workers", "err", err.Error())
	}
	w.loops.Wait()
}

// Run works until ctx ends, and stops then.
func (w *Workers) Run(ctx context.Context) error {
	if err := w.Start(ctx); err != nil {
		return err
	}
	w.cfg.Log.InfoContext(ctx, "workers started", "runs_at_a_time", w.cfg.Runs)
	<-ctx.Done()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), w.cfg.Grace+stopMargin)
	defer cancel()
	err := w.Stop(ctx)
	if err == nil {
		w.cfg.Log.InfoContext(ctx, "workers stopped")
	}
	return err
}
