package enrich

import (
	"context"
	"math"
	"time"

	"github.com/candlewright/candlewright/internal/market"
	"github.com/candlewright/candlewright/internal/pipeline"
	"github.com/candlewright/candlewright/internal/source"
	"github.com/candlewright/candlewright/internal/store"
)

// What the estimate assumes where the logs tell nothing yet.
const (
	assumedCall  = 400 * time.Millisecond
	assumedSpeed = 1_500 // bars that a run stores in a second, beside others
)

const (
	estimateWindow = 30 * 24 * time.Hour // of the fetch log
	estimateRuns   = 100                 // newest completed runs, for the speed of storing
)

// SourcePlan is what a backfill takes of one source.
type SourcePlan struct {
	Source    market.SourceName
	Bars      int64 // slots that it is asked for first, before others stand in
	Calls     int
	Weight    int           // of its budget
	PerMinute int           // weight that flows in per minute; 0 is no limit
	QuotaTime time.Duration // for which the calls use up the whole budget
	DayShare  float64       // of one day's budget, 1 is all of it; 0 without a limit
	PerCall   time.Duration // the median of its answers
	Success   float64       // share of its calls that succeeded, 0 … 1
	Measured  bool          // PerCall and Success are from the fetch log of the last 30 days
}

// StoringSpeed is how fast one run checks, computes and stores.
type StoringSpeed struct {
	BarsPerSecond float64
	Runs          int // completed runs it was measured on; 0: it is assumed
}

// estimateBackfill reckons the calls, and how long it all takes.
func (s *Service) estimateBackfill(ctx context.Context, p *BackfillPlan, now time.Time) error {
	s.countCalls(p, now)
	counts, err := s.store.SourceCounts(ctx, now.Add(-estimateWindow), now)
	if err != nil {
		return err
	}
	for i := range p.Sources {
		p.Sources[i].learn(counts)
	}
	if p.Speed, err = s.storingSpeed(ctx); err != nil {
		return err
	}
	p.Duration = p.estimate()
	return nil
}

// estimate is how long the runs take: their own time, shared by those that are
// carried out at once, or the time for which a source's budget is used up,
// whichever is longer.
func (p *BackfillPlan) estimate() time.Duration {
	work := float64(p.Bars) / p.Speed.BarsPerSecond
	var longest time.Duration
	for _, src := range p.Sources {
		work += float64(src.Calls) * src.PerCall.Seconds() / src.Success
		longest = max(longest, src.QuotaTime)
	}
	parallel := max(min(p.Parallel, p.Runs), 1)
	return max(longest, time.Duration(work/float64(parallel)*float64(time.Second)))
}

// call is what one run takes of a source.
type call struct {
	source market.SourceName
	bars   int64
	cost   source.Cost
	budget int
}

// countCalls adds up what each source is asked for. Runs of one class and window
// cost the same, so each is reckoned once.
func (s *Service) countCalls(p *BackfillPlan, now time.Time) {
	type key struct {
		class market.AssetClass
		backfillWindow
	}
	type reckoned struct {
		calls     []call
		unreached int64
	}
	known := map[key]reckoned{}
	total := map[market.SourceName]*SourcePlan{}
	for _, step := range p.steps {
		k := key{step.symbol.Class, step.window}
		r, ok := known[k]
		if !ok {
			r.calls, r.unreached = s.reckon(step.symbol, step.window, p.Timeframes, now)
			known[k] = r
		}
		p.Unreached += r.unreached
		for _, c := range r.calls {
			t := total[c.source]
			if t == nil {
				t = &SourcePlan{Source: c.source, PerMinute: c.budget}
				total[c.source] = t
			}
			t.Bars += c.bars
			t.Calls += c.cost.Calls
			t.Weight += c.cost.Weight
		}
	}
	for _, name := range market.SourceNames() {
		if t := total[name]; t != nil {
			t.quota()
			p.Sources = append(p.Sources, *t)
		}
	}
}

func (t *SourcePlan) quota() {
	if t.PerMinute <= 0 {
		return
	}
	minutes := float64(t.Weight) / float64(t.PerMinute)
	t.QuotaTime = time.Duration(minutes * float64(time.Minute))
	t.DayShare = minutes / (24 * 60)
}

