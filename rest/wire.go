package rest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/candlewright/candlewright/internal/market"
)

// The legacy JSON shapes: names, order and nulls are a contract, and so is the
// spelling of numbers and times. Every key is always there.

type statusBody struct {
	Symbol              string             `json:"symbol"`
	AssetClass          *market.AssetClass `json:"asset_class"`
	Status              string             `json:"status"`
	LastEnrichmentTime  *string            `json:"last_enrichment_time"`
	DataAgeSeconds      *int64             `json:"data_age_seconds"`
	RecordsAvailable    int64              `json:"records_available"`
	QualityScore        *json.Number       `json:"quality_score"`
	ValidationRate      *json.Number       `json:"validation_rate"`
	TimeframesAvailable []market.Timeframe `json:"timeframes_available"`
	NextEnrichment      *string            `json:"next_enrichment"`
	ErrorMessage        *string            `json:"error_message"`
	Timestamp           string             `json:"timestamp"`
}

type metricsBody struct {
	FetchPipeline    fetchPipeline    `json:"fetch_pipeline"`
	ComputePipeline  computePipeline  `json:"compute_pipeline"`
	DataQuality      dataQuality      `json:"data_quality"`
	BackfillProgress backfillProgress `json:"backfill_progress"`
	Timestamp        string           `json:"timestamp"`
}

type fetchPipeline struct {
	TotalFetches      int64       `json:"total_fetches"`
	Successful        int64       `json:"successful"`
	SuccessRate       json.Number `json:"success_rate"`
	AvgResponseTimeMs int64       `json:"avg_response_time_ms"`
	APIQuotaRemaining *int64      `json:"api_quota_remaining"`
}

type computePipeline struct {
	TotalComputations    int64       `json:"total_computations"`
	Successful           int64       `json:"successful"`
	SuccessRate          json.Number `json:"success_rate"`
	AvgComputationTimeMs int64       `json:"avg_computation_time_ms"`
}

type dataQuality struct {
	SymbolsTracked    int64       `json:"symbols_tracked"`
	AvgValidationRate json.Number `json:"avg_validation_rate"`
	AvgQualityScore   json.Number `json:"avg_quality_score"`
}

type backfillProgress struct {
	InProgress int64 `json:"in_progress"`
	Completed  int64 `json:"completed"`
	Failed     int64 `json:"failed"`
	Pending    int64 `json:"pending"`
}

type triggerBody struct {
	JobID                    string             `json:"job_id"`
	Symbol                   string             `json:"symbol"`
	AssetClass               market.AssetClass  `json:"asset_class"`
	Timeframes               []market.Timeframe `json:"timeframes"`
	Status                   string             `json:"status"`
	TotalRecordsToProcess    int64              `json:"total_records_to_process"`
	EstimatedDurationSeconds int64              `json:"estimated_duration_seconds"`
	Timestamp                string             `json:"timestamp"`
}

type qualityBody struct {
	Symbol          string           `json:"symbol"`
	PeriodDays      int              `json:"period_days"`
	Summary         qualitySummary   `json:"summary"`
	DailyMetrics    []dailyMetric    `json:"daily_metrics"`
	RecentFetchLogs []recentFetchLog `json:"recent_fetch_logs"`
	Timestamp       string           `json:"timestamp"`
}

type qualitySummary struct {
	AvgValidationRate json.Number `json:"avg_validation_rate"`
	AvgQualityScore   json.Number `json:"avg_quality_score"`
	TotalGapsDetected int         `json:"total_gaps_detected"`
	TotalAnomalies    int         `json:"total_anomalies"`
}

type dailyMetric struct {
	Date              string      `json:"date"`
	TotalRecords      int         `json:"total_records"`
	ValidatedRecords  int         `json:"validated_records"`
	ValidationRate    json.Number `json:"validation_rate"`
	GapsDetected      int         `json:"gaps_detected"`
	AnomaliesDetected int         `json:"anomalies_detected"`
	AvgQualityScore   json.Number `json:"avg_quality_score"`
	DataCompleteness  json.Number `json:"data_completeness"`
}

type recentFetchLog struct {
	Source          market.SourceName `json:"source"`
	Timeframe       market.Timeframe  `json:"timeframe"`
	RecordsFetched  int               `json:"records_fetched"`
	RecordsInserted int               `json:"records_inserted"`
	ResponseTimeMs  *int              `json:"response_time_ms"`
	Success         bool              `json:"success"`
	Timestamp       string            `json:"timestamp"`
}

type detailBody struct {
	Detail string `json:"detail"`
}

type unprocessables struct {
	Detail []*unprocessable `json:"detail"`
}

// decimal spells a rate or a score that is already rounded to two decimals: with
// a point, one or two decimals and no needless zero. What is no number (a bug)
// makes the answer impossible to encode, and so an internal error.
func decimal(v float64) json.Number {
	s := strconv.FormatFloat(v, 'f', 2, 64)
	s = strings.TrimSuffix(s, "0")
	if s == "-0.0" {
		s = "0.0"
	}
	return json.Number(s)
}

func decimalOrNull(v *float64) *json.Number {
	if v == nil {
		return nil
	}
	d := decimal(*v)
	return &d
}

// instant spells a time in UTC, cut to whole seconds.
func instant(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05Z") }

func instantOrNull(t *time.Time) *string {
	if t == nil {
		return nil
	}
	s := instant(*t)
	return &s
}

// list is a slice that is never null in JSON.
func list[T any](s []T) []T {
	if s == nil {
		return []T{}
	}
	return s
}

// write answers with v as compact JSON. It fails, with nothing written, where v
// cannot be encoded.
func write(w http.ResponseWriter, r *http.Request, status int, v any) error {
	var body bytes.Buffer
	enc := json.NewEncoder(&body)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return fmt.Errorf("encode %T: %w", v, err)
	}
	writeBody(w, r, status, bytes.TrimSuffix(body.Bytes(), []byte("\n")))
	return nil
}

func writeBody(w http.ResponseWriter, r *http.Request, status int, body []byte) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(body) // fails when the client is gone
	}
}
