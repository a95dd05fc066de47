package app

import (
	"context"
	"log/slog"
	"time"

	"github.com/candlewright/candlewright/internal/enrich"
	"github.com/candlewright/candlewright/internal/jobs"
	"github.com/candlewright/candlewright/internal/source"
	"github.com/candlewright/candlewright/internal/store"
)

// newService is the service on a database; sources nil: it runs nothing itself.
func newService(db *database, sources *source.Chain, log *slog.Logger) (*enrich.Service, error) {
	queue, err := jobs.NewQueue(db.pool)
	if err != nil {
		return nil, err
	}
	return enrich.New(enrich.Deps{
		Store: store.New(db.pool), Now: utcNow, Elapsed: elapsed(), Log: log, Sources: sources, Queue: queue,
	}), nil
}

// utcNow is the program's clock.
func utcNow() time.Time { return time.Now().UTC() }

// endInterrupted ends the imports whose process died.
func endInterrupted(ctx context.Context, service *enrich.Service, log *slog.Logger) {
	found, err := service.TakeUpOrphans(ctx)
	if err != nil {
		log.WarnContext(ctx, "look for interrupted runs", "err", err.Error())
	}
	if found.Interrupted > 0 {
		log.InfoContext(ctx, "imports were interrupted and have ended as failed", "runs", found.Interrupted)
	}
}
