package enrich

import (
	"context"
	"fmt"
	"time"

	"github.com/candlewright/candlewright/internal/fault"
	"github.com/candlewright/candlewright/internal/feature"
	"github.com/candlewright/candlewright/internal/grid"
	"github.com/candlewright/candlewright/internal/market"
	"github.com/candlewright/candlewright/internal/pipeline"
	"github.com/candlewright/candlewright/internal/quality"
	"github.com/candlewright/candlewright/internal/store"
)

// Explanation is how a stored candle came to its score and its validation.
type Explanation struct {
	Symbol    market.Symbol
	Timeframe market.Timeframe
	End       time.Time // of the bar
	pipeline.Explanation
	Run         *pipeline.Run         // that last wrote the candle; nil: it is gone
	Corrections []pipeline.Correction // of the candle, oldest first
	Kept        []KeptFailure         // checks that any row of the slot has ever failed
}

// KeptFailure is a check that a row of a slot failed once, whatever became of the
// slot afterwards.
type KeptFailure = store.KeptFailure

// Explain tells how the candle of a stamp came to its score. A stamp that is no
// slot, or a slot without candle, is an error that says what is there instead.
func (s *Service) Explain(ctx context.Context, ticker string, class *market.AssetClass, tf market.Timeframe, ts time.Time) (Explanation, error) {
	sym, err := s.mustFind(ctx, ticker, class)
	if err != nil {
		return Explanation{}, err
	}
	e := Explanation{Symbol: sym.Symbol, Timeframe: tf}
	now := s.now()
	err = s.store.Snapshot(ctx, func(tx *store.Tx) error {
		info, err := seriesWith(ctx, tx, sym, tf)
		if err != nil {
			return err
		}
		x := &explanation{tx: tx, sym: sym, grid: grid.New(sym.Class, tf), info: info, ts: ts}
		stored, err := x.candle(ctx, now)
		if err != nil {
			return err
		}
		return x.fill(ctx, &e, stored)
	})
	return e, err
}

// explanation is one on its way.
type explanation struct {
	tx   *store.Tx
	sym  pipeline.Symbol
	grid grid.Grid
	info pipeline.SeriesInfo
	ts   time.Time
}

// candle is the one under explanation.
func (x *explanation) candle(ctx context.Context, now time.Time) (store.StoredCandle, error) {
	slot, ok := x.grid.At(x.ts)
	if !ok {
		return store.StoredCandle{}, x.noSlot()
	}
	found, err := x.tx.StoredCandles(ctx, x.sym.ID, x.info.Timeframe, x.ts.Add(-time.Microsecond), x.ts.Add(time.Microsecond), 1)
	if err != nil {
		return store.StoredCandle{}, err
	}
	if len(found) == 1 {
		return found[0], nil
	}
	return store.StoredCandle{}, x.absent(ctx, slot, now)
}

// noSlot says where the nearest slot is.
func (x *explanation) noSlot() error {
	stamp := func(s grid.Slot) string { return x.grid.Stamp(s).Format(time.RFC3339) }
	asked := x.ts.Format(time.RFC3339)
	if err := x.grid.Known(x.ts); err != nil {
		return fault.BadInput("ts", "%v", err)
	}
	if s, ok := x.grid.Containing(x.ts); ok {
		return fault.BadInput("ts", "no %s bar (%s) is stamped %s: the one that was open then is stamped %s", x.info.Timeframe, x.sym.Class, asked, stamp(s))
	}
	next := x.grid.FirstFrom(x.ts)
	return fault.BadInput("ts", "no %s bar (%s) is stamped %s: the ones before and after are stamped %s and %s",
		x.info.Timeframe, x.sym.Class, asked, stamp(next-1), stamp(next))
}

// absent says why a slot has no candle.
func (x *explanation) absent(ctx context.Context, slot grid.Slot, now time.Time) error {
	asked := x.ts.Format(time.RFC3339)
	switch {
	case x.ts.Before(x.info.First):
		return fault.NoSuch("no candle is stored at %s: the %s series of %s begins at %s", asked, x.info.Timeframe, x.sym.Symbol, x.info.First.Format(time.RFC3339))
	case x.grid.End(slot).After(now):
		return fault.NoSuch("no candle is stored at %s: the bar ends at %s", asked, x.grid.End(slot).Format(time.RFC3339))
	case x.ts.After(x.info.Last):
		return fault.NoSuch("no candle is stored at %s: the %s series of %s ends at %s", asked, x.info.Timeframe, x.sym.Symbol, x.info.Last.Format(time.RFC3339))
	}
	key := SymbolKey{x.sym.ID, x.sym.Class}
	tried, err := attemptsOf(ctx, x.tx, []SymbolKey{key}, x.info.Timeframe, Range{From: x.ts, To: x.ts.Add(time.Microsecond)})
	if err != nil {
		return err
	}
	a := tried(key)
	cause, _ := a.record.Cause(slot)
	gap := a.gap(x.info.Timeframe, quality.Gap{First: x.ts, Last: x.ts, Slots: 1, Cause: cause}, now)
	return fault.NoSuch("no candle is stored at %s: a gap, cause %s, asked for %s", asked, gap.Cause, times(gap.Tries))
}

