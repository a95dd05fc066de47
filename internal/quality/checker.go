package quality

import (
	"math"
	"time"

	"github.com/candlewright/candlewright/internal/grid"
	"github.com/candlewright/candlewright/internal/market"
)

// Fate is what became of a row.
type Fate uint8

// The fates of a row. Only Passed rows go on, to Order; only of Rejected ones a
// failure is kept.
const (
	Passed         Fate = iota
	Rejected            // it fails on_grid, fields_present or price_positive
	NotEnded            // it fails not_future: dropped and not counted
	OutsideSession      // of pre- or post-market, a weekend or a holiday: no row of the grid
	NoRow               // no finite number in any of open, high, low and close
)

// Checker makes the checks that need one row alone. It knows nothing of other
// rows, so that one Checker serves a delivery of any length.
type Checker struct {
	grid     grid.Grid
	calendar grid.Calendar
	intraday bool
	crypto   bool

	// Rows stamped at or after future are of bars that have not ended.
	future time.Time
}

// NewChecker is a checker of a delivery that was fetched at now.
func NewChecker(g grid.Grid, now time.Time) *Checker {
	// While a bar is open its own row is not complete, and whatever is stamped
	// after its start belongs to it or to the future. While none is (a night, a
	// weekend), a row stamped now is merely off the grid.
	future := now.Add(1)
	if open, ok := g.Containing(now); ok {
		future = g.Stamp(open)
	}
	return &Checker{
		grid:     g,
		calendar: grid.CalendarOf(g.Class()),
		intraday: g.Timeframe().Intraday(),
		crypto:   g.Class() == market.Crypto,
		future:   future,
	}
}

// Row checks the next row and nulls, in c, the crypto fields that are not
// offered, not finite or not sane. failed holds the one check that a Rejected
// or NotEnded row fails, and the marks of a Passed one, for which slot is set.
//
// The error is for the whole delivery: the calendar does not know the row's
// date (it wraps grid.ErrUnknown).
func (k *Checker) Row(c *market.Candle) (slot grid.Slot, failed Checks, fate Fate, err error) {
	if !HasPrice(c) {
		return 0, 0, NoRow, nil
	}
	c.TS = c.TS.UTC()
	slot, onGrid := k.grid.At(c.TS)
	if !onGrid || k.crypto { // what is on an exchange's grid is in its calendar; crypto's grid has no end
		if err := k.grid.Known(c.TS); err != nil {
			return 0, 0, Rejected, err
		}
	}
	if !onGrid && k.intraday && !k.calendar.Open(c.TS) {
		return 0, 0, OutsideSession, nil
	}
	switch {
	case !c.TS.Before(k.future):
		return 0, 1 << NotFuture, NotEnded, nil
	case !onGrid:
		return 0, 1 << OnGrid, Rejected, nil
	case !complete(c):
		return 0, 1 << FieldsPresent, Rejected, nil
	case !positive(c):
		return 0, 1 << PricePositive, Rejected, nil
	}
	if !k.crypto {
		c.Offered = 0 // whatever columns a file has, no stock has funding
	}
	return slot, Marks(c) | nullInsane(c), Passed, nil
}

// Marks are the checks of prices and volume that a row with all five fails:
// ohlc_order and volume_positive.
func Marks(c *market.Candle) Checks {
	var failed Checks
	if c.High < c.Low || c.High < max(c.Open, c.Close) || c.Low > min(c.Open, c.Close) {
		failed = failed.With(OHLCOrder)
	}
	if c.Volume == 0 {
		failed = failed.With(VolumePositive)
	}
	return failed
}

// nullInsane leaves in c only the crypto fields that are offered and can be
// true, and tells whether one of them could not (microstructure_sane). What is
// not offered or no number is missing and fails nothing.
func nullInsane(c *market.Candle) Checks {
	d := &c.Delivered
	if c.Offered == 0 {
		*d = noFields
		return 0
	}
	for f := range market.Field(market.NumFields) {
		if !c.Offered.Has(f) || !finite(d[f]) {
			d[f] = market.Missing()
		}
	}
	sane := true
	for _, f := range [...]market.Field{market.OpenInterest, market.LiquidationsLong, market.LiquidationsShort, market.ExchangeInflow} {
		if d[f] < 0 {
			d[f], sane = market.Missing(), false
		}
	}
	if math.Abs(d[market.FundingRate]) > 1 {
		d[market.FundingRate], sane = market.Missing(), false
	}
	if d[market.LongShortRatio] <= 0 {
		d[market.LongShortRatio], sane = market.Missing(), false
	}
	if !SaneTakers(c) {
		d[market.TakerBuyVolume], d[market.TakerSellVolume], sane = market.Missing(), market.Missing(), false
	}
	if sane {
		return 0
	}
	return 1 << MicrostructureSane
}

// SaneTakers reports whether the taker volumes of a row are possible: none below
// 0, and both together the volume but for 1 % (they are of the same trades).
// Comparisons with a missing one are false, so that it does no harm.
func SaneTakers(c *market.Candle) bool {
	buy, sell := c.Delivered[market.TakerBuyVolume], c.Delivered[market.TakerSellVolume]
	return !(buy < 0 || sell < 0 || math.Abs(buy+sell-c.Volume) > 0.01*c.Volume)
}

// SanePayment reports whether a funding payment is to be stored: its rate is a
// number of at most 1 in size.
func SanePayment(p market.Payment) bool { return p.Rate >= -1 && p.Rate <= 1 }

var noFields = market.NoFields()

// finite is false for NaN and the infinities, whose difference to themselves is
// NaN.
func finite(x float64) bool { return x-x == 0 }

// HasPrice reports whether a row has a finite number in any of open, high, low
// and close; without one it is no row.
func HasPrice(c *market.Candle) bool {
	return finite(c.Open) || finite(c.High) || finite(c.Low) || finite(c.Close)
}

// SanePart reports whether a row of a finer interval goes into the bar that is
// put together of such rows: one whose values would be rejected does not.
func SanePart(c *market.Candle) bool { return complete(c) && positive(c) }

func complete(c *market.Candle) bool {
	return finite(c.Open) && finite(c.High) && finite(c.Low) && finite(c.Close) && finite(c.Volume)
}

func positive(c *market.Candle) bool {
	return c.Open > 0 && c.High > 0 && c.Low > 0 && c.Close > 0 && c.Volume >= 0
}
