package sourcetest

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/candlewright/candlewright/internal/market"
	"github.com/candlewright/candlewright/internal/source"
)

// Recorded reads an answer that a real provider once gave, from the folder of
// recordings beside the repository; the test is skipped where that is absent.
func Recorded(t *testing.T, provider, name string) []byte {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for ; ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			break
		}
		if dir == filepath.Dir(dir) {
			t.Fatal("no go.mod above the working directory")
		}
	}
	responses := filepath.Join(filepath.Dir(dir), "shared", "data", "responses")
	if _, err := os.Stat(responses); errors.Is(err, fs.ErrNotExist) {
		t.Skip("the recorded answers in ../shared/data/responses are not here")
	}
	b, err := os.ReadFile(filepath.Join(responses, provider, name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// Fixture is a body of our own in a provider's shape, from the folder testdata of
// the adapter: what a clone without the recordings tests with.
func Fixture(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// RecordedBody is the body in one of Yahoo's recordings, which wrap it together
// with its request.
func RecordedBody(t *testing.T, provider, name string) []byte {
	t.Helper()
	var wrapped struct {
		Response struct {
			Body     string          `json:"body"`
			BodyJSON json.RawMessage `json:"bodyJson"`
		} `json:"response"`
	}
	if err := json.Unmarshal(Recorded(t, provider, name), &wrapped); err != nil {
		t.Fatal(err)
	}
	if len(wrapped.Response.BodyJSON) > 0 {
		return wrapped.Response.BodyJSON
	}
	return []byte(wrapped.Response.Body)
}

// Answer is one answer to replay.
type Answer struct {
	Status int // default 200
	Header map[string]string
	Body   string
}

// Replayed is a provider that gives fixed answers in turn, the last one for
// ever.
type Replayed struct {
	URL string

	mu    sync.Mutex
	asked []*url.URL
}

// Replay starts one.
func Replay(t *testing.T, answers ...Answer) *Replayed {
	t.Helper()
	p := &Replayed{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.mu.Lock()
		p.asked = append(p.asked, r.URL)
		a := answers[min(len(p.asked), len(answers))-1]
		p.mu.Unlock()
		for k, v := range a.Header {
			w.Header().Set(k, v)
		}
		if a.Status != 0 {
			w.WriteHeader(a.Status)
		}
		_, _ = w.Write([]byte(a.Body))
	}))
	t.Cleanup(server.Close)
	p.URL = server.URL
	return p
}

// Asked is what was asked for, in order.
func (p *Replayed) Asked() []*url.URL {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]*url.URL(nil), p.asked...)
}

// Instant is a clock that stands at now and sleeps in no time.
func Instant(now time.Time) source.Clock {
	return source.Clock{Now: func() time.Time { return now }, Sleep: func(ctx context.Context, _ time.Duration) error { return ctx.Err() }}
}

// Collect reads all pages of a request.
func Collect(t *testing.T, src source.Source, r source.Request) ([]market.Candle, []source.Page, error) {
	t.Helper()
	var candles []market.Candle
	var pages []source.Page
	for p, err := range src.Candles(t.Context(), r) {
		if err != nil {
			return candles, pages, err
		}
		candles = append(candles, p.Candles...)
		pages = append(pages, p)
	}
	return candles, pages, nil
}
