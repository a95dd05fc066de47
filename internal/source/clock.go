package source

import (
	"context"
	"time"
)

// Clock is the time as the calls see it; tests put their own in its place.
type Clock struct {
	Now   func() time.Time
	Sleep func(ctx context.Context, d time.Duration) error // ends early with the cause when ctx does
}

// WallClock is the machine's own clock.
func WallClock() Clock { return Clock{Now: time.Now, Sleep: sleep} }

func (c Clock) orWall() Clock {
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Sleep == nil {
		c.Sleep = sleep
	}
	return c
}

func sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
