package httpserver

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Config is what a server needs to know; zero values take the default named.
type Config struct {
	// Addr is where to listen: "127.0.0.1:8000".
	Addr string
	// Deadline is how long a request may take before it is answered with 504: 10 s.
	Deadline time.Duration
	// DrainDelay is how long /readyz says no before new connections are refused, for
	// load balancers that have to see it first: none.
	DrainDelay time.Duration
	// ShutdownTimeout is how long requests under way are waited for: 15 s.
	ShutdownTimeout time.Duration
	// MaxHeaderBytes limits request line and headers together: 256 KiB.
	MaxHeaderBytes int
	// Ready says why the program cannot serve now; nil: it is always ready.
	Ready func(ctx context.Context) error
	// Log takes a line per request: discarded.
	Log *slog.Logger
	// Metrics is where the request metrics are registered: nowhere.
	Metrics prometheus.Registerer
}

const (
	headerTimeout = 10 * time.Second // a client that sends its headers slower is dropped
	readTimeout   = 30 * time.Second // headers and body
	writeMargin   = 30 * time.Second // to write an answer, beyond the longest deadline
	idleTimeout   = 2 * time.Minute
	lateHandlers  = time.Second // for handlers that outlived their deadline, at the very end
)

func (c Config) withDefaults() Config {
	c.Addr = cmp.Or(c.Addr, "127.0.0.1:8000")
	c.Deadline = cmp.Or(c.Deadline, 10*time.Second)
	c.ShutdownTimeout = cmp.Or(c.ShutdownTimeout, 15*time.Second)
	c.MaxHeaderBytes = cmp.Or(c.MaxHeaderBytes, 256<<10)
	if c.Ready == nil {
		c.Ready = func(context.Context) error { return nil }
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return c
}

// Server serves the faces. It runs once.
type Server struct {
	cfg      Config
	handler  http.Handler
	writeFor time.Duration

	inflight group         // handlers, those that outlived their deadline included
	draining chan struct{} // closed when Run begins to stop
	drain    func()
}

// New is a server with faces mounted on it.
func New(cfg Config, faces ...Face) *Server {
	cfg = cfg.withDefaults()
	s := &Server{cfg: cfg, draining: make(chan struct{}), writeFor: cfg.Deadline + writeMargin}
	s.drain = sync.OnceFunc(func() { close(s.draining) })
	for _, f := range faces {
		s.writeFor = max(s.writeFor, f.Deadline+writeMargin)
	}
	paths := s.mount(faces)
	s.handler = s.tracked(identified(counted(newCounts(cfg.Metrics), paths, cfg.Log, s.recovered(paths))))
	return s
}

// tracked lets the server wait for handlers that http.Server forgets about: those
// that took over their connection.
func (s *Server) tracked(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.inflight.enter()
		defer s.inflight.leave()
		next.ServeHTTP(w, r)
	})
}

// Handler is the whole server without its listener.
func (s *Server) Handler() http.Handler { return s.handler }

// Listen opens the configured address.
func (s *Server) Listen(ctx context.Context) (net.Listener, error) {
	ln, err := (&net.ListenConfig{}).Listen(ctx, "tcp", s.cfg.Addr)
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w", s.cfg.Addr, err)
	}
	return ln, nil
}

// Run serves ln until ctx ends, then drains: it returns nil once every request
// has been answered, and an error if some had to be cut off. An end of serving
// for any other reason is an error at once. ln is closed in each case.
func (s *Server) Run(ctx context.Context, ln net.Listener) error {
	// Requests outlive ctx: they are given time to end.
	base, cut := context.WithCancel(context.WithoutCancel(ctx))
	defer cut()
	srv := &http.Server{
		Handler:           s.handler,
		ReadHeaderTimeout: headerTimeout,
		ReadTimeout:       readTimeout,
		WriteTimeout:      s.writeFor,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    s.cfg.MaxHeaderBytes,
		BaseContext:       func(net.Listener) context.Context { return base },
		ErrorLog:          slog.NewLogLogger(s.cfg.Log.Handler(), slog.LevelWarn),
	}
	ended := make(chan error, 1)
	go func() { ended <- srv.Serve(ln) }()
	select {
	case err := <-ended:
		s.drain()
		return fmt.Errorf("serve %s: %w", ln.Addr(), err)
	case <-ctx.Done():
	}
	return s.stop(context.WithoutCancel(ctx), srv, ended, cut)
}

// stop drains srv; cut cancels the context of the requests under way.
func (s *Server) stop(ctx context.Context, srv *http.Server, ended <-chan error, cut func()) error {
	s.drain()
	if err := s.linger(ended); err != nil {
		return errors.Join(err, srv.Close())
	}
	ctx, cancel := context.WithTimeout(ctx, s.cfg.ShutdownTimeout)
	defer cancel()
	err := srv.Shutdown(ctx)
	cut()
	if err != nil {
		err = errors.Join(fmt.Errorf("requests were cut off after %s: %w", s.cfg.ShutdownTimeout, err), srv.Close())
	}
	if served := <-ended; !errors.Is(served, http.ErrServerClosed) {
		err = errors.Join(err, served)
	}
	if n := s.inflight.wait(lateHandlers); n > 0 {
		err = errors.Join(err, fmt.Errorf("%d handlers still run: they ignore their context", n))
	}
	return err
}

// linger goes on serving for the drain delay.
func (s *Server) linger(ended <-chan error) error {
	timer := time.NewTimer(s.cfg.DrainDelay)
	defer timer.Stop()
	select {
	case err := <-ended:
		return fmt.Errorf("serve while draining: %w", err)
	case <-timer.C:
		return nil
	}
}
