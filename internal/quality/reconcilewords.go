package quality

import (
	"fmt"
	"time"

	"github.com/candlewright/candlewright/internal/market"
)

// Explain says in a sentence what a group of differences probably comes from.
func (c *Comparison) Explain(g Group) string {
	switch g.Cause {
	case CauseSplit:
		return c.splitWords(g)
	case CauseCurrency:
		return fmt.Sprintf("The prices of %s are %s those of %s and the volumes are not: one of them quotes in hundredths of the currency.", c.B, times(g.Ratio), c.A)
	case CauseDividends:
		return fmt.Sprintf("All four prices of a bar differ by the same share, and over stretches by the same one: %s looks adjusted for dividends.", c.other(g.Larger))
	case CauseShift:
		return c.shiftWords(g)
	case CauseLiveQuote:
		return "Only the newest bar differs: it was a live quote or not yet final at one of them, and a later fetch should agree."
	case CauseMarket:
		return c.marketWords()
	case CauseVolumeUnit:
		if g.Quote {
			return fmt.Sprintf("The volumes differ by about the price: that of %s is in the quote currency, the other in units.", g.Larger)
		}
		return fmt.Sprintf("The volume of %s is %s that of %s: they count in other units.", c.B, times(g.Ratio), c.A)
	case CauseVolumeEstimate:
		return "One volume was reckoned from a volume in the quote currency, by (high + low + close) / 3."
	case CauseExtendedHours:
		return fmt.Sprintf("The volume of %s is larger while prices agree: it counts trades before and after the session too.", g.Larger)
	case CauseHistory:
		if c.BarsA == 0 || c.BarsB == 0 {
			return fmt.Sprintf("%s has no bar at all in this range.", c.other(g.Larger))
		}
		return fmt.Sprintf("Only %s has these bars: they lie before the first bar of %s or after its last.", g.Larger, c.other(g.Larger))
	case CauseNoTrade:
		return fmt.Sprintf("%s has a bar without volume where %s has none: nothing was traded.", g.Larger, c.other(g.Larger))
	case CauseMissingBar:
		return fmt.Sprintf("%s leaves out bars that %s has.", c.other(g.Larger), g.Larger)
	case CauseUnknown:
	}
	return "No known cause fits: a correction that only one has made, or a wrong value."
}

func (c *Comparison) splitWords(g Group) string {
	s := fmt.Sprintf("The prices of %s are %s those of %s", c.B, times(g.Ratio), c.A)
	if g.Inverse {
		return s + " and its volume is in the inverse ratio: one of them has not adjusted for a split."
	}
	return s + " and the volumes are not in the inverse ratio: one of them has not adjusted its prices for a split."
}

func (c *Comparison) shiftWords(g Group) string {
	by := fmt.Sprintf("%d bars", max(g.Later, -g.Later))
	switch {
	case g.LaterTime != 0:
		by = g.LaterTime.Abs().Round(time.Second).String()
	case g.Later == 1 || g.Later == -1:
		by = "one bar"
	}
	word := "earlier"
	if g.Later > 0 || g.LaterTime > 0 {
		word = "later"
	}
	return fmt.Sprintf("The same bars stand %s %s at %s than at %s: they anchor the session, or the stamp, differently.", by, word, c.B, c.A)
}

func (c *Comparison) marketWords() string {
	if (c.A == market.Binance) != (c.B == market.Binance) {
		return fmt.Sprintf("%s and %s are different markets: binance quotes in USDT and counts its own trades, the other quotes in USD.", c.A, c.B)
	}
	return fmt.Sprintf("%s and %s are different markets: each pools exchanges of its own.", c.A, c.B)
}

func (c *Comparison) other(s market.SourceName) market.SourceName {
	if s == c.A {
		return c.B
	}
	return c.A
}

// times words a ratio: "4 times", "1/4 of", "3/2 times".
func times(r [2]int) string {
	switch {
	case r[1] == 1:
		return fmt.Sprintf("%d times", r[0])
	case r[0] == 1:
		return fmt.Sprintf("1/%d of", r[1])
	}
	return fmt.Sprintf("%d/%d of", r[0], r[1])
}
