package store_test

import (
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/candlewright/candlewright/internal/fault"
	"github.com/candlewright/candlewright/internal/market"
	"github.com/candlewright/candlewright/internal/pipeline"
	"github.com/candlewright/candlewright/internal/quality"
	"github.com/candlewright/candlewright/internal/store"
)

// What is written comes back the same: one full value and one with everything
// missing that can be.

func TestFetchLogsComeBackAsTheyWereWritten(t *testing.T) {
	t.Parallel()
	s, _ := open(t)
	sym := track(t, s, "BTC", market.Crypto)
	r := run(t, s, sym.ID, now, market.H1)
	zero, quota := 0, 450
	logs := []pipeline.FetchLog{
		{
			SymbolID: sym.ID, Timeframe: market.H1, RunID: r.ID, Source: market.Binance, From: monday, To: monday.Add(time.Hour),
			Fetched: 5, Inserted: 3, Updated: 1, Rejected: 2, Success: true, ResponseTimeMs: &zero, APIQuotaRemaining: &quota,
			ErrorCode: "HTTP_429", ErrorMessage: "too many requests", Attempt: 2, Detail: "page 3", CreatedAt: now,
		},
		{SymbolID: sym.ID, Timeframe: market.W1, Source: market.CSV, CreatedAt: now.Add(time.Second)},
	}
	ids := make([]int64, len(logs))
	for i, l := range logs {
		added, err := s.AddFetchLog(t.Context(), l)
		check(t, err)
		logs[i].ID, ids[i] = added.ID, added.ID
		same(t, "the log added", added, logs[i])
	}
	byID, err := s.FetchLogsByIDs(t.Context(), append(ids, 404))
	check(t, err)
	same(t, "by id", byID, map[int64]pipeline.FetchLog{ids[0]: logs[0], ids[1]: logs[1]})
	byRun, err := s.FetchLogsOfRuns(t.Context(), []int64{r.ID, 404})
	check(t, err)
	same(t, "by run", byRun, map[int64][]pipeline.FetchLog{r.ID: {logs[0]}})

	ranges, err := s.FetchRanges(t.Context(), sym.ID, market.H1, store.Range{})
	check(t, err)
	same(t, "the ledger", ranges, []store.FetchRange{{
		LogID: ids[0], Source: market.Binance, From: monday, To: monday.Add(time.Hour), Success: true, FetchedAt: now,
	}})
	for _, r := range []store.Range{{From: monday.Add(time.Hour)}, {To: monday}} {
		ranges, err = s.FetchRanges(t.Context(), sym.ID, market.H1, r)
		check(t, err)
		same(t, "the ledger beside the range", ranges, []store.FetchRange{})
	}
}

func TestForeignTextCannotBreakAWrite(t *testing.T) {
	t.Parallel()
	s, _ := open(t)
	sym := track(t, s, "BTC", market.Crypto)
	l, err := s.AddFetchLog(t.Context(), pipeline.FetchLog{
		SymbolID: sym.ID, Timeframe: market.H1, Source: market.CSV, ErrorMessage: "a\x00b\xffc", CreatedAt: now,
	})
	check(t, err)
	byID, err := s.FetchLogsByIDs(t.Context(), []int64{l.ID})
	check(t, err)
	same(t, "the message", byID[l.ID].ErrorMessage, "a\uFFFDb\uFFFDc")
	for _, ticker := range []string{"\x00", "\xff\xfe", "'; DROP TABLE symbols; --", ""} {
		syms, err := s.SymbolsByTicker(t.Context(), ticker)
		check(t, err)
		states, err := s.StatesByTicker(t.Context(), ticker)
		check(t, err)
		l, err := s.SymbolsList(t.Context(), store.SymbolFilter{Tickers: []string{ticker}, Search: ticker + "\x00"}, store.SymbolPage{Limit: 5})
		check(t, err)
		same(t, "symbols found", len(syms)+len(states)+len(l.Rows), 0)
	}
}

