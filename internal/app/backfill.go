package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/candlewright/candlewright/internal/enrich"
	"github.com/candlewright/candlewright/internal/fault"
	"github.com/candlewright/candlewright/internal/jobs"
	"github.com/candlewright/candlewright/internal/market"
)

type backfillCmd struct {
	workFlags
	sourceFlags

	Symbols    string   `required:"" placeholder:"FILE|A,B,C" help:"Tickers separated by commas, or a file with one or more on a line (# starts a comment); up to 10000."`
	AssetClass string   `required:"" enum:"stock,crypto,etf" placeholder:"CLASS" help:"stock, crypto or etf, of all of them."`
	Timeframes []string `default:"1d" enum:"5m,15m,30m,1h,4h,1d,1w" help:"Which timeframes: 5m, 15m, 30m, 1h, 4h, 1d, 1w."`
	From       string   `required:"" placeholder:"T" help:"Bars stamped from this date or instant on."`
	To         string   `placeholder:"T" help:"Bars up to and including this date, or before this instant. Default: now."`
	DryRun     bool     `help:"Show the plan, and queue nothing."`
	Wait       bool     `default:"true" negatable:"" help:"Follow the runs to their end, and carry them out here too."`
}

// Help says how a backfill goes on.
func (c *backfillCmd) Help() string {
	return "The same command again goes on where a backfill stopped: what was brought is left out, what failed is resumed, what waits is followed. Ctrl-C ends the following and not the runs."
}

// Run plans, queues and follows a backfill.
func (c *backfillCmd) Run(ctx context.Context, g *globals, term *terminal, log *slog.Logger) error {
	req, err := c.request()
	if err != nil {
		return err
	}
	db, service, err := g.openService(ctx, term, log, &c.sourceFlags)
	if err != nil {
		return err
	}
	defer db.close(log)
	plan, err := service.PlanBackfill(ctx, req)
	if err != nil {
		return backfillFlag(err)
	}
	printBackfillPlan(term.out, plan)
	switch {
	case c.DryRun:
		_, _ = fmt.Fprintln(term.out, "Nothing was queued (--dry-run).")
		return nil
	case plan.Runs == 0:
		_, _ = fmt.Fprintln(term.out, "Nothing is left to do.")
		return nil
	}
	queued, err := c.queue(ctx, term, service, plan, req.RequestedBy)
	if err != nil || !c.Wait {
		return err
	}
	workers, err := jobs.NewWorkers(db.pool, service, jobs.Config{Runs: c.Runs, Grace: c.Grace, Log: log})
	if err != nil {
		return err
	}
	if err := workers.Start(ctx); err != nil {
		return err
	}
	failure := followBackfill(ctx, term, service, queued)
	stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), c.Grace+stopTimeout)
	defer cancel()
	return errors.Join(failure, workers.Stop(stop))
}

// backfillFlag says which flag a fault is about.
func backfillFlag(err error) error {
	f, ok := errors.AsType[*fault.Error](err)
	if !ok || f.Code != fault.BadUserInput || f.Argument == "" {
		return err
	}
	return fmt.Errorf("--%s: %s; nothing was queued", f.Argument, f.Detail)
}

func (c *backfillCmd) request() (enrich.BackfillRequest, error) {
	r := enrich.BackfillRequest{RequestedBy: requester(), Parallel: c.Runs}
	tickers, err := readTickers(c.Symbols)
	if err != nil {
		return r, fmt.Errorf("--symbols: %w; nothing was queued", err)
	}
	for _, t := range tickers {
		r.Symbols = append(r.Symbols, market.Symbol{Ticker: t, Class: market.AssetClass(c.AssetClass)})
	}
	for _, word := range c.Timeframes {
		r.Timeframes = append(r.Timeframes, market.Timeframe(word))
	}
	if r.From, err = parseMoment(c.From, false); err != nil {
		return r, fmt.Errorf("--from: %w", err)
	}
	if r.To, err = parseMoment(c.To, true); err != nil {
		return r, fmt.Errorf("--to: %w", err)
	}
	return r, nil
}

// queue queues the plan's runs and says how far it came.
func (c *backfillCmd) queue(ctx context.Context, term *terminal, service *enrich.Service, plan enrich.BackfillPlan, by string) (enrich.QueuedBackfill, error) {
	bar := newProgress(term.err)
	queued, err := service.QueueBackfill(ctx, plan, by, bar.queueing)
	bar.end()
	if err != nil {
		if n := len(queued.RunIDs); n > 0 {
			_, _ = fmt.Fprintf(term.err, "%d of %s were queued before the error; the same command goes on from there.\n", n, count(plan.Runs, "run"))
		}
		return queued, err
	}
	_, _ = fmt.Fprintf(term.out, "Queued: %d new, %d resumed, %d were waiting.\n", queued.New, queued.Resumed, queued.Pending)
	return queued, nil
}

// followBackfill shows the runs' progress until all have ended, and lists what
// is missing.
func followBackfill(ctx context.Context, term *terminal, service *enrich.Service, queued enrich.QueuedBackfill) error {
	bar := newProgress(term.err)
	defer bar.end()
	var last enrich.RunsProgress
	left, err := service.FollowRuns(ctx, queued.RunIDs, func(p enrich.RunsProgress) {
		last = p
		bar.backfilling(p)
	})
	bar.end()
	if err != nil && ctx.Err() != nil {
		_, _ = fmt.Fprintf(term.err, "Stopped following: %d of %d runs have ended. The others stay in the queue for serve and work; the same command follows them again.\n", last.Ended(), last.Runs)
		return errSilent
	}
	if err != nil {
		return err
	}
	_, _ = fmt.Fprintf(term.out, "%d of %s completed, %d failed, %d were cancelled.\n", last.Completed, count(last.Runs, "run"), last.Failed, last.Cancelled)
	if len(left) == 0 {
		return nil
	}
	missing, err := service.MissingOf(ctx, left)
	if err != nil {
		return err
	}
	printMissing(term.out, missing)
	return errSilent
}
