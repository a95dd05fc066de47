package httpserver

import (
	"bytes"
	"context"
	"errors"
	"maps"
	"net/http"
	"runtime/debug"
	"strconv"
	"sync"
	"time"
)

// within answers by late when next has not answered within limit, even if next
// ignores its context: next runs in a goroutine of its own and writes to a buffer
// that is thrown away when it comes too late. The goroutine counts as in flight
// until it returns.
//
// An answer that is ready at the deadline is sent, unless it is an error of ours:
// then the deadline most likely made it, and late says so.
func (s *Server) within(limit time.Duration, late http.HandlerFunc, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), limit)
		defer cancel()
		answer := &buffer{header: http.Header{}}
		done := make(chan *panicked, 1)
		s.inflight.enter()
		go func() {
			defer s.inflight.leave()
			p := caught(func() { next.ServeHTTP(answer, r.WithContext(ctx)) })
			if p != nil && answer.isDropped() {
				s.logPanic(ctx, p) // nobody waits for it any more
			}
			done <- p
		}()
		p, ok := first(done, ctx.Done())
		expired := errors.Is(ctx.Err(), context.DeadlineExceeded)
		switch {
		case ok && p != nil:
			panic(p)
		case ok && (!expired || answer.status < http.StatusInternalServerError):
			answer.sendTo(w)
		case expired:
			answer.drop()
			late(w, r)
		default: // the client is gone: nobody reads an answer
			answer.drop()
		}
	})
}

// first waits for a value or for the end, and prefers the value.
func first[T any](value <-chan T, end <-chan struct{}) (v T, ok bool) {
	select {
	case v = <-value:
		return v, true
	case <-end:
	}
	select {
	case v = <-value:
		return v, true
	default:
		return v, false
	}
}

func timedOut(w http.ResponseWriter, _ *http.Request) {
	detail(w, http.StatusGatewayTimeout, "Request timed out")
}

// panicked is a panic that was carried from one goroutine to another.
type panicked struct {
	value any
	stack []byte
}

func caught(f func()) (p *panicked) {
	defer func() {
		if v := recover(); v != nil {
			p = &panicked{v, debug.Stack()}
		}
	}()
	f()
	return nil
}

// buffer is an http.ResponseWriter that keeps the answer. After drop it refuses
// what is written; all methods but Header may be called while drop runs.
type buffer struct {
	header http.Header // the handler's alone until it has returned

	mu      sync.Mutex
	status  int
	body    bytes.Buffer
	sent    http.Header // as they were at WriteHeader
	dropped bool
}

func (b *buffer) Header() http.Header { return b.header }

func (b *buffer) WriteHeader(status int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.begin(status)
}

func (b *buffer) begin(status int) {
	if b.status != 0 || status < http.StatusOK { // informational answers are not passed on
		return
	}
	b.status, b.sent = status, b.header.Clone()
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.dropped {
		return 0, http.ErrHandlerTimeout
	}
	b.begin(http.StatusOK)
	return b.body.Write(p)
}

func (b *buffer) drop() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.dropped = true
}

func (b *buffer) isDropped() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.dropped
}

// sendTo writes the answer of a handler that has returned; headers that w has
// already stay unless the answer names them anew.
func (b *buffer) sendTo(w http.ResponseWriter) {
	b.begin(http.StatusOK)
	maps.Copy(w.Header(), b.sent)
	if n := b.body.Len(); n > 0 {
		w.Header().Set("Content-Length", strconv.Itoa(n))
	}
	w.WriteHeader(b.status)
	// A write fails when the client is gone; there is nobody left to tell.
	_, _ = w.Write(b.body.Bytes())
}
