package app

import (
	"context"
	"fmt"
	"log/slog"
	"strings"

	"github.com/candlewright/candlewright/internal/enrich"
	"github.com/candlewright/candlewright/internal/market"
	"github.com/candlewright/candlewright/internal/source"
)

type reconcileCmd struct {
	sourceFlags

	Ticker     string  `arg:"" help:"The symbol's ticker."`
	AssetClass string  `enum:"stock,crypto,etf" default:"stock" help:"stock, crypto or etf."`
	Timeframe  string  `required:"" enum:"5m,15m,30m,1h,4h,1d,1w" placeholder:"TF" help:"5m, 15m, 30m, 1h, 4h, 1d or 1w."`
	From       string  `required:"" placeholder:"T" help:"Bars stamped from this date or instant on."`
	To         string  `placeholder:"T" help:"Bars up to and including this date, or before this instant. Default: now."`
	Tolerance  float64 `default:"0.001" help:"Relative difference that counts as none."`
	Sources    string  `placeholder:"A,B" help:"The two sources to compare, as polygon,yahoo. Default: the first two of the class's order that are switched on."`
	Format     string  `enum:"text,json" default:"text" help:"How to report: text or json."`
	Worst      int     `default:"20" help:"How many of the worst bars a text report lists."`
}

// Help says what the exit codes mean.
func (c *reconcileCmd) Help() string {
	return "Nothing is stored, and no database is needed. The exit code is 0 where the sources agree, 1 where they differ, and 2 where they cannot be compared."
}

// Run compares two sources. The exit code is 1 where they differ.
func (c *reconcileCmd) Run(ctx context.Context, term *terminal, log *slog.Logger) error {
	req, err := c.request()
	if err != nil {
		return trouble{err}
	}
	chain, err := c.chain(log)
	if err != nil {
		return trouble{err}
	}
	service := enrich.New(enrich.Deps{Now: utcNow, Elapsed: elapsed(), Log: log, Sources: chain})
	found, err := service.Reconcile(ctx, req)
	if err != nil {
		return trouble{err}
	}
	report := printReconciliation
	if c.Format == "json" {
		report = writeReconciliation
	}
	if err := report(term.out, found, c.Worst); err != nil {
		return trouble{err}
	}
	if !found.Agree() {
		return errSilent
	}
	return nil
}

func (c *reconcileCmd) request() (enrich.ReconcileRequest, error) {
	r := enrich.ReconcileRequest{Timeframe: market.Timeframe(c.Timeframe), Tolerance: c.Tolerance}
	ticker, err := market.ParseTicker(c.Ticker)
	if err != nil {
		return r, err
	}
	r.Symbol = market.Symbol{Ticker: ticker, Class: market.AssetClass(c.AssetClass)}
	if c.Sources != "" {
		if r.Sources, err = source.ParseOrder(c.Sources); err != nil || len(r.Sources) != 2 {
			return r, fmt.Errorf("--sources: %q: want two of polygon, binance and yahoo, separated by a comma", strings.TrimSpace(c.Sources))
		}
	}
	if r.From, err = parseMoment(c.From, false); err != nil {
		return r, fmt.Errorf("--from: %w", err)
	}
	if r.To, err = parseMoment(c.To, true); err != nil {
		return r, fmt.Errorf("--to: %w", err)
	}
	if c.Worst < 0 {
		return r, fmt.Errorf("--worst %d: want 0 or more", c.Worst)
	}
	return r, nil
}
