package enrich

import (
	"context"
	"time"

	"github.com/candlewright/candlewright/internal/fault"
	"github.com/candlewright/candlewright/internal/market"
	"github.com/candlewright/candlewright/internal/pipeline"
	"github.com/candlewright/candlewright/internal/store"
)

// Schedule is a time of day in UTC at which every scheduled symbol is started.
type Schedule struct{ Hour, Minute int }

// Daily is the default schedule.
var Daily = Schedule{Hour: 1, Minute: 30}

// scheduleName is the row that says when the schedule was last carried out.
const scheduleName = "daily"

// Next is the first start after t.
func (c Schedule) Next(t time.Time) time.Time {
	start := c.on(t)
	if !start.After(t) {
		start = start.AddDate(0, 0, 1)
	}
	return start
}

// Last is the last start at or before t.
func (c Schedule) Last(t time.Time) time.Time {
	start := c.on(t)
	if start.After(t) {
		start = start.AddDate(0, 0, -1)
	}
	return start
}

func (c Schedule) on(t time.Time) time.Time {
	y, m, d := t.UTC().Date()
	return time.Date(y, m, d, c.Hour, c.Minute, 0, 0, time.UTC)
}

func (c Schedule) cron() string {
	return time.Date(0, 1, 1, c.Hour, c.Minute, 0, 0, time.UTC).Format("4 15") + " * * *"
}

func (s *Service) nextStart(now time.Time) time.Time { return s.schedule.Next(now) }

// Tick starts the scheduled symbols if a start has become due since the last
// one, and says how many runs it queued. Starts that were missed while nothing
// ran are caught up by one. Of processes that tick at once one does the work.
func (s *Service) Tick(ctx context.Context) (int, error) {
	now := s.now()
	due := s.schedule.Last(now)
	queued := 0
	err := s.store.InTx(ctx, func(tx *store.Tx) error {
		queued = 0
		// On a new installation this start counts as made: what is tracked from now on is triggered by that.
		row, err := tx.Schedule(ctx, scheduleName)
		if fault.Is(err, fault.NotFound) || err == nil && row.Cron != s.schedule.cron() {
			row, err = tx.PutSchedule(ctx, store.Schedule{Name: scheduleName, Cron: s.schedule.cron(), TimeZone: "UTC", LastFiredAt: due})
		}
		if err != nil || !due.After(row.LastFiredAt) {
			return err
		}
		if ours, err := tx.FireSchedule(ctx, scheduleName, due); err != nil || !ours {
			return err
		}
		symbols, err := tx.ScheduledSymbols(ctx)
		if err != nil {
			return err
		}
		for _, sym := range symbols {
			made, err := s.startScheduled(ctx, tx, sym, now)
			if err != nil {
				return err
			}
			if made {
				queued++
			}
		}
		return nil
	})
	return queued, err
}

// startScheduled queues a run of a symbol's tracked timeframes, unless one that
// does it all is queued already.
func (s *Service) startScheduled(ctx context.Context, tx *store.Tx, sym pipeline.Symbol, now time.Time) (bool, error) {
	if len(sym.Timeframes) == 0 {
		return false, nil
	}
	spec := runSpec{
		trigger: pipeline.TriggerSchedule, timeframes: sym.Timeframes,
		from: (market.DateOf(now) - TriggerDays).Time(), to: now, by: "scheduler",
	}
	spec.total = expected(sym.Class, spec.timeframes, spec.from, now)
	if _, found, err := coveringRun(ctx, tx, sym.ID, spec); err != nil || found {
		return false, err
	}
	run, err := s.createRun(ctx, tx, sym, spec, now)
	if err != nil {
		return false, err
	}
	return true, s.queue.Enqueue(ctx, tx, run)
}
