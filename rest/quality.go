package rest

import (
	"net/http"

	"github.com/candlewright/candlewright/internal/enrich"
	"github.com/candlewright/candlewright/internal/pipeline"
	"github.com/candlewright/candlewright/internal/quality"
)

// quality answers GET /api/v1/data/quality/{symbol}. An unknown symbol has zeros
// and empty lists.
func (a *api) quality(r *http.Request) (any, error) {
	q := readQuery(r.URL.RawQuery)
	days := enrich.DefaultReportDays
	if s, ok := q.last("days"); ok {
		var err error
		if days, err = readInt("days", s, 1, enrich.MaxReportDays); err != nil {
			return nil, err
		}
	}
	class, err := q.class()
	if err != nil {
		return nil, err
	}
	report, err := a.service.QualityReport(r.Context(), symbol(r), class, days)
	if err != nil {
		return nil, err
	}
	return qualityOf(report), nil
}

func qualityOf(q enrich.QualityReport) qualityBody {
	b := qualityBody{
		Symbol:     q.Ticker,
		PeriodDays: q.Days,
		Summary: qualitySummary{
			AvgValidationRate: decimal(q.Summary.AvgValidationRate),
			AvgQualityScore:   decimal(q.Summary.AvgQualityScore),
			TotalGapsDetected: q.Summary.TotalGaps,
			TotalAnomalies:    q.Summary.TotalAnomalies,
		},
		DailyMetrics:    make([]dailyMetric, len(q.Daily)),
		RecentFetchLogs: make([]recentFetchLog, len(q.Fetches)),
		Timestamp:       instant(q.At),
	}
	for i, d := range q.Daily {
		b.DailyMetrics[i] = dailyMetricOf(d)
	}
	for i, f := range q.Fetches {
		b.RecentFetchLogs[i] = recentFetchLogOf(f)
	}
	return b
}

// dailyMetricOf shows a day. Nothing is null: a day without records has no rate
// and no score, and is shown with 0.0.
func dailyMetricOf(d quality.DayMetric) dailyMetric {
	return dailyMetric{
		Date:              d.Date.String(),
		TotalRecords:      d.Total,
		ValidatedRecords:  d.Validated,
		ValidationRate:    decimal(orZero(d.Rate())),
		GapsDetected:      d.Gaps,
		AnomaliesDetected: d.Anomalies,
		AvgQualityScore:   decimal(orZero(d.Score())),
		DataCompleteness:  decimal(d.Completeness()),
	}
}

func orZero(v float64, ok bool) float64 {
	if !ok {
		return 0
	}
	return v
}

func recentFetchLogOf(f pipeline.FetchLog) recentFetchLog {
	return recentFetchLog{
		Source:          f.Source,
		Timeframe:       f.Timeframe,
		RecordsFetched:  f.Fetched,
		RecordsInserted: f.Inserted,
		ResponseTimeMs:  f.ResponseTimeMs,
		Success:         f.Success,
		Timestamp:       instant(f.CreatedAt),
	}
}
