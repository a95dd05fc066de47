package store

import (
	"github.com/candlewright/candlewright/db"
	"github.com/candlewright/candlewright/internal/market"
	"github.com/candlewright/candlewright/internal/pipeline"
	"github.com/candlewright/candlewright/internal/quality"
)

// Rows to domain values and back, each pair side by side. Candles, whose rows
// are read and written by the hundred thousand, have theirs in candle_encode.go and candle_decode.go.

func symbolOf(r db.Symbol) pipeline.Symbol {
	return pipeline.Symbol{
		ID:         r.ID,
		Symbol:     market.Symbol{Ticker: r.Ticker, Class: r.AssetClass},
		Name:       r.Name.String,
		Active:     r.Active,
		Scheduled:  r.Scheduled,
		Timeframes: r.Timeframes,
		AddedAt:    r.AddedAt.UTC(),
	}
}

func seriesOf(r db.Series) pipeline.SeriesInfo {
	return pipeline.SeriesInfo{
		SymbolID:  r.SymbolID,
		Timeframe: r.Timeframe,
		Basis:     int(r.Basis),
		First:     timeOf(r.FirstTs),
		Last:      timeOf(r.LastTs),
		Records:   r.Records,
		Validated: r.Validated,
		Anomalies: r.Anomalies,
		Revision:  r.Revision,
		Digest:    pipeline.Digest(r.Digest),
	}
}

func runOf(r db.EnrichmentRun) pipeline.Run {
	run := pipeline.Run{
		ID:               r.ID,
		SymbolID:         r.SymbolID,
		JobID:            r.JobID,
		Trigger:          r.Trigger,
		Status:           r.Status,
		Timeframes:       r.Timeframes,
		From:             r.RangeFrom.UTC(),
		To:               r.RangeTo.UTC(),
		RequestedBy:      r.RequestedBy,
		Attempt:          int(r.Attempt),
		MaxAttempts:      int(r.MaxAttempts),
		RecordsTotal:     r.RecordsTotal,
		RecordsDone:      r.RecordsDone,
		EstimatedSeconds: int(r.EstimatedSeconds),
		CancelRequested:  r.CancelRequested,
		CreatedAt:        r.CreatedAt.UTC(),
		StartedAt:        timeOf(r.StartedAt),
		FinishedAt:       timeOf(r.FinishedAt),
	}
	if r.ErrorCode.Valid {
		run.Error = &pipeline.RunError{
			Code: r.ErrorCode.String, Message: r.ErrorMessage.String, Retryable: r.ErrorRetryable.Bool,
		}
	}
	return run
}

func newRun(r pipeline.Run) db.CreateRunParams {
	return db.CreateRunParams{
		SymbolID:         r.SymbolID,
		JobID:            r.JobID,
		Trigger:          r.Trigger,
		Timeframes:       r.Timeframes,
		RangeFrom:        r.From,
		RangeTo:          r.To,
		RequestedBy:      clean(r.RequestedBy),
		MaxAttempts:      int4(r.MaxAttempts),
		RecordsTotal:     r.RecordsTotal,
		EstimatedSeconds: int4(r.EstimatedSeconds),
		Now:              r.CreatedAt,
	}
}

func backfillOf(r db.BackfillState) pipeline.Backfill {
	return pipeline.Backfill{
		ID:                 r.ID,
		SymbolID:           r.SymbolID,
		JobID:              r.BackfillJobID,
		Timeframe:          r.Timeframe,
		Status:             r.Status,
		LastSuccessfulDate: dateOf(r.LastSuccessfulDate),
		DoneThrough:        timeOf(r.DoneThrough),
		ErrorMessage:       r.ErrorMessage.String,
		RetryCount:         int(r.RetryCount),
		CreatedAt:          r.CreatedAt.UTC(),
		UpdatedAt:          r.UpdatedAt.UTC(),
	}
}

func newBackfill(b pipeline.Backfill) db.UpdateBackfillParams {
	return db.UpdateBackfillParams{
		Status:             b.Status,
		LastSuccessfulDate: nullDate(b.LastSuccessfulDate),
		DoneThrough:        nullTime(b.DoneThrough),
		ErrorMessage:       nullText(b.ErrorMessage),
		RetryCount:         int4(b.RetryCount),
		Now:                b.UpdatedAt,
		JobID:              b.JobID,
		Timeframe:          b.Timeframe,
	}
}

func fetchLogOf(r db.EnrichmentFetchLog) pipeline.FetchLog {
	return pipeline.FetchLog{
		ID:                r.ID,
		SymbolID:          r.SymbolID,
		Timeframe:         r.Timeframe,
		RunID:             r.RunID.Int64,
		Source:            r.Source,
		From:              timeOf(r.RangeFrom),
		To:                timeOf(r.RangeTo),
		Fetched:           int(r.RecordsFetched),
		Inserted:          int(r.RecordsInserted),
		Updated:           int(r.RecordsUpdated),
		Rejected:          int(r.RecordsRejected),
		Success:           r.Success,
		ResponseTimeMs:    intOf(r.SourceResponseTimeMs),
		APIQuotaRemaining: intOf(r.ApiQuotaRemaining),
		ErrorCode:         r.ErrorCode.String,
		ErrorMessage:      r.ErrorMessage.String,
		Attempt:           int(r.Attempt),
		Detail:            r.Detail.String,
		CreatedAt:         r.CreatedAt.UTC(),
	}
}

