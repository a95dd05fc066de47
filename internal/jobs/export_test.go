package jobs

import "time"

// hasty is a claim time for tests that kill workers by the dozen.
const hasty = 200 * time.Millisecond

// Hasty takes workers for dead sooner.
func (q *Queue) Hasty() *Queue {
	q.claim = hasty
	return q
}

// Hasty takes workers for dead sooner.
func (c Config) Hasty() Config {
	c.claim = hasty
	return c
}