func TestComputeLogsComeBackAsTheyWereWritten(t *testing.T) {
	t.Parallel()
	s, _ := open(t)
	sym := track(t, s, "BTC", market.Crypto)
	r := run(t, s, sym.ID, now, market.H1)
	ms := 12
	logs := []pipeline.ComputeLog{
		{
			SymbolID: sym.ID, Timeframe: market.H1, RunID: r.ID, FeaturesComputed: 1 << 20, MissingFields: []string{"open_interest", "delta"},
			ComputationTimeMs: &ms, Success: true, ErrorMessage: "none", CreatedAt: now,
		},
		{SymbolID: sym.ID, Timeframe: market.D1, MissingFields: []string{}, CreatedAt: now},
	}
	ids := make([]int64, len(logs))
	for i, l := range logs {
		added, err := s.AddComputeLog(t.Context(), l)
		check(t, err)
		logs[i].ID, ids[i] = added.ID, added.ID
	}
	byID, err := s.ComputeLogsByIDs(t.Context(), ids)
	check(t, err)
	same(t, "by id", byID, map[int64]pipeline.ComputeLog{ids[0]: logs[0], ids[1]: logs[1]})
	byRun, err := s.ComputeLogsOfRuns(t.Context(), []int64{r.ID})
	check(t, err)
	same(t, "by run", byRun, map[int64][]pipeline.ComputeLog{r.ID: {logs[0]}})
}

func TestCorrectionsComeBackAsTheyWereWritten(t *testing.T) {
	t.Parallel()
	s, _ := open(t)
	btc, aapl := track(t, s, "BTC", market.Crypto), track(t, s, "AAPL", market.Stock)
	want := []pipeline.Correction{
		{SymbolID: btc.ID, Timeframe: market.H1, TS: monday, Field: "close", Old: "1", New: "2.5", Reason: pipeline.SourceUpdated, CorrectedBy: "run", CorrectedAt: now, RunID: 7},
		{SymbolID: aapl.ID, Timeframe: market.D1, Field: "series", New: "4", Reason: pipeline.SplitAdjustment, CorrectedBy: "operator", CorrectedAt: now},
		{SymbolID: btc.ID, Timeframe: market.H1, TS: monday, Field: "open", Old: "3", Reason: pipeline.ManualCorrection, CorrectedBy: "x", CorrectedAt: now},
	}
	check(t, s.AddCorrections(t.Context(), nil))
	check(t, s.AddCorrections(t.Context(), want))
	for i := range want {
		want[i].ID = int64(i + 1) // in their order
	}
	byID, err := s.CorrectionsByIDs(t.Context(), []int64{1, 2, 3})
	check(t, err)
	same(t, "by id", byID, map[int64]pipeline.Correction{1: want[0], 2: want[1], 3: want[2]})
	ofCandle, err := s.CorrectionsOfCandle(t.Context(), btc.ID, market.H1, monday)
	check(t, err)
	same(t, "of the candle", ofCandle, []pipeline.Correction{want[0], want[2]})
}

func TestSymbolsComeBackAsTheyWereWritten(t *testing.T) {
	t.Parallel()
	s, _ := open(t)
	want := pipeline.Symbol{
		ID: 1, Symbol: market.Symbol{Ticker: "^GSPC", Class: market.ETF}, Name: "S&P 500", Active: true, Scheduled: true,
		Timeframes: []market.Timeframe{market.M5, market.D1}, AddedAt: now,
	}
	got, err := s.TrackSymbol(t.Context(), store.Tracking{
		Symbol: want.Symbol, Name: want.Name, Timeframes: []market.Timeframe{market.D1, market.M5, market.D1}, Schedule: true,
	}, now)
	check(t, err)
	same(t, "the symbol tracked", got, want)
	got, err = s.Symbol(t.Context(), want.Symbol)
	check(t, err)
	same(t, "the symbol read", got, want)

	want.Active, want.Scheduled, want.Timeframes = false, false, []market.Timeframe{}
	got, err = s.SetTracking(t.Context(), want, now)
	check(t, err)
	same(t, "the symbol untracked", got, want)
}