func newFetchLog(l pipeline.FetchLog) db.AddFetchLogParams {
	return db.AddFetchLogParams{
		Timeframe:            string(l.Timeframe),
		RunID:                nullID(l.RunID),
		Source:               string(l.Source),
		RangeFrom:            nullTime(l.From),
		RangeTo:              nullTime(l.To),
		RecordsFetched:       int4(l.Fetched),
		RecordsInserted:      int4(l.Inserted),
		RecordsUpdated:       int4(l.Updated),
		RecordsRejected:      int4(l.Rejected),
		Success:              l.Success,
		SourceResponseTimeMs: nullInt(l.ResponseTimeMs),
		ApiQuotaRemaining:    nullInt(l.APIQuotaRemaining),
		ErrorCode:            nullText(l.ErrorCode),
		ErrorMessage:         nullText(l.ErrorMessage),
		Attempt:              int4(l.Attempt),
		Detail:               nullText(l.Detail),
		Now:                  l.CreatedAt,
		SymbolID:             l.SymbolID,
	}
}

func computeLogOf(r db.EnrichmentComputeLog) pipeline.ComputeLog {
	return pipeline.ComputeLog{
		ID:                r.ID,
		SymbolID:          r.SymbolID,
		Timeframe:         r.Timeframe,
		RunID:             r.RunID.Int64,
		FeaturesComputed:  int(r.FeaturesComputed),
		MissingFields:     r.MissingFields,
		ComputationTimeMs: intOf(r.ComputationTimeMs),
		Success:           r.Success,
		ErrorMessage:      r.ErrorDetails.String,
		CreatedAt:         r.CreatedAt.UTC(),
	}
}

func newComputeLog(l pipeline.ComputeLog) db.AddComputeLogParams {
	missing := l.MissingFields
	if missing == nil {
		missing = []string{} // nil would be null
	}
	return db.AddComputeLogParams{
		Timeframe:         string(l.Timeframe),
		RunID:             nullID(l.RunID),
		FeaturesComputed:  int4(l.FeaturesComputed),
		MissingFields:     missing,
		ComputationTimeMs: nullInt(l.ComputationTimeMs),
		Success:           l.Success,
		ErrorDetails:      nullText(l.ErrorMessage),
		Now:               l.CreatedAt,
		SymbolID:          l.SymbolID,
	}
}

func correctionOf(r db.DataCorrection) pipeline.Correction {
	return pipeline.Correction{
		ID:          r.ID,
		SymbolID:    r.SymbolID,
		Timeframe:   r.Timeframe,
		TS:          timeOf(r.Ts),
		Field:       r.FieldCorrected,
		Old:         r.OldValue.String,
		New:         r.NewValue.String,
		Reason:      r.Reason,
		CorrectedBy: r.CorrectedBy,
		CorrectedAt: r.CorrectionTimestamp.UTC(),
		RunID:       r.RunID.Int64,
	}
}

func newCorrections(cs []pipeline.Correction) db.AddCorrectionsParams {
	var p db.AddCorrectionsParams
	for _, c := range cs {
		p.SymbolIds = append(p.SymbolIds, c.SymbolID)
		p.Timeframes = append(p.Timeframes, string(c.Timeframe))
		p.Ts = append(p.Ts, c.TS)
		p.Fields = append(p.Fields, c.Field)
		p.OldValues = append(p.OldValues, c.Old)
		p.NewValues = append(p.NewValues, c.New)
		p.Reasons = append(p.Reasons, string(c.Reason))
		p.CorrectedBy = append(p.CorrectedBy, clean(c.CorrectedBy))
		p.CorrectedAt = append(p.CorrectedAt, c.CorrectedAt)
		p.RunIds = append(p.RunIds, c.RunID)
	}
	return p
}

func dayMetricOf(r db.DataQualityMetric) (DayMetric, error) {
	failed, err := checkCounts(r.ChecksFailed)
	if err != nil {
		return DayMetric{}, err
	}
	return DayMetric{
		ID:       r.ID,
		SymbolID: r.SymbolID,
		DayMetric: quality.DayMetric{
			Date:      market.DateOf(r.MetricDate),
			Total:     int(r.TotalRecords),
			Validated: int(r.ValidatedRecords),
			Gaps:      int(r.GapsDetected),
			Anomalies: int(r.AnomaliesDetected),
			ScoreSum:  r.ScoreSum,
			Failed:    failed,
		},
		ComputedAt: r.ComputedAt.UTC(),
	}, nil
}

func newDayMetrics(ms []quality.DayMetric) (db.PutDayMetricsParams, error) {
	var p db.PutDayMetricsParams
	for _, m := range ms {
		failed, err := checkCountsJSON(m.Failed)
		if err != nil {
			return p, err
		}
		p.Days = append(p.Days, m.Date.Time())
		p.Totals = append(p.Totals, int4(m.Total))
		p.Validated = append(p.Validated, int4(m.Validated))
		p.Rates = append(p.Rates, orMissing(m.Rate()))
		p.Gaps = append(p.Gaps, int4(m.Gaps))
		p.Anomalies = append(p.Anomalies, int4(m.Anomalies))
		p.Scores = append(p.Scores, orMissing(m.Score()))
		p.Completeness = append(p.Completeness, m.Completeness())
		p.ScoreSums = append(p.ScoreSums, m.ScoreSum)
		p.ChecksFailed = append(p.ChecksFailed, failed)
	}
	return p, nil
}

// orMissing is the value of an accessor, NaN where it has none.
func orMissing(x float64, ok bool) float64 {
	if !ok {
		return market.Missing()
	}
	return x
}
