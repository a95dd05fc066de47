package enrich

import (
	"context"
	"slices"
	"time"

	"github.com/candlewright/candlewright/internal/fault"
	"github.com/candlewright/candlewright/internal/grid"
	"github.com/candlewright/candlewright/internal/market"
	"github.com/candlewright/candlewright/internal/pipeline"
)

// MaxBackfillSymbols is how many symbols one backfill takes.
const MaxBackfillSymbols = 10_000

// runsAtATime is assumed of an installation where nothing is said.
const runsAtATime = 4

// BackfillRequest asks for the history of symbols.
type BackfillRequest struct {
	Symbols     []market.Symbol // tickers as market.ParseTicker gives them; one named twice counts once
	Timeframes  []market.Timeframe
	From, To    time.Time // bars stamped in [From, To); To zero: up to now
	RequestedBy string
	Parallel    int // runs that are carried out at a time, for the estimate; 0 is 4
}

// BackfillPlan is what a backfill comes to, before anything is queued.
type BackfillPlan struct {
	From, To   time.Time // To exclusive, at most now
	Symbols    int
	Repeated   int // symbols that were named more than once
	Timeframes []market.Timeframe

	Runs      int   // to be carried out: all of the next three
	New       int   // to be made
	Resumed   int   // that failed or were cancelled, and go on from where they stopped
	Pending   int   // in the queue already
	Done      int   // not among Runs: a backfill that completed has brought all of it
	Bars      int64 // slots of Runs
	Unreached int64 // of these, older than any source's history
	Sources   []SourcePlan

	Parallel int
	Speed    StoringSpeed
	Duration time.Duration // estimated, from the first run's start to the last one's end

	steps []backfillStep
}

// backfillStep is one run of a backfill: one symbol over one window.
type backfillStep struct {
	symbol market.Symbol
	window backfillWindow
	bars   int64
	runID  int64 // of a run that is there: pending, or to be resumed; 0: to be made
	resume bool
}

// PlanBackfill says what a backfill would do: nothing is asked of a source and
// nothing is queued. What is wrong with the request is BAD_USER_INPUT.
//
// The range is cut into runs of whole years (see windowsOf). What an earlier
// backfill has brought is left out, what one could not bring goes on where it
// stopped, so to ask for the same once more is to resume.
func (s *Service) PlanBackfill(ctx context.Context, r BackfillRequest) (BackfillPlan, error) {
	now := s.now()
	p, symbols, err := s.backfillPlan(r, now)
	if err != nil {
		return BackfillPlan{}, err
	}
	byClass := map[market.AssetClass][]backfillWindow{}
	for _, class := range market.AssetClasses() {
		byClass[class] = windowsOf(class, p.Timeframes, p.From, p.To, now)
	}
	known, err := s.earlierRuns(ctx, symbols)
	if err != nil {
		return BackfillPlan{}, err
	}
	for i, more := 0, true; more; i++ { // the newest window of every symbol before any older one
		more = false
		for _, sym := range symbols {
			if windows := byClass[sym.Class]; i < len(windows) {
				p.add(sym, windows[i], known[sym])
				more = true
			}
		}
	}
	if err := s.estimateBackfill(ctx, &p, now); err != nil {
		return BackfillPlan{}, err
	}
	return p, nil
}

// add plans one symbol's window.
func (p *BackfillPlan) add(sym market.Symbol, w backfillWindow, earlier []pipeline.Run) {
	step := backfillStep{symbol: sym, window: w, bars: w.bars}
	switch run, state := coverage(earlier, w, p.Timeframes); state {
	case coveredDone:
		p.Done++
		return
	case coveredOpen:
		p.Pending++
		step.runID, step.bars = run.ID, run.RecordsTotal-run.RecordsDone
	case coveredInPart:
		p.Resumed++
		step.runID, step.resume, step.bars = run.ID, true, run.RecordsTotal-run.RecordsDone
	case uncovered:
		p.New++
	}
	p.Runs++
	p.Bars += step.bars
	p.steps = append(p.steps, step)
}

// backfillPlan checks a request.
func (s *Service) backfillPlan(r BackfillRequest, now time.Time) (BackfillPlan, []market.Symbol, error) {
	p := BackfillPlan{From: r.From, To: r.To, Timeframes: r.Timeframes, Parallel: r.Parallel}
	if p.Parallel <= 0 {
		p.Parallel = runsAtATime
	}
	symbols := make([]market.Symbol, 0, len(r.Symbols))
	seen := make(map[market.Symbol]bool, len(r.Symbols))
	for _, sym := range r.Symbols {
		if !seen[sym] {
			symbols = append(symbols, sym)
		}
		seen[sym] = true
	}
	p.Symbols, p.Repeated = len(symbols), len(r.Symbols)-len(symbols)
	switch {
	case len(symbols) == 0:
		return p, nil, fault.BadInput("symbols", "no symbol is named: want 1 to %d", MaxBackfillSymbols)
	case len(symbols) > MaxBackfillSymbols:
		return p, nil, fault.BadInput("symbols", "%d symbols are named: want at most %d at once", len(symbols), MaxBackfillSymbols)
	case len(r.Timeframes) == 0:
		return p, nil, fault.BadInput("timeframes", "no timeframe is named: want at least one of 5m, 15m, 30m, 1h, 4h, 1d, 1w")
	}
	for i, tf := range r.Timeframes {
		if slices.Contains(r.Timeframes[:i], tf) {
			return p, nil, fault.BadInput("timeframes", "%s stands there twice: want each timeframe once", tf)
		}
	}
	if err := p.checkRange(symbols, now); err != nil {
		return p, nil, err
	}
	return p, symbols, nil
}