func TestSeriesComeBackAsTheyWereWritten(t *testing.T) {
	t.Parallel()
	s, _ := open(t)
	sym := track(t, s, "BTC", market.Crypto)
	empty := pipeline.SeriesInfo{SymbolID: sym.ID, Timeframe: market.D1}
	full := pipeline.SeriesInfo{
		SymbolID: sym.ID, Timeframe: market.H1, Basis: 2, First: monday, Last: monday.Add(time.Hour),
		Records: 2, Validated: 1, Anomalies: 1, Revision: 1 << 40,
	}
	check(t, s.InTx(t.Context(), func(tx *store.Tx) error {
		for _, want := range []pipeline.SeriesInfo{empty, {SymbolID: sym.ID, Timeframe: market.H1}} {
			got, err := tx.LockSeries(t.Context(), sym.ID, want.Timeframe, now)
			check(t, err)
			same(t, "the series made", got, want)
		}
		return tx.UpdateSeries(t.Context(), full, now)
	}))
	got, err := s.Series(t.Context(), sym.ID)
	check(t, err)
	same(t, "the series", got, []pipeline.SeriesInfo{full, empty})

	full.SymbolID = 404
	if err := s.UpdateSeries(t.Context(), full, now); !fault.Is(err, fault.NotFound) {
		t.Errorf("update of no series: got %v", err)
	}
}

func TestStatusesComeBackAsTheyWereWritten(t *testing.T) {
	t.Parallel()
	s, _ := open(t)
	a, b := track(t, s, "BTC", market.Crypto), track(t, s, "BTC", market.ETF)
	age := 5 * time.Minute
	want := map[int64]store.Status{
		a.ID: {
			SymbolID: a.ID, LastEnrichmentTime: now, LastRunFailed: true, ErrorMessage: "no",
			Window: quality.Window{Records: 200, Validated: 197, ScoreSum: 186.123456789}, Word: quality.Failing,
			DataAge: &age, Records: 1250, UpdatedAt: now,
		},
		b.ID: {SymbolID: b.ID, Word: quality.NotEnriched, UpdatedAt: now},
	}
	for range 2 { // made, then changed
		for _, st := range want {
			check(t, s.PutStatus(t.Context(), st))
		}
	}
	got, err := s.Statuses(t.Context(), []int64{a.ID, b.ID, 404})
	check(t, err)
	same(t, "the statuses", got, want)
}

func TestDayMetricsComeBackAsTheyWereWritten(t *testing.T) {
	t.Parallel()
	s, pool := open(t)
	sym := track(t, s, "BTC", market.Crypto)
	day := market.DateOf(monday)
	metrics := []quality.DayMetric{
		{Date: day, Total: 180, Validated: 177, Gaps: 1, Anomalies: 2, ScoreSum: 169.2, Failed: [quality.NumChecks]int{quality.Unique: 2, quality.OHLCOrder: 3}},
		{Date: day + 1, Gaps: 24},
	}
	check(t, s.PutDayMetrics(t.Context(), sym.ID, metrics, now.Add(-time.Hour)))
	check(t, s.PutDayMetrics(t.Context(), sym.ID, metrics, now))
	check(t, s.PutDayMetrics(t.Context(), sym.ID, nil, now))
	got, err := s.DayMetrics(t.Context(), sym.ID, day, day+1)
	check(t, err)
	same(t, "the metrics", got, []store.DayMetric{
		{ID: 1, SymbolID: sym.ID, DayMetric: metrics[0], ComputedAt: now},
		{ID: 2, SymbolID: sym.ID, DayMetric: metrics[1], ComputedAt: now},
	})
	byID, err := s.DayMetricsByIDs(t.Context(), []int64{2, 404})
	check(t, err)
	same(t, "by id", byID, map[int64]store.DayMetric{2: got[1]})

	rows, err := pool.Query(t.Context(), `SELECT concat_ws('|', validation_rate, avg_quality_score, data_completeness, checks_failed) FROM data_quality_metrics ORDER BY id`)
	check(t, err)
	var shown []string
	for rows.Next() {
		var text string
		check(t, rows.Scan(&text))
		shown = append(shown, text)
	}
	same(t, "the shown columns", shown, []string{`98.33|0.94|0.99|{"unique": 2, "ohlc_order": 3}`, `0.00|{}`})
}

