package enrich

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/candlewright/candlewright/internal/grid"
	"github.com/candlewright/candlewright/internal/market"
	"github.com/candlewright/candlewright/internal/pipeline"
	"github.com/candlewright/candlewright/internal/source"
	"github.com/candlewright/candlewright/internal/store"
)

// fundingLead is how long before a run's first bar its payments begin: a
// perpetual pays at least every 8 hours, so 90 payments lie in 30 days.
const fundingLead = (store.PaymentWindow + 1) * 8 * time.Hour

// payments fetches the funding payments of a coin's perpetual, before the
// candles, since features follow from them: those of the run's range and of 30
// days before. What they change in stored series is computed anew in the commit
// that stores them.
//
// A source that fails here is logged and no reason to go without candles: the
// next run asks again. The error is of the database or the context.
func (x *execution) payments(ctx context.Context) error {
	if x.symbol.Class != market.Crypto {
		return nil
	}
	funding, ok := x.s.sources.Funding(x.symbol.Symbol)
	if !ok {
		return nil
	}
	// The log wants a timeframe and payments have none: it is the run's first.
	p := &passage{x: x, row: pipeline.Backfill{Timeframe: x.run.Timeframes[0]}}
	req := source.Request{
		Symbol: x.symbol.Symbol, Timeframe: p.row.Timeframe, From: x.run.From.Add(-fundingLead), To: x.through(), Now: x.now,
		OnFailure: func(a source.Attempt) { p.failed(ctx, aside(a, "funding payments")) },
	}
	for page, err := range funding.Payments(ctx, req) {
		switch {
		case err != nil && ctx.Err() != nil:
			return fmt.Errorf("fetch funding payments: %w", err)
		case err != nil:
			x.s.log.WarnContext(ctx, "candles come without new funding payments",
				"job_id", x.run.JobID.String(), "symbol", x.symbol.String(), "err", err.Error())
			return p.logError
		}
		if err := x.storePayments(ctx, p, page); err != nil {
			return err
		}
	}
	return p.logError
}

// aside describes an attempt that was for something else than candles. It has
// no range, since the ranges of the log are what candles were asked for; its
// words tell instead.
func aside(a source.Attempt, what string) source.Attempt {
	a.Detail = joinNotes(fmt.Sprintf("%s from %s to %s", what, a.From.UTC().Format(time.RFC3339), a.To.UTC().Format(time.RFC3339)), a.Detail)
	a.From, a.To = time.Time{}, time.Time{}
	return a
}

// joinNotes joins the notes that are not empty.
func joinNotes(a, b string) string {
	if a == "" || b == "" {
		return a + b
	}
	return a + "; " + b
}

// storePayments stores a page of payments and computes the symbol's series anew
// where they see one that is new or changed, in one commit.
func (x *execution) storePayments(ctx context.Context, p *passage, page source.PaymentPage) error {
	name := page.Attempt.Source
	return x.s.store.InTx(ctx, func(tx *store.Tx) error {
		if err := x.ours(ctx, tx); err != nil {
			return err
		}
		change, err := comparePayments(ctx, tx, x.symbol.ID, page)
		if err != nil {
			return err
		}
		earliest, changed, err := tx.PutPayments(ctx, x.symbol.ID, name, x.s.below(x.symbol.Class, name), page.Payments, x.now)
		if err != nil {
			return err
		}
		log := p.log(aside(page.Attempt, "funding payments"))
		if changed {
			log.Inserted, log.Updated = change.inserted, change.updated
			if err := x.recomputePayments(ctx, tx, delta{payments: earliest, paymentsThrough: change.latest}, string(name)); err != nil {
				return err
			}
		}
		_, err = tx.AddFetchLog(ctx, log)
		return err
	})
}

// paymentChange is what a page does to the payments that are stored.
type paymentChange struct {
	inserted, updated int
	latest            time.Time // of those that are new or differ; zero where none is
}

func comparePayments(ctx context.Context, tx *store.Tx, symbolID int64, page source.PaymentPage) (paymentChange, error) {
	var c paymentChange
	if len(page.Payments) == 0 {
		return c, nil
	}
	last := page.Payments[len(page.Payments)-1].At
	stored, err := tx.Payments(ctx, symbolID, page.Payments[0].At.Add(-time.Microsecond), last)
	if err != nil {
		return c, err
	}
	rates := make(map[time.Time]float64, len(stored))
	for _, s := range stored {
		rates[s.At] = s.Rate
	}
	for _, p := range page.Payments {
		rate, known := rates[p.At.UTC()]
		switch {
		case !known:
			c.inserted++
		case rate != p.Rate:
			c.updated++
		default:
			continue
		}
		c.latest = p.At
	}
	return c, nil
}

// recomputePayments computes every stored series of the symbol anew, of the
// run's timeframes or not: payments are the symbol's.
func (x *execution) recomputePayments(ctx context.Context, tx *store.Tx, d delta, by string) error {
	series, err := tx.Series(ctx, x.symbol.ID)
	if err != nil {
		return err
	}
	for _, info := range series {
		if info.Records == 0 {
			continue
		}
		t := x.target(info.Timeframe)
		t.by = by
		if !slices.Contains(x.run.Timeframes, info.Timeframe) {
			t.newest = info.Last // this run brings it no candle
		}
		done, err := x.s.writeDelta(ctx, tx, t, d)
		if err != nil {
			return err
		}
		if done.Candles > 0 {
			if _, err := tx.AddComputeLog(ctx, computeLog(x.symbol.ID, info.Timeframe, x.run.ID, done, x.now)); err != nil {
				return err
			}
		}
	}
	return nil
}

// target is a series of the run's symbol, up to now when the run has ended.
func (x *execution) target(tf market.Timeframe) target {
	g := grid.New(x.symbol.Class, tf)
	return target{
		symbol: x.symbol, grid: g, runID: x.run.ID, priority: x.s.priority(x.symbol.Class), by: "source", now: x.now,
		newest: g.Stamp(g.LastEnded(x.through())), elapsed: x.s.elapsed,
	}
}

// below are the sources of an asset class that come after one, files included.
func (s *Service) below(class market.AssetClass, name market.SourceName) []market.SourceName {
	order := s.priority(class)
	lesser := []market.SourceName{market.CSV}
	if i := slices.Index(order, name); i >= 0 {
		lesser = append(lesser, order[i+1:]...)
	}
	return lesser
}

// changedPayments are the slots whose bars see a payment that is new or changed:
// from the first one that ends at it or later up to the 90th payment after it.
func changedPayments(ctx context.Context, tx *store.Tx, t target, info pipeline.SeriesInfo, d delta) (first, last grid.Slot, err error) {
	firstStored, _ := t.grid.At(info.First)
	lastStored, _ := t.grid.At(info.Last)
	first, last = max(t.grid.LastEnded(d.payments.Add(-time.Microsecond))+1, firstStored), lastStored
	if d.paymentsThrough.IsZero() || first > last {
		return first, last, nil
	}
	after, err := tx.Payments(ctx, t.symbol.ID, d.paymentsThrough, t.grid.End(lastStored))
	if err != nil {
		return 0, 0, err
	}
	n, found := slices.BinarySearchFunc(after, d.paymentsThrough, func(p market.Payment, at time.Time) int { return p.At.Compare(at) })
	if found {
		n++
	}
	if n+store.PaymentWindow <= len(after) {
		// The bars that end at or after the 90th see it and no payment that changed.
		last = min(last, t.grid.LastEnded(after[n+store.PaymentWindow-1].At.Add(-time.Microsecond)))
	}
	return first, last, nil
}
