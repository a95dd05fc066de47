package httpserver

import (
	"context"
	"net/http"
	"time"

	"github.com/candlewright/candlewright/internal/fault"
)

// readyTimeout is how long Ready may take; an orchestrator's probe waits little.
const readyTimeout = 2 * time.Second

type health struct {
	Status string `json:"status"`
	Reason string `json:"reason,omitempty"`
}

// alive answers as long as the process can answer anything.
func alive(w http.ResponseWriter, r *http.Request) {
	if probe(w, r) {
		reply(w, http.StatusOK, health{Status: "ok"})
	}
}

// ready answers 503 with a reason while the server drains or Ready gives an error.
func (s *Server) ready() http.Handler {
	unavailable := func(w http.ResponseWriter, reason string) {
		reply(w, http.StatusServiceUnavailable, health{"unavailable", reason})
	}
	late := func(w http.ResponseWriter, _ *http.Request) {
		unavailable(w, "no answer within "+readyTimeout.String())
	}
	return s.within(readyTimeout, late, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case !probe(w, r):
		case s.isDraining():
			unavailable(w, "shutting down")
		default:
			if err := s.cfg.Ready(r.Context()); err != nil {
				s.logNotReady(r.Context(), err)
				unavailable(w, fault.Show(err).Detail)
				return
			}
			reply(w, http.StatusOK, health{Status: "ready"})
		}
	}))
}

// logNotReady keeps the cause, which the answer must not tell.
func (s *Server) logNotReady(ctx context.Context, err error) {
	s.cfg.Log.WarnContext(ctx, "not ready", "err", err)
}

func (s *Server) isDraining() bool {
	select {
	case <-s.draining:
		return true
	default:
		return false
	}
}

// probe lets GET and HEAD pass and refuses the rest. What it answers must not be
// kept by a cache.
func probe(w http.ResponseWriter, r *http.Request) bool {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		detail(w, http.StatusMethodNotAllowed, "Method Not Allowed")
		return false
	}
	w.Header().Set("Cache-Control", "no-store")
	return true
}
