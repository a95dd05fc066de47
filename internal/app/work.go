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
	db, err := g.openDatabase(ctx, term, log)
	if err != nil {
		return err
	}
	defer db.close(log)
	chain, err := c.chainOn(db, log)
	if err != nil {
		return err
	}
	service, err := newService(db, chain, log)
	if err != nil {
		return err
	}
	workers, err := jobs.NewWorkers(db.pool, service, jobs.Config{Runs: c.Runs, Grace: c.Grace, Log: log})
	if err != nil {
		return err
	}
	_, _ = fmt.Fprintln(term.err, "Working: queued runs are carried out.")
	return workers.Run(ctx)
}
