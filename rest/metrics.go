package rest

import (
	"net/http"

	"github.com/candlewright/candlewright/internal/enrich"
)

// metrics answers GET /api/v1/enrichment/metrics. It has no parameters.
func (a *api) metrics(r *http.Request) (any, error) {
	m, err := a.service.Metrics(r.Context())
	if err != nil {
		return nil, err
	}
	return metricsOf(m), nil
}

func metricsOf(m enrich.PipelineMetrics) metricsBody {
	return metricsBody{
		FetchPipeline: fetchPipeline{
			TotalFetches:      m.Fetch.Total,
			Successful:        m.Fetch.Successful,
			SuccessRate:       decimal(m.Fetch.SuccessRate),
			AvgResponseTimeMs: m.Fetch.AvgMs,
			APIQuotaRemaining: m.Fetch.QuotaRemaining,
		},
		ComputePipeline: computePipeline{
			TotalComputations:    m.Compute.Total,
			Successful:           m.Compute.Successful,
			SuccessRate:          decimal(m.Compute.SuccessRate),
			AvgComputationTimeMs: m.Compute.AvgMs,
		},
		DataQuality: dataQuality{
			SymbolsTracked:    m.Quality.SymbolsTracked,
			AvgValidationRate: decimal(m.Quality.AvgValidationRate),
			AvgQualityScore:   decimal(m.Quality.AvgQualityScore),
		},
		BackfillProgress: backfillProgress(m.Backfill),
		Timestamp:        instant(m.At),
	}
}
