package graph

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/candlewright/candlewright/graph/model"
	"github.com/candlewright/candlewright/internal/enrich"
	"github.com/candlewright/candlewright/internal/fault"
	"github.com/candlewright/candlewright/internal/market"
	"github.com/candlewright/candlewright/internal/pipeline"
)

// The lists of a symbol: one page of each of many symbols in one statement.

// of names a symbol in a cursor.
func of(sym *pipeline.Symbol) string { return strconv.FormatInt(sym.ID, 10) }

// listOf loads a page of a list of symbols.
func listOf[K comparable, V any](ctx context.Context, sym *pipeline.Symbol, key func(*pipeline.Symbol) (K, bool), fetch func(context.Context, []K) (map[K]enrich.List[V], error)) (enrich.List[V], error) {
	return relation[pipeline.Symbol, K, enrich.List[V]]{key: key, fetch: fetch, arrived: pages[K, V]}.of(ctx, sym)
}

func (r *Resolver) candles(ctx context.Context, sym *pipeline.Symbol, tf market.Timeframe, from, to, asOf *time.Time, a pageArgs) (*model.CandleConnection, error) {
	within, err := readRange("from", from, "to", to)
	if err != nil {
		return nil, err
	}
	w, err := a.window(candleLimits)
	if err != nil {
		return nil, err
	}
	c := candleCursors(sym, tf, asOf)
	p := enrich.CandlePage{Range: within, Limit: w.limit(), Backward: w.backward}
	if p.After, err = c.readStamp("after", a.after); err != nil {
		return nil, err
	}
	if p.Before, err = c.readStamp("before", a.before); err != nil {
		return nil, err
	}
	l, err := relation[pipeline.Symbol, enrich.SymbolKey, enrich.List[enrich.Candle]]{
		key: symbolKey, fetch: func(ctx context.Context, syms []enrich.SymbolKey) (map[enrich.SymbolKey]enrich.List[enrich.Candle], error) {
			if asOf != nil {
				return r.service.KnownCandlesOf(ctx, syms, tf, p, *asOf)
			}
			return r.service.CandlesOf(ctx, syms, tf, p)
		},
		arrived: pages[enrich.SymbolKey, enrich.Candle],
	}.of(ctx, sym)
	if err != nil {
		return nil, err
	}
	count := countOf(sym, symbolKey, func(ctx context.Context, syms []enrich.SymbolKey) (map[enrich.SymbolKey]int64, error) {
		if asOf != nil {
			return r.service.CountKnownCandlesOf(ctx, syms, tf, within, *asOf)
		}
		return r.service.CountCandlesOf(ctx, syms, tf, within)
	})
	b := bounds{after: inside(p.After, within), before: inside(p.Before, within)}
	return connect(l, w, b, func(row *enrich.Candle) string { return c.stamp(row.TS) }, count), nil
}

// candleCursors are those of a series, as it is now or as it was known.
func candleCursors(sym *pipeline.Symbol, tf market.Timeframe, asOf *time.Time) cursors {
	if asOf == nil {
		return cursorsOf(candleList, of(sym), string(tf))
	}
	return cursorsOf(candleList, of(sym), string(tf), asOf.UTC().Format(time.RFC3339Nano))
}

// inside reports whether an instant is given and lies in a range.
func inside(t time.Time, r enrich.Range) bool {
	return !t.IsZero() && !t.Before(r.From) && (r.To.IsZero() || t.Before(r.To))
}

func (r *Resolver) candleColumns(ctx context.Context, sym *pipeline.Symbol, tf market.Timeframe, from, to, asOf *time.Time, last *int) (*enrich.CandleColumns, error) {
	within, err := readRange("from", from, "to", to)
	if err != nil {
		return nil, err
	}
	n := candleLimits.usual
	if last != nil {
		if n = *last; n < 1 || n > candleLimits.most {
			return nil, fault.BadInput("last", "last is %d: want 1 to %d", n, candleLimits.most)
		}
	}
	columns, err := relation[pipeline.Symbol, enrich.SymbolKey, enrich.CandleColumns]{
		key: symbolKey, fetch: func(ctx context.Context, syms []enrich.SymbolKey) (map[enrich.SymbolKey]enrich.CandleColumns, error) {
			if asOf != nil {
				return r.service.KnownCandleColumnsOf(ctx, syms, tf, within, n, *asOf)
			}
			return r.service.CandleColumnsOf(ctx, syms, tf, within, n)
		},
	}.of(ctx, sym)
	return &columns, err
}

