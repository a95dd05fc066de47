package enrich

import (
	"context"
	"slices"
	"strconv"
	"time"

	"github.com/candlewright/candlewright/internal/grid"
	"github.com/candlewright/candlewright/internal/market"
	"github.com/candlewright/candlewright/internal/pipeline"
	"github.com/candlewright/candlewright/internal/quality"
	"github.com/candlewright/candlewright/internal/store"
)

// verifyPage is how many candles are read at once.
const verifyPage = 2000

// seriesCheck goes through one series from its start and computes it anew.
type seriesCheck struct {
	v       *verifying
	tx      *store.Tx
	grid    grid.Grid
	info    pipeline.SeriesInfo // as stored
	counted pipeline.SeriesInfo // as computed anew
	extent  VerifiedExtent
	state   *pipeline.State
	saved   []time.Time // stamps of the saved states still to come
	stateAt time.Time   // stamp of the last one met
	last    time.Time   // stamp of the last candle read
}

// weekly is a candle of 1w, as computed anew.
type weekly struct {
	validated bool
	score     float64
}

func newSeriesCheck(v *verifying, tx *store.Tx, info pipeline.SeriesInfo) *seriesCheck {
	g := grid.New(v.sym.Class, info.Timeframe)
	return &seriesCheck{
		v: v, tx: tx, grid: g, info: info, state: pipeline.NewState(g),
		counted: pipeline.SeriesInfo{SymbolID: info.SymbolID, Timeframe: info.Timeframe, Basis: info.Basis, Revision: info.Revision},
		extent:  VerifiedExtent{Timeframe: info.Timeframe},
	}
}

func (k *seriesCheck) run(ctx context.Context) error {
	var err error
	if k.saved, err = k.tx.StateStamps(ctx, k.info.SymbolID, k.info.Timeframe, time.Time{}); err != nil {
		return err
	}
	k.extent.States = len(k.saved)
	for {
		page, err := k.tx.StoredCandles(ctx, k.info.SymbolID, k.info.Timeframe, k.last, time.Time{}, verifyPage)
		if err != nil {
			return err
		}
		if len(page) == 0 {
			break
		}
		k.last = page[len(page)-1].TS
		if err := k.page(ctx, page); err != nil {
			return err
		}
		k.v.r.Report(VerifyProgress{Timeframe: k.info.Timeframe, Candles: k.counted.Records, Total: k.info.Records})
	}
	k.books()
	k.extent.Candles, k.extent.Digest = k.counted.Records, k.counted.Digest
	k.v.found.Series = append(k.v.found.Series, k.extent)
	return nil
}

// page computes a page in stretches that end where states were saved.
func (k *seriesCheck) page(ctx context.Context, page []store.StoredCandle) error {
	page = k.onGrid(page)
	for len(page) > 0 {
		n, ends := k.untilState(page)
		if err := k.stretch(ctx, page[:n]); err != nil {
			return err
		}
		if ends {
			if err := k.compareState(ctx); err != nil {
				return err
			}
		}
		page = page[n:]
	}
	return nil
}

// onGrid takes out candles that no rule of the store lets in: off the grid, or of
// a bar that has not ended. Nothing can be computed for them.
func (k *seriesCheck) onGrid(page []store.StoredCandle) []store.StoredCandle {
	return slices.DeleteFunc(page, func(c store.StoredCandle) bool {
		slot, ok := k.grid.At(c.TS)
		switch at := k.at(c.TS); {
		case !ok:
			k.v.same(at, "ts", shownStamp(c.TS), "a slot of "+k.grid.String())
		case k.grid.End(slot).After(k.v.now):
			k.v.same(at, "ts", shownStamp(c.TS), "a bar that has ended")
		default:
			k.v.sameCount(at, "basis", int64(c.Basis), int64(k.info.Basis))
			return false
		}
		return true
	})
}

// untilState is how many candles of a page there are up to the bar of the next
// saved state, and whether that bar is among them.
func (k *seriesCheck) untilState(page []store.StoredCandle) (n int, ends bool) {
	for len(k.saved) > 0 {
		i, found := slices.BinarySearchFunc(page, k.saved[0], func(c store.StoredCandle, ts time.Time) int { return c.TS.Compare(ts) })
		switch {
		case found:
			return i + 1, true
		case i == len(page):
			return len(page), false
		}
		k.stray()
	}
	return len(page), false
}

// stray takes out a saved state whose bar is not stored.
func (k *seriesCheck) stray() {
	at := Difference{Kind: VerifiedState, Timeframe: k.info.Timeframe, TS: k.saved[0]}
	k.v.same(at, "ts", "a state", "no candle with this stamp")
	k.saved = k.saved[1:]
}

func (k *seriesCheck) at(ts time.Time) Difference {
	return Difference{Kind: VerifiedCandle, Timeframe: k.info.Timeframe, TS: ts}
}

