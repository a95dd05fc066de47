package jobs

import (
	"math/rand/v2"
	"time"
)

// delays between an attempt of a job that failed and the next.
var delays = [...]time.Duration{2 * time.Second, 4 * time.Second, 8 * time.Second}

// retryDelay is the wait after the failed-th attempt of a job, from 1. What
// fails here is as a rule the database, which heals, and for all jobs at once;
// so after the first few the wait stays short but random.
func retryDelay(failed int) time.Duration {
	if failed >= 1 && failed <= len(delays) {
		return delays[failed-1]
	}
	return 15*time.Second + rand.N(15*time.Second)
}

// busyDelay is the wait of a run while another writes one of its series.
func busyDelay() time.Duration { return 800*time.Millisecond + rand.N(400*time.Millisecond) }
