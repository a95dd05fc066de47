package sim

import (
	"bytes"
	"context"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"time"
)

// Kind is how a simulated provider misbehaves.
type Kind int

// The ways to fail.
const (
	None        Kind = iota
	TooMany          // 429
	Banned           // 418
	ServerError      // 500
	BadGateway       // 502, HTML
	Restricted       // 451
	Firewall         // 403, HTML
	NotEntitled      // 403 as Polygon words it
	BadKey           // 401 as Polygon words it
	Slow             // half a body, then nothing until the client leaves
	Reset            // half a body, then the connection breaks
	Truncated        // half a body, well delivered
	HTML             // 200, an error page
	Empty            // 200, no body
	NullJSON         // 200, null
	Huge             // 200, JSON that does not end for 64 MiB
	Redirect         // 302 to another host
	Duplicates       // each row twice
	Disorder         // neighbouring rows swapped
)

// Fault is one misbehaviour.
type Fault struct {
	Kind       Kind
	RetryAfter string // header of TooMany and Banned; "" is none
}

// Schedule decides the fault of a request; n counts a server's requests from 1.
// It may be called by several goroutines at once.
type Schedule func(r *http.Request, n int) Fault

// Always gives every request the fault.
func Always(f Fault) Schedule { return func(*http.Request, int) Fault { return f } }

// First gives the first so many requests the fault.
func First(many int, f Fault) Schedule {
	return func(_ *http.Request, n int) Fault {
		if n <= many {
			return f
		}
		return Fault{}
	}
}

// Sequence gives each request the fault of its turn, and none after the last.
func Sequence(faults ...Fault) Schedule {
	return func(_ *http.Request, n int) Fault {
		if n <= len(faults) {
			return faults[n-1]
		}
		return Fault{}
	}
}

// Share gives a share of the requests one of the faults, the same ones each
// time for the same seed.
func Share(seed uint64, share float64, faults ...Fault) Schedule {
	return func(_ *http.Request, n int) Fault {
		if unit(seed, uint64(n)) >= share {
			return Fault{}
		}
		return faults[hash(seed+1, uint64(n))%uint64(len(faults))]
	}
}

type faultKey struct{}

// spoil is for the handlers: rows as a fault wants them.
func spoil[T any](ctx context.Context, rows []T) []T {
	switch ctx.Value(faultKey{}) {
	case Duplicates:
		twice := make([]T, 0, 2*len(rows))
		for _, r := range rows {
			twice = append(twice, r, r)
		}
		return twice
	case Disorder:
		rows = slices.Clone(rows)
		for i := 1; i < len(rows); i += 2 {
			rows[i-1], rows[i] = rows[i], rows[i-1]
		}
	}
	return rows
}

// serveFault answers in the place of next, or lets it answer and spoils that.
func serveFault(w http.ResponseWriter, r *http.Request, f Fault, next http.Handler) {
	if plain, ok := plainFaults[f.Kind]; ok {
		if f.RetryAfter != "" {
			w.Header().Set("Retry-After", f.RetryAfter)
		}
		w.Header().Set("Content-Type", plain.contentType)
		w.WriteHeader(plain.status)
		_, _ = w.Write([]byte(plain.body))
		return
	}
	switch f.Kind {
	case Slow, Reset, Truncated:
		cut(w, r, f.Kind, next)
	case Huge:
		huge(w)
	case Redirect:
		http.Redirect(w, r, "http://elsewhere.invalid/", http.StatusFound)
	default:
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), faultKey{}, f.Kind)))
	}
}

// plainFaults are fixed answers. The texts are those seen in the field.
var plainFaults = map[Kind]struct {
	status            int
	contentType, body string
}{
	TooMany:     {429, "application/json", `{"code":-1003,"msg":"Too many requests.","status":"ERROR","error":"You've exceeded the maximum requests per minute, please wait or upgrade your subscription to continue."}`},
	Banned:      {418, "application/json", `{"code":-1003,"msg":"Way too many requests; IP banned."}`},
	ServerError: {500, "application/json", `{"code":-1000,"msg":"An unknown error occurred while processing the request.","status":"ERROR","error":"internal error"}`},
	BadGateway:  {502, "text/html", "<html><head><title>502 Bad Gateway</title></head><body>cloud</body></html>"},
	Restricted:  {451, "application/json", `{"code":0,"msg":"Service unavailable from a restricted location according to 'b. Eligibility'."}`},
	Firewall:    {403, "text/html", "<html><head><title>403 Forbidden</title></head><body>Request blocked.</body></html>"},
	NotEntitled: {403, "application/json", `{"status":"NOT_AUTHORIZED","request_id":"sim","message":"You are not entitled to this data. Please upgrade your plan."}`},
	BadKey:      {401, "application/json", `{"status":"ERROR","request_id":"sim","error":"Unknown API Key"}`},
	HTML:        {200, "text/html", "<!DOCTYPE html><html><body>Will be right back...</body></html>"},
	Empty:       {200, "application/json", ""},
	NullJSON:    {200, "application/json", "null"},
}

// cut lets next answer and sends only half of it.
func cut(w http.ResponseWriter, r *http.Request, kind Kind, next http.Handler) {
	whole := &buffered{header: make(http.Header), status: http.StatusOK}
	next.ServeHTTP(whole, r)
	maps.Copy(w.Header(), whole.header)
	half := whole.body.Bytes()[:whole.body.Len()/2]
	if kind != Truncated {
		w.Header().Set("Content-Length", strconv.Itoa(whole.body.Len()))
	}
	w.WriteHeader(whole.status)
	_, _ = w.Write(half)
	if kind == Truncated {
		return
	}
	_ = http.NewResponseController(w).Flush()
	if kind == Slow {
		select {
		case <-r.Context().Done():
		case <-time.After(2 * time.Minute):
		}
	}
	panic(http.ErrAbortHandler) // net/http breaks the connection without a word
}

func huge(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/json")
	block := bytes.Repeat([]byte(" "), 1<<20)
	for range 64 {
		if _, err := w.Write(block); err != nil {
			return
		}
	}
}

// buffered keeps an answer instead of sending it.
type buffered struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (b *buffered) Header() http.Header         { return b.header }
func (b *buffered) WriteHeader(status int)      { b.status = status }
func (b *buffered) Write(p []byte) (int, error) { return b.body.Write(p) }
