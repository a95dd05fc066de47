package httpserver

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Face is one way to talk to the program, mounted on the server by app.
type Face struct {
	// Prefix is the beginning of the decoded paths that the face answers: with a
	// slash at its end all paths below ("/api/"), without one this path alone.
	Prefix string
	// Handler answers. Its answer is buffered until it returns, unless Streams.
	Handler http.Handler
	// Around, if not nil, wraps everything that happens below Prefix, so that its
	// headers are on late and panicked answers as well (CORS).
	Around func(http.Handler) http.Handler
	// Deadline overrides the server's.
	Deadline time.Duration
	// Streams means that the handler may write and take as long as it likes, until
	// the server drains: no deadline, no buffer.
	Streams bool
	// IgnoresBody means that bodies are never read: the answer is sent without
	// waiting for one, and a connection that carried one is closed.
	IgnoresBody bool
}

const (
	healthPath = "/healthz"
	readyPath  = "/readyz"
)

// restOfBody is how long a client may go on sending a body that nobody reads.
const restOfBody = time.Second

// mounts is what answers which paths, the longest prefix first. It is no
// http.ServeMux, which would clean and redirect paths that are not its own.
type mounts []mounted

type mounted struct {
	prefix  string
	handler http.Handler
}

func (m mounted) answers(path string) bool {
	if strings.HasSuffix(m.prefix, "/") {
		return strings.HasPrefix(path, m.prefix)
	}
	return path == m.prefix
}

func (s *Server) mount(faces []Face) mounts {
	all := mounts{
		{healthPath, http.HandlerFunc(alive)},
		{readyPath, s.ready()},
	}
	for _, f := range faces {
		all = append(all, mounted{f.Prefix, s.face(f)})
	}
	slices.SortStableFunc(all, func(a, b mounted) int { return len(b.prefix) - len(a.prefix) })
	return all
}

// find gives what answers a decoded path.
func (all mounts) find(path string) (mounted, bool) {
	for _, m := range all {
		if m.answers(path) {
			return m, true
		}
	}
	return mounted{}, false
}

func (all mounts) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if m, ok := all.find(r.URL.Path); ok {
		m.handler.ServeHTTP(w, r)
		return
	}
	detail(w, http.StatusNotFound, "Not Found")
}

func (s *Server) face(f Face) http.Handler {
	h := f.Handler
	if f.Streams {
		h = s.streaming(h)
	} else {
		limit := s.cfg.Deadline
		if f.Deadline > 0 {
			limit = f.Deadline
		}
		h = s.within(limit, timedOut, h)
	}
	if f.Around != nil {
		h = f.Around(h)
	}
	if f.IgnoresBody {
		h = bodyless(h)
	}
	return h
}

// streaming runs a handler whose answer may last: its context ends when the
// server drains, and the limit on writing an answer is lifted.
func (s *Server) streaming(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithCancel(r.Context())
		defer cancel()
		go func() {
			select {
			case <-s.draining:
				cancel()
			case <-ctx.Done():
			}
		}()
		// A writer that knows no deadlines (in a test) has none to lift.
		_ = http.NewResponseController(w).SetWriteDeadline(time.Time{})
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}

// bodyless keeps net/http from reading what is left of a body before it sends the
// answer: a client that announces a body and sends none is answered all the same.
//
// That costs the connection, which is closed a moment after the answer. (Full
// duplex would keep it, but net/http then mistakes the rest of a body that the
// handler did not read for the begin of the next request.)
func bodyless(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ContentLength == 0 {
			next.ServeHTTP(w, r)
			return
		}
		w.Header().Set("Connection", "close")
		next.ServeHTTP(w, r)
		_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(restOfBody))
	})
}
