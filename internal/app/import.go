package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/user"
	"strings"
	"time"

	"github.com/candlewright/candlewright/internal/enrich"
	"github.com/candlewright/candlewright/internal/market"
	"github.com/candlewright/candlewright/internal/quality"
	"github.com/candlewright/candlewright/internal/source/file"
)

type importCmd struct {
	Files []string `arg:"" name:"file" help:"Candle files: CSV with a header, Binance klines, JSON; each may be compressed with gzip. Or the metrics files of Binance's archive, zipped or not, which fill stored candles."`

	Ticker        string `required:"" placeholder:"AAPL" help:"The symbol's ticker."`
	AssetClass    string `required:"" enum:"stock,crypto,etf" placeholder:"CLASS" help:"stock, crypto or etf: it decides the calendar."`
	Timeframe     string `required:"" enum:"5m,15m,30m,1h,4h,1d,1w" placeholder:"TF" help:"5m, 15m, 30m, 1h, 4h, 1d or 1w."`
	Funding       string `placeholder:"FILE" help:"Funding payments of a coin's perpetual, a CSV file with the columns ts and rate."`
	FileTimeframe string `placeholder:"TF" help:"The length of the files' bars, 1m too, where it is finer than --timeframe; with --resample."`
	Resample      bool   `help:"Put the finer bars of the files together to bars of --timeframe."`
	Timezone      string `placeholder:"ZONE" help:"Zone of stamps that name none, as America/New_York. Default: New York for stock and etf, UTC for crypto; 1d and 1w stamps are dates."`
	VolumeUnit    string `enum:"base,quote" default:"base" help:"base (shares or coins) or quote (the price's currency, converted by (high + low + close) / 3)."`
	From          string `placeholder:"T" help:"Only rows stamped from this date or instant on."`
	To            string `placeholder:"T" help:"Only rows stamped up to and including this date, or before this instant."`
	FetchedAt     string `placeholder:"T" help:"The files count as fetched at this instant: bars open then are not stored. Default: now."`
	SkipBadRows   bool   `help:"Leave out rows that cannot be read, and count them, instead of refusing the file."`
	PreferFile    bool   `help:"Store as manual corrections, above what any source delivered."`
	Chunk         int    `default:"10000" help:"Rows of one commit, 1 to 10000."`
}

// Run imports the files and says what became of their rows.
func (c *importCmd) Run(ctx context.Context, g *globals, term *terminal, log *slog.Logger) error {
	req, err := c.request(term.now())
	if err != nil {
		return err
	}
	metrics, err := c.metrics()
	if err != nil {
		return err
	}
	db, err := g.openDatabase(ctx, term, log)
	if err != nil {
		return err
	}
	defer db.close(log)
	service, err := newService(db, nil, log)
	if err != nil {
		return err
	}
	endInterrupted(ctx, service, log)
	if metrics {
		return c.runMetrics(ctx, term, service, req)
	}
	return c.run(ctx, term, service, req)
}

// errStopped ends an import that a signal has ended.
var errStopped = errors.New("stopped; what was stored is complete, and the same command goes on from there")

func (c *importCmd) run(ctx context.Context, term *terminal, service *enrich.Service, req enrich.ImportRequest) error {
	bar := newProgress(term.err)
	req.Report = bar.importing
	started := term.now()
	done, err := service.Import(ctx, req)
	bar.end()
	if wasStopped(ctx, err) {
		return errStopped
	}
	if err != nil {
		return err
	}
	for _, f := range done.Files {
		printImported(term, f)
	}
	_, _ = fmt.Fprintf(term.out, "Run %s of %s %s completed in %v.\n", done.JobID, req.Symbol, req.Timeframe, term.now().Sub(started).Round(time.Millisecond))
	if done.Candles() == 0 {
		return errSilent
	}
	return nil
}

