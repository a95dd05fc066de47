package enrich_test

import (
	"compress/gzip"
	"encoding/csv"
	"encoding/json"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/candlewright/candlewright/internal/enrich"
	"github.com/candlewright/candlewright/internal/market"
	"github.com/candlewright/candlewright/internal/quality"
	"github.com/candlewright/candlewright/internal/source/file"
	"github.com/candlewright/candlewright/internal/store"
)

// oracleSet is an entry of the index of sets with expected values by an
// independent program.
type oracleSet struct {
	Ticker     string                              `json:"ticker"`
	Class      market.AssetClass                   `json:"asset_class"`
	Timeframe  market.Timeframe                    `json:"timeframe"`
	Now        time.Time                           `json:"now"`
	Input      string                              `json:"input"`
	Expected   string                              `json:"expected"`
	Funding    string                              `json:"funding"`
	VolumeUnit file.VolumeUnit                     `json:"volume_unit"`
	Summary    string                              `json:"summary"`
	Series     map[market.Timeframe]oracleSeriesIO `json:"series"`
}

type oracleSeriesIO struct {
	Input    string `json:"input"`
	Expected string `json:"expected"`
}

type oracleSummary struct {
	Status         quality.HealthStatus `json:"status"`
	LagSeconds     *float64             `json:"symbol_lag_seconds"`
	QualityScore   *float64             `json:"symbol_quality_score"`
	ValidationRate *float64             `json:"symbol_validation_rate"`
	Days           []struct {
		Date         string   `json:"date"`
		Total        int      `json:"total_records"`
		Validated    int      `json:"validated_records"`
		Rate         *float64 `json:"validation_rate"`
		Gaps         int      `json:"gaps_detected"`
		Anomalies    int      `json:"anomalies_detected"`
		Score        *float64 `json:"avg_quality_score"`
		Completeness float64  `json:"data_completeness"`
	} `json:"daily_metrics"`
}

func oracleDir(t *testing.T) string {
	t.Helper()
	dir := filepath.Join("..", "..", "..", "shared", "data", "expected", "oracle")
	if _, err := os.Stat(dir); err != nil {
		t.Skipf("the expected values are not beside the repository: %v", err)
	}
	return dir
}

// TestImportMeetsTheOracle takes every set of expected values the whole way: file,
// checks, features, PostgreSQL, and back out of the service.
func TestImportMeetsTheOracle(t *testing.T) {
	t.Parallel()
	dir := oracleDir(t)
	var index map[string]oracleSet
	readJSON(t, filepath.Join(dir, "index.json"), &index)
	for name, set := range index {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if set.Series == nil {
				set.Series = map[market.Timeframe]oracleSeriesIO{set.Timeframe: {set.Input, set.Expected}}
			}
			w := newWorld(t, set.Now)
			sym := market.Symbol{Ticker: set.Ticker, Class: set.Class}
			for _, tf := range slices.Backward(market.Timeframes()) {
				if io, ok := set.Series[tf]; ok {
					importSet(t, w, dir, set, sym, tf, io)
				}
			}
			var sum oracleSummary
			readJSON(t, filepath.Join(dir, set.Summary), &sum)
			compareHealth(t, w, sym, sum)
			compareDays(t, w, sym, sum)
			w.mustVerify(t, sym)
		})
	}
}

func importSet(t *testing.T, w *world, dir string, set oracleSet, sym market.Symbol, tf market.Timeframe, io oracleSeriesIO) {
	t.Helper()
	req := enrich.ImportRequest{
		Symbol: sym, Timeframe: tf, Files: []string{filepath.Join(dir, io.Input)}, VolumeUnit: set.VolumeUnit, ChunkRows: 700, RequestedBy: "test",
	}
	if set.Funding != "" {
		req.Funding = filepath.Join(dir, set.Funding)
	}
	_, err := w.Import(t.Context(), req)
	if errors.Is(err, file.ErrNoRows) { // a header alone: the set tracks the timeframe without a candle
		_, err = w.store.TrackSymbol(t.Context(), store.Tracking{Symbol: sym, Timeframes: []market.Timeframe{tf}}, w.now)
	}
	if err != nil {
		t.Fatal(err)
	}
	if io.Expected != "" {
		compareCandles(t, w, sym, tf, filepath.Join(dir, io.Expected))
	}
}

var numericColumns = []string{
	"open", "high", "low", "close", "volume", "return_1h", "return_1d", "volatility_20", "volatility_50", "atr", "rolling_volume_20",
	"open_interest", "funding_rate", "liquidations_long", "liquidations_short", "taker_buy_volume", "taker_sell_volume",
	"delta", "buy_sell_ratio", "liquidation_intensity", "volume_spike_score", "long_short_ratio", "funding_rate_percentile",
	"exchange_inflow", "open_interest_change", "fields_present", "fields_expected", "checks_passed", "checks_made",
	"features_expected", "freshness", "quality_score",
}

var wordColumns = []string{"validated", "validation_notes", "anomaly", "trend_direction", "market_structure"}

