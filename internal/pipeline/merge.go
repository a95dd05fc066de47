package pipeline

import (
	"math"
	"strconv"

	"github.com/candlewright/candlewright/internal/market"
	"github.com/candlewright/candlewright/internal/quality"
)

// Priority is the providers of an asset class, best first. Files (csv) come
// after all of them, and after a provider that is no longer listed; a manual
// correction comes before all.
type Priority []market.SourceName

// rank is higher for a better source.
func (p Priority) rank(c *market.Candle) int {
	if c.Manual {
		return len(p) + 2
	}
	for i, s := range p {
		if s == c.Source {
			return len(p) + 1 - i
		}
	}
	if c.Source == market.CSV {
		return 0
	}
	return 1
}

// Yields reports whether a stored candle gives way to a row: one of lesser
// priority changes nothing.
func (p Priority) Yields(stored, row *market.Candle) bool { return p.rank(row) >= p.rank(stored) }

// Merge decides what a checked row does to the candle that is stored in its
// slot (nil: none). It gives the bar to compute and a correction for each value
// that was replaced, with TS, Field, Old, New and Reason; who, when and in which
// series and run is the caller's to add, as are Basis and FirstStoredAt of an
// inserted candle.
//
//   - A row of lesser priority than the candle's changes nothing.
//   - A value that differs by more than 1e-9 of the stored one replaces it: the
//     candle is amended, becomes the row's source's and gets the row's marks.
//     Values that do not differ stay as they are, to the bit.
//   - A crypto field that was missing is filled, and a source that has come to
//     offer more of a candle of its own is believed. If that is all, there is
//     neither correction nor revision, and the marks stay those of the delivery
//     that last inserted or amended the candle.
//   - A missing value never erases a known one: sources publish some fields for
//     30 days only and leave them out afterwards. Only taker volumes go that can no
//     longer be true beside the amended volume, or beside each other.
//   - Where the funding payments are known the rate follows from them (Process)
//     and is not compared.
func Merge(stored *Candle, row quality.Checked, p Priority) (Bar, []Correction) {
	if stored == nil {
		c := Candle{Candle: row.Candle, Revision: 1}
		c.Verdict.Failed = row.Failed
		return Bar{Candle: c, Change: Inserted}, nil
	}
	bar := Bar{Candle: *stored}
	if !p.Yields(&stored.Candle, &row.Candle) {
		return bar, nil
	}
	c := &bar.Candle
	mergeValues(&c.Candle, &row.Candle)
	corrections, filled := compare(&stored.Candle, &c.Candle)
	switch {
	case len(corrections) > 0:
		bar.Change = Amended
		c.Revision++
		c.VolumeEstimated = row.Candle.VolumeEstimated
		// The prices are the row's but for what does not differ, so that their
		// marks are made on what is stored.
		marks := quality.Checks(1<<quality.OHLCOrder | 1<<quality.VolumePositive)
		c.Verdict.Failed = row.Failed&^marks | quality.Marks(&c.Candle)
	case filled || offersMore(&stored.Candle, &row.Candle):
		bar.Change = Filled
	default:
		return bar, nil
	}
	adopt(&c.Candle, &row.Candle)

	reason := SourceUpdated
	switch {
	case row.Candle.Manual:
		reason = ManualCorrection
	case p.rank(&row.Candle) > p.rank(&stored.Candle):
		reason = SourceUpgraded
	}
	for i := range corrections {
		corrections[i].Reason = reason
	}
	return bar, corrections
}

// offersMore reports whether the candle's own source offers fields that it did
// not when it delivered the candle: then features that follow from them can have
// values, as from the funding payments of a perpetual that was not asked for.
func offersMore(stored, row *market.Candle) bool {
	return row.Source == stored.Source && !row.Manual && row.Offered&^stored.Offered != 0
}

// mergeValues puts the row's values that differ or were missing into c.
func mergeValues(c, row *market.Candle) {
	for _, f := range priceFields {
		if old, now := f.of(c), f.of(row); changed(*old, *now) {
			*old = *now
		}
	}
	byPayments := (c.Offered|row.Offered)&market.FundingPayments != 0
	for f := range market.Field(market.NumFields) {
		if f == market.FundingRate && byPayments {
			continue
		}
		old, now := &c.Delivered[f], row.Delivered[f]
		if !math.IsNaN(now) && (math.IsNaN(*old) || changed(*old, now)) {
			*old = now
		}
	}
	if !quality.SaneTakers(c) {
		for _, f := range [...]market.Field{market.TakerBuyVolume, market.TakerSellVolume} {
			c.Delivered[f] = row.Delivered[f]
		}
	}
}

// compare tells what became of a candle's values.
func compare(old, now *market.Candle) (corrections []Correction, filled bool) {
	correct := func(field string, a, b float64) {
		corrections = append(corrections, Correction{TS: old.TS, Field: field, Old: number(a), New: number(b)})
	}
	for _, f := range priceFields {
		if a, b := *f.of(old), *f.of(now); a != b {
			correct(f.name, a, b)
		}
	}
	for f := range market.Field(market.NumFields) {
		switch a, b := old.Delivered[f], now.Delivered[f]; {
		case math.IsNaN(a):
			filled = filled || !math.IsNaN(b)
		case a != b:
			correct(f.String(), a, b)
		}
	}
	return corrections, filled
}

// adopt makes c the row's source's. What is expected of c is what that source
// offers, and the fields that it has kept from before. A manual correction
// changes values, not where the candle came from.
func adopt(c, row *market.Candle) {
	offered := row.Offered | c.Offered&market.FundingPayments
	for f := range market.Field(market.NumFields) {
		if c.Offered.Has(f) && !math.IsNaN(c.Delivered[f]) {
			offered |= market.Offer(f)
		}
	}
	if row.Manual {
		c.Manual = true
		c.Offered |= offered
		return
	}
	c.Source, c.Offered = row.Source, offered
}

var priceFields = [...]struct {
	name string
	of   func(c *market.Candle) *float64
}{
	{"open", func(c *market.Candle) *float64 { return &c.Open }},
	{"high", func(c *market.Candle) *float64 { return &c.High }},
	{"low", func(c *market.Candle) *float64 { return &c.Low }},
	{"close", func(c *market.Candle) *float64 { return &c.Close }},
	{"volume", func(c *market.Candle) *float64 { return &c.Volume }},
}

// changed reports whether a delivered value differs from the stored one: by more
// than rounding in somebody's arithmetic can do.
func changed(old, now float64) bool { return math.Abs(now-old) > 1e-9*math.Abs(old) }

// number is the shortest decimal text that reads back as the same number; "" is
// missing.
func number(x float64) string {
	if math.IsNaN(x) {
		return ""
	}
	format := byte('f')
	if a := math.Abs(x); a != 0 && a < 1e-6 || a >= 1e21 {
		format = 'e'
	}
	return strconv.FormatFloat(x, format, -1, 64)
}
