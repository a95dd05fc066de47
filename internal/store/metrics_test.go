package store_test

import (
	"math"
	"testing"
	"time"

	"github.com/candlewright/candlewright/internal/market"
	"github.com/candlewright/candlewright/internal/pipeline"
	"github.com/candlewright/candlewright/internal/quality"
	"github.com/candlewright/candlewright/internal/store"
)

func TestPipelineCountsOfNothing(t *testing.T) {
	t.Parallel()
	s, _ := open(t)
	got, err := s.PipelineCounts(t.Context(), now.Add(-24*time.Hour), market.DateOf(now)-6, now)
	check(t, err)
	same(t, "counts", got, store.PipelineCounts{})
	sources, err := s.SourceCounts(t.Context(), now.Add(-24*time.Hour), now)
	check(t, err)
	same(t, "sources", sources, []store.SourceCounts{})
}

func TestPipelineCounts(t *testing.T) {
	t.Parallel()
	s, _ := open(t)
	ctx := t.Context()
	a, b := track(t, s, "A", market.Crypto).ID, track(t, s, "B", market.Crypto).ID
	since := now.Add(-24 * time.Hour)
	num := func(n int) *int { return &n }
	for _, l := range []pipeline.FetchLog{
		{CreatedAt: since, Success: true, ResponseTimeMs: num(9999), APIQuotaRemaining: num(9)}, // too old
		{CreatedAt: since.Add(time.Second), Source: market.Yahoo, Success: true, ResponseTimeMs: num(100), APIQuotaRemaining: num(450)},
		{CreatedAt: now.Add(-time.Hour), Success: false, ErrorMessage: "away", ResponseTimeMs: num(201)},
		{CreatedAt: now, Success: true, APIQuotaRemaining: num(0)},                                             // a quota of 0 is a value
		{CreatedAt: now, Success: false, ErrorMessage: "away again"},                                           // never answered
		{CreatedAt: now.Add(time.Second), Success: true, ResponseTimeMs: num(9999), APIQuotaRemaining: num(7)}, // not yet
	} {
		l.SymbolID, l.Timeframe = a, market.H1
		if l.Source == "" {
			l.Source = market.Binance
		}
		_, err := s.AddFetchLog(ctx, l)
		check(t, err)
	}
	for _, l := range []pipeline.ComputeLog{
		{CreatedAt: since, Success: true},
		{CreatedAt: now, Success: true, ComputationTimeMs: num(10)},
		{CreatedAt: now, Success: true, ComputationTimeMs: num(15)},
		{CreatedAt: now, Success: false},
	} {
		l.SymbolID, l.Timeframe = a, market.H1
		_, err := s.AddComputeLog(ctx, l)
		check(t, err)
	}
	today := market.DateOf(now)
	day := func(d market.Date, total, validated int, scores float64) quality.DayMetric {
		return quality.DayMetric{Date: d, Total: total, Validated: validated, ScoreSum: scores}
	}
	check(t, s.PutDayMetrics(ctx, a, []quality.DayMetric{day(today-7, 1, 0, 0), day(today-6, 3, 1, 2), day(today, 0, 0, 0)}, now))
	check(t, s.PutDayMetrics(ctx, b, []quality.DayMetric{day(today, 10, 10, 9), day(today+1, 1, 0, 0)}, now))
	runs := []pipeline.Run{run(t, s, a, now, market.H1, market.D1), run(t, s, a, now, market.H1), run(t, s, b, now, market.H1)}
	row := backfills(t, s, runs[0])[0]
	row.Status = pipeline.BackfillInProgress
	check(t, s.UpdateBackfill(ctx, row))
	for i, status := range []pipeline.RunStatus{pipeline.RunCompleted, pipeline.RunFailed} {
		_, err := s.EndRun(ctx, runs[i+1].ID, store.RunEnd{Status: status}, now)
		check(t, err)
	}

	got, err := s.PipelineCounts(ctx, since, today-6, now)
	check(t, err)
	close := func(what string, got, want float64) {
		t.Helper()
		if math.Abs(got-want) > 1e-9 {
			t.Errorf("%s: %v, want %v", what, got, want)
		}
	}
	close("rate", got.AvgValidationRate, (100./3+100)/2)
	close("score", got.AvgQualityScore, (2./3+0.9)/2)
	got.AvgValidationRate, got.AvgQualityScore = 0, 0
	same(t, "counts", got, store.PipelineCounts{
		Fetches: 4, FetchesSuccessful: 2, AvgResponseMs: 150.5, QuotaRemaining: num(0),
		Computations: 3, ComputationsSuccessful: 2, AvgComputationMs: 12.5,
		SymbolsTracked: 2, BackfillInProgress: 1, BackfillPending: 1, BackfillCompleted: 1, BackfillFailed: 1,
	})

	sources, err := s.SourceCounts(ctx, since, now)
	check(t, err)
	ms := func(x float64) *float64 { return &x }
	same(t, "sources", sources, []store.SourceCounts{
		{Source: market.Binance, Total: 3, Successful: 1, P50Ms: ms(201), P95Ms: ms(201), QuotaRemaining: num(0), LastError: "away again"},
		{Source: market.Yahoo, Total: 1, Successful: 1, P50Ms: ms(100), P95Ms: ms(100), QuotaRemaining: num(450)},
	})
}
