package app

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/candlewright/candlewright/internal/enrich"
)

type digestCmd struct {
	symbolArgs
}

// Help says what a digest is for.
func (c *digestCmd) Help() string {
	return "Prints one line for each series: two installations that print the same line hold the same stamps, prices, volumes and delivered fields, " +
		"in whatever order and from however many files or calls these came."
}

// Run prints the digest of each series of a symbol.
func (c *digestCmd) Run(ctx context.Context, g *globals, term *terminal, log *slog.Logger) error {
	return c.read(ctx, g, term, log, func(s *enrich.Service) error {
		digests, err := s.Digests(ctx, c.Ticker, c.class())
		if err != nil {
			return err
		}
		for _, d := range digests {
			_, _ = fmt.Fprintf(term.out, "%s %s %-3s %s %s from %s to %s\n", d.Symbol.Ticker, d.Symbol.Class, d.Timeframe, d.Digest,
				count64(d.Records, "candle"), shownMoment(d.First), shownMoment(d.Last))
		}
		if len(digests) == 0 {
			_, _ = fmt.Fprintln(term.err, "Nothing is stored of this symbol.")
		}
		return nil
	})
}
