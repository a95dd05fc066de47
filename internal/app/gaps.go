package app

import (
	"context"
	"fmt"
	"log/slog"
	"strconv"

	"github.com/candlewright/candlewright/internal/enrich"
	"github.com/candlewright/candlewright/internal/market"
	"github.com/candlewright/candlewright/internal/quality"
)

type gapsCmd struct {
	symbolArgs
	rangeFlags

	Timeframe string `required:"" enum:"5m,15m,30m,1h,4h,1d,1w" placeholder:"TF" help:"5m, 15m, 30m, 1h, 4h, 1d or 1w."`
	List      int    `default:"50" placeholder:"N" help:"How many gaps to list; 0 is all. All are counted."`
	Format    string `enum:"table,csv,json" default:"table" help:"table, csv or json (an object per line); the totals are of the table."`
}

// Help says what a gap is.
func (c *gapsCmd) Help() string {
	return "A gap is a stretch of bars that the calendar expects between the first and the last stored one, and that are not stored, of one cause: " +
		"not_requested, source_error, rejected (a row came and failed a check) or source_empty (a source answered without a bar)."
}

// Run lists the gaps of a series and what was tried to fill them.
func (c *gapsCmd) Run(ctx context.Context, g *globals, term *terminal, log *slog.Logger) error {
	if c.List < 0 {
		return fmt.Errorf("--list %d: want 0 or more", c.List)
	}
	within, err := c.parse()
	if err != nil {
		return err
	}
	req := enrich.GapsRequest{Ticker: c.Ticker, Class: c.class(), Timeframe: market.Timeframe(c.Timeframe), Range: within}
	return c.read(ctx, g, term, log, func(s *enrich.Service) error {
		rows := newRowWriter(c.Format, term.out, gapColumns)
		n := 0
		totals, err := s.EachGap(ctx, req, func(gap enrich.Gap) error {
			if n++; c.List > 0 && n > c.List {
				return nil
			}
			return rows.row(gapCells(gap))
		})
		if err != nil {
			return err
		}
		if err := rows.end(); err != nil {
			return err
		}
		if c.Format == "table" {
			printGapTotals(term, totals, n, c.List)
		}
		return nil
	})
}

var gapColumns = []column{
	{"timeframe", "", 0},
	{"from", "FIRST MISSING (UTC)", -19},
	{"to", "LAST MISSING (UTC)", -19},
	{"slots", "BARS", 6},
	{"cause", "CAUSE", -13},
	{"tries", "TRIES", 5},
	{"next_try", "NEXT TRY (UTC)", -16},
	{"sources", "SHOWN BY", -8},
	{"fetch_logs", "FETCH LOGS", -1},
}

func gapCells(g enrich.Gap) []cell {
	var sources []string
	for _, e := range g.Evidence {
		if n := len(sources); n == 0 || sources[n-1] != string(e.Source) {
			sources = append(sources, string(e.Source))
		}
	}
	logs := make([]string, 0, len(g.Evidence))
	for _, id := range g.FetchLogIDs() {
		logs = append(logs, strconv.FormatInt(id, 10))
	}
	return []cell{string(g.Timeframe), stamp{g.From, g.Timeframe.Intraday()}, stamp{g.To, g.Timeframe.Intraday()}, g.Slots, string(g.Cause), g.Tries, g.NextTry, sources, logs}
}

func printGapTotals(term *terminal, t enrich.GapTotals, gaps, listed int) {
	say := func(format string, args ...any) { _, _ = fmt.Fprintf(term.out, format, args...) }
	if listed > 0 && gaps > listed {
		say("… and %s more; --list 0 lists all\n", count(gaps-listed, "gap"))
	}
	if gaps > 0 {
		say("\n")
	}
	say("%d of %s are stored.", t.Expected-t.Gaps(), count64(t.Expected, "bar"))
	if t.Gaps() == 0 {
		say(" There is no gap.\n")
		return
	}
	say(" Missing:")
	mark := ""
	for _, cause := range quality.Causes() {
		if n := t.Missing[cause]; n > 0 {
			say("%s %d %s", mark, n, cause)
			mark = ","
		}
	}
	all, without := t.Completeness()
	say(".\nCompleteness %.2f; %.2f without the bars of which a source has said that there are none.\n", all, without)
}
