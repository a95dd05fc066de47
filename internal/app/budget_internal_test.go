package app

import (
	"context"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/candlewright/candlewright/internal/market"
	"github.com/candlewright/candlewright/internal/postgres/pgtest"
	"github.com/candlewright/candlewright/internal/source"
	"github.com/candlewright/candlewright/internal/store"
)

// pretend is a clock that a process shares with no other but the first instant.
type pretend struct {
	mu    sync.Mutex
	slept time.Duration
}

func (p *pretend) clock() source.Clock {
	return source.Clock{
		Now: func() time.Time { return time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC).Add(p.total()) },
		Sleep: func(ctx context.Context, d time.Duration) error {
			p.mu.Lock()
			defer p.mu.Unlock()
			p.slept += d
			return ctx.Err()
		},
	}
}

func (p *pretend) total() time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.slept
}

func TestProcessesShareABudget(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	var clocks [3]pretend
	var limiters [3]source.Limiter
	for i := range limiters {
		limiters[i] = sharedLimiters(store.New(pool), slog.New(slog.DiscardHandler))(
			"polygon", market.Polygon, source.Limits{PerMinute: 60, Burst: 5}, clocks[i].clock())
	}
	// 20 calls of three processes: 5 are there, the others come one a second.
	for i := range 20 {
		if err := limiters[i%3].Wait(t.Context(), 1); err != nil {
			t.Fatal(err)
		}
	}
	var longest time.Duration
	for i := range clocks {
		longest = max(longest, clocks[i].total())
	}
	if longest < 5*time.Second {
		t.Errorf("20 calls of a budget of 5 and one a second took %v", longest)
	}
	if n := limiters[0].Remaining(); n < 0 || n > 5 {
		t.Errorf("%d remain", n)
	}
}

func TestPauseOfOneProcessHoldsTheOthers(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	var clocks [2]pretend
	make := sharedLimiters(store.New(pool), slog.New(slog.DiscardHandler))
	l := source.Limits{PerMinute: 600, Burst: 100}
	one, other := make("binance", market.Binance, l, clocks[0].clock()), make("binance", market.Binance, l, clocks[1].clock())
	one.Pause(clocks[0].clock().Now().Add(40 * time.Second))
	if err := other.Wait(t.Context(), 2); err != nil || clocks[1].total() != 40*time.Second {
		t.Errorf("the other process waited %v (%v), want 40 s", clocks[1].total(), err)
	}
}

func TestBudgetIsKeptWithoutTheDatabase(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	var clock pretend
	l := sharedLimiters(store.New(pool), slog.New(slog.DiscardHandler))("yahoo", market.Yahoo, source.Limits{PerMinute: 60, Burst: 2}, clock.clock())
	pool.Close()
	for range 6 {
		if err := l.Wait(t.Context(), 1); err != nil {
			t.Fatal(err)
		}
	}
	l.Pause(clock.clock().Now().Add(time.Minute))
	if got := clock.total(); got < 4*time.Second-time.Millisecond {
		t.Errorf("6 calls of a budget of 2 and one a second took %v", got)
	}
}