func compareCandles(t *testing.T, w *world, sym market.Symbol, tf market.Timeframe, path string) {
	t.Helper()
	want := readTable(t, path)
	sql := `SELECT to_char(ts AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')`
	for _, c := range numericColumns {
		sql += ", coalesce(" + c + "::float8, 'NaN')"
	}
	sql += `, validated::text, array_to_string(validation_notes, ';'), anomaly::text, coalesce(trend_direction, ''), coalesce(market_structure, '')
		FROM market_data m JOIN symbols s ON s.id = m.symbol_id WHERE ticker = $1 AND asset_class = $2 AND timeframe = $3 ORDER BY ts`
	rows, err := w.pool.Query(t.Context(), sql, sym.Ticker, string(sym.Class), string(tf))
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	n := 0
	for rows.Next() {
		if n >= len(want) {
			t.Fatalf("%s: more than the %d expected candles", tf, len(want))
		}
		compareRow(t, rows, want[n])
		if t.Failed() {
			return
		}
		n++
	}
	if err := rows.Err(); err != nil || n != len(want) {
		t.Fatalf("%s: %d candles, %v; want %d", tf, n, err, len(want))
	}
}

func compareRow(t *testing.T, rows pgx.Rows, want map[string]string) {
	t.Helper()
	var ts string
	numbers, words := make([]float64, len(numericColumns)), make([]string, len(wordColumns))
	into := []any{&ts}
	for i := range numbers {
		into = append(into, &numbers[i])
	}
	for i := range words {
		into = append(into, &words[i])
	}
	if err := rows.Scan(into...); err != nil {
		t.Fatal(err)
	}
	if ts != want["ts"] {
		t.Fatalf("candle of %s, want that of %s", ts, want["ts"])
	}
	for i, c := range numericColumns {
		x := math.NaN()
		if s := want[c]; s != "" {
			x, _ = strconv.ParseFloat(s, 64)
		}
		tolerance := math.Max(1e-9*math.Abs(x), 1e-12)
		if c == "delta" {
			volume, _ := strconv.ParseFloat(want["volume"], 64)
			tolerance = math.Max(tolerance, 1e-9*volume)
		}
		if got := numbers[i]; math.IsNaN(got) != math.IsNaN(x) || math.Abs(got-x) > tolerance {
			t.Errorf("%s %s = %v, want %v", ts, c, got, x)
		}
	}
	for i, c := range wordColumns {
		if words[i] != want[c] {
			t.Errorf("%s %s = %q, want %q", ts, c, words[i], want[c])
		}
	}
}

func compareHealth(t *testing.T, w *world, sym market.Symbol, sum oracleSummary) {
	t.Helper()
	h, err := w.Health(t.Context(), sym.Ticker, &sym.Class)
	if err != nil {
		t.Fatal(err)
	}
	same := func(what string, got, want *float64) {
		t.Helper()
		if (got == nil) != (want == nil) || got != nil && math.Abs(*got-*want) > 1e-9 {
			t.Errorf("%s = %v, want %v", what, show(got), show(want))
		}
	}
	if h.Status != sum.Status {
		t.Errorf("status = %s, want %s", h.Status, sum.Status)
	}
	same("quality score", h.QualityScore, sum.QualityScore)
	same("validation rate", h.ValidationRate, sum.ValidationRate)
	var lag *float64
	if h.LagSeconds != nil {
		x := float64(*h.LagSeconds)
		lag = &x
	}
	same("lag", lag, sum.LagSeconds)
}

func compareDays(t *testing.T, w *world, sym market.Symbol, sum oracleSummary) {
	t.Helper()
	s, err := w.store.Symbol(t.Context(), sym)
	if err != nil {
		t.Fatal(err)
	}
	got, err := w.store.DayMetrics(t.Context(), s.ID, market.NewDate(1990, 1, 1), market.NewDate(2100, 1, 1))
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != len(sum.Days) {
		t.Fatalf("%d day metrics, want %d", len(got), len(sum.Days))
	}
	for i, d := range got {
		want := sum.Days[i]
		if d.Date.String() != want.Date || d.Total != want.Total || d.Validated != want.Validated || d.Gaps != want.Gaps ||
			d.Anomalies != want.Anomalies || d.Completeness() != want.Completeness {
			t.Errorf("day %+v, want %+v", d.DayMetric, want)
		}
		rate, hasRate := d.Rate()
		score, hasScore := d.Score()
		if hasRate != (want.Rate != nil) || hasRate && rate != *want.Rate || hasScore && score != *want.Score {
			t.Errorf("%s: rate %v, score %v, want %v, %v", d.Date, rate, score, show(want.Rate), show(want.Score))
		}
	}
}

func show(x *float64) any {
	if x == nil {
		return nil
	}
	return *x
}

func readJSON(t *testing.T, path string, into any) {
	t.Helper()
	if err := json.Unmarshal(readAll(t, path), into); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
}

// readTable reads a CSV file with a header as one map per row.
func readTable(t *testing.T, path string) []map[string]string {
	t.Helper()
	lines, err := csv.NewReader(strings.NewReader(string(readAll(t, path)))).ReadAll()
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	rows := make([]map[string]string, len(lines)-1)
	for i, line := range lines[1:] {
		rows[i] = make(map[string]string, len(line))
		for j, cell := range line {
			rows[i][lines[0][j]] = cell
		}
	}
	return rows
}

func readAll(t *testing.T, path string) []byte {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var r io.Reader = f
	if strings.HasSuffix(path, ".gz") {
		if r, err = gzip.NewReader(f); err != nil {
			t.Fatal(err)
		}
	}
	b, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
