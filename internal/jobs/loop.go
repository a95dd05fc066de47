package jobs

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"runtime/debug"
	"time"
)

// chore is something that a process does again and again.
type chore struct {
	name  string // of the log, "watch for orphans"
	every time.Duration
	do    func(context.Context) error
	log   *slog.Logger
}

// run does the chore at once, and then again and again until ctx ends. The waits
// differ by up to a fifth, so that processes which were started together do not
// stay together. A chore that fails is told of when it begins to fail and when
// it works again, and not each time in between.
func (c chore) run(ctx context.Context) {
	failing := false
	for ctx.Err() == nil {
		err := c.once(ctx)
		switch {
		case ctx.Err() != nil: // it was stopped, which is no failure
		case err != nil && !failing:
			c.log.WarnContext(ctx, "a recurring task fails; it is tried again and again", withStack(err, "task", c.name)...)
		case err == nil && failing:
			c.log.InfoContext(ctx, "a recurring task works again", "task", c.name)
		}
		failing = err != nil
		wait := time.NewTimer(c.every*4/5 + rand.N(c.every*2/5+1))
		select {
		case <-ctx.Done():
			wait.Stop()
		case <-wait.C:
		}
	}
}

// once does the chore. A panic is an error: the next time may be better, and the
// runs of this process go on.
func (c chore) once(ctx context.Context) (err error) {
	defer func() { err = errors.Join(err, recovered(recover())) }()
	return c.do(ctx)
}

// panicked is a panic as an error.
type panicked struct {
	value any
	stack []byte
}

// recovered makes an error of what recover returned, nil of nil. It must be
// called while the stack of the panic is still there, by the deferred function.
func recovered(value any) error {
	if value == nil {
		return nil
	}
	return &panicked{value: value, stack: debug.Stack()}
}

// Error has no stack, which is many lines; a log has it beside the error.
func (p *panicked) Error() string { return fmt.Sprintf("panic: %v", p.value) }

// withStack are attributes of a log line about err: the error, and of a panic
// the stack.
func withStack(err error, attrs ...any) []any {
	attrs = append(attrs, "err", err.Error())
	if p, ok := errors.AsType[*panicked](err); ok {
		attrs = append(attrs, "stack", string(p.stack))
	}
	return attrs
}
