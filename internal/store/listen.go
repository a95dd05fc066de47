package store

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/jackc/pgx/v5"
)

// Notification is what a channel of the database announces.
type Notification struct {
	// Channel is empty when the notification is none of a channel but says that
	// we listen from now on: first of all, and again after the connection was
	// lost. Whatever was announced before is not heard, so who follows something
	// reads its present state then.
	Channel string
	Payload string
	Err     error // why the connection before was lost; nil at the first
}

const (
	firstReconnectWait = 50 * time.Millisecond
	lastReconnectWait  = 5 * time.Second
)

// Listen sends what the channels announce to out, until ctx ends; then it
// returns. It holds a connection of its own and makes a new one, as long as it
// takes, when that is lost. It waits for whoever receives from out, while the
// server keeps what is announced.
func (s *Store) Listen(ctx context.Context, out chan<- Notification, channels ...string) {
	var lost error
	wait := firstReconnectWait
	for ctx.Err() == nil {
		begun, err := s.listen(ctx, out, channels, lost)
		if begun {
			wait = firstReconnectWait
		}
		lost = failed(ctx, "listen", err)
		select {
		case <-ctx.Done():
		case <-time.After(wait/2 + rand.N(wait)):
		}
		wait = min(2*wait, lastReconnectWait)
	}
}

// listen listens on one connection until that fails; begun says that it came to
// listening at all.
func (s *Store) listen(ctx context.Context, out chan<- Notification, channels []string, lost error) (begun bool, err error) {
	conn, err := s.connect(ctx)
	if err != nil {
		return false, err
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeLimit)
		defer cancel()
		_ = conn.Close(ctx) // it is lost or no longer wanted
	}()
	for _, c := range channels {
		if _, err := conn.Exec(ctx, "LISTEN "+pgx.Identifier{c}.Sanitize()); err != nil {
			return false, err
		}
	}
	n := Notification{Err: lost}
	for {
		select {
		case out <- n:
		case <-ctx.Done():
			return true, ctx.Err()
		}
		note, err := conn.WaitForNotification(ctx)
		if err != nil {
			return true, err
		}
		n = Notification{Channel: note.Channel, Payload: note.Payload}
	}
}
