package app

import (
	"context"
	"log/slog"
	"time"

	"github.com/candlewright/candlewright/internal/market"
	"github.com/candlewright/candlewright/internal/source"
	"github.com/candlewright/candlewright/internal/store"
)

// ledgerTimeout is how long a call of a provider may wait for the database to
// say what may be asked; after it the process keeps to the budget by itself.
const ledgerTimeout = 2 * time.Second

// ledger is a budget of an installation in its database.
type ledger struct {
	store  *store.Store
	budget store.Budget
}

// sharedLimiters makes limiters that all processes on a database share.
func sharedLimiters(s *store.Store, log *slog.Logger) source.NewLimiter {
	return func(budget string, name market.SourceName, l source.Limits, clock source.Clock) source.Limiter {
		if l.PerMinute <= 0 {
			return source.NewBucket(name, l, clock)
		}
		b := store.Budget{Name: budget, PerSecond: float64(l.PerMinute) / 60, Burst: float64(max(l.Burst, 1))}
		return source.NewShared(name, l, ledger{s, b}, clock, log)
	}
}

// Lease implements source.Ledger.
func (l ledger) Lease(ctx context.Context, a source.LedgerAsk, now time.Time) (source.LedgerLease, error) {
	ctx, cancel := context.WithTimeout(ctx, ledgerTimeout)
	defer cancel()
	got, err := l.store.LeaseBudget(ctx, l.budget, store.BudgetAsk{
		Needed: a.Needed, Wanted: a.Wanted, MaxDebt: a.MaxWait.Seconds() * l.budget.PerSecond,
	}, now.UTC())
	return source.LedgerLease(got), err
}

// Pause implements source.Ledger. The call that was told to pause may have ended,
// and the others have to know in any case.
func (l ledger) Pause(until, now time.Time) error {
	ctx, cancel := context.WithTimeout(context.Background(), ledgerTimeout)
	defer cancel()
	return l.store.PauseBudget(ctx, l.budget, until.UTC(), now.UTC())
}
