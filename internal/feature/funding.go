package feature

import (
	"math"
	"slices"
	"time"

	"github.com/candlewright/candlewright/internal/market"
)

// PaymentsKnown is how many funding payments the percentile is taken among. It
// is also how many before a bar's end must be at hand to compute the bar.
const PaymentsKnown = 90

// Funding is what the funding payments say at an instant; NaN is unknown.
type Funding struct {
	Rate       float64 // the last one paid
	Percentile float64 // 100 × the share of the last 90 that are not above it
}

// NoFunding is what is known where there are no payments.
func NoFunding() Funding { return Funding{math.NaN(), math.NaN()} }

// Payments walks a series of funding payments in step with the bars. A nil
// *Payments is a series without any.
type Payments struct {
	list []market.Payment
	n    int // payments known at the instant last asked for
	now  Funding
}

// NewPayments walks p, which must be in ascending order and not change
// afterwards. It may begin with the 90th payment before the end of the first
// bar that is asked about. A rate beyond ±1 is no payment.
func NewPayments(p []market.Payment) *Payments {
	believable := func(p market.Payment) bool { return p.Rate >= -1 && p.Rate <= 1 }
	for _, x := range p {
		if !believable(x) {
			p = slices.DeleteFunc(slices.Clone(p), func(x market.Payment) bool { return !believable(x) })
			break
		}
	}
	return &Payments{list: p, now: NoFunding()}
}

// At is what was known at an instant, the end of a bar: a payment made then is
// known. Instants in ascending order cost little each.
func (p *Payments) At(end time.Time) Funding {
	if p == nil {
		return NoFunding()
	}
	n := p.n
	if n > 0 && p.list[n-1].At.After(end) {
		n = 0 // asked for the past: start again
	}
	for n < len(p.list) && !p.list[n].At.After(end) {
		n++
	}
	if n != p.n {
		p.n, p.now = n, fundingAfter(p.list[:n])
	}
	return p.now
}

// fundingAfter is what is known after the last of some payments.
func fundingAfter(paid []market.Payment) Funding {
	if len(paid) == 0 {
		return NoFunding()
	}
	newest := paid[len(paid)-1].Rate
	if len(paid) < PaymentsKnown {
		return Funding{newest, math.NaN()}
	}
	notAbove := 0
	for _, x := range paid[len(paid)-PaymentsKnown:] {
		if !aboveSigned(x.Rate, newest) {
			notAbove++
		}
	}
	return Funding{newest, 100 * float64(notAbove) / PaymentsKnown}
}
