package jobs

import (
	"testing"
	"time"
)

func TestRetryDelay(t *testing.T) {
	t.Parallel()
	for failed, want := range map[int]time.Duration{1: 2 * time.Second, 2: 4 * time.Second, 3: 8 * time.Second} {
		if got := retryDelay(failed); got != want {
			t.Errorf("delay after attempt %d is %v, want %v", failed, got, want)
		}
	}
	for _, failed := range []int{0, 4, 5, 1000} {
		if got := retryDelay(failed); got < 15*time.Second || got >= 30*time.Second {
			t.Errorf("delay after attempt %d is %v, want 15 to 30 s", failed, got)
		}
	}
	if got := busyDelay(); got < 500*time.Millisecond || got > 2*time.Second {
		t.Errorf("delay of a run that waits for another is %v, want about 1 s", got)
	}
}
