package source_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/candlewright/candlewright/internal/market"
	"github.com/candlewright/candlewright/internal/source"
)

var noon = time.Date(2024, 11, 13, 12, 0, 0, 0, time.UTC)

// sleeper is a clock that stands at noon and notes how long it was to sleep.
type sleeper struct {
	mu    sync.Mutex
	waits []time.Duration
}

func (s *sleeper) clock() source.Clock {
	return source.Clock{
		Now: func() time.Time { return noon },
		Sleep: func(ctx context.Context, d time.Duration) error {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.waits = append(s.waits, d)
			return ctx.Err()
		},
	}
}

func newClient(t *testing.T, h http.HandlerFunc, change func(*source.ClientConfig)) (*source.Client, *sleeper, string) {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	s := &sleeper{}
	cfg := source.ClientConfig{Source: market.Polygon, BaseURL: server.URL + "/base/", Clock: s.clock(), Retry: source.Retry{Jitter: -1}}
	if change != nil {
		change(&cfg)
	}
	c, err := source.NewClient(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c, s, server.URL
}

// read takes any 200.
func read(a source.Answer) (int, string, error) {
	if a.Status != http.StatusOK {
		return 0, "", source.StatusError(market.Polygon, a, "")
	}
	return len(a.Body), "", nil
}

func TestClientSendsHeadersAndAsksUnderItsBase(t *testing.T) {
	t.Parallel()
	c, _, _ := newClient(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.EscapedPath() != "/base/v2/X%3ABTCUSD" || r.URL.RawQuery != "limit=3" {
			t.Errorf("asked for %s?%s", r.URL.EscapedPath(), r.URL.RawQuery)
		}
		if r.Header.Get("Authorization") != "Bearer k" || r.Header.Get("User-Agent") != "agent" || !strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
			t.Errorf("headers %v", r.Header)
		}
		w.Header().Set("Content-Encoding", "gzip")
		z := gzip.NewWriter(w)
		fmt.Fprint(z, "hello")
		z.Close()
	}, func(cfg *source.ClientConfig) {
		cfg.Header, cfg.UserAgent = http.Header{"authorization": {"Bearer k"}}, "agent"
	})
	a, err := c.Do(t.Context(), source.Call{
		Path: "/v2/X%3ABTCUSD", Query: url.Values{"limit": {"3"}}, Read: read,
		Quota: func(source.Answer) *int { n := 41; return &n },
	})
	if err != nil {
		t.Fatal(err)
	}
	if !a.Success || a.Rows != 5 || a.ResponseTimeMs == nil || *a.QuotaRemaining != 41 || a.Number != 1 || !a.At.Equal(noon) || a.Source != market.Polygon {
		t.Errorf("attempt %+v", a)
	}
}

func TestClientWaitsLongerEachTime(t *testing.T) {
	t.Parallel()
	c, s, _ := newClient(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) }, nil)
	var failed []source.Attempt
	a, err := c.Do(t.Context(), source.Call{Path: "/", Read: read, OnFailure: func(a source.Attempt) { failed = append(failed, a) }})
	if source.KindOf(err) != source.Unavailable || a.Number != 4 || len(failed) != 4 || failed[3].ErrorCode != "UNAVAILABLE" {
		t.Errorf("error %v at attempt %d, failed attempts %+v", err, a.Number, failed)
	}
	if want := []time.Duration{2 * time.Second, 4 * time.Second, 8 * time.Second}; !slices.Equal(s.waits, want) {
		t.Errorf("waits %v, want %v", s.waits, want)
	}
}

func TestClientJitters(t *testing.T) {
	t.Parallel()
	c, s, _ := newClient(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(503) },
		func(cfg *source.ClientConfig) {
			cfg.Retry = source.Retry{Delays: slices.Repeat([]time.Duration{time.Second}, 20)}
			cfg.Breaker.Failures = 100
		})
	if _, err := c.Do(t.Context(), source.Call{Path: "/", Read: read}); err == nil {
		t.Fatal("no error")
	}
	if lo, hi := slices.Min(s.waits), slices.Max(s.waits); lo < 800*time.Millisecond || hi > 1200*time.Millisecond || lo == hi {
		t.Errorf("waits between %v and %v, want them spread within a fifth of a second", lo, hi)
	}
}

