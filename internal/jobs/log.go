package jobs

import (
	"context"
	"log/slog"
)

// riverLogger is the logger for River: its own attributes are in the group
// "river", since its job_id is not ours, and what it finds worth an info, each
// start of a part of it, is a debug to us.
func riverLogger(log *slog.Logger) *slog.Logger {
	return slog.New(quieter{log.Handler().WithGroup("river")})
}

// quieter makes debug of info.
type quieter struct{ slog.Handler }

func (q quieter) Enabled(ctx context.Context, l slog.Level) bool {
	return q.Handler.Enabled(ctx, lower(l))
}

func (q quieter) Handle(ctx context.Context, r slog.Record) error {
	r.Level = lower(r.Level)
	return q.Handler.Handle(ctx, r)
}

func (q quieter) WithAttrs(attrs []slog.Attr) slog.Handler {
	return quieter{q.Handler.WithAttrs(attrs)}
}
func (q quieter) WithGroup(name string) slog.Handler { return quieter{q.Handler.WithGroup(name)} }

func lower(l slog.Level) slog.Level {
	if l == slog.LevelInfo {
		return slog.LevelDebug
	}
	return l
}