func (r *Resolver) gaps(ctx context.Context, sym *pipeline.Symbol, tf market.Timeframe, from, to *time.Time, a pageArgs) (*model.GapConnection, error) {
	within, err := readRange("from", from, "to", to)
	if err != nil {
		return nil, err
	}
	w, err := a.window(rowLimits)
	if err != nil {
		return nil, err
	}
	c := cursorsOf(gapList, of(sym), string(tf))
	p := enrich.GapPage{Range: within, Limit: w.limit()}
	if p.After, err = c.readStamp("after", a.after); err != nil {
		return nil, err
	}
	l, err := relation[pipeline.Symbol, enrich.SymbolKey, enrich.List[enrich.Gap]]{
		key: symbolKey, fetch: func(ctx context.Context, syms []enrich.SymbolKey) (map[enrich.SymbolKey]enrich.List[enrich.Gap], error) {
			return r.service.GapsOf(ctx, syms, tf, p)
		},
		arrived: evidence,
	}.of(ctx, sym)
	if err != nil {
		return nil, err
	}
	return connect(l, w, bounds{after: inside(p.After, within)}, func(row *enrich.Gap) string { return c.stamp(row.From) }, nil), nil
}

// maxRecentDays is how far back the last days of the daily metrics go.
const maxRecentDays = 3650

func (r *Resolver) readDays(days *int, from, to *market.Date) (enrich.DayRange, error) {
	switch {
	case days == nil:
		return readDates("from", from, "to", to)
	case from != nil || to != nil:
		return enrich.DayRange{}, fault.BadInput("days", "days cannot be combined with from or to: want one or the other")
	case *days < 1 || *days > maxRecentDays:
		return enrich.DayRange{}, fault.BadInput("days", "days is %d: want 1 to %d", *days, maxRecentDays)
	}
	return r.service.LastDays(*days), nil
}

// readDates checks a stretch of dates, both ends inclusive.
func readDates(fromArgument string, from *market.Date, toArgument string, to *market.Date) (enrich.DayRange, error) {
	if from != nil && to != nil && *from > *to {
		return enrich.DayRange{}, fault.BadInput(fromArgument, "%s is after %s: want a start that is not after the end", fromArgument, toArgument)
	}
	return enrich.DayRange{From: from, Through: to}, nil
}

func dayBounds(p enrich.Page, r enrich.DayRange) bounds {
	inside := func(k *enrich.Key) bool {
		if k == nil {
			return false
		}
		day := market.DateOf(k.At)
		return (r.From == nil || day >= *r.From) && (r.Through == nil || day <= *r.Through)
	}
	return bounds{inside(p.After), inside(p.Before)}
}

func dailyMetricKey(c cursors) func(*enrich.DailyMetric) string {
	return func(m *enrich.DailyMetric) string { return c.timeKey(m.Key()) }
}

func (r *Resolver) dailyMetricsOf(ctx context.Context, sym *pipeline.Symbol, days *int, from, to *market.Date, a pageArgs) (*model.DailyQualityMetricConnection, error) {
	within, err := r.readDays(days, from, to)
	if err != nil {
		return nil, err
	}
	c := cursorsOf(dailyMetricList, of(sym))
	p, w, err := a.timePage(c)
	if err != nil {
		return nil, err
	}
	l, err := listOf(ctx, sym, symbolID, func(ctx context.Context, ids []int64) (map[int64]enrich.List[enrich.DailyMetric], error) {
		return r.service.DailyMetricsOf(ctx, ids, within, p)
	})
	if err != nil {
		return nil, err
	}
	count := countOf(sym, symbolID, func(ctx context.Context, ids []int64) (map[int64]int64, error) {
		return r.service.CountDailyMetricsOf(ctx, ids, within)
	})
	return connect(l, w, dayBounds(p, within), dailyMetricKey(c), count), nil
}

func (r *Resolver) qualityReport(ctx context.Context, sym *pipeline.Symbol, days int) (*enrich.SymbolReport, error) {
	if days < 1 || days > enrich.MaxReportDays {
		return nil, fault.BadInput("days", "days is %d: want 1 to %d", days, enrich.MaxReportDays)
	}
	report, err := relation[pipeline.Symbol, int64, enrich.SymbolReport]{
		key: symbolID, fetch: func(ctx context.Context, ids []int64) (map[int64]enrich.SymbolReport, error) {
			return r.service.QualityReportsOf(ctx, ids, days)
		},
		arrived: func(l *loaders, path string, reports map[int64]enrich.SymbolReport) {
			for _, report := range reports {
				put(l, path, [][]enrich.DailyMetric{report.Daily})
				put(l, path, [][]pipeline.FetchLog{report.Fetches})
			}
		},
	}.of(ctx, sym)
	report.Daily, report.Fetches = present(report.Daily), present(report.Fetches)
	return &report, err
}

