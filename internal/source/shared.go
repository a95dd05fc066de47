package source

import (
	"context"
	"log/slog"
	"math"
	"sync"
	"time"

	"github.com/candlewright/candlewright/internal/market"
)

// Ledger is a budget outside of the process, which all processes of an
// installation draw on. Its methods bound their own time.
type Ledger interface {
	// Lease takes weight out of the budget.
	Lease(ctx context.Context, a LedgerAsk, now time.Time) (LedgerLease, error)
	// Pause has no process ask the source before until.
	Pause(until, now time.Time) error
}

// LedgerAsk is what a process wants of a ledger.
type LedgerAsk struct {
	Needed, Wanted float64       // weight of the call that waits; and with the calls to come
	MaxWait        time.Duration // longest wait for what is needed; beyond it nothing is lent
}

// LedgerLease is what it gets.
type LedgerLease struct {
	Granted     float64 // 0: nothing, since the source is paused or the wait would be too long
	Left        float64 // in the budget after that
	Wait        time.Duration
	PausedUntil time.Time
}

const (
	leaseFor    = 2 * time.Second // what is lent beyond the need is given up after this, so that a pause is soon heard of
	ledgerRetry = 5 * time.Second // after the ledger failed
)

// Shared is a Limiter whose budget belongs to an installation. It leases weight
// in batches of about a second's, so that not each call asks the ledger. While
// the ledger is away each process keeps to the whole budget by itself.
type Shared struct {
	source market.SourceName
	limits Limits
	ledger Ledger
	clock  Clock
	log    *slog.Logger
	local  *Bucket // holds the pauses, and the budget while the ledger is away

	mu      sync.Mutex
	left    float64   // lent and not spent
	expires time.Time // of left
	budget  float64   // what the ledger held
	seen    time.Time // at that time
	away    time.Time // the ledger is not asked before
}

// NewShared is a limiter on a ledger. Without a rate nothing is counted, and
// pauses stay within the process.
func NewShared(name market.SourceName, l Limits, ledger Ledger, clock Clock, log *slog.Logger) *Shared {
	b := NewBucket(name, l, clock)
	return &Shared{source: name, limits: b.limits, ledger: ledger, clock: b.clock, log: log, local: b}
}

// Wait implements Limiter.
func (s *Shared) Wait(ctx context.Context, weight int) error {
	for {
		if err := s.local.waitPause(ctx); err != nil {
			return err
		}
		if s.spend(float64(weight)) {
			return ctx.Err()
		}
		if s.isAway() {
			return s.local.Wait(ctx, weight)
		}
		lease, err := s.ledger.Lease(ctx, s.ask(weight), s.clock.Now())
		if err != nil {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			s.goAway(ctx, err)
			continue
		}
		if lease.PausedUntil.After(s.clock.Now()) {
			s.local.Pause(lease.PausedUntil)
			continue // what was lent, nothing as a rule, is not worth a statement
		}
		if lease.Granted < float64(weight) {
			return s.local.refused("the calls of all processes are queued", lease.Wait)
		}
		s.keep(lease, float64(weight))
		if lease.Wait <= 0 {
			return ctx.Err()
		}
		if err := s.clock.Sleep(ctx, lease.Wait); err != nil {
			return err
		}
		return s.local.waitPause(ctx) // one may have begun meanwhile
	}
}

// ask is a call's weight and that of the next second's calls.
func (s *Shared) ask(weight int) LedgerAsk {
	batch := math.Floor(min(float64(s.limits.PerMinute)/60, float64(s.limits.Burst)/10))
	return LedgerAsk{Needed: float64(weight), Wanted: max(batch, float64(weight)), MaxWait: s.limits.MaxQueue}
}

// spend takes weight from what was lent.
func (s *Shared) spend(weight float64) bool {
	if s.limits.PerMinute <= 0 {
		return true
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.clock.Now().Before(s.expires) {
		s.left = 0
	}
	if s.left < weight {
		return false
	}
	s.left -= weight
	return true
}

// keep takes what a lease holds beside the weight of the call that waits.
func (s *Shared) keep(l LedgerLease, weight float64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.clock.Now()
	if !now.Before(s.expires) {
		s.left = 0
	}
	s.left += l.Granted - weight
	s.expires = now.Add(leaseFor)
	s.budget, s.seen = l.Left, now
}

func (s *Shared) isAway() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.clock.Now().Before(s.away)
}

func (s *Shared) goAway(ctx context.Context, err error) {
	s.mu.Lock()
	s.away = s.clock.Now().Add(ledgerRetry)
	s.mu.Unlock()
	s.log.WarnContext(ctx, "the shared budget cannot be reached; this process keeps to it by itself", "source", string(s.source), "err", err.Error())
}

// Pause implements Limiter: for this process at once, for the others as soon as
// they ask the ledger, within leaseFor.
func (s *Shared) Pause(until time.Time) {
	s.local.Pause(until)
	if s.isAway() {
		return
	}
	if err := s.ledger.Pause(until, s.clock.Now()); err != nil {
		s.log.Warn("other processes are not told to leave the source alone", "source", string(s.source), "err", err.Error())
	}
}

// Remaining implements Limiter, by what the ledger held when it was last asked
// and what has flowed in since.
func (s *Shared) Remaining() int {
	if s.limits.PerMinute <= 0 {
		return math.MaxInt
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.seen.IsZero() {
		return s.limits.Burst
	}
	now := s.clock.Now()
	held := s.budget + max(now.Sub(s.seen), 0).Seconds()*float64(s.limits.PerMinute)/60
	if now.Before(s.expires) {
		held += s.left
	}
	return int(max(0, min(held, float64(s.limits.Burst))))
}
