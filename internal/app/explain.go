package app

import (
	"context"
	"fmt"
	"log/slog"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/candlewright/candlewright/internal/enrich"
	"github.com/candlewright/candlewright/internal/feature"
	"github.com/candlewright/candlewright/internal/market"
	"github.com/candlewright/candlewright/internal/pipeline"
)

type explainCmd struct {
	symbolArgs

	Timeframe string `required:"" enum:"5m,15m,30m,1h,4h,1d,1w" placeholder:"TF" help:"5m, 15m, 30m, 1h, 4h, 1d or 1w."`
	TS        string `name:"ts" required:"" placeholder:"T" help:"The candle's stamp: a date (1d, 1w) or an instant as 2024-11-13T10:30:00Z."`
}

// Run tells how a candle came to its score and its validation.
func (c *explainCmd) Run(ctx context.Context, g *globals, term *terminal, log *slog.Logger) error {
	ts, err := parseMoment(c.TS, false)
	if err != nil {
		return fmt.Errorf("--ts: %w", err)
	}
	return c.read(ctx, g, term, log, func(s *enrich.Service) error {
		e, err := s.Explain(ctx, c.Ticker, c.class(), market.Timeframe(c.Timeframe), ts)
		if err != nil {
			return err
		}
		_, err = fmt.Fprint(term.out, explained(e))
		return err
	})
}

// explained is an explanation as text.
func explained(e enrich.Explanation) string {
	var b strings.Builder
	explainCandle(&b, e)
	explainScore(&b, e)
	explainChecks(&b, e)
	explainFields(&b, e)
	explainFeatures(&b, e)
	explainHistory(&b, e)
	return b.String()
}

func explainCandle(b *strings.Builder, e enrich.Explanation) {
	c := &e.Candle
	fmt.Fprintf(b, "%s %s bar of %s, ended %s\n", e.Symbol, e.Timeframe, shownMoment(c.TS), shownMoment(e.End))
	fmt.Fprintf(b, "  open %s, high %s, low %s, close %s, volume %s\n",
		plainNumber(c.Open), plainNumber(c.High), plainNumber(c.Low), plainNumber(c.Close), plainNumber(c.Volume))
	from := string(c.Source)
	if c.Manual {
		from += ", corrected by hand"
	}
	if c.VolumeEstimated {
		from += ", volume estimated from that in quote currency"
	}
	fmt.Fprintf(b, "  from %s; revision %d, first stored %s\n", from, c.Revision, shownMoment(c.FirstStoredAt))
	if e.Run != nil {
		fmt.Fprintf(b, "  last computed by run %s (%s, by %s)\n", e.Run.JobID, e.Run.Trigger, e.Run.RequestedBy)
	}
}

func explainScore(b *strings.Builder, e enrich.Explanation) {
	fmt.Fprintf(b, "\nScore %.4f\n", e.Candle.Verdict.Parts.Score())
	for _, p := range e.Parts {
		fmt.Fprintf(b, "  %-9s  %.1f × %.4f = %.4f  %s\n", p.Name, p.Weight, p.Share, p.Points, p.Why)
	}
}

func explainChecks(b *strings.Builder, e enrich.Explanation) {
	var failed []string
	for _, c := range e.Checks {
		if c.Outcome == pipeline.CheckFailed && c.Invalidating {
			failed = append(failed, c.Check.String())
		}
	}
	if len(failed) == 0 {
		fmt.Fprint(b, "\nValidated: every check that counts was passed\n")
	} else {
		fmt.Fprintf(b, "\nNot validated: failed %s\n", strings.Join(failed, ", "))
	}
	for _, c := range e.Checks {
		outcome := map[pipeline.CheckOutcome]string{
			pipeline.CheckPassed: "passed", pipeline.CheckFailed: "FAILED", pipeline.CheckNotMade: "not made",
		}[c.Outcome]
		line(b, c.Check.String(), outcome, c.Why)
	}
}

func explainFields(b *strings.Builder, e enrich.Explanation) {
	fmt.Fprint(b, "\nDelivered fields\n")
	for _, f := range e.Fields {
		state := "there"
		switch {
		case !f.Expected && !f.Present:
			state = "not expected"
		case !f.Expected:
			state = "there, not expected"
		case !f.Present:
			state = "MISSING"
		}
		line(b, f.Name, state, f.Why)
	}
}

func explainFeatures(b *strings.Builder, e enrich.Explanation) {
	fmt.Fprint(b, "\nFeatures\n")
	for _, f := range e.Features {
		state := featureText(&e.Candle, f.Name)
		switch {
		case f.Expected && !f.Present:
			state = "MISSING"
		case !f.Present:
			state = "not expected"
		case !f.Expected:
			state += ", not expected"
		}
		line(b, f.Name.String(), state, f.Why)
	}
	d := e.Deviation
	fmt.Fprintf(b, "\nAnomaly: %s\n", yesNo(e.Candle.Verdict.Anomaly))
	for _, z := range []struct {
		name string
		z    float64
	}{{"return", d.ReturnZ}, {"ln(volume)", d.VolumeZ}} {
		if math.IsNaN(z.z) {
			line(b, z.name, "unknown", "fewer than 30 values before to compare with, or all alike")
			continue
		}
		line(b, z.name, fmt.Sprintf("%+.2f", z.z), "standard deviations from the mean of those before")
	}
}

func explainHistory(b *strings.Builder, e enrich.Explanation) {
	if len(e.Corrections) > 0 {
		fmt.Fprint(b, "\nCorrections\n")
	}
	for _, c := range e.Corrections {
		fmt.Fprintf(b, "  %s  %s from %s to %s (%s, by %s)\n", shownMoment(c.CorrectedAt), c.Field, shownValue(c.Old), shownValue(c.New), c.Reason, c.CorrectedBy)
	}
	if len(e.Kept) > 0 {
		fmt.Fprint(b, "\nChecks that rows of this slot have failed, whatever became of them\n")
	}
	for _, k := range e.Kept {
		fmt.Fprintf(b, "  %s  %s\n", k.FirstSeenAt.UTC().Format(time.DateTime), k.Check)
	}
}

// line is a line of a list: name, state, reason.
func line(b *strings.Builder, name, state, why string) {
	b.WriteString(strings.TrimRight(fmt.Sprintf("  %-23s  %-12s  %s", name, state, why), " ") + "\n")
}

func featureText(c *pipeline.Candle, n feature.Name) string {
	switch n {
	case feature.TrendDirection:
		return string(c.Features.Trend)
	case feature.MarketStructure:
		return string(c.Features.Structure)
	default:
		return strconv.FormatFloat(c.Features.Num[n], 'g', 8, 64)
	}
}

func yesNo(v bool) string {
	if v {
		return "yes"
	}
	return "no"
}
