package source_test

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/candlewright/candlewright/internal/market"
	"github.com/candlewright/candlewright/internal/source"
)

// book is a ledger in memory.
type book struct {
	mu      sync.Mutex
	held    float64
	asked   int
	paused  time.Time
	broken  error
	waiting time.Duration
}

func (b *book) Lease(_ context.Context, a source.LedgerAsk, now time.Time) (source.LedgerLease, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.asked++
	switch {
	case b.broken != nil:
		return source.LedgerLease{}, b.broken
	case b.paused.After(now):
		return source.LedgerLease{PausedUntil: b.paused}, nil
	case b.waiting > a.MaxWait:
		return source.LedgerLease{Wait: b.waiting}, nil
	}
	got := min(a.Wanted, b.held)
	got = max(got, a.Needed)
	b.held -= got
	return source.LedgerLease{Granted: got, Left: b.held, Wait: b.waiting}, nil
}

func (b *book) Pause(until, _ time.Time) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.broken == nil && until.After(b.paused) {
		b.paused = until
	}
	return b.broken
}

// hand is a clock whose sleeps pass at once.
type hand struct {
	mu    sync.Mutex
	slept time.Duration
}

func (h *hand) clock() source.Clock {
	return source.Clock{
		Now: func() time.Time { return noon.Add(h.total()) },
		Sleep: func(ctx context.Context, d time.Duration) error {
			h.mu.Lock()
			defer h.mu.Unlock()
			h.slept += d
			return ctx.Err()
		},
	}
}

func (h *hand) total() time.Duration {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.slept
}

func shared(b *book, l source.Limits) (*source.Shared, *hand) {
	s := &hand{}
	return source.NewShared(market.Binance, l, b, s.clock(), slog.New(slog.DiscardHandler)), s
}

var limits = source.Limits{PerMinute: 600, Burst: 100}

func TestSharedBudgetIsLeasedInBatches(t *testing.T) {
	t.Parallel()
	b := &book{held: 100}
	l, _ := shared(b, limits)
	for range 20 {
		if err := l.Wait(t.Context(), 2); err != nil {
			t.Fatal(err)
		}
	}
	if b.asked != 4 || b.held != 60 {
		t.Errorf("20 calls of weight 2 asked the ledger %d times and left %v, want 4 times a second's worth of 10", b.asked, b.held)
	}
	if n := l.Remaining(); n != 60 {
		t.Errorf("%d remain, want 60", n)
	}
}

func TestSharedLeaseIsGivenUpAfterAWhile(t *testing.T) {
	t.Parallel()
	b := &book{held: 100}
	l, clock := shared(b, limits)
	for range 2 {
		if err := l.Wait(t.Context(), 2); err != nil {
			t.Fatal(err)
		}
		_ = clock.clock().Sleep(t.Context(), 3*time.Second)
	}
	if b.asked != 2 {
		t.Errorf("the ledger was asked %d times, want again after the lease had run out", b.asked)
	}
}

func TestSharedWaitsForItsTurnAndNoLonger(t *testing.T) {
	t.Parallel()
	b := &book{held: 1, waiting: 7 * time.Second}
	l, clock := shared(b, limits)
	if err := l.Wait(t.Context(), 2); err != nil {
		t.Fatal(err)
	}
	if got := clock.total(); got != 7*time.Second {
		t.Errorf("waited %v, want 7 s", got)
	}
	b.waiting = time.Hour
	err := l.Wait(t.Context(), 2)
	if source.KindOf(err) != source.RateLimited || source.RetryAfter(err) != time.Hour {
		t.Errorf("an hour's queue gave %v", err)
	}
}

func TestSharedPauseReachesTheOthers(t *testing.T) {
	t.Parallel()
	b := &book{held: 100}
	one, clock := shared(b, limits)
	other, otherClock := shared(b, limits)
	one.Pause(clock.clock().Now().Add(30 * time.Second))
	if err := other.Wait(t.Context(), 2); err != nil {
		t.Fatal(err)
	}
	if got := otherClock.total(); got != 30*time.Second {
		t.Errorf("the other process waited %v, want 30 s", got)
	}
	one.Pause(clock.clock().Now().Add(time.Hour))
	if err := other.Wait(t.Context(), 50); source.KindOf(err) != source.RateLimited {
		t.Errorf("a pause of an hour gave the other process %v", err)
	}
}

func TestSharedKeepsToTheBudgetByItselfWhileTheLedgerIsAway(t *testing.T) {
	t.Parallel()
	b := &book{broken: errors.New("connection refused")}
	l, clock := shared(b, source.Limits{PerMinute: 60, Burst: 2})
	for range 4 {
		if err := l.Wait(t.Context(), 1); err != nil {
			t.Fatal(err)
		}
	}
	if b.asked != 1 {
		t.Errorf("a ledger that is away was asked %d times at once", b.asked)
	}
	if got := clock.total(); got < 2*time.Second-time.Millisecond {
		t.Errorf("4 calls of a budget of 2 and one a second took %v", got)
	}
	b.broken, b.held = nil, 10
	_ = clock.clock().Sleep(t.Context(), 6*time.Second)
	if err := l.Wait(t.Context(), 1); err != nil || b.asked != 2 {
		t.Errorf("after a while the ledger was asked %d times (%v)", b.asked, err)
	}
}
