package grid

import (
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/candlewright/candlewright/internal/market"
)

// ErrStraddles is what the errors of a Resampler wrap for a row that reaches
// from one slot into the next. A source that has no finer interval than that
// cannot serve the timeframe.
var ErrStraddles = errors.New("row straddles slots")

// Resampler puts finer rows of one source together to the bars of a Grid, one
// row at a time. A slot with at least one row gets a bar, however many it lacks.
type Resampler struct {
	to    Grid
	parts Grid  // the rows' own grid, for 1w only
	step  int64 // nominal seconds of a row

	slot   Slot
	bar    market.Candle
	filled bool      // bar has at least one row
	last   time.Time // stamp of the last row that was used
}

// NewResampler makes a Resampler for rows of the nominal length part, whole
// minutes; 24 hours stands for daily rows stamped with the session's date.
//
// Intraday bars come from intraday rows that divide them, 1w from daily rows.
// 1d comes from none: a day's closing auction and late prints are in no
// intraday row, so a source's daily bars are taken as they are.
func NewResampler(part time.Duration, to Grid) (*Resampler, error) {
	switch {
	case to.tf == market.D1:
		return nil, errors.New("resample to 1d: take the source's daily bars, intraday rows lack the closing auction")
	case to.tf == market.W1 && part != 24*time.Hour:
		return nil, fmt.Errorf("resample to 1w: rows are %v long, want the source's daily bars", part)
	case to.tf.Intraday() && (part < time.Minute || part%time.Minute != 0 || to.tf.Duration()%part != 0):
		return nil, fmt.Errorf("resample to %s: rows are %v long, want whole minutes that divide the bar", to.tf, part)
	}
	return &Resampler{to: to, parts: New(to.class, market.D1), step: int64(part / time.Second)}, nil
}

// Push adds a row. Where the row starts a slot, the bar of the slot before is
// complete and returned.
//
// Rows are expected in ascending order, converted (volume in base units, taker
// sells filled in) and free of those that the checks reject. Rows that start
// outside the sessions, daily rows of dates without session, and rows that
// start inside a slot but not at a multiple of their length are left out. A row
// that cannot be placed is an error and changes nothing: it straddles slots
// (ErrStraddles), comes at or before the last one, or is of a year that the
// calendar does not know (ErrUnknown).
func (r *Resampler) Push(row market.Candle) (bar market.Candle, ok bool, err error) {
	slot, ok, err := r.place(row.TS)
	if err != nil {
		return market.Candle{}, false, fmt.Errorf("resample to %s: %w", r.to, err)
	}
	if !ok {
		return market.Candle{}, false, nil
	}
	r.last = row.TS
	if r.filled && slot == r.slot {
		r.add(&row)
		return market.Candle{}, false, nil
	}
	bar, ok = r.Flush()
	r.slot, r.bar, r.filled = slot, row, true
	r.bar.TS = r.to.Stamp(slot)
	return bar, ok, nil
}

// Open is the slot of the bar that is being put together, false where none is.
func (r *Resampler) Open() (Slot, bool) { return r.slot, r.filled }

// Flush returns the bar of the last slot, if there is one, and starts anew. The
// bar is as complete as the rows pushed; whether it has ended is for the checks.
func (r *Resampler) Flush() (bar market.Candle, ok bool) {
	bar, ok = r.bar, r.filled
	r.bar, r.filled = market.Candle{}, false
	return bar, ok
}

// Resample puts rows together to bars as a Resampler does; an error is that of
// the first row which cannot be placed.
func Resample(part time.Duration, to Grid, rows []market.Candle) ([]market.Candle, error) {
	r, err := NewResampler(part, to)
	if err != nil {
		return nil, err
	}
	var bars []market.Candle
	for _, row := range rows {
		bar, ok, err := r.Push(row)
		if err != nil {
			return nil, err
		}
		if ok {
			bars = append(bars, bar)
		}
	}
	if bar, ok := r.Flush(); ok {
		bars = append(bars, bar)
	}
	return bars, nil
}

// place is the slot that a row belongs to, or false for one to leave out.
func (r *Resampler) place(ts time.Time) (Slot, bool, error) {
	if err := r.to.Known(ts); err != nil {
		return 0, false, err
	}
	slot, ok := r.to.Containing(ts)
	if !ok {
		return 0, false, nil
	}
	if r.to.tf == market.W1 {
		_, ok = r.parts.At(ts)
	} else {
		sec, end := ts.Unix(), r.to.axis.end(slot)
		// A session's last row may reach beyond the close, nominally: nothing is in it then.
		if sec+r.step > end && r.to.axis.stamp(slot+1) == end {
			return 0, false, fmt.Errorf("%w: the one of %s lasts %v, the slot ends at %s; fetch a finer interval",
				ErrStraddles, ts.UTC().Format(time.RFC3339), time.Duration(r.step)*time.Second, instant(end).Format(time.RFC3339))
		}
		ok = (sec-r.to.axis.stamp(slot))%r.step == 0 && ts.Nanosecond() == 0
	}
	if ok && !r.last.IsZero() && !ts.After(r.last) {
		return 0, false, fmt.Errorf("the row of %s comes after that of %s; sort the rows and keep one per stamp",
			ts.UTC().Format(time.RFC3339), r.last.UTC().Format(time.RFC3339))
	}
	return slot, ok, nil
}

// add merges a further row into the bar.
func (r *Resampler) add(row *market.Candle) {
	b := &r.bar
	b.High = max(b.High, row.High)
	b.Low = min(b.Low, row.Low)
	b.Close = row.Close
	b.Volume += row.Volume
	for f := range market.Field(market.NumFields) {
		v := row.Delivered[f]
		switch f {
		case market.LiquidationsLong, market.LiquidationsShort, market.TakerBuyVolume, market.TakerSellVolume:
			b.Delivered[f] += v // NaN, a missing part, makes the sum missing
		default:
			if !math.IsNaN(v) {
				b.Delivered[f] = v
			}
		}
	}
	b.Offered |= row.Offered
	b.Manual = b.Manual || row.Manual
	b.VolumeEstimated = b.VolumeEstimated || row.VolumeEstimated
}
