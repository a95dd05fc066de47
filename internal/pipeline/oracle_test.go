package pipeline_test

import (
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/candlewright/candlewright/internal/grid"
	"github.com/candlewright/candlewright/internal/market"
	"github.com/candlewright/candlewright/internal/pipeline"
	"github.com/candlewright/candlewright/internal/quality"
)

// oracleSet is an entry of the oracle's index.
type oracleSet struct {
	Ticker     string            `json:"ticker"`
	Class      market.AssetClass `json:"asset_class"`
	Source     market.SourceName `json:"source"`
	TF         market.Timeframe  `json:"timeframe"`
	Now        time.Time         `json:"now"`
	Input      string            `json:"input"`
	Expected   string            `json:"expected"`
	Funding    string            `json:"funding"`
	VolumeUnit string            `json:"volume_unit"`
	Summary    string            `json:"summary"`
	Series     map[market.Timeframe]struct{ Input, Expected string }
}

// seriesSummary is what the oracle counted of a series.
type seriesSummary struct {
	Offered      []string         `json:"offered"`
	Payments     bool             `json:"funding_payments_offered"`
	Delivered    int              `json:"rows_delivered"`
	LeftOut      map[string]int   `json:"rows_left_out"`
	Stored       int              `json:"candles_stored"`
	Validated    int              `json:"candles_validated"`
	Estimated    int              `json:"candles_with_estimated_volume"`
	Anomalies    int              `json:"anomalies"`
	ChecksFailed map[string]int   `json:"checks_failed"`
	Failures     [][2]string      `json:"failures"`
	FirstTS      *time.Time       `json:"first_ts"`
	LastTS       *time.Time       `json:"last_ts"`
	GapsDetected int64            `json:"gaps_detected"`
	Gaps         []gapSummary     `json:"gaps"`
	GapCauses    map[string]int64 `json:"gap_causes"`
	Completeness *float64         `json:"data_completeness"`
	WithoutEmpty *float64         `json:"data_completeness_without_source_empty"`
	Behind       *int64           `json:"bars_behind"`
	Lag          *float64         `json:"lag_seconds"`
	DataAge      *float64         `json:"data_age_seconds"`
}

type gapSummary struct {
	From  time.Time     `json:"from"`
	To    time.Time     `json:"to"`
	Slots int64         `json:"slots"`
	Cause quality.Cause `json:"cause"`
}

// symbolSummary is what the oracle says of the symbol.
type symbolSummary struct {
	Lag     *float64             `json:"symbol_lag_seconds"`
	DataAge *float64             `json:"symbol_data_age_seconds"`
	Score   *float64             `json:"symbol_quality_score"`
	Rate    *float64             `json:"symbol_validation_rate"`
	Status  quality.HealthStatus `json:"status"`
	Days    []daySummary         `json:"daily_metrics"`
}

type daySummary struct {
	Date         string         `json:"date"`
	Total        int            `json:"total_records"`
	Validated    int            `json:"validated_records"`
	Rate         *float64       `json:"validation_rate"`
	Gaps         int            `json:"gaps_detected"`
	Anomalies    int            `json:"anomalies_detected"`
	Score        *float64       `json:"avg_quality_score"`
	Completeness float64        `json:"data_completeness"`
	ChecksFailed map[string]int `json:"checks_failed"`
}

// enriched is a delivery into an empty series.
type enriched struct {
	grid       grid.Grid
	offered    market.Fields
	delivery   quality.Delivery
	out        pipeline.Output
	failures   []quality.Failure
	unreadable int
	behind     int64
}

func enrich(tb testing.TB, g grid.Grid, rows []market.Candle, payments []market.Payment, now time.Time) enriched {
	tb.Helper()
	d, err := quality.Arrange(g, rows, now)
	if err != nil {
		tb.Fatal(err)
	}
	e := enriched{grid: g, delivery: d}
	if n := len(d.Rows); n > 0 {
		e.behind = g.Behind(d.Rows[n-1].Slot, now)
	}
	merged := pipeline.MergePage(nil, d.Rows, nil)
	e.out = pipeline.Process(pipeline.Input{Grid: g, Bars: merged.Bars, Payments: payments, Behind: e.behind})
	e.failures = slices.Concat(d.Failures, e.out.Failures)
	slices.SortFunc(e.failures, func(a, b quality.Failure) int {
		if c := a.TS.Compare(b.TS); c != 0 {
			return c
		}
		return int(a.Check) - int(b.Check)
	})
	return e
}

func TestEveryOracleSetIsMet(t *testing.T) {
	t.Parallel()
	dir := oracleDir(t)
	var index map[string]oracleSet
	readJSON(t, filepath.Join(dir, "index.json"), &index)
	for name, set := range index {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var symbol symbolSummary
			readJSON(t, filepath.Join(dir, set.Summary), &symbol)
			series := map[market.Timeframe]seriesSummary{}
			if len(set.Series) > 0 {
				var several struct {
					Series map[market.Timeframe]seriesSummary
				}
				readJSON(t, filepath.Join(dir, set.Summary), &several)
				series = several.Series
			} else {
				var one seriesSummary
				readJSON(t, filepath.Join(dir, set.Summary), &one)
				series[set.TF] = one
				set.Series = map[market.Timeframe]struct{ Input, Expected string }{set.TF: {set.Input, set.Expected}}
			}
			var done []enriched
			for tf, files := range set.Series {
				e := enrichSet(t, dir, set, tf, files.Input)
				compareSeries(t, e, set.Now, series[tf])
				if files.Expected != "" {
					compareCandles(t, e, readTable(t, filepath.Join(dir, files.Expected)))
				}
				done = append(done, e)
			}
			compareSymbol(t, done, set.Now, symbol)
		})
	}
}

func enrichSet(tb testing.TB, dir string, set oracleSet, tf market.Timeframe, input string) enriched {
	tb.Helper()
	rows, offered, unreadable := readCandles(tb, filepath.Join(dir, input), set.Source, set.VolumeUnit == "quote", set.Funding != "")
	var payments []market.Payment
	if set.Funding != "" {
		payments = slices.DeleteFunc(readPayments(tb, filepath.Join(dir, set.Funding)), func(p market.Payment) bool { return !quality.SanePayment(p) })
	}
	e := enrich(tb, grid.New(set.Class, tf), rows, payments, set.Now)
	e.offered, e.unreadable = offered, unreadable
	return e
}
