package sim

import (
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"time"
)

// Options is how a simulated provider behaves.
type Options struct {
	Market *Market
	Now    func() time.Time // default time.Now
	Faults Schedule         // default none
	// Keys that Polygon takes; none is any.
	Keys []string
	// Weight that Binance allows a minute; default 6000.
	Weight int
}

func (o Options) orDefault() Options {
	if o.Market == nil {
		o.Market = NewMarket(Config{Seed: 1})
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Weight == 0 {
		o.Weight = 6000
	}
	return o
}

// Provider is one simulated provider as an http.Handler.
type Provider struct {
	handler  http.Handler
	faults   Schedule
	requests atomic.Int64
}

// Requests is how many requests have come.
func (p *Provider) Requests() int { return int(p.requests.Load()) }

// ServeHTTP counts the request, asks the schedule and answers, in gzip where
// the client takes it.
func (p *Provider) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	n := int(p.requests.Add(1))
	if r.Method != http.MethodGet {
		http.Error(w, "only GET", http.StatusMethodNotAllowed)
		return
	}
	var f Fault
	if p.faults != nil {
		f = p.faults(r, n)
	}
	if f.Kind == None && strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		zw := &zipped{ResponseWriter: w}
		defer zw.close()
		w = zw
	}
	serveFault(w, r, f, p.handler)
}

// zipped compresses an answer.
type zipped struct {
	http.ResponseWriter
	zip *gzip.Writer
}

func (z *zipped) WriteHeader(status int) {
	z.Header().Set("Content-Encoding", "gzip")
	z.Header().Del("Content-Length")
	z.ResponseWriter.WriteHeader(status)
	z.zip, _ = gzip.NewWriterLevel(z.ResponseWriter, gzip.BestSpeed)
}

func (z *zipped) Write(p []byte) (int, error) {
	if z.zip == nil {
		z.WriteHeader(http.StatusOK)
	}
	return z.zip.Write(p)
}

func (z *zipped) close() {
	if z.zip != nil {
		_ = z.zip.Close()
	}
}

// answer writes a JSON body.
func answer(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json;charset=utf-8")
	body, err := json.Marshal(v)
	if err != nil { // no value of ours has NaN or a cycle
		panic(err)
	}
	w.WriteHeader(status)
	_, _ = w.Write(body)
}

// Server runs a provider on a port of this machine.
type Server struct {
	*Provider
	URL  string
	http *http.Server
	done chan struct{}
}

// Serve listens on a free port of 127.0.0.1 and answers until Close.
func Serve(p *Provider) (*Server, error) {
	l, err := new(net.ListenConfig).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s := &Server{
		Provider: p,
		URL:      "http://" + l.Addr().String(),
		http:     &http.Server{Handler: p, ReadHeaderTimeout: 10 * time.Second},
		done:     make(chan struct{}),
	}
	go func() {
		defer close(s.done)
		_ = s.http.Serve(l) // http.ErrServerClosed: nothing else ends it
	}()
	return s, nil
}

// Close lets running answers end until ctx does, then breaks them off.
func (s *Server) Close(ctx context.Context) error {
	err := s.http.Shutdown(ctx)
	if err != nil {
		err = errors.Join(err, s.http.Close())
	}
	<-s.done
	return err
}
