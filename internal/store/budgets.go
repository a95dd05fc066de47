package store

import (
	"context"
	"time"

	"github.com/candlewright/candlewright/db"
)

// Budget is what may be asked of one host of a provider: a token bucket.
type Budget struct {
	Name      string
	PerSecond float64 // weight that flows in
	Burst     float64 // weight that it holds
}

// BudgetAsk is what a process wants of a budget.
type BudgetAsk struct {
	Needed  float64 // for the call that waits
	Wanted  float64 // with the calls to come, at least Needed; only what the bucket holds is lent for them
	MaxDebt float64 // weight below nothing to which the bucket may go for Needed
}

// BudgetLease is what a process gets.
type BudgetLease struct {
	Granted     float64       // Needed to Wanted; 0 where nothing is lent
	Left        float64       // in the bucket after that
	Wait        time.Duration // until what is needed has flowed in
	PausedUntil time.Time     // zero, or when the source may be asked again
}

// LeaseBudget takes weight out of a budget that all processes share, in one
// statement; the first time it makes the budget, full. While the source is
// paused nothing is lent.
func (s *queries) LeaseBudget(ctx context.Context, b Budget, a BudgetAsk, now time.Time) (BudgetLease, error) {
	arg := db.LeaseBudgetParams{
		Name: b.Name, PerSecond: b.PerSecond, Burst: b.Burst, Needed: a.Needed, Wanted: max(a.Wanted, a.Needed), MaxDebt: a.MaxDebt, Now: now,
	}
	r, err := s.q.LeaseBudget(ctx, arg)
	if noRow(err) {
		if err := s.q.CreateBudget(ctx, db.CreateBudgetParams{Name: b.Name, Burst: b.Burst, Now: now}); err != nil {
			return BudgetLease{}, failed(ctx, "create budget", err)
		}
		r, err = s.q.LeaseBudget(ctx, arg)
	}
	if err != nil {
		return BudgetLease{}, failed(ctx, "lease budget", err)
	}
	l := BudgetLease{Granted: r.Granted, Left: r.Available - r.Granted, PausedUntil: timeOf(r.PausedUntil)}
	if short := a.Needed - r.Available; short > 0 {
		l.Wait = time.Duration(short / b.PerSecond * float64(time.Second))
	}
	return l, nil
}

// PauseBudget has nobody ask the source before until.
func (s *queries) PauseBudget(ctx context.Context, b Budget, until, now time.Time) error {
	err := s.q.PauseBudget(ctx, db.PauseBudgetParams{Name: b.Name, Burst: b.Burst, Now: now, Until: until})
	return failed(ctx, "pause budget", err)
}
