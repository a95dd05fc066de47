package store

import (
	"context"
	"math"
	"time"

	"github.com/candlewright/candlewright/db"
	"github.com/candlewright/candlewright/internal/market"
)

// PipelineCounts is what the metrics of all symbols are computed from, read at
// one moment. Means are unrounded, 0 over no rows.
type PipelineCounts struct {
	Fetches, FetchesSuccessful int64
	AvgResponseMs              float64
	QuotaRemaining             *int // of the newest fetch log that carries one

	Computations, ComputationsSuccessful int64
	AvgComputationMs                     float64

	SymbolsTracked     int64   // symbols with day metrics
	AvgValidationRate  float64 // percent, over days with records
	AvgQualityScore    float64
	BackfillInProgress int64 // rows of the timeframes of all runs
	BackfillCompleted  int64
	BackfillFailed     int64
	BackfillPending    int64
}

// PipelineCounts counts logs written after logsSince, up to now, and day metrics
// of the dates from daysFrom on, up to now's UTC date.
func (s *queries) PipelineCounts(ctx context.Context, logsSince time.Time, daysFrom market.Date, now time.Time) (PipelineCounts, error) {
	r, err := s.q.PipelineCounts(ctx, db.PipelineCountsParams{
		LogsSince: logsSince, Now: now, DaysFrom: daysFrom.Time(), DaysThrough: market.DateOf(now).Time(),
	})
	if err != nil {
		return PipelineCounts{}, failed(ctx, "count logs and metrics", err)
	}
	return PipelineCounts{
		Fetches:                r.Fetches,
		FetchesSuccessful:      r.FetchesSuccessful,
		AvgResponseMs:          r.FetchAvgMs,
		QuotaRemaining:         intOf(r.ApiQuotaRemaining),
		Computations:           r.Computations,
		ComputationsSuccessful: r.ComputationsSuccessful,
		AvgComputationMs:       r.ComputeAvgMs,
		SymbolsTracked:         r.SymbolsTracked,
		AvgValidationRate:      r.AvgRate,
		AvgQualityScore:        r.AvgScore,
		BackfillInProgress:     r.InProgress,
		BackfillCompleted:      r.Completed,
		BackfillFailed:         r.Failed,
		BackfillPending:        r.Pending,
	}, nil
}

// SourceCounts is how one source has answered.
type SourceCounts struct {
	Source            market.SourceName
	Total, Successful int64
	P50Ms, P95Ms      *float64 // of the response times; nil: it never answered
	QuotaRemaining    *int
	LastError         string
}

// SourceCounts counts, by source, the fetch logs written after since, up to now;
// a source without any is not among them.
func (s *queries) SourceCounts(ctx context.Context, since, now time.Time) ([]SourceCounts, error) {
	rows, err := s.q.SourceCounts(ctx, db.SourceCountsParams{LogsSince: since, Now: now})
	if err != nil {
		return nil, failed(ctx, "count logs by source", err)
	}
	sources := make([]SourceCounts, len(rows))
	for i, r := range rows {
		sources[i] = SourceCounts{
			Source: r.Source, Total: r.Total, Successful: r.Successful, P50Ms: present(r.P50Ms), P95Ms: present(r.P95Ms),
			QuotaRemaining: intOf(r.ApiQuotaRemaining), LastError: r.LastError.String,
		}
	}
	return sources, nil
}

func present(x float64) *float64 {
	if math.IsNaN(x) {
		return nil
	}
	return &x
}
