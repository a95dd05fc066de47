package pipeline

import (
	"strconv"

	"github.com/candlewright/candlewright/internal/market"
	"github.com/candlewright/candlewright/internal/quality"
)

// Undo takes back corrections of a candle, all that were made after some instant,
// given oldest first: its delivered values and its revision become those of that
// instant. Its features and its score do not: they follow when the series is
// computed anew.
//
// What corrections do not tell stays as it is now: the source and what it
// offers, the marks monotonic and microstructure_sane, and fields that were
// filled since, which were null before.
func Undo(c *Candle, corrections []Correction) {
	for i := len(corrections) - 1; i >= 0; i-- {
		x := &corrections[i]
		if field := fieldOf(&c.Candle, x.Field); field != nil {
			*field = value(x.Old)
		}
		// One delivery corrects several fields and raises the revision once.
		if i == 0 || !x.CorrectedAt.Equal(corrections[i-1].CorrectedAt) {
			c.Revision = max(1, c.Revision-1)
		}
	}
	if len(corrections) > 0 {
		const ofValues = quality.Checks(1<<quality.OHLCOrder | 1<<quality.VolumePositive)
		c.Verdict.Failed = c.Verdict.Failed&^ofValues | quality.Marks(&c.Candle)
	}
}

// fieldOf is the value that a column name means, nil if it means none that is
// delivered.
func fieldOf(c *market.Candle, column string) *float64 {
	for _, f := range priceFields {
		if f.name == column {
			return f.of(c)
		}
	}
	if f, ok := market.ParseField(column); ok {
		return &c.Delivered[f]
	}
	return nil
}

// value reads what number wrote.
func value(s string) float64 {
	x, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return market.Missing()
	}
	return x
}