// stretch computes a stretch and compares each candle.
func (k *seriesCheck) stretch(ctx context.Context, stored []store.StoredCandle) error {
	bars := make([]pipeline.Bar, len(stored))
	for i := range stored {
		bars[i].Candle = stored[i].Candle
		failed := &bars[i].Candle.Verdict.Failed
		// These two are what the stored values say, whoever delivered them; what drops a row no candle has failed.
		const ofValues = quality.Checks(1<<quality.OHLCOrder | 1<<quality.VolumePositive)
		const dropping = quality.Refusing | quality.Checks(1<<quality.NotFuture|1<<quality.Unique)
		*failed = *failed&^(ofValues|dropping) | quality.Marks(&stored[i].Candle.Candle)
	}
	payments, err := paymentsSeen(ctx, k.tx, k.info.SymbolID, k.grid, bars)
	if err != nil {
		return err
	}
	if k.v.r.LookAhead {
		k.alone(stored, bars, payments)
		return nil
	}
	out := k.v.r.process(pipeline.Input{Grid: k.grid, Prior: k.state, Bars: bars, Payments: payments, Recompute: true})
	k.state = out.State
	for i := range stored {
		k.compare(&stored[i], &out.Candles[i], nil)
	}
	return nil
}

// compare holds a candle against the same one computed anew, and counts it. note
// says more of a difference; it may be nil.
func (k *seriesCheck) compare(stored *store.StoredCandle, computed *pipeline.Candle, note func(field string) string) {
	computed.Verdict.Parts.Freshness = stored.Verdict.Parts.Freshness
	at := k.at(stored.TS)
	for _, d := range pipeline.Compare(&stored.Candle, computed) {
		at := at
		at.Difference = d
		if note != nil && len(k.v.found.Differences) < k.v.r.List {
			at.Note = note(d.Field)
		}
		k.v.differs(at)
	}
	k.v.same(at, "validated", strconv.FormatBool(stored.Validated), strconv.FormatBool(computed.Verdict.Validated()))
	k.v.sameSum(at, "quality_score", stored.QualityScore, computed.Verdict.Parts.Score())
	k.count(&stored.Candle, computed)
}

// count keeps the books of what was computed anew.
func (k *seriesCheck) count(stored, computed *pipeline.Candle) {
	n := &k.counted
	n.Records++
	if n.First.IsZero() {
		n.First = stored.TS
	}
	n.Last = stored.TS
	n.Digest.Add(stored)
	validated, score := computed.Verdict.Validated(), computed.Verdict.Parts.Score()
	if validated {
		n.Validated++
	}
	if computed.Verdict.Anomaly {
		n.Anomalies++
	}
	if k.info.Timeframe == market.W1 {
		k.v.weeks = append(k.v.weeks, weekly{validated, score})
		if extra := len(k.v.weeks) - quality.WindowDays; extra > 0 {
			k.v.weeks = slices.Delete(k.v.weeks, 0, extra)
		}
		return
	}
	date := market.DateOf(stored.TS)
	if last := len(k.v.days) - 1; last < 0 || k.v.days[last].Date != date || k.v.days[last].Timeframe != k.info.Timeframe {
		k.v.days = append(k.v.days, store.DayCount{Date: date, Timeframe: k.info.Timeframe})
	}
	day := &k.v.days[len(k.v.days)-1]
	day.Total++
	day.ScoreSum += score
	if validated {
		day.Validated++
	}
	if computed.Verdict.Anomaly {
		day.Anomalies++
	}
}

// compareState holds the saved state after the candle before against the one
// computed anew.
func (k *seriesCheck) compareState(ctx context.Context) error {
	ts := k.saved[0]
	k.saved, k.stateAt = k.saved[1:], ts
	at := Difference{Kind: VerifiedState, Timeframe: k.info.Timeframe, TS: ts}
	saved, ok, err := k.tx.StateAt(ctx, k.info.SymbolID, k.info.Timeframe, ts)
	if err != nil || !ok {
		return err
	}
	state := pipeline.NewState(k.grid)
	if err := state.UnmarshalBinary(saved.State); err != nil {
		k.v.same(at, "state", err.Error(), "the state after this bar")
		return nil
	}
	if !k.state.Converged(state) {
		k.v.same(at, "state", "another one", "the state after this bar")
	}
	return nil
}

// books compares the series' row with what was counted, and looks whether the
// newest bar has its state.
func (k *seriesCheck) books() {
	for len(k.saved) > 0 {
		k.stray()
	}
	if !k.stateAt.Equal(k.counted.Last) {
		at := Difference{Kind: VerifiedState, Timeframe: k.info.Timeframe, TS: k.counted.Last}
		k.v.same(at, "ts", "no state", "the state after the newest bar")
	}
	at := Difference{Kind: VerifiedSeries, Timeframe: k.info.Timeframe}
	k.v.same(at, "first_ts", shownStamp(k.info.First), shownStamp(k.counted.First))
	k.v.same(at, "last_ts", shownStamp(k.info.Last), shownStamp(k.counted.Last))
	k.v.sameCount(at, "records", k.info.Records, k.counted.Records)
	k.v.sameCount(at, "validated", k.info.Validated, k.counted.Validated)
	k.v.sameCount(at, "anomalies", k.info.Anomalies, k.counted.Anomalies)
	k.v.same(at, "digest", k.info.Digest.String(), k.counted.Digest.String())
}

func shownStamp(ts time.Time) string {
	if ts.IsZero() {
		return ""
	}
	return ts.Format(time.RFC3339)
}
