package source

import (
	"context"
	"fmt"
	"math"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/candlewright/candlewright/internal/market"
)

// Limiter keeps the calls to one source within what the source allows. It is an
// interface because the budget belongs to an installation, not to a process:
// Bucket serves one process, another implementation may share its count.
type Limiter interface {
	// Wait blocks until a call of the weight may be made. Where that would
	// take longer than is worth waiting for, it returns at once with an
	// *Error of kind RateLimited that says how long.
	Wait(ctx context.Context, weight int) error
	// Pause lets nothing through before until. A shorter pause never
	// shortens a longer one.
	Pause(until time.Time)
	// Remaining is the weight that may be spent at once now.
	Remaining() int
}

// NewLimiter makes the limiter of one host of a source. Budgets have names, as a
// source's hosts may count each for itself.
type NewLimiter func(budget string, name market.SourceName, l Limits, clock Clock) Limiter

// Or makes the limiter, a Bucket where nobody says otherwise.
func (f NewLimiter) Or(budget string, name market.SourceName, l Limits, clock Clock) Limiter {
	if f == nil {
		return NewBucket(name, l, clock)
	}
	return f(budget, name, l, clock)
}

// Limits is the budget of a source.
type Limits struct {
	PerMinute int           // weight that flows in per minute; 0 is no limit
	Burst     int           // weight that may be spent at once, at least the greatest single weight
	MaxPause  time.Duration // longest pause that is waited for; default 2 minutes
	MaxQueue  time.Duration // longest wait for one's turn; default 15 minutes
}

// Bucket is a Limiter within one process: a token bucket and a pause.
type Bucket struct {
	source market.SourceName
	limits Limits
	clock  Clock
	tokens *rate.Limiter

	mu     sync.Mutex
	paused time.Time
}

// NewBucket is a full bucket.
func NewBucket(name market.SourceName, l Limits, clock Clock) *Bucket {
	if l.MaxPause == 0 {
		l.MaxPause = 2 * time.Minute
	}
	if l.MaxQueue == 0 {
		l.MaxQueue = 15 * time.Minute
	}
	perSecond := rate.Inf
	if l.PerMinute > 0 {
		perSecond = rate.Limit(float64(l.PerMinute) / 60)
	}
	return &Bucket{source: name, limits: l, clock: clock.orWall(), tokens: rate.NewLimiter(perSecond, max(l.Burst, 1))}
}

// Wait implements Limiter.
func (b *Bucket) Wait(ctx context.Context, weight int) error {
	if err := b.waitPause(ctx); err != nil {
		return err
	}
	now := b.clock.Now()
	r := b.tokens.ReserveN(now, weight)
	if !r.OK() {
		return fmt.Errorf("%s: a call of weight %d can never be made with a burst of %d", b.source, weight, b.limits.Burst)
	}
	wait := r.DelayFrom(now)
	if wait > b.limits.MaxQueue {
		r.CancelAt(now)
		return b.refused("our own limit has calls queued", wait)
	}
	if wait > 0 {
		if err := b.clock.Sleep(ctx, wait); err != nil {
			r.CancelAt(b.clock.Now())
			return err
		}
		return b.waitPause(ctx) // one may have begun meanwhile
	}
	return ctx.Err()
}

func (b *Bucket) waitPause(ctx context.Context) error {
	b.mu.Lock()
	until := b.paused
	b.mu.Unlock()
	wait := until.Sub(b.clock.Now())
	if wait <= 0 {
		return nil
	}
	if wait > b.limits.MaxPause {
		return b.refused("the source wants to be left alone", wait)
	}
	return b.clock.Sleep(ctx, wait)
}

func (b *Bucket) refused(why string, wait time.Duration) error {
	return &Error{
		Kind: RateLimited, Source: b.source, Transient: true, RetryAfter: wait, notAsked: true,
		Message: fmt.Sprintf("not asked, since %s for another %s", why, wait.Round(time.Second)),
	}
}

// Pause implements Limiter.
func (b *Bucket) Pause(until time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if until.After(b.paused) {
		b.paused = until
	}
}

// Remaining implements Limiter.
func (b *Bucket) Remaining() int {
	if b.limits.PerMinute <= 0 {
		return math.MaxInt
	}
	return max(0, int(b.tokens.TokensAt(b.clock.Now())))
}