func times(n int) string {
	switch n {
	case 0:
		return "never"
	case 1:
		return "once"
	}
	return fmt.Sprintf("%d times", n)
}

func (x *explanation) fill(ctx context.Context, e *Explanation, stored store.StoredCandle) error {
	in, err := x.input(ctx, stored)
	if err != nil {
		return err
	}
	e.Explanation = pipeline.Explain(in)
	slot, _ := x.grid.At(x.ts)
	e.End = x.grid.End(slot)
	runs, err := x.tx.RunsByIDs(ctx, []int64{stored.RunID})
	if err != nil {
		return err
	}
	if run, ok := runs[stored.RunID]; ok {
		e.Run = &run
	}
	if e.Corrections, err = x.tx.CorrectionsOfCandle(ctx, x.sym.ID, x.info.Timeframe, x.ts); err != nil {
		return err
	}
	e.Kept, err = x.tx.FailuresAt(ctx, x.sym.ID, x.info.Timeframe, x.ts)
	return err
}

// input reads what the explanation needs: the last saved state before the bar
// before, and the bars from there on.
func (x *explanation) input(ctx context.Context, stored store.StoredCandle) (pipeline.ExplainInput, error) {
	tf := x.info.Timeframe
	first, _ := x.grid.At(x.info.First)
	in := pipeline.ExplainInput{Input: pipeline.Input{Grid: x.grid}, First: first}
	from := x.ts
	before, err := x.tx.LastCandles(ctx, x.sym.ID, tf, x.ts, 1)
	if err != nil {
		return in, err
	}
	if len(before) == 1 {
		from = before[0].TS
	}
	saved, ok, err := x.tx.StateBefore(ctx, x.sym.ID, tf, from)
	if err != nil {
		return in, err
	}
	if ok {
		in.Prior = pipeline.NewState(x.grid)
		if err := in.Prior.UnmarshalBinary(saved.State); err != nil {
			return in, err
		}
	}
	bars, err := x.tx.CandlesIn(ctx, x.sym.ID, tf, Range{From: saved.TS.Add(time.Microsecond), To: x.ts})
	if err != nil {
		return in, err
	}
	for i := range bars {
		in.Bars = append(in.Bars, pipeline.Bar{Candle: bars[i]})
	}
	in.Bars = append(in.Bars, pipeline.Bar{Candle: stored.Candle})
	if err := x.payments(ctx, &in); err != nil {
		return in, err
	}
	return in, x.references(ctx, &in)
}

func (x *explanation) payments(ctx context.Context, in *pipeline.ExplainInput) error {
	in.Known = feature.NoFunding()
	if x.sym.Class != market.Crypto {
		return nil
	}
	slot, _ := x.grid.At(x.ts)
	end := x.grid.End(slot)
	payments, err := x.tx.Payments(ctx, x.sym.ID, end, end)
	if err != nil {
		return err
	}
	in.Payments = min(len(payments), feature.PaymentsKnown)
	in.Known = feature.NewPayments(payments).At(end)
	return nil
}

// references reads the candles that the returns refer to.
func (x *explanation) references(ctx context.Context, in *pipeline.ExplainInput) error {
	found := map[grid.Slot]*pipeline.Candle{}
	slot, _ := x.grid.At(x.ts)
	for _, before := range []func(grid.Slot) (grid.Slot, bool){x.grid.HourBefore, x.grid.DayBefore} {
		ref, ok := before(slot)
		if !ok {
			continue
		}
		ts := x.grid.Stamp(ref)
		candles, err := x.tx.CandlesIn(ctx, x.sym.ID, x.info.Timeframe, Range{From: ts, To: ts.Add(time.Microsecond)})
		if err != nil {
			return err
		}
		if len(candles) == 1 {
			found[ref] = &candles[0]
		}
	}
	in.Stored = func(s grid.Slot) (*pipeline.Candle, bool) {
		c, ok := found[s]
		return c, ok
	}
	return nil
}