func TestClientKeepsEveryCallAwayAfterARefusal(t *testing.T) {
	t.Parallel()
	c, s, _ := newClient(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "30")
		w.WriteHeader(429)
	}, func(cfg *source.ClientConfig) { cfg.Retry.Delays = []time.Duration{} })
	for range 2 {
		if _, err := c.Do(t.Context(), source.Call{Path: "/", Read: read}); source.RetryAfter(err) != 30*time.Second {
			t.Fatalf("error %v", err)
		}
	}
	if want := []time.Duration{30 * time.Second}; !slices.Equal(s.waits, want) {
		t.Errorf("waits %v, want the second call to wait %v for the first one's pause", s.waits, want)
	}
}

func TestClientRefusesBadAddresses(t *testing.T) {
	t.Parallel()
	for _, s := range []string{"", "host", "ftp://host", "http://", "http://user:secret@host", "http://host?key=1", "http://host#x", "http://ho st", "://"} {
		_, err := source.NewClient(source.ClientConfig{Source: market.Yahoo, BaseURL: s})
		if err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%q: error %v", s, err)
		}
	}
}

func TestClientFollowsLinksToItsHostsOnly(t *testing.T) {
	t.Parallel()
	var asked atomic.Int32
	c, _, base := newClient(t, func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		if r.Header.Get("Authorization") == "" {
			t.Error("the key was not sent again")
		}
	}, func(cfg *source.ClientConfig) { cfg.Header = http.Header{"Authorization": {"Bearer k"}} })
	for link, ok := range map[string]bool{
		base + "/v2?cursor=abc":                    true,
		"http://elsewhere.invalid/v2?cursor=abc":   false,
		"ftp" + strings.TrimPrefix(base, "http"):   false,
		strings.Replace(base, "://", "://u:p@", 1): false,

		"//127.0.0.1/":                              false,
		"http://127.0.0.1:1/":                       false,
		base + ".evil.invalid/":                     false,
		strings.Replace(base, "http://", "HTTP", 1): false,
	} {
		u, err := url.Parse(link)
		if err != nil {
			continue
		}
		_, err = c.Do(t.Context(), source.Call{Link: u, Read: read})
		if ok != (err == nil) || !ok && source.KindOf(err) != source.BadResponse {
			t.Errorf("%s: error %v", link, err)
		}
	}
	if n := asked.Load(); n != 1 {
		t.Errorf("%d requests, want 1", n)
	}
}

func TestClientFollowsARedirectAtHome(t *testing.T) {
	t.Parallel()
	c, _, _ := newClient(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/base/old":
			http.Redirect(w, r, "/base/new", http.StatusMovedPermanently)
		case "/base/loop":
			http.Redirect(w, r, "/base/loop", http.StatusFound)
		}
	}, func(cfg *source.ClientConfig) { cfg.Retry.Delays = []time.Duration{} })
	if _, err := c.Do(t.Context(), source.Call{Path: "/old", Read: read}); err != nil {
		t.Error(err)
	}
	if _, err := c.Do(t.Context(), source.Call{Path: "/loop", Read: read}); err == nil {
		t.Error("a loop of redirects ended well")
	}
}

func TestClientTypesABrokenConnection(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close() // nobody is there
	c, err := source.NewClient(source.ClientConfig{
		Source: market.Yahoo, BaseURL: "http://" + l.Addr().String(), Retry: source.Retry{Delays: []time.Duration{}},
	})
	if err != nil {
		t.Fatal(err)
	}
	a, err := c.Do(t.Context(), source.Call{Path: "/", Query: url.Values{"q": {"private"}}, Read: read})
	if source.KindOf(err) != source.Unavailable || !source.Retryable(err) || a.ResponseTimeMs != nil {
		t.Errorf("error %v, attempt %+v", err, a)
	}
	if strings.Contains(err.Error(), "private") {
		t.Errorf("the query is in the error: %v", err)
	}
}

