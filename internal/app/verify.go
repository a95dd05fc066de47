package app

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strconv"

	"github.com/candlewright/candlewright/internal/enrich"
	"github.com/candlewright/candlewright/internal/market"
)

type verifyCmd struct {
	symbolArgs

	Timeframe string `enum:",5m,15m,30m,1h,4h,1d,1w" default:"" placeholder:"TF" help:"Only this series, without day metrics and status. Default: everything of the symbol."`
	Lookahead bool   `help:"Compute each candle from those before it alone, and again with a made-up future behind it: finds values that nobody could have known. Slower."`
	List      int    `default:"20" placeholder:"N" help:"How many differences to list; all are counted."`
}

// Help says what the exit codes mean.
func (c *verifyCmd) Help() string {
	return "Computes features, notes, flags, scores, saved states, digests, day metrics and the status anew from the stored candles and compares. " +
		"It writes nothing. The exit code is 0 where all agrees and 1 where something differs."
}

// Run verifies a symbol. The exit code is 1 where something differs.
func (c *verifyCmd) Run(ctx context.Context, g *globals, term *terminal, log *slog.Logger) error {
	if c.List < 0 {
		return fmt.Errorf("--list %d: want 0 or more", c.List)
	}
	return c.read(ctx, g, term, log, func(s *enrich.Service) error {
		bar := newProgress(term.err)
		found, err := s.Verify(ctx, enrich.VerifyRequest{
			Ticker: c.Ticker, Class: c.class(), Timeframe: market.Timeframe(c.Timeframe),
			LookAhead: c.Lookahead, List: c.List, Report: bar.verifying,
		})
		bar.end()
		if err != nil {
			return err
		}
		c.print(term, found)
		if found.Total > 0 {
			return errSilent
		}
		return nil
	})
}

func (c *verifyCmd) print(term *terminal, v enrich.Verification) {
	say := func(format string, args ...any) { _, _ = fmt.Fprintf(term.out, format, args...) }
	say("%s\n", v.Symbol)
	if len(v.Series) == 0 {
		say("  Nothing is stored.\n")
	}
	for _, e := range v.Series {
		say("  %-3s  %s, %s, digest %s\n", e.Timeframe, count64(e.Candles, "candle"), count(e.States, "saved state"), e.Digest)
	}
	if c.Timeframe == "" {
		say("  %s of metrics, and the status\n", count(v.Days, "date"))
	}
	if v.Total == 0 {
		if c.Lookahead {
			say("No difference: every value follows from what was known at the end of its bar.\n")
			return
		}
		say("No difference.\n")
		return
	}
	say("%s:\n", count64(v.Total, "difference"))
	for _, d := range v.Differences {
		say("  %s\n", shownDifference(d))
	}
	if rest := v.Total - int64(len(v.Differences)); rest > 0 {
		say("  … and %d more\n", rest)
	}
	say("By field:\n")
	fields := slices.SortedFunc(maps.Keys(v.ByField), func(a, b string) int {
		return cmp.Or(cmp.Compare(v.ByField[b], v.ByField[a]), cmp.Compare(a, b))
	})
	for _, f := range fields {
		say("  %8d  %s\n", v.ByField[f], f)
	}
}

// shownDifference is a difference in one line.
func shownDifference(d enrich.Difference) string {
	text := d.Kind
	if d.Timeframe != "" {
		text += " " + string(d.Timeframe)
	}
	if !d.TS.IsZero() {
		text += " " + shownMoment(d.TS)
	}
	text += fmt.Sprintf(": %s is %s, want %s", d.Field, shownValue(d.Stored), shownValue(d.Computed))
	if d.Note != "" {
		text += " (" + d.Note + ")"
	}
	return text
}

// shownValue is a value as text: null where it is missing, words in quotes.
func shownValue(s string) string {
	if s == "" {
		return "null"
	}
	if _, err := strconv.ParseFloat(s, 64); err == nil {
		return s
	}
	return strconv.Quote(s)
}

// count64 is count for numbers that may be large.
func count64(n int64, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
