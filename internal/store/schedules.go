package store

import (
	"context"
	"time"

	"github.com/candlewright/candlewright/db"
	"github.com/candlewright/candlewright/internal/fault"
)

// Schedule is when the scheduler starts runs.
type Schedule struct {
	Name        string
	Cron        string // five fields
	TimeZone    string // IANA name
	LastFiredAt time.Time
}

func scheduleOf(r db.Schedule) Schedule {
	return Schedule{Name: r.Name, Cron: r.Cron, TimeZone: r.TimeZone, LastFiredAt: r.LastFiredAt.UTC()}
}

// Schedule is the schedule of that name.
func (s *queries) Schedule(ctx context.Context, name string) (Schedule, error) {
	r, err := s.q.ScheduleNamed(ctx, name)
	return scheduleOf(r), found(ctx, "read schedule", err, fault.NoSuch("There is no schedule %q", name))
}

// PutSchedule sets the plan of a schedule. A new one counts as fired at
// LastFiredAt; one that is known keeps the instant at which it last fired.
func (s *queries) PutSchedule(ctx context.Context, sc Schedule) (Schedule, error) {
	r, err := s.q.PutSchedule(ctx, db.PutScheduleParams{Name: sc.Name, Cron: sc.Cron, TimeZone: sc.TimeZone, Now: sc.LastFiredAt})
	return scheduleOf(r), failed(ctx, "write schedule", err)
}

// FireSchedule says that a schedule fires for a planned instant. Of several who
// say so, exactly one is told true, and it starts the runs in the same
// transaction.
func (s *queries) FireSchedule(ctx context.Context, name string, planned time.Time) (bool, error) {
	n, err := s.q.FireSchedule(ctx, db.FireScheduleParams{Name: name, PlannedAt: planned})
	return n == 1, failed(ctx, "fire schedule", err)
}
