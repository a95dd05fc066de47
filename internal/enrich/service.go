package enrich

import (
	"log/slog"
	"time"

	"github.com/candlewright/candlewright/internal/market"
	"github.com/candlewright/candlewright/internal/pipeline"
	"github.com/candlewright/candlewright/internal/source"
	"github.com/candlewright/candlewright/internal/store"
)

// Deps is what the service is made of. Store, Now, Elapsed and Log are needed;
// a service without Sources and Queue imports and answers, and runs nothing.
type Deps struct {
	Store   *store.Store
	Now     func() time.Time     // the wall clock, read once per use case
	Elapsed func() time.Duration // a monotonic clock, for how long work takes
	Log     *slog.Logger
	Sources *source.Chain
	Queue   Queue

	Schedule        Schedule
	PublishingDelay time.Duration // after a bar's end until a source can have it; taken off the lag
	MaxAttempts     int           // of a run whose failure another attempt may heal; 0 is 3
}

// Service answers and does everything that the faces offer.
type Service struct {
	store           *store.Store
	now             func() time.Time
	elapsed         func() time.Duration
	log             *slog.Logger
	sources         *source.Chain
	queue           Queue
	schedule        Schedule
	publishingDelay time.Duration
	maxAttempts     int
	hub             *hub
}

// New is a service on a store.
func New(d Deps) *Service {
	s := &Service{
		store: d.Store, now: d.Now, elapsed: d.Elapsed, log: d.Log, sources: d.Sources, queue: d.Queue,
		schedule: d.Schedule, publishingDelay: d.PublishingDelay, maxAttempts: d.MaxAttempts, hub: newHub(),
	}
	if s.schedule == (Schedule{}) {
		s.schedule = Daily
	}
	if s.maxAttempts == 0 {
		s.maxAttempts = 3
	}
	return s
}

// priority is the sources of an asset class, best first.
func (s *Service) priority(class market.AssetClass) pipeline.Priority {
	order := source.DefaultOrder()
	if s.sources != nil {
		order = s.sources.Order()
	}
	return pipeline.Priority(order[class])
}
