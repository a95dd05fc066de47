package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/google/uuid"

	"github.com/candlewright/candlewright/internal/enrich"
	"github.com/candlewright/candlewright/internal/fault"
	"github.com/candlewright/candlewright/internal/market"
	"github.com/candlewright/candlewright/internal/pipeline"
)

// runsCmd are the commands about runs that are there already, of whatever
// process.
type runsCmd struct {
	List   runsListCmd   `cmd:"" help:"List the newest runs."`
	Show   runsShowCmd   `cmd:"" help:"Show a run: its timeframes, what was fetched, and why it failed."`
	Watch  runsWatchCmd  `cmd:"" help:"Follow a run of any process to its end."`
	Cancel runsCancelCmd `cmd:"" help:"Stop runs. What they have stored stays."`
	Retry  runsRetryCmd  `cmd:"" help:"Queue failed or cancelled runs again; they go on where they stopped."`
}

// withService runs work on the service of a database; it asks no source.
func withService(ctx context.Context, g *globals, term *terminal, log *slog.Logger, work func(*enrich.Service) error) error {
	db, err := g.openDatabase(ctx, term, log)
	if err != nil {
		return err
	}
	defer db.close(log)
	service, err := newService(db, nil, log)
	if err != nil {
		return err
	}
	return work(service)
}

// parseJobID reads the id of a run.
func parseJobID(s string) (uuid.UUID, error) {
	id, err := uuid.Parse(s)
	if err != nil {
		return id, fmt.Errorf("invalid job id %q: want a UUID as 0b6f5c1e-7d0c-4e7e-9d5e-0f6d3a0c9b11; candlewright runs list shows them", s)
	}
	return id, nil
}

func noSuchRun(id uuid.UUID) error {
	return fmt.Errorf("there is no run with the job id %s; candlewright runs list shows the newest", id)
}

// findRun is the run with a job id.
func findRun(ctx context.Context, service *enrich.Service, id uuid.UUID) (pipeline.Run, error) {
	run, err := service.FindRun(ctx, id)
	if err != nil {
		return pipeline.Run{}, err
	}
	if run == nil {
		return pipeline.Run{}, noSuchRun(id)
	}
	return *run, nil
}

type runsListCmd struct {
	Status  []string `enum:"queued,in_progress,completed,failed,cancelled" placeholder:"STATUS" help:"Only runs that are queued, in_progress, completed, failed or cancelled."`
	Trigger []string `enum:"manual,schedule,backfill,repair,import" placeholder:"TRIGGER" help:"Only runs started so: manual, schedule, backfill, repair, import."`
	Ticker  string   `placeholder:"AAPL" help:"Only runs of this ticker, of every asset class that has it."`
	Last    int      `default:"20" help:"How many, 1 to 1000."`
}

// Run lists runs, newest first.
func (c *runsListCmd) Run(ctx context.Context, g *globals, term *terminal, log *slog.Logger) error {
	if c.Last < 1 || c.Last > 1000 {
		return fmt.Errorf("--last %d: want 1 to 1000", c.Last)
	}
	if c.Ticker != "" {
		var err error
		if c.Ticker, err = market.ParseTicker(c.Ticker); err != nil {
			return fmt.Errorf("--ticker: %w", err)
		}
	}
	return withService(ctx, g, term, log, func(s *enrich.Service) error {
		runs, err := c.runs(ctx, s)
		if err != nil {
			return err
		}
		if len(runs) == 0 {
			_, _ = fmt.Fprintln(term.out, "There are no such runs.")
			return nil
		}
		return printRuns(ctx, term, s, runs)
	})
}

func (c *runsListCmd) runs(ctx context.Context, s *enrich.Service) ([]pipeline.Run, error) {
	filter := enrich.RunFilter{}
	for _, word := range c.Status {
		filter.Statuses = append(filter.Statuses, pipeline.RunStatus(word))
	}
	for _, word := range c.Trigger {
		filter.Triggers = append(filter.Triggers, pipeline.RunTrigger(word))
	}
	if c.Ticker == "" {
		list, err := s.Runs(ctx, filter, enrich.Page{Limit: c.Last})
		return list.Rows, err
	}
	symbols, err := s.Symbols(ctx, enrich.SymbolFilter{Tickers: []string{c.Ticker}}, enrich.SymbolPage{Limit: len(market.AssetClasses())})
	if err != nil {
		return nil, err
	}
	if len(symbols.Rows) == 0 {
		return nil, fmt.Errorf("no symbol has the ticker %s", c.Ticker)
	}
	ids := make([]int64, len(symbols.Rows))
	for i, sym := range symbols.Rows {
		ids[i] = sym.ID
	}
	lists, err := s.RunsOf(ctx, ids, filter, enrich.Page{Limit: c.Last})
	if err != nil {
		return nil, err
	}
	var runs []pipeline.Run
	for _, l := range lists {
		runs = append(runs, l.Rows...)
	}
	slices.SortFunc(runs, func(a, b pipeline.Run) int { return b.CreatedAt.Compare(a.CreatedAt) })
	return runs[:min(c.Last, len(runs))], nil
}