func TestClientHidesWhatAProviderEchoes(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	c, _, _ := newClient(t, func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(400)
		fmt.Fprintf(w, "bad key %s", r.Header.Get("Authorization"))
	}, func(cfg *source.ClientConfig) {
		cfg.Header, cfg.Secrets = http.Header{"Authorization": {"Bearer s3cr3t"}}, []string{"s3cr3t"}
		cfg.Log = slog.New(slog.NewTextHandler(&log, nil))
	})
	a, err := c.Do(t.Context(), source.Call{Path: "/", Read: read})
	if err == nil {
		t.Fatal("no error")
	}
	for _, s := range []string{err.Error(), a.ErrorMessage, log.String()} {
		if strings.Contains(s, "s3cr3t") || !strings.Contains(s, "[secret]") {
			t.Errorf("the key is told: %s", s)
		}
	}
}

func TestClientStopsWhileItWaits(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	c, _, _ := newClient(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) },
		func(cfg *source.ClientConfig) {
			cfg.Clock.Sleep = func(ctx context.Context, _ time.Duration) error { cancel(); return ctx.Err() }
		})
	failed := 0
	_, err := c.Do(ctx, source.Call{Path: "/", Read: read, OnFailure: func(source.Attempt) { failed++ }})
	if source.KindOf(err) != source.Cancelled || !errors.Is(err, context.Canceled) || failed != 1 {
		t.Errorf("error %v after %d failed attempts, want the cancel after one", err, failed)
	}
}

// broken is a transport that fails until it is mended; it needs no network, so
// it can live in a bubble.
type broken struct {
	asked  atomic.Int32
	mended atomic.Bool
}

func (b *broken) RoundTrip(*http.Request) (*http.Response, error) {
	b.asked.Add(1)
	if !b.mended.Load() {
		return nil, errors.New("no route")
	}
	return &http.Response{StatusCode: 200, Body: http.NoBody, Header: http.Header{}}, nil
}

func TestBreakerOpensProbesAndCloses(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		wire := &broken{}
		c, err := source.NewClient(source.ClientConfig{
			Source: market.Polygon, BaseURL: "http://provider.invalid", Transport: wire,
			Retry: source.Retry{Delays: []time.Duration{}}, Breaker: source.BreakerConfig{Failures: 3, Open: time.Minute},
		})
		if err != nil {
			t.Fatal(err)
		}
		call := func() error {
			_, err := c.Do(t.Context(), source.Call{Path: "/", Read: read})
			return err
		}
		state := func(want source.BreakerState) {
			t.Helper()
			if got := c.Breaker(); got != want {
				t.Errorf("the breaker is %s, want %s", got, want)
			}
		}
		state(source.BreakerClosed)
		for range 3 {
			if err := call(); err == nil {
				t.Fatal("no error")
			}
		}
		state(source.BreakerOpen)
		time.Sleep(20 * time.Second)
		err = call()
		if source.KindOf(err) != source.Unavailable || source.RetryAfter(err) != 40*time.Second || wire.asked.Load() != 3 {
			t.Errorf("error %v after %d requests, want a refusal without a request that says 40 s", err, wire.asked.Load())
		}
		time.Sleep(41 * time.Second)
		state(source.BreakerHalfOpen)
		if call() == nil { // the probe fails
			t.Error("no error")
		}
		state(source.BreakerOpen)
		time.Sleep(61 * time.Second)
		wire.mended.Store(true)
		if err := call(); err != nil {
			t.Error(err)
		}
		state(source.BreakerClosed)
	})
}

func TestBreakerLeavesRefusalsToThePause(t *testing.T) {
	t.Parallel()
	for _, counts := range []bool{false, true} {
		c, _, _ := newClient(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(429) }, func(cfg *source.ClientConfig) {
			cfg.Breaker = source.BreakerConfig{Failures: 2, CountRateLimits: counts}
		})
		if _, err := c.Do(t.Context(), source.Call{Path: "/", Read: read}); err == nil {
			t.Fatal("no error")
		}
		if open := c.Breaker() == source.BreakerOpen; open != counts {
			t.Errorf("refusals count: %v, the breaker is open: %v", counts, open)
		}
	}
}
