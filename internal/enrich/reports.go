package enrich

import (
	"context"
	"time"

	"github.com/candlewright/candlewright/internal/market"
	"github.com/candlewright/candlewright/internal/pipeline"
	"github.com/candlewright/candlewright/internal/quality"
)

// SymbolReport is a quality report of a symbol that is known, with rows that
// know which they are.
type SymbolReport struct {
	Days    int
	Summary QualitySummary
	Daily   []DailyMetric       // newest first
	Fetches []pipeline.FetchLog // newest first, at most 20
}

// QualityReportsOf is QualityReport for many symbols by id: every symbol has an
// entry.
func (s *Service) QualityReportsOf(ctx context.Context, symbolIDs []int64, days int) (map[int64]SymbolReport, error) {
	now := s.now()
	daily, err := s.DailyMetricsOf(ctx, symbolIDs, lastDays(days, now), Page{Limit: days})
	if err != nil {
		return nil, err
	}
	logs, err := s.FetchLogsOf(ctx, symbolIDs, FetchLogFilter{Range: reportPeriod(days, now)}, Page{Limit: reportFetchLogs})
	if err != nil {
		return nil, err
	}
	out := make(map[int64]SymbolReport, len(symbolIDs))
	for _, id := range symbolIDs {
		r := SymbolReport{Days: days, Daily: daily[id].Rows, Fetches: logs[id].Rows}
		shown := make([]quality.DayMetric, len(r.Daily))
		for i, d := range r.Daily {
			shown[i] = d.DayMetric
		}
		r.Summary = summarise(shown)
		out[id] = r
	}
	return out, nil
}

// reportPeriod is the period of a report's fetch logs. A log of this very moment
// counts, and lists end before their end.
func reportPeriod(days int, now time.Time) Range {
	return Range{From: now.Add(-time.Duration(days) * 24 * time.Hour), To: now.Add(time.Microsecond)}
}

// LastDays is the last so many UTC dates, today included.
func (s *Service) LastDays(days int) DayRange { return lastDays(days, s.now()) }

func lastDays(days int, now time.Time) DayRange {
	through := market.DateOf(now)
	from := through - market.Date(days) + 1
	return DayRange{From: &from, Through: &through}
}
