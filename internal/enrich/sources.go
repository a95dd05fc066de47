package enrich

import (
	"context"
	"math"

	"github.com/candlewright/candlewright/internal/market"
	"github.com/candlewright/candlewright/internal/quality"
	"github.com/candlewright/candlewright/internal/store"
)

// SourceHealth is how a source has answered in the last 24 hours.
type SourceHealth struct {
	Source         market.SourceName
	SuccessRate    *float64 // percent, rounded as shown; nil without attempts
	P50Ms, P95Ms   *int     // of its response times, rounded; nil: it never answered
	QuotaRemaining *int     // nil: it does not say
	LastError      *string  // nil: it had none
	Breaker        *Breaker // of this process, now; nil: this process does not ask the source
}

// Breaker is what the breaker of a source lets through.
type Breaker string

// The states of a breaker.
const (
	BreakerClosed   Breaker = "closed"    // all calls
	BreakerHalfOpen Breaker = "half_open" // one probe
	BreakerOpen     Breaker = "open"      // nothing: the source failed again and again
)

// SourceHealths tells about every source, in the order of market.SourceNames.
func (s *Service) SourceHealths(ctx context.Context) ([]SourceHealth, error) {
	now := s.now()
	counts, err := s.store.SourceCounts(ctx, now.Add(-metricsWindow), now)
	if err != nil {
		return nil, err
	}
	bySource := make(map[market.SourceName]store.SourceCounts, len(counts))
	for _, c := range counts {
		bySource[c.Source] = c
	}
	var all []SourceHealth
	for _, name := range market.SourceNames() {
		c := bySource[name]
		h := SourceHealth{Source: name, P50Ms: milliseconds(c.P50Ms), P95Ms: milliseconds(c.P95Ms), QuotaRemaining: c.QuotaRemaining}
		if c.Total > 0 {
			rate := quality.Round2(100 * float64(c.Successful) / float64(c.Total))
			h.SuccessRate = &rate
		}
		if c.LastError != "" {
			h.LastError = &c.LastError
		}
		h.Breaker = s.breaker(name)
		all = append(all, h)
	}
	return all, nil
}

func (s *Service) breaker(name market.SourceName) *Breaker {
	if s.sources == nil {
		return nil
	}
	state, ok := s.sources.Breaker(name)
	if !ok {
		return nil
	}
	b := Breaker(state) // the words are the same
	return &b
}

func milliseconds(ms *float64) *int {
	if ms == nil {
		return nil
	}
	n := int(math.Round(*ms))
	return &n
}
