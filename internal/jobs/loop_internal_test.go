package jobs

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestChoreIsDoneAtOnceAndAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		var at []time.Duration
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		chore{name: "count", every: 2 * time.Second, log: slog.New(slog.DiscardHandler), do: func(context.Context) error {
			at = append(at, time.Since(began))
			return nil
		}}.run(ctx)
		if at[0] != 0 || len(at) < 25 || len(at) > 38 {
			t.Errorf("in a minute it was done %d times, first after %v; want at once, and every 1.6 to 2.4 s", len(at), at[0])
		}
	})
}

func TestChoreTellsWhenItBeginsToFailAndWhenItWorksAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		n := 0
		chore{name: "trouble", every: time.Second, log: slog.New(slog.NewTextHandler(&log, nil)), do: func(context.Context) error {
			n++
			switch n {
			case 2:
				return errors.New("database is away")
			case 3:
				panic("and a bug besides")
			case 6:
				cancel()
				return ctx.Err() // stopped: no failure
			}
			return nil
		}}.run(ctx)
		text := log.String()
		if n != 6 || strings.Count(text, "\n") != 2 || !strings.Contains(text, "database is away") || !strings.Contains(text, "works again") {
			t.Errorf("done %d times; log:\n%s", n, text)
		}
	})
}

func TestRiverIsQuieter(t *testing.T) {
	t.Parallel()
	var text bytes.Buffer
	log := riverLogger(slog.New(slog.NewTextHandler(&text, nil)))
	log.Info("started a part of it")
	log.With("job_id", 7).Warn("something is wrong")
	if got := text.String(); strings.Contains(got, "started") || !strings.Contains(got, "level=WARN") || !strings.Contains(got, "river.job_id=7") {
		t.Errorf("log:\n%s", got)
	}
}
