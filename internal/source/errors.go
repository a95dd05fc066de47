package source

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/candlewright/candlewright/internal/market"
)

// Kind is what went wrong with a source, as far as it decides what to do next.
// Its text is the error code of the fetch log.
type Kind string

// The kinds of failure.
const (
	NotFound     Kind = "SYMBOL_NOT_FOUND" // the source has no such symbol: unknown, renamed or delisted
	NotEntitled  Kind = "NOT_ENTITLED"     // the key or plan does not cover what was asked
	Unauthorized Kind = "UNAUTHORIZED"     // the key is missing or wrong
	Blocked      Kind = "BLOCKED"          // the source refuses this place or address
	BadRequest   Kind = "BAD_REQUEST"      // the source finds our question wrong
	RateLimited  Kind = "RATE_LIMITED"     // too many calls
	Timeout      Kind = "TIMEOUT"          // no whole answer in time
	Unavailable  Kind = "UNAVAILABLE"      // no connection, 5xx, cut off, or the breaker is open
	BadResponse  Kind = "BAD_RESPONSE"     // an answer that is not what the protocol promises
	OutOfReach   Kind = "OUT_OF_REACH"     // older than the source's history reaches
	NoSource     Kind = "NO_SOURCE"        // no source that is switched on serves the series
	Cancelled    Kind = "CANCELLED"        // we stopped
	Unknown      Kind = "UNKNOWN"          // no error of a source
)

// Error is a failure of one source. It carries no secret: neither headers nor
// the query of a URL are ever part of it.
type Error struct {
	Kind       Kind
	Source     market.SourceName
	Status     int           // HTTP status; 0: no answer
	Code       string        // the provider's own code, such as "-1121"
	Message    string        // what the provider said, or what was found wrong with its answer
	Transient  bool          // the same call may succeed later
	RetryAfter time.Duration // how long the provider wants to be left alone; 0: it did not say
	Err        error         // the cause, where there is one

	notAsked bool // our own gate refused: trying again within the call is pointless
}

// Error gives "binance: Invalid symbol. (SYMBOL_NOT_FOUND, status 400, code -1121)".
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(string(e.Source))
	b.WriteString(": ")
	b.WriteString(e.Message)
	if e.Err != nil {
		if e.Message != "" {
			b.WriteString(": ")
		}
		b.WriteString(e.Err.Error())
	}
	b.WriteString(" (")
	b.WriteString(string(e.Kind))
	if e.Status != 0 {
		b.WriteString(", status ")
		b.WriteString(strconv.Itoa(e.Status))
	}
	if e.Code != "" {
		b.WriteString(", code ")
		b.WriteString(e.Code)
	}
	b.WriteString(")")
	return b.String()
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }

// FailedError is what a Chain ends with when no source served a range: the
// error of each source tried, in order.
type FailedError struct {
	From, To time.Time // the stamps that nobody served, To exclusive
	Errors   []error
}

// Error lists the sources' sentences.
func (e *FailedError) Error() string {
	parts := make([]string, len(e.Errors))
	for i, err := range e.Errors {
		parts[i] = err.Error()
	}
	return strings.Join(parts, "; ")
}

// Unwrap gives the sources' errors.
func (e *FailedError) Unwrap() []error { return e.Errors }

// KindOf is the kind of the error that decides: of several sources' errors the
// first that a retry can heal, else the first that is more than "no such
// symbol".
func KindOf(err error) Kind {
	if e := deciding(err); e != nil {
		return e.Kind
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return Cancelled
	}
	return Unknown
}

// Code is the error code for the fetch log and the run.
func Code(err error) string { return string(KindOf(err)) }

// Retryable reports whether the same question may succeed later.
func Retryable(err error) bool {
	e := deciding(err)
	return e != nil && e.Transient
}

// RetryAfter is how long to wait before the next try, as far as the source
// that decides said so; 0: it did not.
func RetryAfter(err error) time.Duration {
	if e := deciding(err); e != nil {
		return e.RetryAfter
	}
	return 0
}

func deciding(err error) *Error {
	failed, ok := errors.AsType[*FailedError](err)
	if !ok {
		e, _ := errors.AsType[*Error](err)
		return e
	}
	var first, telling *Error
	for _, sub := range failed.Errors {
		e := deciding(sub)
		switch {
		case e == nil:
		case e.Transient:
			return e
		case first == nil:
			first = e
		}
		if e != nil && telling == nil && e.Kind != NotFound {
			telling = e
		}
	}
	if telling != nil {
		return telling
	}
	return first
}
