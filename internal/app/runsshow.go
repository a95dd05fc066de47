package app

import (
	"context"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/google/uuid"

	"github.com/candlewright/candlewright/internal/enrich"
	"github.com/candlewright/candlewright/internal/market"
	"github.com/candlewright/candlewright/internal/pipeline"
)

type runsShowCmd struct {
	JobID string `arg:"" name:"job-id" help:"The run's job id."`
	Logs  int    `default:"50" help:"How many of the newest attempts to fetch to list, 0 or more."`
}

// Run shows a run and its parts.
func (c *runsShowCmd) Run(ctx context.Context, g *globals, term *terminal, log *slog.Logger) error {
	id, err := parseJobID(c.JobID)
	if err != nil {
		return err
	}
	if c.Logs < 0 {
		return fmt.Errorf("--logs %d: want 0 or more", c.Logs)
	}
	return withService(ctx, g, term, log, func(s *enrich.Service) error {
		run, err := findRun(ctx, s, id)
		if err != nil {
			return err
		}
		symbols, err := s.SymbolsByIDs(ctx, []int64{run.SymbolID})
		if err != nil {
			return err
		}
		printRun(term, run, symbols[run.SymbolID].Symbol)
		rows, err := s.BackfillsOf(ctx, []uuid.UUID{run.JobID})
		if err != nil {
			return err
		}
		if err := printTimeframes(term, rows[run.JobID]); err != nil {
			return err
		}
		logs, err := s.FetchLogsOfRuns(ctx, []int64{run.ID})
		if err != nil {
			return err
		}
		return printFetchLogs(term, logs[run.ID], c.Logs)
	})
}

func printRun(term *terminal, run pipeline.Run, sym market.Symbol) {
	line := func(name, format string, args ...any) {
		_, _ = fmt.Fprintf(term.out, "%-12s%s\n", name, fmt.Sprintf(format, args...))
	}
	line("Run", "%s", run.JobID)
	line("Symbol", "%s", sym)
	line("Range", "%s up to %s", shownMoment(run.From), shownMoment(run.To))
	line("Trigger", "%s, by %s", run.Trigger, run.RequestedBy)
	line("Status", "%s, attempt %d of %d", run.Status, run.Attempt, run.MaxAttempts)
	if run.CancelRequested && !run.Status.Ended() {
		line("", "it was asked to stop")
	}
	line("Bars", "%d of %d", run.RecordsDone, run.RecordsTotal)
	line("Queued", "%s", shownMoment(run.CreatedAt))
	if !run.StartedAt.IsZero() {
		line("Started", "%s", shownMoment(run.StartedAt))
	}
	if !run.FinishedAt.IsZero() {
		line("Ended", "%s, after %s", shownMoment(run.FinishedAt), took(run))
	}
	if run.Error != nil {
		line("Error", "%s: %s", run.Error.Code, run.Error.Message)
		if run.Error.Retryable {
			line("", "another try may succeed: candlewright runs retry %s", run.JobID)
		}
	}
}

func printTimeframes(term *terminal, rows []pipeline.Backfill) error {
	_, _ = fmt.Fprintln(term.out)
	t := tabwriter.NewWriter(term.out, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(t, "TIMEFRAME\tSTATUS\tLAST SUCCESSFUL DATE\tRETRIES\tERROR")
	for _, row := range rows {
		date := "none"
		if row.LastSuccessfulDate != nil {
			date = row.LastSuccessfulDate.String()
		}
		_, _ = fmt.Fprintf(t, "%s\t%s\t%s\t%d\t%s\n", row.Timeframe, row.Status, date, row.RetryCount, row.ErrorMessage)
	}
	return t.Flush()
}

// printFetchLogs lists the newest attempts, in the order in which they were
// made.
func printFetchLogs(term *terminal, logs []pipeline.FetchLog, most int) error {
	_, _ = fmt.Fprintln(term.out)
	if len(logs) == 0 {
		_, _ = fmt.Fprintln(term.out, "Nothing was fetched.")
		return nil
	}
	if shown := min(most, len(logs)); shown < len(logs) {
		_, _ = fmt.Fprintf(term.out, "The newest %d of %s to fetch:\n", shown, count(len(logs), "attempt"))
		logs = logs[len(logs)-shown:]
	}
	t := tabwriter.NewWriter(term.out, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(t, "FETCHED (UTC)\tSOURCE\tTIMEFRAME\tRANGE\tTRY\tROWS\tNEW\tCHANGED\tREJECTED\tMS\tRESULT")
	for _, l := range logs {
		ms, result := "", "ok"
		if l.ResponseTimeMs != nil {
			ms = strconv.Itoa(*l.ResponseTimeMs)
		}
		if !l.Success {
			result = l.ErrorCode + ": " + l.ErrorMessage
		}
		if l.Detail != "" {
			result += " (" + l.Detail + ")"
		}
		_, _ = fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%d\t%d\t%d\t%d\t%d\t%s\t%s\n", l.CreatedAt.UTC().Format(time.DateTime), l.Source, l.Timeframe,
			shownRange(l.From, l.To), l.Attempt, l.Fetched, l.Inserted, l.Updated, l.Rejected, ms, result)
	}
	return t.Flush()
}

// shownRange is a range of stamps whose end is exclusive.
func shownRange(from, to time.Time) string {
	if from.IsZero() {
		return ""
	}
	return shownMoment(from) + " up to " + shownMoment(to)
}

// shownMoment is a date where the instant is the start of one.
func shownMoment(t time.Time) string {
	if t = t.UTC(); t.Equal(t.Truncate(24 * time.Hour)) {
		return t.Format(time.DateOnly)
	}
	return t.Format("2006-01-02 15:04:05Z")
}

func joined(tfs []market.Timeframe) string {
	words := make([]string, len(tfs))
	for i, tf := range tfs {
		words[i] = string(tf)
	}
	return strings.Join(words, ",")
}
