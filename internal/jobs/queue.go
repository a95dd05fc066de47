package jobs

import (
	"context"
	"fmt"
	"log/slog"
	"strconv"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivertype"

	"github.com/candlewright/candlewright/internal/fault"
	"github.com/candlewright/candlewright/internal/pipeline"
	"github.com/candlewright/candlewright/internal/store"
)

const (
	queueName = "runs"
	runKind   = "run"

	// maxAttempts of a job. It is repeated every half minute at the latest, so
	// this is some eight hours of a trouble that is not the run's own.
	maxAttempts = 1000

	// claimTime is how long a worker may take from taking a job to holding the
	// locks of its run, before it counts as dead. It takes some milliseconds; to
	// take a living one for dead costs a job and harms nothing.
	claimTime = 2 * time.Second
)

// runArgs is the order to carry out a run.
type runArgs struct {
	RunID int64     `json:"run_id"`
	JobID uuid.UUID `json:"job_id"` // of the run, for who reads the queue
	// Replaces is the row of River in whose place this job stands because its
	// worker died; 0 is none. Of several that replace one row only one is made.
	Replaces int64 `json:"replaces,omitempty"`
}

// Kind is the word by which River knows these jobs.
func (runArgs) Kind() string { return runKind }

// Queue puts runs into the queue; it works none. It is safe for concurrent use.
type Queue struct {
	client *river.Client[pgx.Tx]
	claim  time.Duration
}

// NewQueue makes a queue on the pool of a migrated database. It has nothing that
// would have to be closed.
func NewQueue(pool *pgxpool.Pool) (*Queue, error) {
	client, err := river.NewClient(riverpgxv5.New(pool), &river.Config{
		FetchCooldown: fetchCooldown, // also the least time between two notifications that jobs have come
		Logger:        slog.New(slog.DiscardHandler),
	})
	if err != nil {
		return nil, fmt.Errorf("make the queue: %w", err)
	}
	return &Queue{client: client, claim: claimTime}, nil
}

// Enqueue queues a run in the transaction tx. Of a run that is in progress it
// makes a new job unless one waits already, and has the worker of an old one,
// should it live after all, let go of the run.
func (q *Queue) Enqueue(ctx context.Context, tx *store.Tx, run pipeline.Run) error {
	priority, err := priorityOf(run.Trigger)
	if err != nil {
		return err
	}
	if run.Status == pipeline.RunInProgress {
		waits, err := q.release(ctx, tx.Raw(), run.ID)
		if err != nil {
			return fmt.Errorf("release run %s: %w", run.JobID, fault.Database(ctx, err))
		}
		if waits {
			return nil
		}
	}
	if err := insert(ctx, q.client, tx.Raw(), runArgs{RunID: run.ID, JobID: run.JobID}, priority); err != nil {
		return fmt.Errorf("queue run %s: %w", run.JobID, fault.Database(ctx, err))
	}
	return nil
}

// insert makes a job. A second one with the same Replaces is not made.
func insert(ctx context.Context, client *river.Client[pgx.Tx], tx pgx.Tx, args runArgs, priority int) error {
	_, err := client.InsertTx(ctx, tx, args, &river.InsertOpts{
		Queue: queueName, Priority: priority, MaxAttempts: maxAttempts,
		UniqueOpts: river.UniqueOpts{ByArgs: args.Replaces != 0},
	})
	return err
}

// release cancels the jobs of a run that count as running though nobody is at
// it, and reports whether another one waits.
func (q *Queue) release(ctx context.Context, tx pgx.Tx, runID int64) (waits bool, err error) {
	ofRun := river.NewJobListParams().Kinds(runKind).
		Where("args @> @run::jsonb", river.NamedArgs{"run": `{"run_id": ` + strconv.FormatInt(runID, 10) + `}`})
	// A job that was taken a moment ago waits too, for its worker to begin.
	alive, err := q.client.JobListTx(ctx, tx, ofRun.States(append(waiting(), rivertype.JobStateRunning)...).First(1).
		Where("state <> 'running' OR NOT "+takenBefore, takenArgs(q.claim)))
	if err != nil {
		return false, err
	}
	dead, err := q.client.JobListTx(ctx, tx, ofRun.States(rivertype.JobStateRunning).Where(takenBefore, takenArgs(q.claim)))
	if err != nil {
		return false, err
	}
	for _, job := range dead.Jobs {
		if _, err := q.client.JobCancelTx(ctx, tx, job.ID); err != nil {
			return false, err
		}
	}
	return len(alive.Jobs) > 0, nil
}

// takenBefore holds for the rows of River that were taken longer ago than
// takenArgs says. River stamps them with the database's clock, so the database
// compares.
const takenBefore = "(attempted_at < now() - @claim * interval '1 second')"

func takenArgs(claim time.Duration) river.NamedArgs { return river.NamedArgs{"claim": claim.Seconds()} }

// waiting are the states of a job that a worker will take up sooner or later.
func waiting() []rivertype.JobState {
	return []rivertype.JobState{
		rivertype.JobStateAvailable, rivertype.JobStatePending, rivertype.JobStateRetryable, rivertype.JobStateScheduled,
	}
}

// priorityOf is a run's rank in the queue, 1 first: somebody waits for a manual
// run, a scheduled one keeps data fresh, a repair makes them whole, and a
// backfill has time.
func priorityOf(t pipeline.RunTrigger) (int, error) {
	switch t {
	case pipeline.TriggerManual:
		return 1, nil
	case pipeline.TriggerSchedule:
		return 2, nil
	case pipeline.TriggerRepair:
		return 3, nil
	case pipeline.TriggerBackfill:
		return 4, nil
	default: // an import reads files of its own process
		return 0, fmt.Errorf("a run with the trigger %q cannot be queued: want manual, schedule, repair or backfill", t)
	}
}
