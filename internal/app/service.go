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

// openService opens the database and the service on it, with the sources that
// are switched on. Close the database.
func (g *globals) openService(ctx context.Context, term *terminal, log *slog.Logger, f *sourceFlags) (*database, *enrich.Service, error) {
	db, err := g.openDatabase(ctx, term, log)
	if err != nil {
		return nil, nil, err
	}
	service, err := f.serviceOn(db, log)
	if err != nil {
		db.close(log)
		return nil, nil, err
	}
	return db, service, nil
}

// serviceOn is the service on a database with the sources that are switched on.
func (f *sourceFlags) serviceOn(db *database, log *slog.Logger) (*enrich.Service, error) {
	chain, err := f.chainOn(db, log)
	if err != nil {
		return nil, err
	}
	return newService(db, chain, log)
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
