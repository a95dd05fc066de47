package enrich

import (
	"context"
	"time"

	"github.com/candlewright/candlewright/internal/market"
	"github.com/candlewright/candlewright/internal/quality"
)

const (
	metricsWindow = 24 * time.Hour // of the logs that the metrics count
	metricsDays   = 7              // UTC dates of the quality metrics, today included
)

// PipelineMetrics is the state of the whole pipeline, all symbols together, read
// at one moment.
type PipelineMetrics struct {
	Fetch    StageMetrics
	Compute  StageMetrics
	Quality  TrackedQuality
	Backfill BackfillCounts
	At       time.Time
}

// StageMetrics counts the log rows of the last 24 hours.
type StageMetrics struct {
	Total, Successful int64
	SuccessRate       float64 // percent, rounded as shown; 0 without rows
	AvgMs             int64   // mean of those that have a duration, cut; 0 without
	QuotaRemaining    *int64  // of fetches: of the newest row that carries one
}

// TrackedQuality is the plain mean over the day metrics with records of the last
// 7 UTC dates: each symbol and date counts once.
type TrackedQuality struct {
	SymbolsTracked                     int64
	AvgValidationRate, AvgQualityScore float64 // rounded as shown; 0 without rows
}

// BackfillCounts counts the timeframes of runs by state, of all time.
type BackfillCounts struct{ InProgress, Completed, Failed, Pending int64 }

// Metrics tells the state of the whole pipeline.
func (s *Service) Metrics(ctx context.Context) (PipelineMetrics, error) {
	now := s.now()
	today := market.DateOf(now)
	c, err := s.store.PipelineCounts(ctx, now.Add(-metricsWindow), today-metricsDays+1, now)
	if err != nil {
		return PipelineMetrics{}, err
	}
	return PipelineMetrics{
		Fetch:   stageMetrics(c.Fetches, c.FetchesSuccessful, c.AvgResponseMs, c.QuotaRemaining),
		Compute: stageMetrics(c.Computations, c.ComputationsSuccessful, c.AvgComputationMs, nil),
		Quality: TrackedQuality{
			SymbolsTracked:    c.SymbolsTracked,
			AvgValidationRate: quality.Round2(c.AvgValidationRate), AvgQualityScore: quality.Round2(c.AvgQualityScore),
		},
		Backfill: BackfillCounts{
			InProgress: c.BackfillInProgress, Completed: c.BackfillCompleted, Failed: c.BackfillFailed, Pending: c.BackfillPending,
		},
		At: now,
	}, nil
}

func stageMetrics(total, successful int64, avgMs float64, quota *int) StageMetrics {
	m := StageMetrics{Total: total, Successful: successful, AvgMs: int64(avgMs)}
	if quota != nil {
		left := int64(*quota)
		m.QuotaRemaining = &left
	}
	if total > 0 {
		m.SuccessRate = quality.Round2(100 * float64(successful) / float64(total))
	}
	return m
}