// reckon says who is asked for what in one run: each timeframe of the best
// source that reaches back, older parts of the next.
func (s *Service) reckon(sym market.Symbol, w backfillWindow, tfs []market.Timeframe, now time.Time) (calls []call, unreached int64) {
	if s.sources == nil {
		return nil, 0
	}
	for _, tf := range tfs {
		to := w.to
		for _, src := range s.sources.Sources(sym, tf) {
			from := w.from
			if r, ok := src.(source.Reacher); ok {
				from = later(from, r.Reach(sym, tf, now))
			}
			if planned, ok := src.(source.Planned); ok && from.Before(to) {
				r := source.Request{Symbol: sym, Timeframe: tf, From: from, To: to, Now: now}
				calls = append(calls, call{
					source: src.Name(), bars: expected(sym.Class, []market.Timeframe{tf}, from, to),
					cost: planned.Cost(r), budget: planned.Budget(),
				})
				to = from
			}
		}
		if to.After(w.from) {
			unreached += expected(sym.Class, []market.Timeframe{tf}, w.from, to)
		}
	}
	if c, ok := s.reckonPayments(sym, w, now); ok {
		calls = append(calls, c)
	}
	return calls, unreached
}

// reckonPayments is what a coin's funding payments take, once for each run.
func (s *Service) reckonPayments(sym market.Symbol, w backfillWindow, now time.Time) (call, bool) {
	funding, ok := s.sources.Funding(sym)
	if !ok {
		return call{}, false
	}
	planned, ok := funding.(source.PlannedFunding)
	if !ok {
		return call{}, false
	}
	cost := planned.PaymentCost(source.Request{Symbol: sym, From: w.from.Add(-fundingLead), To: w.to, Now: now})
	src, ok := funding.(source.Source)
	if !ok || cost == (source.Cost{}) {
		return call{}, false
	}
	return call{source: src.Name(), cost: cost, budget: budgetOf(src)}, true
}

func budgetOf(src source.Source) int {
	if p, ok := src.(source.Planned); ok {
		return p.Budget()
	}
	return 0
}

// learn takes over how the source has answered of late.
func (t *SourcePlan) learn(counts []store.SourceCounts) {
	t.PerCall, t.Success = assumedCall, 1
	for _, c := range counts {
		if c.Source != t.Source || c.Total == 0 || c.P50Ms == nil {
			continue
		}
		t.Measured = true
		t.PerCall = time.Duration(*c.P50Ms * float64(time.Millisecond))
		t.Success = max(float64(c.Successful)/float64(c.Total), 0.1) // worse is no backfill's hour
	}
}

// storingSpeed measures the newest completed runs: their time less that of the
// sources' answers.
func (s *Service) storingSpeed(ctx context.Context) (StoringSpeed, error) {
	list, err := s.store.RunsList(ctx, RunFilter{
		Statuses: []pipeline.RunStatus{pipeline.RunCompleted},
		Triggers: []pipeline.RunTrigger{pipeline.TriggerManual, pipeline.TriggerSchedule, pipeline.TriggerBackfill},
	}, Page{Limit: estimateRuns})
	if err != nil {
		return StoringSpeed{}, err
	}
	ids := make([]int64, len(list.Rows))
	var took time.Duration
	var bars int64
	for i, run := range list.Rows {
		ids[i] = run.ID
		took += run.FinishedAt.Sub(run.StartedAt)
		bars += run.RecordsDone
	}
	logs, err := s.store.FetchLogsOfRuns(ctx, ids)
	if err != nil {
		return StoringSpeed{}, err
	}
	for _, of := range logs {
		for _, l := range of {
			if l.ResponseTimeMs != nil {
				took -= time.Duration(*l.ResponseTimeMs) * time.Millisecond
			}
		}
	}
	speed := float64(bars) / took.Seconds()
	if bars < 1000 || took <= 0 || math.IsInf(speed, 0) {
		return StoringSpeed{BarsPerSecond: assumedSpeed}, nil
	}
	return StoringSpeed{BarsPerSecond: speed, Runs: len(ids)}, nil
}
