package enrich

import (
	"context"
	"slices"
	"time"

	"github.com/candlewright/candlewright/internal/market"
	"github.com/candlewright/candlewright/internal/pipeline"
	"github.com/candlewright/candlewright/internal/quality"
	"github.com/candlewright/candlewright/internal/store"
)

// MaxReportDays is the longest period of a quality report, DefaultReportDays the
// one where none is asked for.
const (
	MaxReportDays     = 365
	DefaultReportDays = 7
)

// reportFetchLogs is how many fetch logs a quality report shows.
const reportFetchLogs = 20

// QualityReport is what the REST quality route and the GraphQL field
// qualityReport show.
type QualityReport struct {
	Ticker  string // upper-cased as asked
	Days    int
	Summary QualitySummary
	Daily   []quality.DayMetric // newest first
	Fetches []pipeline.FetchLog // newest first, at most 20
	At      time.Time
}

// QualitySummary is means of the shown values of the dates that have records,
// and sums over all dates.
type QualitySummary struct {
	AvgValidationRate, AvgQualityScore float64 // rounded as shown; 0 without such dates
	TotalGaps, TotalAnomalies          int
}

// QualityReport tells the last days UTC dates (1 to MaxReportDays), today
// included, of the symbol that ticker names; class as in Health.
func (s *Service) QualityReport(ctx context.Context, ticker string, class *market.AssetClass, days int) (QualityReport, error) {
	now := s.now()
	r := QualityReport{
		Ticker: market.UpperTicker(ticker), Days: days,
		Daily: []quality.DayMetric{}, Fetches: []pipeline.FetchLog{}, At: now,
	}
	st, known, err := s.which(ctx, ticker, class)
	if err != nil || !known {
		return r, err
	}
	today := market.DateOf(now)
	stored, err := s.store.DayMetrics(ctx, st.ID, today-market.Date(days)+1, today)
	if err != nil {
		return QualityReport{}, err
	}
	for _, d := range slices.Backward(stored) {
		r.Daily = append(r.Daily, d.DayMetric)
	}
	within := store.FetchLogFilter{Range: reportPeriod(days, now)}
	logs, err := s.store.FetchLogsOf(ctx, []int64{st.ID}, within, store.Page{Limit: reportFetchLogs})
	if err != nil {
		return QualityReport{}, err
	}
	r.Fetches = append(r.Fetches, logs[st.ID].Rows...)
	r.Summary = summarise(r.Daily)
	return r, nil
}

func summarise(days []quality.DayMetric) QualitySummary {
	var (
		sum          QualitySummary
		rates, score float64
		n            int
	)
	for _, d := range days {
		sum.TotalGaps += d.Gaps
		sum.TotalAnomalies += d.Anomalies
		rate, ok := d.Rate()
		if !ok {
			continue
		}
		mean, _ := d.Score()
		rates += rate
		score += mean
		n++
	}
	if n > 0 {
		sum.AvgValidationRate = quality.Round2(rates / float64(n))
		sum.AvgQualityScore = quality.Round2(score / float64(n))
	}
	return sum
}
