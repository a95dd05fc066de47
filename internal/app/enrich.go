package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/candlewright/candlewright/internal/enrich"
	"github.com/candlewright/candlewright/internal/jobs"
	"github.com/candlewright/candlewright/internal/market"
	"github.com/candlewright/candlewright/internal/pipeline"
)

type enrichCmd struct {
	sourceFlags

	Ticker     string   `arg:"" help:"The symbol's ticker."`
	AssetClass string   `enum:"stock,crypto,etf" default:"stock" help:"stock, crypto or etf."`
	Timeframes []string `default:"1d" enum:"5m,15m,30m,1h,4h,1d,1w" help:"Which timeframes: 5m, 15m, 30m, 1h, 4h, 1d, 1w."`
	From       string   `placeholder:"T" help:"Bars stamped from this date or instant on. Default: 365 days ago."`
	To         string   `placeholder:"T" help:"Bars up to and including this date, or before this instant. Default: now."`
	Wait       bool     `default:"true" negatable:"" help:"Follow the run to its end, and carry it out here where nobody else does."`
}

// Run queues a run and follows it.
func (c *enrichCmd) Run(ctx context.Context, g *globals, term *terminal, log *slog.Logger) error {
	req, err := c.request()
	if err != nil {
		return err
	}
	db, service, err := g.openService(ctx, term, log, &c.sourceFlags)
	if err != nil {
		return err
	}
	defer db.close(log)
	queued, err := service.Trigger(ctx, req)
	if err != nil {
		return err
	}
	_, _ = fmt.Fprintf(term.out, "Run %s of %s is queued: %s, about %d bars.\n", queued.JobID, queued.Symbol, c.Timeframes, queued.TotalRecords)
	if !c.Wait {
		return nil
	}
	// Whoever is free first carries it out: this process, serve, or a worker elsewhere.
	workers, err := jobs.NewWorkers(db.pool, service, jobs.Config{Runs: 1, Log: log})
	if err != nil {
		return err
	}
	if err := workers.Start(ctx); err != nil {
		return err
	}
	failure := followRun(ctx, term, service, queued.Run)
	stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
	defer cancel()
	return errors.Join(failure, workers.Stop(stop))
}

func (c *enrichCmd) request() (enrich.TriggerRequest, error) {
	r := enrich.TriggerRequest{Class: market.AssetClass(c.AssetClass), RequestedBy: requester()}
	var err error
	if r.Ticker, err = market.ParseTicker(c.Ticker); err != nil {
		return r, err
	}
	seen := map[string]bool{}
	for _, word := range c.Timeframes {
		if seen[word] {
			return r, fmt.Errorf("--timeframes: %s stands there twice", word)
		}
		seen[word] = true
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

// followRun shows a run's progress until it has ended.
func followRun(ctx context.Context, term *terminal, service *enrich.Service, run pipeline.Run) error {
	bar := newProgress(term.err)
	defer bar.end()
	last, err := service.Follow(ctx, run.ID, func(p pipeline.Progress) { bar.running(p) })
	if err != nil {
		return err
	}
	bar.end()
	switch last.Status {
	case pipeline.RunCompleted:
		_, _ = fmt.Fprintf(term.out, "Run %s completed: %d bars.\n", run.JobID, last.RecordsDone)
		return nil
	case pipeline.RunCancelled:
		return fmt.Errorf("the run %s was cancelled", run.JobID)
	default:
		return fmt.Errorf("the run %s failed: %s", run.JobID, last.Message)
	}
}
