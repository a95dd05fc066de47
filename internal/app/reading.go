package app

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/candlewright/candlewright/internal/enrich"
	"github.com/candlewright/candlewright/internal/fault"
	"github.com/candlewright/candlewright/internal/market"
	"github.com/candlewright/candlewright/internal/postgres"
)

// symbolArgs name a symbol that is stored.
type symbolArgs struct {
	Ticker     string `arg:"" help:"The symbol's ticker."`
	AssetClass string `enum:",stock,crypto,etf" default:"" placeholder:"CLASS" help:"stock, crypto or etf; needed where symbols of several classes have the ticker."`
}

// class is the asset class that was given, nil where none was.
func (a symbolArgs) class() *market.AssetClass {
	if a.AssetClass == "" {
		return nil
	}
	c := market.AssetClass(a.AssetClass)
	return &c
}

// read runs work on the service of a database of either kind, and says so where
// its candles are simulated.
func (a symbolArgs) read(ctx context.Context, g *globals, term *terminal, log *slog.Logger, work func(*enrich.Service) error) error {
	db, err := g.openForReading(ctx, term, log)
	if err != nil {
		return err
	}
	defer db.close(log)
	if db.installation.Kind == postgres.Simulated {
		_, _ = fmt.Fprintln(term.err, "The candles of this database are simulated.")
	}
	service, err := newService(db, nil, log)
	if err != nil {
		return err
	}
	err = work(service)
	if fault.Is(err, fault.AmbiguousSymbol) {
		return fmt.Errorf("%s (--asset-class)", explain(err))
	}
	return err
}

// rangeFlags are a stretch of a series.
type rangeFlags struct {
	From string `placeholder:"T" help:"Only bars stamped from this date or instant on."`
	To   string `placeholder:"T" help:"Only bars stamped up to and including this date, or before this instant."`
}

func (f rangeFlags) parse() (r enrich.Range, err error) {
	if r.From, err = parseMoment(f.From, false); err != nil {
		return r, fmt.Errorf("--from: %w", err)
	}
	if r.To, err = parseMoment(f.To, true); err != nil {
		return r, fmt.Errorf("--to: %w", err)
	}
	return r, nil
}
