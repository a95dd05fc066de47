package app

import "time"

// elapsed is a monotonic clock that starts now.
func elapsed() func() time.Duration {
	start := time.Now()
	return func() time.Duration { return time.Since(start) }
}
