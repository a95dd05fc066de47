package binance

import (
	"time"

	"github.com/candlewright/candlewright/internal/source"
)

// Cost implements source.Planned: a call for each page of klines and, where
// perpetuals are asked, those for the statistics of the last 30 days. The
// futures host counts for itself, so these have no weight here.
func (s *Source) Cost(r source.Request) source.Cost {
	w := r.Window(0)
	if w.Empty() {
		return source.Cost{}
	}
	pages := (int(w.End-w.First) + s.rows - 1) / s.rows
	c := source.Cost{Calls: pages, Weight: pages * klinesWeight}
	if s.futures == nil {
		return c
	}
	every := period(r.Timeframe).Duration()
	from, to := w.Grid.Stamp(w.First), w.Grid.End(w.End-1)
	if oldest := r.Now.Add(-statsReach); from.Before(oldest) {
		from = oldest
	}
	if from.Before(to) {
		c.Calls += len(statistics) * pagesOf(to.Sub(from), every, statsRows)
	}
	return c
}

// PaymentCost implements source.PlannedFunding, for payments every 8 hours.
func (s *Source) PaymentCost(r source.Request) source.Cost {
	if s.futures == nil || !r.From.Before(r.To) {
		return source.Cost{}
	}
	return source.Cost{Calls: pagesOf(r.To.Sub(r.From), 8*time.Hour, fundingRows)}
}

// pagesOf is how many pages of rows a stretch has.
func pagesOf(d, every time.Duration, rows int) int {
	page := every * time.Duration(rows)
	return int((d + page - 1) / page)
}

// Budget implements source.Planned: what the limiter lets through by default.
func (s *Source) Budget() int { return s.weight * 9 / 10 }