// request reads the flags; each error says what a flag wants.
func (c *importCmd) request(now time.Time) (enrich.ImportRequest, error) {
	r := enrich.ImportRequest{
		Files: c.Files, Funding: c.Funding, Resample: c.Resample, Timeframe: market.Timeframe(c.Timeframe),
		VolumeUnit: file.VolumeUnit(c.VolumeUnit), SkipBadRows: c.SkipBadRows, Manual: c.PreferFile, ChunkRows: c.Chunk,
		RequestedBy: requester(),
	}
	ticker, err := market.ParseTicker(c.Ticker)
	if err != nil {
		return r, fmt.Errorf("--ticker: %w", err)
	}
	r.Symbol = market.Symbol{Ticker: ticker, Class: market.AssetClass(c.AssetClass)}
	if c.FileTimeframe != "" {
		if r.FileInterval, err = file.ParseInterval(c.FileTimeframe); err != nil {
			return r, fmt.Errorf("--file-timeframe: %w", err)
		}
	}
	if c.Timezone != "" {
		if r.Zone, err = file.ParseZone(c.Timezone); err != nil {
			return r, fmt.Errorf("--timezone: %w", err)
		}
	}
	if c.Chunk < 1 || c.Chunk > enrich.DefaultChunkRows {
		return r, fmt.Errorf("--chunk: %d rows of one commit: want 1 to %d", c.Chunk, enrich.DefaultChunkRows)
	}
	if r.From, err = parseMoment(c.From, false); err != nil {
		return r, fmt.Errorf("--from: %w", err)
	}
	if r.To, err = parseMoment(c.To, true); err != nil {
		return r, fmt.Errorf("--to: %w", err)
	}
	if r.FetchedAt, err = parseMoment(c.FetchedAt, false); err != nil {
		return r, fmt.Errorf("--fetched-at: %w", err)
	}
	if r.FetchedAt.After(now) {
		return r, fmt.Errorf("--fetched-at: %s is still to come: want an instant up to now", c.FetchedAt)
	}
	return r, nil
}

// parseMoment reads a date or an RFC 3339 instant; "" is none. through makes a
// date mean its end.
func parseMoment(s string, through bool) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	if d, err := market.ParseDate(s); err == nil {
		if through {
			d++
		}
		return d.Time(), nil
	}
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return time.Time{}, fmt.Errorf("invalid moment %q: want YYYY-MM-DD or an instant as 2024-11-13T10:31:00Z", s)
	}
	return t.UTC(), nil
}

// requester is who types the command.
func requester() string {
	if u, err := user.Current(); err == nil && u.Username != "" {
		return "cli:" + u.Username
	}
	if name := os.Getenv("USER"); name != "" {
		return "cli:" + name
	}
	return "cli"
}

func printImported(term *terminal, f enrich.ImportedFile) {
	_, _ = fmt.Fprintf(term.out, "%s: %s reached the checks, %s: %d inserted, %d updated, %d as stored before; %d rejected\n",
		f.Name, count(f.Fetched, "row"), count(f.Candles, "candle"), f.Inserted, f.Updated,
		f.Candles-f.Inserted-f.Updated, f.Rejected)
	var notes []string
	note := func(n int, text string) {
		if n > 0 {
			notes = append(notes, fmt.Sprintf("%d %s", n, text))
		}
	}
	for check := range quality.Check(quality.NumChecks) {
		note(f.Checks[check], "failed "+check.String())
	}
	note(f.Unreadable, "had no readable stamp")
	note(f.LeftOut, "were left out (no price, or outside the sessions)")
	note(f.NotEnded, "were of bars that had not ended")
	note(f.Cut, "lay outside --from and --to")
	note(f.BadRows, "were bad rows and skipped")
	if len(notes) > 0 {
		_, _ = fmt.Fprintf(term.out, "  %s\n", strings.Join(notes, ", "))
	}
	if f.BadSample != "" {
		_, _ = fmt.Fprintf(term.out, "  first bad row: %s\n", f.BadSample)
	}
	if f.FinerBars != "" {
		_, _ = fmt.Fprintf(term.out, "  The rows seem to be %[1]s bars: --file-timeframe %[1]s --resample would put them together.\n", f.FinerBars)
	}
	if f.Why != "" {
		_, _ = fmt.Fprintf(term.out, "  Stored nothing: %s.\n", f.Why)
	}
}
