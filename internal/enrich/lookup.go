package enrich

import (
	"context"
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/candlewright/candlewright/internal/fault"
	"github.com/candlewright/candlewright/internal/market"
	"github.com/candlewright/candlewright/internal/pipeline"
)

// Things by what names them. What does not exist has no entry, or is nil: not to
// find something is an answer.

// FindSymbol finds the symbol that a ticker names, tracked or not. Without a
// class the ticker must be one of a single class, else it is AMBIGUOUS_SYMBOL.
// Any text is a legal question.
func (s *Service) FindSymbol(ctx context.Context, ticker string, class *market.AssetClass) (*pipeline.Symbol, error) {
	t, err := market.ParseTicker(ticker)
	if err != nil {
		return nil, nil //nolint:nilerr,nilnil // a text that is no ticker names no symbol
	}
	symbols, err := s.store.SymbolsByTicker(ctx, t)
	if err != nil {
		return nil, err
	}
	if class != nil {
		symbols = slices.DeleteFunc(symbols, func(sym pipeline.Symbol) bool { return sym.Class != *class })
	}
	switch len(symbols) {
	case 0:
		return nil, nil //nolint:nilnil // see above
	case 1:
		return &symbols[0], nil
	}
	classes := make([]string, len(symbols))
	for i, sym := range symbols {
		classes[i] = strings.ToUpper(string(sym.Class))
	}
	return nil, fault.Ambiguous("assetClass", "%s is the ticker of several symbols: want the asset class too, one of %s", t, strings.Join(classes, ", "))
}

// SymbolsByIDs gives symbols by id.
func (s *Service) SymbolsByIDs(ctx context.Context, ids []int64) (map[int64]pipeline.Symbol, error) {
	return s.store.SymbolsByIDs(ctx, ids)
}

// RunsByIDs gives runs by id.
func (s *Service) RunsByIDs(ctx context.Context, ids []int64) (map[int64]pipeline.Run, error) {
	return s.store.RunsByIDs(ctx, ids)
}

// FindRun gives the run with a job id.
func (s *Service) FindRun(ctx context.Context, jobID uuid.UUID) (*pipeline.Run, error) {
	run, err := s.store.RunByJob(ctx, jobID)
	if fault.Is(err, fault.NotFound) {
		return nil, nil //nolint:nilnil // see above
	}
	if err != nil {
		return nil, err
	}
	return &run, nil
}

// FetchLogsByIDs gives fetch logs by id.
func (s *Service) FetchLogsByIDs(ctx context.Context, ids []int64) (map[int64]pipeline.FetchLog, error) {
	return s.store.FetchLogsByIDs(ctx, ids)
}

// ComputeLogsByIDs gives compute logs by id.
func (s *Service) ComputeLogsByIDs(ctx context.Context, ids []int64) (map[int64]pipeline.ComputeLog, error) {
	return s.store.ComputeLogsByIDs(ctx, ids)
}

// CorrectionsByIDs gives corrections by id.
func (s *Service) CorrectionsByIDs(ctx context.Context, ids []int64) (map[int64]pipeline.Correction, error) {
	return s.store.CorrectionsByIDs(ctx, ids)
}

// DailyMetricsOn gives the metrics of symbols on dates.
func (s *Service) DailyMetricsOn(ctx context.Context, keys []DayKey) (map[DayKey]DailyMetric, error) {
	stored, err := s.store.DayMetricsOn(ctx, keys)
	if err != nil {
		return nil, err
	}
	out := make(map[DayKey]DailyMetric, len(stored))
	for k, m := range stored {
		out[k] = dailyMetric(m)
	}
	return out, nil
}
