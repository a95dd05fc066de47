package source_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/candlewright/candlewright/internal/market"
	"github.com/candlewright/candlewright/internal/source"
)

// These run in a bubble: time stands still until every goroutine waits, and
// then leaps.

func TestBucketSpendsItsBurstThenWaits(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := source.NewBucket(market.Polygon, source.Limits{PerMinute: 5, Burst: 5}, source.WallClock())
		start := time.Now()
		for range 5 {
			if err := b.Wait(t.Context(), 1); err != nil {
				t.Fatal(err)
			}
		}
		if d := time.Since(start); d != 0 || b.Remaining() != 0 {
			t.Errorf("the burst took %v and left %d", d, b.Remaining())
		}
		if err := b.Wait(t.Context(), 1); err != nil {
			t.Fatal(err)
		}
		if d := time.Since(start); d < 11*time.Second || d > 13*time.Second {
			t.Errorf("the sixth call of five a minute was let through after %v", d)
		}
	})
}

func TestBucketHonoursAPause(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := source.NewBucket(market.Binance, source.Limits{}, source.WallClock())
		start := time.Now()
		b.Pause(start.Add(time.Minute))
		b.Pause(start.Add(time.Second)) // shortens nothing
		if err := b.Wait(t.Context(), 1000); err != nil {
			t.Fatal(err)
		}
		if d := time.Since(start); d != time.Minute {
			t.Errorf("waited %v, want a minute", d)
		}
	})
}

func TestBucketRefusesALongPauseAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := source.NewBucket(market.Binance, source.Limits{}, source.WallClock())
		start := time.Now()
		b.Pause(start.Add(3 * time.Hour)) // a ban
		err := b.Wait(t.Context(), 1)
		if source.KindOf(err) != source.RateLimited || source.RetryAfter(err) != 3*time.Hour || !source.Retryable(err) || time.Since(start) != 0 {
			t.Errorf("error %v after %v, want %s at once", err, time.Since(start), source.RateLimited)
		}
	})
}

func TestBucketRefusesALongQueueAndForgetsIt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := source.NewBucket(market.Polygon, source.Limits{PerMinute: 5, Burst: 10, MaxQueue: time.Minute}, source.WallClock())
		if err := b.Wait(t.Context(), 10); err != nil {
			t.Fatal(err)
		}
		if err := b.Wait(t.Context(), 10); source.KindOf(err) != source.RateLimited {
			t.Errorf("error %v, want %s for a wait of two minutes", err, source.RateLimited)
		}
		start := time.Now()
		if err := b.Wait(t.Context(), 1); err != nil || time.Since(start) > 13*time.Second {
			t.Errorf("error %v after %v: the refused call was not forgotten", err, time.Since(start))
		}
		if err := b.Wait(t.Context(), 11); err == nil {
			t.Error("a weight above the burst was let through")
		}
	})
}

func TestBucketEndsWithItsContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := source.NewBucket(market.Polygon, source.Limits{PerMinute: 1, Burst: 1}, source.WallClock())
		reason := errors.New("enough")
		ctx, cancel := context.WithCancelCause(t.Context())
		if err := b.Wait(ctx, 1); err != nil {
			t.Fatal(err)
		}
		done := make(chan error)
		go func() { done <- b.Wait(ctx, 1) }()
		synctest.Wait()
		cancel(reason)
		if err := <-done; !errors.Is(err, reason) {
			t.Errorf("error %v, want the cause", err)
		}
	})
}
