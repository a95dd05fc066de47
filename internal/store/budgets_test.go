package store_test

import (
	"math"
	"sync"
	"testing"
	"time"

	"github.com/candlewright/candlewright/internal/store"
)

var budget = store.Budget{Name: "binance", PerSecond: 10, Burst: 100}

func TestBudgetIsLentOnceHoweverManyAsk(t *testing.T) {
	t.Parallel()
	s, _ := open(t)
	var group sync.WaitGroup
	var mu sync.Mutex
	granted := 0.0
	for range 8 {
		group.Go(func() {
			for range 10 {
				l, err := s.LeaseBudget(t.Context(), budget, store.BudgetAsk{Needed: 1, Wanted: 7}, now)
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				granted += l.Granted
				mu.Unlock()
			}
		})
	}
	group.Wait()
	if granted != 100 {
		t.Errorf("80 askers at once were lent %v of 100", granted)
	}
}

func TestBudgetFillsAndLendsOnCredit(t *testing.T) {
	t.Parallel()
	s, _ := open(t)
	lease := func(at time.Time, a store.BudgetAsk) store.BudgetLease {
		t.Helper()
		l, err := s.LeaseBudget(t.Context(), budget, a, at)
		check(t, err)
		return l
	}
	same(t, "first", lease(now, store.BudgetAsk{Needed: 5, Wanted: 98}), store.BudgetLease{Granted: 98, Left: 2})
	same(t, "on credit", lease(now, store.BudgetAsk{Needed: 12, Wanted: 50, MaxDebt: 10}),
		store.BudgetLease{Granted: 12, Left: -10, Wait: time.Second})
	same(t, "beyond the credit", lease(now, store.BudgetAsk{Needed: 5, MaxDebt: 10}), store.BudgetLease{Left: -10, Wait: 1500 * time.Millisecond})
	same(t, "a clock that is behind", lease(now.Add(-time.Hour), store.BudgetAsk{Needed: 1}), store.BudgetLease{Left: -10, Wait: 1100 * time.Millisecond})
	same(t, "after 3 s", lease(now.Add(3*time.Second), store.BudgetAsk{Needed: 1, Wanted: 50}), store.BudgetLease{Granted: 20})
	full := lease(now.Add(time.Hour), store.BudgetAsk{Needed: 1, Wanted: 1000})
	if full.Granted != 100 {
		t.Errorf("after an hour %v was lent, want no more than the bucket holds", full.Granted)
	}
}

func TestBudgetLendsNothingWhilePaused(t *testing.T) {
	t.Parallel()
	s, _ := open(t)
	until := now.Add(time.Minute).Truncate(time.Microsecond)
	check(t, s.PauseBudget(t.Context(), budget, until, now))
	check(t, s.PauseBudget(t.Context(), budget, now.Add(time.Second), now))
	l, err := s.LeaseBudget(t.Context(), budget, store.BudgetAsk{Needed: 1, Wanted: 10}, now)
	check(t, err)
	if l.Granted != 0 || !l.PausedUntil.Equal(until) {
		t.Errorf("a paused budget gave %+v", l)
	}
	l, err = s.LeaseBudget(t.Context(), budget, store.BudgetAsk{Needed: 1, Wanted: 10}, until)
	check(t, err)
	if l.Granted != 10 || math.Abs(l.Left-90) > 1e-6 {
		t.Errorf("after the pause it gave %+v", l)
	}
}