func printRuns(ctx context.Context, term *terminal, s *enrich.Service, runs []pipeline.Run) error {
	ids := make([]int64, len(runs))
	for i, run := range runs {
		ids[i] = run.SymbolID
	}
	symbols, err := s.SymbolsByIDs(ctx, ids)
	if err != nil {
		return err
	}
	t := tabwriter.NewWriter(term.out, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(t, "JOB ID\tSYMBOL\tTIMEFRAMES\tTRIGGER\tSTATUS\tBARS\tQUEUED (UTC)\tTOOK")
	for _, run := range runs {
		_, _ = fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%d/%d\t%s\t%s\n", run.JobID, symbols[run.SymbolID].Symbol, joined(run.Timeframes), run.Trigger,
			run.Status, run.RecordsDone, run.RecordsTotal, run.CreatedAt.UTC().Format(time.DateTime), took(run))
	}
	return t.Flush()
}

// took is how long a run took, or has been at work.
func took(run pipeline.Run) string {
	switch {
	case run.StartedAt.IsZero():
		return ""
	case run.FinishedAt.IsZero():
		return "…"
	}
	return run.FinishedAt.Sub(run.StartedAt).Round(10 * time.Millisecond).String()
}

type runsWatchCmd struct {
	JobID string `arg:"" name:"job-id" help:"The run's job id."`
}

// Run follows a run. Its own end does not end the run.
func (c *runsWatchCmd) Run(ctx context.Context, g *globals, term *terminal, log *slog.Logger) error {
	id, err := parseJobID(c.JobID)
	if err != nil {
		return err
	}
	return withService(ctx, g, term, log, func(s *enrich.Service) error {
		run, err := findRun(ctx, s, id)
		if err != nil {
			return err
		}
		err = followRun(ctx, term, s, run)
		if err != nil && ctx.Err() != nil {
			_, _ = fmt.Fprintf(term.err, "Stopped watching. The run %s goes on.\n", id)
			return errSilent
		}
		return err
	})
}

type runsCancelCmd struct {
	JobID []string `arg:"" name:"job-id" help:"The runs' job ids."`
}

// Run asks runs to stop.
func (c *runsCancelCmd) Run(ctx context.Context, g *globals, term *terminal, log *slog.Logger) error {
	return eachRun(ctx, g, term, log, c.JobID, func(s *enrich.Service, id uuid.UUID) error {
		before, err := findRun(ctx, s, id)
		if err != nil {
			return err
		}
		run, err := s.Cancel(ctx, id)
		switch {
		case err != nil:
			return err
		case before.Status.Ended():
			_, _ = fmt.Fprintf(term.out, "Run %s has ended already (%s).\n", id, run.Status)
		case run.Status == pipeline.RunCancelled:
			_, _ = fmt.Fprintf(term.out, "Run %s is cancelled; it had not begun.\n", id)
		default:
			_, _ = fmt.Fprintf(term.out, "Run %s was asked to stop; it ends with the page that it is at.\n", id)
		}
		return nil
	})
}

// eachRun does something to every run and joins what went wrong; ids are read
// before anything is done.
func eachRun(ctx context.Context, g *globals, term *terminal, log *slog.Logger, words []string, do func(*enrich.Service, uuid.UUID) error) error {
	ids := make([]uuid.UUID, len(words))
	for i, word := range words {
		var err error
		if ids[i], err = parseJobID(word); err != nil {
			return err
		}
	}
	return withService(ctx, g, term, log, func(s *enrich.Service) error {
		failed := false
		for _, id := range ids {
			err := do(s, id)
			if fault.Is(err, fault.NotFound) {
				err = noSuchRun(id)
			}
			if err != nil {
				failed = true
				_, _ = fmt.Fprintf(term.err, "candlewright: %s\n", explain(err))
			}
			if ctx.Err() != nil {
				return errors.Join(context.Cause(ctx))
			}
		}
		if failed {
			return errSilent
		}
		return nil
	})
}

type runsRetryCmd struct {
	JobID []string `arg:"" name:"job-id" help:"The runs' job ids."`
}

// Run queues runs again.
func (c *runsRetryCmd) Run(ctx context.Context, g *globals, term *terminal, log *slog.Logger) error {
	return eachRun(ctx, g, term, log, c.JobID, func(s *enrich.Service, id uuid.UUID) error {
		before, err := findRun(ctx, s, id)
		if err != nil {
			return err
		}
		run, err := s.Retry(ctx, id)
		switch {
		case err != nil:
			return err
		case !before.Status.Ended():
			_, _ = fmt.Fprintf(term.out, "Run %s has not ended (%s); it stays as it is.\n", id, run.Status)
		default:
			_, _ = fmt.Fprintf(term.out, "Run %s is queued again, and goes on after %d of %d bars.\n", id, run.RecordsDone, run.RecordsTotal)
		}
		return nil
	})
}
