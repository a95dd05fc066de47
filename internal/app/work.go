package app

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/candlewright/candlewright/internal/jobs"
)

type workCmd struct {
	workFlags
	sourceFlags
}

// Run carries out queued runs until it is told to stop.
func (c *workCmd) Run(ctx context.Context, g *globals, term *terminal, log *slog.Logger) error {
	db, service, err := g.openService(ctx, term, log, &c.sourceFlags)
	if err != nil {
		return err
	}
	defer db.close(log)
	workers, err := jobs.NewWorkers(db.pool, service, jobs.Config{Runs: c.Runs, Grace: c.Grace, Log: log})
	if err != nil {
		return err
	}
	_, _ = fmt.Fprintln(term.err, "Working: queued runs are carried out.")
	return workers.Run(ctx)
}
