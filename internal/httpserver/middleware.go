package httpserver

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/candlewright/candlewright/internal/telemetry"
)

const (
	requestIDHeader = "X-Request-Id"
	maxRequestID    = 64
	maxLoggedPath   = 256
	// clientGone is what the log calls a request whose client left before an
	// answer began (nginx's word for it).
	clientGone = 499
)

// identified gives each request an id: the one that the client or a proxy sent, if
// it is plain, else a new one. It is in the context and on the answer.
func identified(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id := r.Header.Get(requestIDHeader)
		if !plainID(id) {
			id = telemetry.NewRequestID()
		}
		w.Header().Set(requestIDHeader, id)
		next.ServeHTTP(w, r.WithContext(telemetry.WithRequestID(r.Context(), id)))
	})
}

func plainID(id string) bool {
	if id == "" || len(id) > maxRequestID {
		return false
	}
	for i := range len(id) {
		switch c := id[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', strings.IndexByte("-_.:", c) >= 0:
		default:
			return false
		}
	}
	return true
}

// counted writes one line and counts one request. Neither query nor body is
// logged: they may hold what is nobody's business.
func counted(c *counts, paths mounts, log *slog.Logger, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, start := r.Context(), time.Now()
		rec := &recorder{ResponseWriter: w}
		c.inflight.Inc()
		defer func() {
			took, status := time.Since(start), rec.outcome(ctx)
			c.inflight.Dec()
			m, _ := paths.find(r.URL.Path)
			c.observe(m.prefix, r.Method, status, took)
			level := slog.LevelInfo
			if r.URL.Path == healthPath || r.URL.Path == readyPath {
				level = slog.LevelDebug // asked every few seconds
			}
			log.LogAttrs(ctx, level, "request",
				slog.String("method", clip(r.Method, 16)),
				slog.String("path", clip(r.URL.EscapedPath(), maxLoggedPath)),
				slog.Int("status", status),
				slog.Int64("bytes", rec.bytes),
				slog.Float64("duration_ms", float64(took.Microseconds())/1000),
				slog.String("remote", r.RemoteAddr),
			)
		}()
		next.ServeHTTP(rec, r)
	})
}

func clip(s string, limit int) string {
	if len(s) > limit {
		return s[:limit] + "…"
	}
	return s
}

// recovered answers 500 when a handler panics; if the answer had begun, the
// connection is cut, so that the client sees that it is not whole.
func (s *Server) recovered(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p := caught(func() { next.ServeHTTP(w, r) })
		if p == nil {
			return
		}
		if inner, ok := p.value.(*panicked); ok { // carried here by within
			p = inner
		}
		if cause, ok := p.value.(error); ok && errors.Is(cause, http.ErrAbortHandler) {
			panic(http.ErrAbortHandler)
		}
		s.logPanic(r.Context(), p)
		if rec, ok := w.(*recorder); ok && rec.status != 0 {
			panic(http.ErrAbortHandler)
		}
		for _, h := range []string{"Content-Encoding", "Content-Length", "Etag", "Last-Modified", "Cache-Control"} {
			w.Header().Del(h)
		}
		detail(w, http.StatusInternalServerError, "Internal Server Error")
	})
}

func (s *Server) logPanic(ctx context.Context, p *panicked) {
	s.cfg.Log.ErrorContext(ctx, "handler panicked", "err", fmt.Sprint(p.value), "stack", string(p.stack))
}

// detail answers {"detail": text}, the form of errors of the legacy API.
func detail(w http.ResponseWriter, status int, text string) {
	reply(w, status, map[string]string{"detail": text})
}

// reply answers with a JSON value without a line end.
func reply(w http.ResponseWriter, status int, v any) {
	body, err := json.Marshal(v)
	if err != nil {
		panic(err) // only constant shapes come here
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(body) // fails when the client is gone
}

// recorder notes how a request was answered. It passes on what streams and
// websockets need of a writer.
type recorder struct {
	http.ResponseWriter
	status   int // 0 until an answer began
	bytes    int64
	hijacked bool
}

func (r *recorder) outcome(ctx context.Context) int {
	switch {
	case r.status != 0:
		return r.status
	case r.hijacked:
		return http.StatusSwitchingProtocols
	case errors.Is(ctx.Err(), context.Canceled):
		return clientGone
	}
	return http.StatusOK // net/http answers so for a handler that writes nothing
}

func (r *recorder) WriteHeader(status int) {
	if r.status == 0 && (status >= http.StatusOK || status == http.StatusSwitchingProtocols) {
		r.status = status
	}
	r.ResponseWriter.WriteHeader(status)
}

func (r *recorder) Write(p []byte) (int, error) {
	if r.status == 0 {
		r.status = http.StatusOK
	}
	n, err := r.ResponseWriter.Write(p)
	r.bytes += int64(n)
	return n, err
}

func (r *recorder) Flush() {
	_ = http.NewResponseController(r.ResponseWriter).Flush() // a writer that cannot flush need not
}

func (r *recorder) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, rw, err := http.NewResponseController(r.ResponseWriter).Hijack()
	if err != nil {
		return nil, nil, fmt.Errorf("take over the connection: %w", err)
	}
	r.hijacked = true
	return conn, rw, nil
}

func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }
