package app

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/candlewright/candlewright/internal/enrich"
	"github.com/candlewright/candlewright/internal/source/file"
)

// metrics reports whether the files are those of Binance's archive of metrics:
// they hold no candles and fill those that are stored.
func (c *importCmd) metrics() (bool, error) {
	found := 0
	for _, path := range c.Files {
		is, err := file.IsMetrics(path)
		if err != nil {
			return false, err
		}
		if is {
			found++
		}
	}
	if found > 0 && found < len(c.Files) {
		return false, fmt.Errorf("%d of the %d files hold metrics of a perpetual, the others do not: want two imports", found, len(c.Files))
	}
	return found > 0, nil
}

// runMetrics fills stored candles from the files.
func (c *importCmd) runMetrics(ctx context.Context, term *terminal, service *enrich.Service, r enrich.ImportRequest) error {
	if c.Funding != "" || c.FileTimeframe != "" || c.From != "" || c.To != "" || c.PreferFile {
		return errors.New("the files hold metrics of a perpetual: want --ticker, --asset-class and --timeframe alone")
	}
	started := term.now()
	done, err := service.ImportMetrics(ctx, enrich.MetricsRequest{Symbol: r.Symbol, Timeframe: r.Timeframe, Files: r.Files, RequestedBy: r.RequestedBy})
	if wasStopped(ctx, err) {
		return errStopped
	}
	if err != nil {
		return err
	}
	_, _ = fmt.Fprintf(term.out, "%s, %d rows without a readable time: of %s in their range %d were filled\n",
		count(done.Readings, "reading"), done.Bad, count(done.Candles, "candle"), done.Filled)
	_, _ = fmt.Fprintf(term.out, "Run %s of %s %s completed in %v.\n", done.JobID, r.Symbol, r.Timeframe, term.now().Sub(started).Round(time.Millisecond))
	return nil
}