// checkRange checks from and to, and cuts to to now.
func (p *BackfillPlan) checkRange(symbols []market.Symbol, now time.Time) error {
	tomorrow := (market.DateOf(now) + 1).Time()
	switch {
	case p.From.IsZero():
		return fault.BadInput("from", "the start is missing: want the first date, as 2015-01-01")
	case !p.From.Before(now):
		return fault.BadInput("from", "%s lies in the future: want a start before now", moment(p.From))
	case p.To.After(tomorrow):
		return fault.BadInput("to", "the end lies in the future: want one up to today, %s, or none", market.DateOf(now))
	case !p.To.IsZero() && !p.From.Before(p.To):
		return fault.BadInput("from", "the start %s does not lie before the end %s", moment(p.From), moment(p.To))
	}
	if p.To.IsZero() || p.To.After(now) {
		p.To = now
	}
	for _, sym := range symbols {
		for _, tf := range p.Timeframes {
			if err := grid.New(sym.Class, tf).Known(p.From); err != nil {
				return fault.BadInput("from", "%v", err)
			}
		}
	}
	return nil
}

// The ways in which earlier runs cover a window.
type covered int

const (
	uncovered     covered = iota
	coveredOpen           // by a run that is queued or in progress
	coveredDone           // by a backfill that completed
	coveredInPart         // by a backfill that failed or was cancelled
)

// coverage finds the run that decides about a window. runs come newest first.
func coverage(runs []pipeline.Run, w backfillWindow, tfs []market.Timeframe) (pipeline.Run, covered) {
	var best pipeline.Run
	state := uncovered
	for _, run := range runs {
		if run.From.After(w.from) || slices.ContainsFunc(tfs, func(tf market.Timeframe) bool { return !slices.Contains(run.Timeframes, tf) }) {
			continue
		}
		open := !run.Status.Ended() && !run.CancelRequested && run.Trigger != pipeline.TriggerImport
		switch {
		case run.To.Before(w.to) && (!open || !w.current || !upTo(run, w.to)):
		case open:
			return run, coveredOpen
		case run.Trigger != pipeline.TriggerBackfill:
		case run.Status == pipeline.RunCompleted && state != coveredDone:
			best, state = run, coveredDone
		case run.Status.Ended() && run.Status != pipeline.RunCompleted && state == uncovered:
			best, state = run, coveredInPart
		}
	}
	return best, state
}

// How many symbols, and runs of each, one statement reads.
const (
	symbolPage       = 500
	earlierBackfills = 500
	earlierOpen      = 50
)

// earlierRuns gives the open runs and the backfills of symbols, newest first of
// each; one that is not known, or has none, has no entry.
func (s *Service) earlierRuns(ctx context.Context, symbols []market.Symbol) (map[market.Symbol][]pipeline.Run, error) {
	ids, err := s.idsOfSymbols(ctx, symbols)
	if err != nil {
		return nil, err
	}
	out := map[market.Symbol][]pipeline.Run{}
	open := RunFilter{Statuses: []pipeline.RunStatus{pipeline.RunQueued, pipeline.RunInProgress}}
	backfills := RunFilter{Triggers: []pipeline.RunTrigger{pipeline.TriggerBackfill}}
	for page := range slices.Chunk(ids, symbolPage) {
		wanted := make([]int64, len(page))
		for i, sym := range page {
			wanted[i] = sym.ID
		}
		waiting, err := s.store.RunsOf(ctx, wanted, open, Page{Limit: earlierOpen})
		if err != nil {
			return nil, err
		}
		ended, err := s.store.RunsOf(ctx, wanted, backfills, Page{Limit: earlierBackfills})
		if err != nil {
			return nil, err
		}
		for _, sym := range page {
			out[sym.Symbol] = slices.Concat(waiting[sym.ID].Rows, ended[sym.ID].Rows)
		}
	}
	return out, nil
}

// idsOfSymbols finds those symbols that are known.
func (s *Service) idsOfSymbols(ctx context.Context, symbols []market.Symbol) ([]pipeline.Symbol, error) {
	wanted := make(map[market.Symbol]bool, len(symbols))
	for _, sym := range symbols {
		wanted[sym] = true
	}
	var found []pipeline.Symbol
	for page := range slices.Chunk(symbols, symbolPage) {
		tickers := make([]string, len(page))
		for i, sym := range page {
			tickers[i] = sym.Ticker
		}
		// Every class may have a symbol of each ticker.
		list, err := s.store.SymbolsList(ctx, SymbolFilter{Tickers: tickers}, SymbolPage{Limit: len(page) * len(market.AssetClasses())})
		if err != nil {
			return nil, err
		}
		for _, sym := range list.Rows {
			if wanted[sym.Symbol] {
				found = append(found, sym)
				delete(wanted, sym.Symbol)
			}
		}
	}
	return found, nil
}
