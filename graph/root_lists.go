package graph

import (
	"context"
	"strconv"

	"github.com/google/uuid"

	"github.com/candlewright/candlewright/graph/model"
	"github.com/candlewright/candlewright/internal/enrich"
	"github.com/candlewright/candlewright/internal/fault"
	"github.com/candlewright/candlewright/internal/market"
	"github.com/candlewright/candlewright/internal/pipeline"
)

// The roots of Query.

func (r *Resolver) symbol(ctx context.Context, ticker string, class *market.AssetClass) (*pipeline.Symbol, error) {
	sym, err := r.service.FindSymbol(ctx, ticker, class)
	if sym != nil {
		remember(ctx, []pipeline.Symbol{*sym})
	}
	return sym, err
}

// maxSearch is how long the text of a search is, in characters.
const maxSearch = 100

func readSymbolFilter(f *model.SymbolFilter) (enrich.SymbolFilter, error) {
	if f == nil {
		return enrich.SymbolFilter{}, nil
	}
	tickers, err := upperTickers("filter.tickers", f.Tickers)
	if err != nil {
		return enrich.SymbolFilter{}, err
	}
	out := enrich.SymbolFilter{Tickers: tickers, Classes: f.AssetClasses, Active: f.Active}
	if f.Search != nil {
		if n := len([]rune(*f.Search)); n > maxSearch {
			return out, fault.BadInput("filter.search", "the text has %d characters: want at most %d", n, maxSearch)
		}
		out.Search = *f.Search
	}
	return out, nil
}

func (r *Resolver) symbols(ctx context.Context, filter *model.SymbolFilter, order *model.SymbolOrder, a pageArgs) (*model.SymbolConnection, error) {
	f, err := readSymbolFilter(filter)
	if err != nil {
		return nil, err
	}
	w, err := a.window(rowLimits)
	if err != nil {
		return nil, err
	}
	descending := order != nil && order.Direction == model.OrderDirectionDesc
	c := cursorsOf(symbolList, strconv.FormatBool(descending), words(f.Tickers), words(f.Classes), active(f.Active), f.Search)
	p := enrich.SymbolPage{Limit: w.limit(), Backward: w.backward, Descending: descending}
	if p.After, err = c.readSymbol("after", a.after); err != nil {
		return nil, err
	}
	if p.Before, err = c.readSymbol("before", a.before); err != nil {
		return nil, err
	}
	l, err := r.service.Symbols(ctx, f, p)
	if err != nil {
		return nil, err
	}
	remember(ctx, l.Rows)
	count := func(ctx context.Context) (int64, error) { return r.service.CountSymbols(ctx, f) }
	b := bounds{after: p.After != nil, before: p.Before != nil}
	return connect(l, w, b, func(s *pipeline.Symbol) string { return c.symbol(s.Symbol) }, count), nil
}

// active makes a part of a cursor of a filter that may be absent.
func active(b *bool) string {
	if b == nil {
		return "any"
	}
	return strconv.FormatBool(*b)
}

func (r *Resolver) run(ctx context.Context, id *string, job *uuid.UUID) (*pipeline.Run, error) {
	switch {
	case id != nil && job != nil:
		return nil, fault.BadInput("jobId", "id and jobId cannot be combined: want one of them")
	case id == nil && job == nil:
		return nil, fault.BadInput("jobId", "neither id nor jobId is given: want one of them")
	case job != nil:
		run, err := r.service.FindRun(ctx, *job)
		if run != nil {
			remember(ctx, []pipeline.Run{*run})
		}
		return run, err
	}
	if key, ok := parseNodeID(*id); !ok || key.kind != runNode {
		return nil, nil //nolint:nilnil // a lookup that finds nothing
	}
	found, err := r.nodes(ctx, []string{*id})
	if err != nil || found[0] == nil {
		return nil, err
	}
	run, _ := found[0].(pipeline.Run)
	return &run, nil
}

func (r *Resolver) runs(ctx context.Context, filter *model.RunFilter, a pageArgs) (*model.EnrichmentRunConnection, error) {
	var f enrich.RunFilter
	if filter != nil {
		within, err := readRange("filter.createdFrom", filter.CreatedFrom, "filter.createdTo", filter.CreatedTo)
		if err != nil {
			return nil, err
		}
		f = enrich.RunFilter{Range: within, Statuses: filter.Status, Triggers: filter.Trigger}
	}
	c := cursorsOf(runList, "all", words(f.Statuses), words(f.Triggers))
	p, w, err := a.timePage(c)
	if err != nil {
		return nil, err
	}
	l, err := r.service.Runs(ctx, f, p)
	if err != nil {
		return nil, err
	}
	remember(ctx, l.Rows)
	count := func(ctx context.Context) (int64, error) { return r.service.CountRuns(ctx, f) }
	return connect(l, w, timeBounds(p, f.Range), runKey(c), count), nil
}

func (r *Resolver) fetchLogs(ctx context.Context, filter *model.FetchLogFilter, a pageArgs) (*model.FetchLogConnection, error) {
	var f enrich.FetchLogFilter
	if filter != nil {
		within, err := readRange("filter.createdFrom", filter.CreatedFrom, "filter.createdTo", filter.CreatedTo)
		if err != nil {
			return nil, err
		}
		f = enrich.FetchLogFilter{Range: within, Sources: filter.Source, Success: filter.Success}
	}
	c := cursorsOf(fetchLogList, "all", words(f.Sources), active(f.Success))
	p, w, err := a.timePage(c)
	if err != nil {
		return nil, err
	}
	l, err := r.service.FetchLogs(ctx, f, p)
	if err != nil {
		return nil, err
	}
	remember(ctx, l.Rows)
	count := func(ctx context.Context) (int64, error) { return r.service.CountFetchLogs(ctx, f) }
	return connect(l, w, timeBounds(p, f.Range), fetchLogKey(c), count), nil
}

func (r *Resolver) dailyMetrics(ctx context.Context, filter *model.DailyMetricFilter, a pageArgs) (*model.DailyQualityMetricConnection, error) {
	var within enrich.DayRange
	if filter != nil {
		var err error
		if within, err = readDates("filter.from", filter.From, "filter.to", filter.To); err != nil {
			return nil, err
		}
	}
	c := cursorsOf(dailyMetricList, "all")
	p, w, err := a.timePage(c)
	if err != nil {
		return nil, err
	}
	l, err := r.service.DailyMetrics(ctx, within, p)
	if err != nil {
		return nil, err
	}
	remember(ctx, l.Rows)
	count := func(ctx context.Context) (int64, error) { return r.service.CountDailyMetrics(ctx, within) }
	return connect(l, w, dayBounds(p, within), dailyMetricKey(c), count), nil
}

func (r *Resolver) metrics(ctx context.Context) (*enrich.PipelineMetrics, error) {
	m, err := r.service.Metrics(ctx)
	return &m, err
}
