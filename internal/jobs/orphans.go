package jobs

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"github.com/candlewright/candlewright/internal/enrich"
	"github.com/candlewright/candlewright/internal/pipeline"
)

// rowsAtOnce is how many of River's rows one look of the watch deals with.
const rowsAtOnce = 500

// orphanWatch finds what a dead worker left behind: runs that nobody carries
// out, and rows of River that nobody will close.
type orphanWatch struct {
	pool    *pgxpool.Pool
	client  *river.Client[pgx.Tx]
	service *enrich.Service
	worker  *worker
	claim   time.Duration // as claimTime
	log     *slog.Logger
}

// look is one look.
func (o *orphanWatch) look(ctx context.Context) error {
	found, err := o.service.TakeUpOrphans(ctx)
	if found.Interrupted > 0 {
		o.log.WarnContext(ctx, "imports were left by their process and have ended as failed", "runs", found.Interrupted)
	}
	if err != nil {
		return fmt.Errorf("take up orphans: %w", err)
	}
	return o.rows(ctx)
}

// rows goes through the jobs that River counts as running and that are not at
// work here: those of dead workers among them.
func (o *orphanWatch) rows(ctx context.Context) error {
	list, err := o.client.JobList(ctx, river.NewJobListParams().Kinds(runKind).States(rivertype.JobStateRunning).First(rowsAtOnce).
		Where("NOT metadata ? 'cancel_attempted_at'").
		Where(takenBefore, takenArgs(o.claim)))
	if err != nil {
		return fmt.Errorf("list running jobs: %w", err)
	}
	runOf := make(map[int64]runArgs, len(list.Jobs)) // by River's id
	ids := make([]int64, 0, len(list.Jobs))
	for _, job := range list.Jobs {
		if o.worker.has(job.ID) {
			continue
		}
		args, err := decode(job)
		if err != nil {
			return err
		}
		runOf[job.ID] = args
		ids = append(ids, args.RunID)
	}
	if len(ids) == 0 {
		return nil
	}
	states, err := o.service.StatusOfRuns(ctx, ids)
	if err != nil {
		return fmt.Errorf("read the runs of running jobs: %w", err)
	}
	return o.settle(ctx, list.Jobs, runOf, states)
}

// settle deals with rows that may be those of dead workers.
func (o *orphanWatch) settle(ctx context.Context, jobs []*rivertype.JobRow, runOf map[int64]runArgs, states map[int64]pipeline.RunStatus) error {
	for _, job := range jobs {
		args, mayBeDead := runOf[job.ID]
		if !mayBeDead {
			continue
		}
		switch status, exists := states[args.RunID]; {
		case exists && status == pipeline.RunInProgress: // its locks tell whether somebody is at it
		case exists && status == pipeline.RunQueued:
			if err := o.replace(ctx, job, args); err != nil {
				return fmt.Errorf("replace job %d of run %s: %w", job.ID, args.JobID, err)
			}
			o.log.WarnContext(ctx, "run queued again; the worker that had taken it is gone", "job_id", args.JobID.String())
		default: // nothing is left to do; River's rescuer closes what is marked so
			if _, err := o.client.JobCancel(ctx, job.ID); err != nil {
				return fmt.Errorf("close job %d of run %s: %w", job.ID, args.JobID, err)
			}
		}
	}
	return nil
}

// replace puts a new job in the place of a dead one. Processes that do so at the
// same time make one.
func (o *orphanWatch) replace(ctx context.Context, job *rivertype.JobRow, args runArgs) error {
	args.Replaces = job.ID
	return pgx.BeginFunc(ctx, o.pool, func(tx pgx.Tx) error {
		if _, err := o.client.JobCancelTx(ctx, tx, job.ID); err != nil {
			return err
		}
		return insert(ctx, o.client, tx, args, job.Priority)
	})
}
