package enrich

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/candlewright/candlewright/internal/grid"
	"github.com/candlewright/candlewright/internal/market"
	"github.com/candlewright/candlewright/internal/pipeline"
	"github.com/candlewright/candlewright/internal/quality"
	"github.com/candlewright/candlewright/internal/source"
	"github.com/candlewright/candlewright/internal/store"
)

// probeBars is how many of the newest stored bars are compared with the source
// where the run itself fetches none that is stored.
const probeBars = 5

// splitSlack is how long before the newest stored bar a split is looked for: a
// source's history may lag behind it.
const splitSlack = 10 * 24 * time.Hour

// newBasis is a delivery that shows that a split has rewritten the series at its
// source.
type newBasis struct {
	pipeline.BasisChange
	info   pipeline.SeriesInfo // of the series when it was compared
	splits []source.Split      // as a source lists them; none: by the bars alone
	source market.SourceName   // who lists them, else who delivered
	page   source.Page
}

// series is what is stored of the series; false where nothing is.
func (p *passage) series(ctx context.Context) (pipeline.SeriesInfo, bool, error) {
	all, err := p.x.s.store.Series(ctx, p.x.symbol.ID)
	if err != nil {
		return pipeline.SeriesInfo{}, false, err
	}
	for _, info := range all {
		if info.Timeframe == p.row.Timeframe && info.Records > 0 {
			return info, true, nil
		}
	}
	return pipeline.SeriesInfo{}, false, nil
}

// splits reports whether there can be any: coins have none.
func (p *passage) splits() bool { return p.x.symbol.Class != market.Crypto }

// probe compares the newest stored bars with the source before a run that
// fetches none of what is stored, only older or only newer bars: they would come
// to stand beside stored ones of another basis. What it fetches is not stored.
func (p *passage) probe(ctx context.Context) (*newBasis, error) {
	if !p.splits() || !p.row.DoneThrough.IsZero() {
		return nil, nil
	}
	info, ok, err := p.series(ctx)
	if err != nil || !ok {
		return nil, err
	}
	oldest, _ := p.t.grid.At(info.First)
	newest, _ := p.t.grid.At(info.Last)
	if p.first >= oldest && p.first <= newest {
		return nil, nil // the first page overlaps
	}
	req := p.request(ctx, max(oldest, newest-probeBars+1), newest)
	for page, err := range p.x.s.sources.Candles(ctx, req) {
		if err != nil {
			return nil, errors.Join(err, p.logError)
		}
		delivery, err := quality.Arrange(p.t.grid, page.Candles, p.x.now)
		if err != nil {
			return nil, err
		}
		page.Attempt.Detail = joinNotes(page.Attempt.Detail, "compared with what is stored, for splits")
		found, err := p.otherBasis(ctx, page, delivery)
		if err != nil || found != nil {
			return found, err
		}
		if err := p.logOnly(ctx, p.log(page.Attempt)); err != nil {
			return nil, err
		}
	}
	return nil, nil
}

// otherBasis reports whether a delivery's prices are on another basis than the
// stored ones. Where the bars leave doubt, a split that a source lists decides.
func (p *passage) otherBasis(ctx context.Context, page source.Page, d quality.Delivery) (*newBasis, error) {
	if !p.splits() || len(d.Rows) == 0 {
		return nil, nil
	}
	info, ok, err := p.series(ctx)
	if err != nil || !ok {
		return nil, err
	}
	from, to := d.Rows[0].Candle.TS, d.Rows[len(d.Rows)-1].Candle.TS
	if from.After(info.Last) || to.Before(info.First) {
		return nil, nil
	}
	stored, err := p.x.s.store.CandlesIn(ctx, p.x.symbol.ID, p.row.Timeframe, store.Range{From: from, To: to.Add(time.Microsecond)})
	if err != nil {
		return nil, err
	}
	stored = slices.DeleteFunc(stored, func(c pipeline.Candle) bool { return c.Manual })
	change, ok := pipeline.FindBasisChange(stored, d.Rows)
	if !ok {
		return nil, nil
	}
	b := &newBasis{BasisChange: change, info: info, source: page.Attempt.Source, page: page}
	if err := p.listed(ctx, b); err != nil {
		return nil, err
	}
	if !b.Certain && len(b.splits) == 0 {
		return nil, nil
	}
	return b, nil
}

