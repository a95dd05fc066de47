package app

import (
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/candlewright/candlewright/internal/enrich"
)

// printBackfillPlan says what a backfill comes to.
func printBackfillPlan(out io.Writer, p enrich.BackfillPlan) {
	say := func(format string, args ...any) { _, _ = fmt.Fprintf(out, format+"\n", args...) }
	say("Backfill of %s, %s, from %s up to %s:", count(p.Symbols, "symbol"), joined(p.Timeframes), shownMoment(p.From), shownMoment(p.To))
	if p.Repeated > 0 {
		say("  %s named more than once and counted once", countIs(p.Repeated, "symbol"))
	}
	say("  %s with %s, newest first: %d new, %d to resume, %d in the queue already", count(p.Runs, "run"), count(int(p.Bars), "bar"), p.New, p.Resumed, p.Pending)
	if p.Done > 0 {
		say("  %s left out, since an earlier backfill has brought their bars", countIs(p.Done, "run"))
	}
	if len(p.Sources) > 0 {
		t := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
		_, _ = fmt.Fprintln(t, "\n  source\tbars\tcalls\tquota\tanswers in\tsucceed")
		for _, s := range p.Sources {
			_, _ = fmt.Fprintf(t, "  %s\t%d\t%d\t%s\t%s\t%s\n", s.Source, s.Bars, s.Calls, quotaWords(s), answerWords(s), successWords(s))
		}
		_ = t.Flush() // an output that is gone ends the command elsewhere
		say("")
	}
	if p.Unreached > 0 {
		say("  %s older than the history of every source that is switched on: they will not come", countIs(int(p.Unreached), "bar"))
	}
	speed := fmt.Sprintf("assumed, since no run has completed yet: %.0f bars stored in a second", p.Speed.BarsPerSecond)
	if p.Speed.Runs > 0 {
		speed = fmt.Sprintf("%.0f bars stored in a second, as in the last %s", p.Speed.BarsPerSecond, count(p.Speed.Runs, "run"))
	}
	say("  about %s with %s at a time (%s)", minutes(p.Duration), count(p.Parallel, "run"), speed)
}

// countIs is a count with its verb.
func countIs(n int, noun string) string {
	if n == 1 {
		return count(n, noun) + " is"
	}
	return count(n, noun) + " are"
}

func quotaWords(s enrich.SourcePlan) string {
	if s.PerMinute == 0 {
		return "no limit"
	}
	return fmt.Sprintf("%s of a day's (%d a minute: %s)", percent(s.DayShare), s.PerMinute, minutes(s.QuotaTime))
}

func answerWords(s enrich.SourcePlan) string {
	ms := s.PerCall.Round(time.Millisecond).String()
	if !s.Measured {
		return ms + " (assumed)"
	}
	return ms
}

func successWords(s enrich.SourcePlan) string {
	if !s.Measured {
		return "unknown"
	}
	return percent(s.Success)
}

// minutes is a length of time as one says it of something to wait for.
func minutes(d time.Duration) string {
	switch {
	case d < time.Minute:
		return "less than a minute"
	case d < 2*time.Hour:
		return count(int(d.Round(time.Minute)/time.Minute), "minute")
	case d < 72*time.Hour:
		return fmt.Sprintf("%.1f hours", d.Hours())
	}
	return fmt.Sprintf("%.1f days", d.Hours()/24)
}

// mostMissing is how many lines tell what is missing; the rest is counted.
const mostMissing = 100

// printMissing lists what runs did not bring, and how to go on.
func printMissing(out io.Writer, parts []enrich.MissingPart) {
	_, _ = fmt.Fprintln(out, "\nMissing:")
	for i, p := range parts {
		if i == mostMissing {
			_, _ = fmt.Fprintf(out, "  … and %d more; candlewright runs list --trigger backfill --status failed lists the runs\n", len(parts)-i)
			break
		}
		_, _ = fmt.Fprintf(out, "  %s %s, %s: %s\n    to resume it alone: candlewright runs retry %s\n", p.Symbol, p.Timeframe, shownRange(p.From, p.To), p.Why, p.Run.JobID)
	}
	_, _ = fmt.Fprintln(out, "\nThe same command again resumes all of them where they stopped.")
}