func TestRunsComeBackAsTheyWereWritten(t *testing.T) {
	t.Parallel()
	s, _ := open(t)
	sym := track(t, s, "BTC", market.Crypto)
	want := pipeline.Run{
		SymbolID: sym.ID, JobID: uuid.New(), Trigger: pipeline.TriggerBackfill, Status: pipeline.RunQueued,
		Timeframes: []market.Timeframe{market.D1, market.M5}, From: monday, To: now, RequestedBy: "cli", MaxAttempts: 5,
		RecordsTotal: 365, EstimatedSeconds: 45, CreatedAt: now,
	}
	made, err := s.CreateRun(t.Context(), want)
	check(t, err)
	want.ID = made.ID
	same(t, "the run made", made, want)
	got, err := s.RunByJob(t.Context(), want.JobID)
	check(t, err)
	same(t, "the run read", got, want)

	want.Status, want.Attempt, want.StartedAt = pipeline.RunInProgress, 1, now.Add(time.Second)
	_, err = s.StartRun(t.Context(), want.ID, 1, want.StartedAt)
	check(t, err)
	want.RecordsTotal, want.RecordsDone = 400, 100
	check(t, s.UpdateRunProgress(t.Context(), want.ID, 400, 100))
	want.CancelRequested = true
	_, err = s.RequestCancel(t.Context(), want.ID)
	check(t, err)
	want.Status, want.FinishedAt = pipeline.RunFailed, now.Add(time.Minute)
	want.RecordsDone, want.Error = 200, &pipeline.RunError{Code: "SYMBOL_NOT_FOUND", Message: "no such coin", Retryable: false}
	ended, err := s.EndRun(t.Context(), want.ID, store.RunEnd{Status: want.Status, RecordsDone: 200, Error: want.Error}, want.FinishedAt)
	check(t, err)
	same(t, "the run ended", ended, want)
	byID, err := s.RunsByIDs(t.Context(), []int64{want.ID, 404})
	check(t, err)
	same(t, "by id", byID, map[int64]pipeline.Run{want.ID: want})
}

func TestSchedulesComeBackAsTheyWereWritten(t *testing.T) {
	t.Parallel()
	s, _ := open(t)
	want := store.Schedule{Name: "daily", Cron: "30 1 * * *", TimeZone: "UTC", LastFiredAt: now}
	got, err := s.PutSchedule(t.Context(), want)
	check(t, err)
	same(t, "the schedule made", got, want)
	want.Cron = "0 2 * * *"
	got, err = s.PutSchedule(t.Context(), store.Schedule{Name: "daily", Cron: want.Cron, TimeZone: "UTC", LastFiredAt: now.Add(time.Hour)})
	check(t, err)
	same(t, "the schedule changed", got, want)

	next := now.Add(24 * time.Hour)
	for _, want := range []bool{true, false} {
		fires, err := s.FireSchedule(t.Context(), "daily", next)
		check(t, err)
		same(t, "who fires", fires, want)
	}
	got, err = s.Schedule(t.Context(), "daily")
	check(t, err)
	same(t, "last fired", got.LastFiredAt, next)
}

func TestInstallation(t *testing.T) {
	t.Parallel()
	s, pool := open(t)
	_, marked, err := s.Installation(t.Context())
	check(t, err)
	same(t, "a fresh database is marked", marked, false)
	want := store.Installation{Kind: "real", ID: uuid.New(), CreatedAt: now}
	_, err = pool.Exec(t.Context(), `INSERT INTO installation (kind, id, created_at) VALUES ($1, $2, $3)`, want.Kind, want.ID, now)
	check(t, err)
	got, marked, err := s.Installation(t.Context())
	check(t, err)
	same(t, "the mark", got, want)
	same(t, "marked", marked, true)
}