// listed asks for the splits that a change of basis is made of: the latest one,
// or all since the newest stored bar together.
func (p *passage) listed(ctx context.Context, b *newBasis) error {
	req := source.Request{
		Symbol: p.x.symbol.Symbol, Timeframe: p.row.Timeframe, Now: p.x.now,
		From: market.DateOf(b.info.Last.Add(-splitSlack)).Time(), To: (market.DateOf(p.x.now) + 1).Time(),
		OnFailure: func(a source.Attempt) { p.failed(ctx, aside(a, "splits")) },
	}
	splits, attempt, ok := p.x.s.sources.Splits(ctx, req)
	if err := errors.Join(ctx.Err(), p.logError); err != nil {
		return err
	}
	if !ok {
		return nil
	}
	if err := p.logOnly(ctx, p.log(aside(attempt, "splits"))); err != nil {
		return err
	}
	product := 1.0
	for i, s := range slices.Backward(splits) {
		product *= s.Factor()
		if math.Abs(product/b.Factor-1) < 1e-6 {
			b.splits, b.source = splits[i:], attempt.Source
			break
		}
	}
	return nil
}

// logOnly writes an attempt that brought no candle of the series.
func (p *passage) logOnly(ctx context.Context, l pipeline.FetchLog) error {
	return p.x.s.store.InTx(ctx, func(tx *store.Tx) error {
		if err := p.x.ours(ctx, tx); err != nil {
			return err
		}
		_, err := tx.AddFetchLog(ctx, l)
		return err
	})
}

// takeover is a bar that is likely to be of another security than those before
// it under the same ticker. A series has no other name than its ticker, so the
// candles stay in one series; what is known of it is written down.
type takeover struct {
	action store.CorporateAction
	note   string
}

// takenOver looks for one in a page, and between what is stored and the page.
func (p *passage) takenOver(ctx context.Context, page source.Page, d quality.Delivery) ([]takeover, error) {
	var found []takeover
	if len(d.Rows) == 0 {
		return nil, nil
	}
	sessions := grid.New(p.t.grid.Class(), market.D1)
	between := func(a, b time.Time) int64 { return sessions.Count(a.Add(24*time.Hour), b) }
	judge := func(before, after *market.Candle) {
		if n := between(before.TS, after.TS); pipeline.TakenOver(before, after, n) {
			found = append(found, p.takeover(page, before, after, n))
		}
	}
	for i := 1; i < len(d.Rows); i++ {
		if d.Rows[i].Slot-d.Rows[i-1].Slot > 1 {
			judge(&d.Rows[i-1].Candle, &d.Rows[i].Candle)
		}
	}
	first := &d.Rows[0].Candle
	info, ok, err := p.series(ctx)
	if err != nil || !ok || !first.TS.After(info.Last) {
		return found, err
	}
	last, err := p.x.s.store.LastCandles(ctx, p.x.symbol.ID, p.row.Timeframe, first.TS, 1)
	if err == nil && len(last) == 1 {
		judge(&last[0].Candle, first)
	}
	return found, err
}

func (p *passage) takeover(page source.Page, before, after *market.Candle, sessions int64) takeover {
	date := market.DateOf(after.TS)
	note := fmt.Sprintf("%s may be another security from %s on: %d sessions without a bar, then the price went from %v to %v",
		p.x.symbol.Ticker, date, sessions, before.Close, after.Open)
	return takeover{note: note, action: store.CorporateAction{
		SymbolID: p.x.symbol.ID, ExDate: date, Kind: store.Rename, Factor: market.Missing(), Source: page.Attempt.Source,
		Detail: note, DetectedAt: p.x.now,
	}}
}

// noteTakeover writes takeovers down; those that are new are added to the detail
// of the fetch log.
func noteTakeover(ctx context.Context, tx *store.Tx, found []takeover, detail string) (string, error) {
	for _, t := range found {
		added, err := tx.AddCorporateAction(ctx, t.action)
		if err != nil {
			return detail, err
		}
		if added {
			detail = joinNotes(detail, t.note)
		}
	}
	return detail, nil
}
