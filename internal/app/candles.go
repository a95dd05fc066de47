package app

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/candlewright/candlewright/internal/enrich"
	"github.com/candlewright/candlewright/internal/feature"
	"github.com/candlewright/candlewright/internal/market"
)

type candlesCmd struct {
	symbolArgs
	rangeFlags

	Timeframe string `required:"" enum:"5m,15m,30m,1h,4h,1d,1w" placeholder:"TF" help:"5m, 15m, 30m, 1h, 4h, 1d or 1w."`
	Last      int    `default:"-1" placeholder:"N" help:"Only the newest N candles; 0 is all. Default: 20, or all of a range."`
	AsOf      string `placeholder:"T" help:"The candles as they were known at this instant, or at the end of this date: values, features and scores of then."`
	Format    string `enum:"table,csv,json" default:"table" help:"table (six digits, the features of every market), csv (every column, without loss) or json (the same, an object per line)."`
}

// Run prints candles with their features.
func (c *candlesCmd) Run(ctx context.Context, g *globals, term *terminal, log *slog.Logger) error {
	req, err := c.request(term.now())
	if err != nil {
		return err
	}
	return c.read(ctx, g, term, log, func(s *enrich.Service) error {
		var rows rowWriter
		n := 0
		err := s.EachCandle(ctx, req, func(x enrich.Candle) error {
			if rows == nil {
				rows = newRowWriter(c.Format, term.out, candleColumns(x.Class()))
			}
			n++
			return rows.row(candleCells(x))
		})
		if rows != nil {
			if err := rows.end(); err != nil {
				return err
			}
		}
		if err == nil && n == 0 {
			_, _ = fmt.Fprintln(term.err, "There are no such candles.")
		}
		return err
	})
}

func (c *candlesCmd) request(now time.Time) (enrich.CandlesRequest, error) {
	r := enrich.CandlesRequest{Ticker: c.Ticker, Class: c.class(), Timeframe: market.Timeframe(c.Timeframe), Last: c.Last}
	var err error
	if r.Range, err = c.parse(); err != nil {
		return r, err
	}
	if r.AsOf, err = parseMoment(c.AsOf, true); err != nil {
		return r, fmt.Errorf("--as-of: %w", err)
	}
	if today := market.DateOf(now); c.AsOf == today.String() {
		r.AsOf = now.UTC() // its end is still to come
	}
	switch {
	case c.Last < -1:
		return r, fmt.Errorf("--last %d: want 0 or more", c.Last)
	case c.Last == -1 && c.From == "" && c.To == "":
		r.Last = 20
	case c.Last == -1:
		r.Last = 0
	}
	return r, nil
}

// candleFeatures are the features that candles of a class have.
func candleFeatures(class market.AssetClass) []feature.Name {
	names := feature.Names()
	if class != market.Crypto {
		names = names[:feature.OpenInterest]
	}
	return names
}

// candleColumns are the columns of a candle: those of the import first, so that
// what is written as CSV can be imported.
func candleColumns(class market.AssetClass) []column {
	columns := []column{
		{"ts", "TS (UTC)", -16},
		{"open", "OPEN", 9},
		{"high", "HIGH", 9},
		{"low", "LOW", 9},
		{"close", "CLOSE", 9},
		{"volume", "VOLUME", 11},
	}
	titles := map[feature.Name]string{
		feature.Return1h: "RETURN 1H", feature.Return1d: "RETURN 1D", feature.Volatility20: "VOLAT. 20", feature.Volatility50: "VOLAT. 50",
		feature.ATR: "ATR", feature.TrendDirection: "TREND", feature.MarketStructure: "STRUCTURE", feature.RollingVolume20: "VOLUME 20",
	}
	for _, n := range candleFeatures(class) {
		columns = append(columns, column{n.String(), titles[n], 11})
	}
	return append(columns,
		column{"source", "SOURCE", -7},
		column{"manual", "", 0},
		column{"revision", "REV", 3},
		column{"validated", "", 0},
		column{"anomaly", "ANOMALY", -7},
		column{"quality_score", "SCORE", 9},
		column{"validation_notes", "NOTES", -1},
		column{"first_stored_at", "", 0},
		column{"bar_end", "", 0},
	)
}

func candleCells(c enrich.Candle) []cell {
	cells := []cell{stamp{c.TS, c.Timeframe().Intraday()}, c.Open, c.High, c.Low, c.Close, c.Volume}
	for _, n := range candleFeatures(c.Class()) {
		switch n {
		case feature.TrendDirection:
			cells = append(cells, wordCell(string(c.Features.Trend)))
		case feature.MarketStructure:
			cells = append(cells, wordCell(string(c.Features.Structure)))
		default:
			cells = append(cells, c.Features.Num[n])
		}
	}
	return append(cells,
		string(c.Source), c.Manual, c.Revision, c.Verdict.Validated(), c.Verdict.Anomaly, c.Verdict.Parts.Score(),
		c.Verdict.Notes(c.VolumeEstimated), c.FirstStoredAt, c.End(),
	)
}

// wordCell is a word that may be missing, which is null in JSON as a missing
// number is.
func wordCell(s string) cell {
	if s == "" {
		return market.Missing()
	}
	return s
}
