package graph

import (
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/99designs/gqlgen/graphql"
)

// events is GraphQL over server-sent events in distinct connections: a POST
// brings one operation, and each answer is an event "next"; "complete" ends the
// stream.
type events struct{ plainHTTP }

// Supports takes a POST that wants a stream.
func (events) Supports(r *http.Request) bool {
	return r.Method == http.MethodPost && strings.Contains(strings.Join(r.Header.Values("Accept"), ","), typeEvents)
}

// Do streams the answers of an operation.
func (t events) Do(w http.ResponseWriter, r *http.Request, exec graphql.GraphExecutor) {
	params, bad := readBody(w, r, t.cfg.MaxBody)
	if bad != nil {
		t.refuse(w, r, exec, typeJSON, bad)
		return
	}
	ctx := r.Context()
	op, errs := exec.CreateOperationContext(ctx, params)
	ctx = graphql.WithOperationContext(ctx, op)

	s := &eventStream{w: w, flush: http.NewResponseController(w).Flush}
	h := w.Header()
	h.Set("Content-Type", typeEvents+"; charset=utf-8")
	h.Set("Cache-Control", "no-cache, no-transform")
	h.Set("X-Accel-Buffering", "no") // nginx would keep the events
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(http.StatusOK)
	s.write(":\n\n")
	if errs != nil {
		s.next(encode(exec.DispatchError(ctx, errs)))
		s.complete()
		return
	}
	defer s.keepAlive(t.cfg.KeepAlive)()
	answer, ctx := exec.DispatchOperation(ctx, op)
	for resp := answer(ctx); resp != nil; resp = answer(ctx) {
		s.next(encode(resp))
	}
	if r.Context().Err() == nil { // else the stream is cut, not complete
		s.complete()
	}
}

// eventStream writes events, and signs of life between them.
type eventStream struct {
	mu    sync.Mutex
	w     http.ResponseWriter
	flush func() error
}

func (s *eventStream) write(parts ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range parts {
		_, _ = s.w.Write([]byte(p)) // fails when the client is gone, which ends the context
	}
	_ = s.flush()
}

func (s *eventStream) next(body []byte) { s.write("event: next\ndata: ", string(body), "\n\n") }

// complete ends the stream; a client library waits for its data line.
func (s *eventStream) complete() { s.write("event: complete\ndata:\n\n") }

// keepAlive writes a comment now and then, so that nobody on the way takes the
// stream for dead, until stop returns.
func (s *eventStream) keepAlive(every time.Duration) (stop func()) {
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		tick := time.NewTicker(every)
		defer tick.Stop()
		for {
			select {
			case <-done:
				return
			case <-tick.C:
				s.write(":\n\n")
			}
		}
	}()
	return func() {
		close(done)
		<-ended
	}
}
