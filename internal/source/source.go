package source

import (
	"context"
	"iter"
	"time"

	"github.com/candlewright/candlewright/internal/market"
)

// Source is one provider of candles. Its methods may be called by several
// goroutines at once.
type Source interface {
	Name() market.SourceName

	// Serves reports whether the source has candles of the class and
	// timeframe at all, without asking it: true is no promise that it knows
	// the ticker.
	Serves(sym market.Symbol, tf market.Timeframe) bool

	// Offers is what the source delivers beside prices and volume, as far as
	// it knows now; each candle carries the set that held when it was fetched.
	Offers(sym market.Symbol, tf market.Timeframe) market.Fields

	// Candles asks for a range and gives it page by page, oldest first. The
	// pages are consecutive: each starts where the one before ended and the
	// first at Request.From, so that a run can keep its place after each.
	// The sequence ends early, without an error, before the first bar that has
	// not ended.
	//
	// An error is the last element. Its page carries the range that failed and
	// no candles; what was asked for after that range was not tried. When ctx
	// ends, the error wraps its cause.
	Candles(ctx context.Context, r Request) iter.Seq2[Page, error]
}

// Request asks for the bars of one series stamped in [From, To).
type Request struct {
	Symbol    market.Symbol
	Timeframe market.Timeframe
	From, To  time.Time // stamps as grid.Stamp gives them
	Now       time.Time // the moment of the run: bars that end later are left out

	// OnFailure, if set, is told of every attempt that brought nothing, as
	// soon as it failed. The attempt that brought a page travels with the
	// page, so that its log row can share the commit of the candles.
	OnFailure func(Attempt)
}

// Failed hands a failed attempt to OnFailure, if there is one.
func (r Request) Failed(a Attempt) {
	if r.OnFailure != nil {
		r.OnFailure(a)
	}
}

// Refused reports an attempt that ended before or after the call itself, for an
// answer that turned out to be none or a question that cannot be asked.
func (r Request) Refused(name market.SourceName, w Window, err error) {
	r.Failed(Attempt{
		Source: name, From: w.Grid.Stamp(w.First), To: w.To(), Number: 1, At: r.Now,
		ErrorCode: Code(err), ErrorMessage: err.Error(),
	})
}

// Page is what one successful call brought.
type Page struct {
	// From and To bound the stamps that the source answered for, To
	// exclusive: a slot in between that has no candle is empty at the source.
	From, To time.Time
	// Candles in the order delivered: as a rule ascending, but a provider's
	// disorder and doublets are left for the checks to see.
	Candles []market.Candle
	Attempt Attempt
}

// Attempt is one try to get something from a source: one row of the fetch log.
type Attempt struct {
	Source         market.SourceName
	From, To       time.Time // stamps asked for, of a success answered for; To exclusive
	Rows           int       // candles that go on to the checks
	Success        bool
	ResponseTimeMs *int // from request to the body's last byte; nil: the source never answered
	QuotaRemaining *int // calls or weight left in the present window; nil: unknown
	ErrorCode      string
	ErrorMessage   string
	Number         int    // 1 for the first try of a call
	Detail         string // what was left out, in words; "" is nothing
	At             time.Time
}

// Reacher is a source whose history starts at a distance from now, whatever
// the symbol's own age: a plan's years, Yahoo's 59 days of minutes.
type Reacher interface {
	// Reach is the first instant that may be asked for; zero is no limit.
	Reach(sym market.Symbol, tf market.Timeframe, now time.Time) time.Time
}

// FundingSource is a source that has the payments of a perpetual.
type FundingSource interface {
	// Payments gives the payments made in [From, To), ascending. A symbol
	// without a perpetual has none, and that is no error.
	Payments(ctx context.Context, r Request) iter.Seq2[PaymentPage, error]
}

// PaymentPage is what one successful call for payments brought.
type PaymentPage struct {
	From, To time.Time
	Payments []market.Payment
	Attempt  Attempt
}

// BreakerState is what a source's breaker lets through.
type BreakerState string

// The states of a breaker.
const (
	BreakerClosed   BreakerState = "closed"    // all calls
	BreakerHalfOpen BreakerState = "half_open" // one probe
	BreakerOpen     BreakerState = "open"      // nothing
)

// Guarded is a source whose breaker can be seen.
type Guarded interface {
	Breaker() BreakerState
}
