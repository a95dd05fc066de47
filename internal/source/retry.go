package source

import (
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Retry is how a failed call is tried again.
type Retry struct {
	// Delays are the waits before the second try, the third and so on; one
	// try more than delays is made. nil is 2 s, 4 s, 8 s.
	Delays []time.Duration
	// Jitter is the share by which a delay may come out longer or shorter, so
	// that clients that failed together do not come back together; 0 is 0.2,
	// negative is none.
	Jitter float64
	// MaxWait is the longest Retry-After that is waited for within a call; a
	// longer one ends it, and the caller decides. 0 is 1 minute.
	MaxWait time.Duration
}

func (r Retry) orDefault() Retry {
	if r.Delays == nil {
		r.Delays = []time.Duration{2 * time.Second, 4 * time.Second, 8 * time.Second}
	}
	if r.Jitter == 0 {
		r.Jitter = 0.2
	}
	if r.MaxWait == 0 {
		r.MaxWait = time.Minute
	}
	return r
}

// next is the wait before the try after the failed-th one, and whether there
// is to be one.
func (r Retry) next(failed int, err error) (time.Duration, bool) {
	e := deciding(err)
	if failed > len(r.Delays) || e == nil || !e.Transient || e.notAsked {
		return 0, false
	}
	wait := r.Delays[failed-1]
	if r.Jitter > 0 {
		wait = time.Duration(float64(wait) * (1 + r.Jitter*(2*rand.Float64()-1)))
	}
	return max(wait, e.RetryAfter), e.RetryAfter <= r.MaxWait
}

// ParseRetryAfter reads the Retry-After header, seconds or a date. It is 0
// where there is none that makes sense, and at most 7 days.
func ParseRetryAfter(h http.Header, now time.Time) time.Duration {
	const most = 7 * 24 * time.Hour
	s := strings.TrimSpace(h.Get("Retry-After"))
	if s == "" {
		return 0
	}
	if n, err := strconv.ParseFloat(s, 64); err == nil {
		if !(n > 0) { // NaN too
			return 0
		}
		return time.Duration(min(n, most.Seconds()) * float64(time.Second))
	}
	t, err := http.ParseTime(s)
	if err != nil {
		return 0
	}
	return min(max(t.Sub(now), 0), most)
}
