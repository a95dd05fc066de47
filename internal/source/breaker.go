package source

import (
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/sony/gobreaker/v2"

	"github.com/candlewright/candlewright/internal/market"
)

// BreakerConfig is when a source is left alone for a while.
type BreakerConfig struct {
	Failures int           // failed attempts in a row that open it; 0 is 8 (two calls with all their retries)
	Open     time.Duration // how long it stays open before one probe; 0 is 30 s
	// CountRateLimits makes a refusal for too many calls count as a failure,
	// for a source that does not say how long to wait.
	CountRateLimits bool
}

// breaker wraps gobreaker with our errors.
type breaker struct {
	source market.SourceName
	open   time.Duration
	clock  Clock
	cb     *gobreaker.CircuitBreaker[struct{}]

	mu     sync.Mutex
	opened time.Time
}

func newBreaker(name market.SourceName, cfg BreakerConfig, clock Clock, log *slog.Logger) *breaker {
	if cfg.Failures == 0 {
		cfg.Failures = 8
	}
	if cfg.Open == 0 {
		cfg.Open = 30 * time.Second
	}
	b := &breaker{source: name, open: cfg.Open, clock: clock}
	b.cb = gobreaker.NewCircuitBreaker[struct{}](gobreaker.Settings{
		Name:         string(name),
		MaxRequests:  1,
		Timeout:      cfg.Open,
		ReadyToTrip:  func(n gobreaker.Counts) bool { return int(n.ConsecutiveFailures) >= cfg.Failures },
		IsSuccessful: alive,
		IsExcluded: func(err error) bool {
			k := KindOf(err)
			return err != nil && (k == Cancelled || k == RateLimited && !cfg.CountRateLimits)
		},
		OnStateChange: func(_ string, from, to gobreaker.State) {
			if to == gobreaker.StateOpen {
				b.mu.Lock()
				b.opened = clock.Now()
				b.mu.Unlock()
			}
			log.Warn("breaker changed", "source", string(name), "from", string(breakerState(from)), "to", string(breakerState(to)))
		},
	})
	return b
}

// alive reports whether an outcome shows a provider that works, even where it
// refuses what was asked.
func alive(err error) bool {
	switch KindOf(err) {
	case NotFound, NotEntitled, Unauthorized, BadRequest, OutOfReach:
		return true
	default:
		return err == nil
	}
}

func (b *breaker) do(f func() error) error {
	_, err := b.cb.Execute(func() (struct{}, error) { return struct{}{}, f() })
	if errors.Is(err, gobreaker.ErrOpenState) || errors.Is(err, gobreaker.ErrTooManyRequests) {
		return &Error{
			Kind: Unavailable, Source: b.source, Code: "BREAKER_OPEN", Transient: true, RetryAfter: b.left(), notAsked: true,
			Message: "not asked, since it failed again and again; a probe follows",
		}
	}
	return err
}

// left is how long the breaker stays open, at least a second.
func (b *breaker) left() time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	return max(b.opened.Add(b.open).Sub(b.clock.Now()), time.Second)
}

func (b *breaker) state() BreakerState { return breakerState(b.cb.State()) }

func breakerState(s gobreaker.State) BreakerState {
	switch s {
	case gobreaker.StateOpen:
		return BreakerOpen
	case gobreaker.StateHalfOpen:
		return BreakerHalfOpen
	default:
		return BreakerClosed
	}
}