// words makes a part of a cursor of a filter by words: the same for any order,
// and another for none given than for an empty list.
func words[T ~string](ws []T) string {
	if ws == nil {
		return "any"
	}
	sorted := slices.Sorted(slices.Values(ws))
	return fmt.Sprintf("%q", slices.Compact(sorted))
}

func runKey(c cursors) func(*pipeline.Run) string {
	return func(run *pipeline.Run) string { return c.timeKey(enrich.Key{At: run.CreatedAt, ID: run.ID}) }
}

func (r *Resolver) runsOf(ctx context.Context, sym *pipeline.Symbol, status []pipeline.RunStatus, a pageArgs) (*model.EnrichmentRunConnection, error) {
	c := cursorsOf(runList, of(sym), words(status))
	p, w, err := a.timePage(c)
	if err != nil {
		return nil, err
	}
	f := enrich.RunFilter{Statuses: status}
	l, err := listOf(ctx, sym, symbolID, func(ctx context.Context, ids []int64) (map[int64]enrich.List[pipeline.Run], error) {
		return r.service.RunsOf(ctx, ids, f, p)
	})
	if err != nil {
		return nil, err
	}
	count := countOf(sym, symbolID, func(ctx context.Context, ids []int64) (map[int64]int64, error) {
		return r.service.CountRunsOf(ctx, ids, f)
	})
	return connect(l, w, timeBounds(p, enrich.Range{}), runKey(c), count), nil
}

func fetchLogKey(c cursors) func(*pipeline.FetchLog) string {
	return func(log *pipeline.FetchLog) string { return c.timeKey(enrich.Key{At: log.CreatedAt, ID: log.ID}) }
}

func (r *Resolver) fetchLogsOf(ctx context.Context, sym *pipeline.Symbol, a pageArgs) (*model.FetchLogConnection, error) {
	c := cursorsOf(fetchLogList, of(sym))
	p, w, err := a.timePage(c)
	if err != nil {
		return nil, err
	}
	l, err := listOf(ctx, sym, symbolID, func(ctx context.Context, ids []int64) (map[int64]enrich.List[pipeline.FetchLog], error) {
		return r.service.FetchLogsOf(ctx, ids, enrich.FetchLogFilter{}, p)
	})
	if err != nil {
		return nil, err
	}
	count := countOf(sym, symbolID, func(ctx context.Context, ids []int64) (map[int64]int64, error) {
		return r.service.CountFetchLogsOf(ctx, ids, enrich.FetchLogFilter{})
	})
	return connect(l, w, timeBounds(p, enrich.Range{}), fetchLogKey(c), count), nil
}

func (r *Resolver) computeLogsOf(ctx context.Context, sym *pipeline.Symbol, a pageArgs) (*model.ComputeLogConnection, error) {
	c := cursorsOf(computeLogList, of(sym))
	p, w, err := a.timePage(c)
	if err != nil {
		return nil, err
	}
	l, err := listOf(ctx, sym, symbolID, func(ctx context.Context, ids []int64) (map[int64]enrich.List[pipeline.ComputeLog], error) {
		return r.service.ComputeLogsOf(ctx, ids, p)
	})
	if err != nil {
		return nil, err
	}
	key := func(log *pipeline.ComputeLog) string { return c.timeKey(enrich.Key{At: log.CreatedAt, ID: log.ID}) }
	return connect(l, w, timeBounds(p, enrich.Range{}), key, countOf(sym, symbolID, r.service.CountComputeLogsOf)), nil
}

func (r *Resolver) correctionsOf(ctx context.Context, sym *pipeline.Symbol, a pageArgs) (*model.CorrectionConnection, error) {
	c := cursorsOf(correctionList, of(sym))
	p, w, err := a.timePage(c)
	if err != nil {
		return nil, err
	}
	l, err := listOf(ctx, sym, symbolID, func(ctx context.Context, ids []int64) (map[int64]enrich.List[pipeline.Correction], error) {
		return r.service.CorrectionsOf(ctx, ids, p)
	})
	if err != nil {
		return nil, err
	}
	key := func(row *pipeline.Correction) string {
		return c.timeKey(enrich.Key{At: row.CorrectedAt, ID: row.ID})
	}
	return connect(l, w, timeBounds(p, enrich.Range{}), key, countOf(sym, symbolID, r.service.CountCorrectionsOf)), nil
}

// upperTickers reads the tickers of a filter.
func upperTickers(argument string, tickers []string) ([]string, error) {
	const most = 500
	if len(tickers) > most {
		return nil, fault.BadInput(argument, "there are %d tickers: want at most %d", len(tickers), most)
	}
	if tickers == nil {
		return nil, nil
	}
	upper := make([]string, len(tickers))
	for i, t := range tickers {
		upper[i] = market.UpperTicker(strings.TrimSpace(t))
	}
	return upper, nil
}
