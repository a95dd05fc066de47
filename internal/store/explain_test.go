package store_test

import (
	"context"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/candlewright/candlewright/db"
)

// TestListsReadNoMoreThanTheirPage asks PostgreSQL how many rows each list query
// took from its table, under the generic plan that a prepared statement ends up
// with: page + 1 for each list that is asked for, on the first, a middle and the
// last page. Queries that narrow by what no index leads with are not among them.
func TestListsReadNoMoreThanTheirPage(t *testing.T) {
	t.Parallel()
	_, pool := open(t)
	ctx := t.Context()
	for _, sql := range fill {
		if _, err := pool.Exec(ctx, sql); err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
	}
	conn, err := pool.Acquire(ctx)
	check(t, err)
	defer conn.Release()
	_, err = conn.Exec(ctx, `SET plan_cache_mode = force_generic_plan`)
	check(t, err)

	const page = 20
	limit := strconv.Itoa(page + 1)
	symbols, noFilter := "'{1,2,3}'", "NULL"
	for name, bounds := range map[string][4]string{
		"first":  {"'0001-01-01'", "0", "'9999-12-31'", "0"},
		"middle": {"'0001-01-01'", "0", "'2024-02-01'", "1000"},
		"last":   {"'0001-01-01'", "0", "'2024-01-01 05:00'", "1"},
		"range":  {"'2024-01-20'", "0", "'2024-02-10'", "0"},
	} {
		b := strings.Join(bounds[:], ", ")
		dates := bounds[0] + ", " + bounds[2][:len("'2024-01-01")] + "'"
		for _, q := range []struct {
			sql  string
			args []string
			rows int
		}{
			{db.RunsOf, []string{symbols, b, noFilter, noFilter, limit}, 3},
			{db.RunsOfBackward, []string{symbols, b, noFilter, noFilter, limit}, 3},
			{db.AllRuns, []string{b, noFilter, limit}, 1},
			{db.AllRunsBackward, []string{b, noFilter, limit}, 1},
			{db.RunsByStatus, []string{"'{failed,queued}'", b, noFilter, limit}, 2},
			{db.RunsByStatusBackward, []string{"'{failed,queued}'", b, noFilter, limit}, 2},
			{db.FetchLogsOf, []string{symbols, b, noFilter, noFilter, limit}, 3},
			{db.FetchLogsOfBackward, []string{symbols, b, noFilter, noFilter, limit}, 3},
			{db.AllFetchLogs, []string{b, noFilter, noFilter, limit}, 1},
			{db.AllFetchLogsBackward, []string{b, noFilter, noFilter, limit}, 1},
			{db.ComputeLogsOf, []string{symbols, b, limit}, 3},
			{db.ComputeLogsOfBackward, []string{symbols, b, limit}, 3},
			{db.CorrectionsOf, []string{symbols, b, limit}, 3},
			{db.CorrectionsOfBackward, []string{symbols, b, limit}, 3},
			{db.DayMetricsOf, []string{symbols, dates, limit}, 3},
			{db.DayMetricsOfBackward, []string{symbols, dates, limit}, 3},
			{db.AllDayMetrics, []string{b, limit}, 1},
			{db.AllDayMetricsBackward, []string{b, limit}, 1},
			{db.CandlesForward, []string{"1", "'1h'", dates, limit}, 1},
			{db.CandlesBackward, []string{"1", "'1h'", dates, limit}, 1},
			{db.CandlesOfForward, []string{symbols, "'1h'", dates, limit}, 3},
			{db.CandlesOfBackward, []string{symbols, "'1h'", dates, limit}, 3},
			{db.SymbolsAscending, []string{"'S1'", "'crypto'", "'~'", "''", "NULL", "NULL", "NULL", "''", limit}, 1},
			{db.SymbolsDescending, []string{"''", "''", "'S2'", "'crypto'", "NULL", "NULL", "NULL", "''", limit}, 1},
		} {
			read, plan := rowsRead(ctx, t, conn.Conn(), q.sql, q.args)
			if read > q.rows*(page+1) {
				t.Errorf("%s page: %d rows read, want at most %d\n%s\n%s", name, read, q.rows*(page+1), firstLine(q.sql), plan)
			}
		}
	}
}

func firstLine(s string) string { line, _, _ := strings.Cut(s, "\n"); return line }

// rowsRead runs a query under EXPLAIN and adds up what its scans of tables took,
// rows that a filter threw away included.
func rowsRead(ctx context.Context, t *testing.T, conn *pgx.Conn, sql string, args []string) (int, string) {
	t.Helper()
	_, err := conn.Exec(ctx, "DEALLOCATE ALL")
	check(t, err)
	if _, err := conn.Exec(ctx, "PREPARE p AS "+sql); err != nil {
		t.Fatalf("prepare %s: %v", firstLine(sql), err)
	}
	var text string
	explain := "EXPLAIN (ANALYZE, FORMAT JSON) EXECUTE p(" + strings.Join(args, ", ") + ")"
	if err := conn.QueryRow(ctx, explain, pgx.QueryExecModeSimpleProtocol).Scan(&text); err != nil {
		t.Fatalf("%s %s: %v", firstLine(sql), explain, err)
	}
	var plans []struct{ Plan planNode }
	check(t, json.Unmarshal([]byte(text), &plans))
	return plans[0].Plan.read(), text
}

type planNode struct {
	Relation string     `json:"Relation Name"`
	Loops    float64    `json:"Actual Loops"`
	Rows     float64    `json:"Actual Rows"` // per loop
	Removed  float64    `json:"Rows Removed by Filter"`
	Rechecks float64    `json:"Rows Removed by Index Recheck"`
	Plans    []planNode `json:"Plans"`
}

func (n planNode) read() int {
	sum := 0
	if n.Relation != "" {
		sum = int(n.Loops * (n.Rows + n.Removed + n.Rechecks))
	}
	for _, p := range n.Plans {
		sum += p.read()
	}
	return sum
}

// fill makes 200 symbols with some hundred rows each, four rows per instant.
var fill = []string{
	`INSERT INTO symbols (ticker, asset_class, timeframes, added_at, updated_at)
		SELECT 'S' || g, 'crypto', '{1h}', '2024-01-01', '2024-01-01' FROM generate_series(1, 200) g`,
	`INSERT INTO enrichment_runs (symbol_id, job_id, trigger, status, timeframes, range_from, range_to, requested_by, attempt,
			max_attempts, records_total, records_done, estimated_seconds, created_at, finished_at)
		SELECT 1 + g % 200, gen_random_uuid(), 'manual', w.status, '{1h}', '2024-01-01', '2024-01-01', 'x', 0, 1, 0, 0, 0,
			timestamptz '2024-01-01' + interval '1 hour' * (g / 4), CASE w.status WHEN 'failed' THEN timestamptz '2024-01-01' END
		FROM generate_series(1, 20000) g, LATERAL (SELECT CASE g % 500 WHEN 0 THEN 'failed' ELSE 'queued' END AS status) w`,
	`INSERT INTO enrichment_fetch_log (symbol_id, symbol, asset_class, timeframe, source, records_fetched, records_inserted,
			records_updated, records_rejected, success, attempt, created_at)
		SELECT 1 + g % 200, 'S', 'crypto', '1h', 'csv', 0, 0, 0, 0, true, 1, timestamptz '2024-01-01' + interval '1 hour' * (g / 4)
		FROM generate_series(1, 20000) g`,
	`INSERT INTO enrichment_compute_log (symbol_id, symbol, asset_class, timeframe, features_computed, missing_fields, success, created_at)
		SELECT 1 + g % 200, 'S', 'crypto', '1h', 0, '{}', true, timestamptz '2024-01-01' + interval '1 hour' * (g / 4)
		FROM generate_series(1, 20000) g`,
	`INSERT INTO data_corrections (symbol_id, symbol, asset_class, timeframe, field_corrected, reason, corrected_by, correction_timestamp)
		SELECT 1 + g % 200, 'S', 'crypto', '1h', 'x', 'bug_fix', 'x', timestamptz '2024-01-01' + interval '1 hour' * (g / 4)
		FROM generate_series(1, 20000) g`,
	`INSERT INTO data_quality_metrics (symbol_id, symbol, asset_class, metric_date, total_records, validated_records, gaps_detected,
			anomalies_detected, data_completeness, score_sum, checks_failed, computed_at)
		SELECT s, 'S', 'crypto', date '2024-01-01' + d, 0, 0, 0, 0, 0, 0, '{}', '2024-01-01'
		FROM generate_series(1, 200) s, generate_series(0, 99) d`,
	`INSERT INTO market_data (symbol_id, timeframe, ts, open, high, low, close, volume, source, manual, offered, validated,
			validation_notes, anomaly, fields_present, fields_expected, checks_passed, checks_made, features_present,
			features_expected, freshness, quality_score, revision, basis, run_id, first_stored_at)
		SELECT s, '1h', timestamptz '2024-01-01' + interval '1 hour' * h, 1, 1, 1, 1, 1, 'csv', false, 0, true, '{}', false,
			1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 1, '2024-01-01'
		FROM generate_series(1, 20) s, generate_series(0, 1499) h`,
	`ANALYZE`,
}

// TestCandleQueriesFitTheirDecoder holds the columns of the queries that are read
// by hand to the order in which they are decoded.
func TestCandleQueriesFitTheirDecoder(t *testing.T) {
	t.Parallel()
	_, pool := open(t)
	conn, err := pool.Acquire(t.Context())
	check(t, err)
	defer conn.Release()
	var want []string
	rows, err := conn.Query(t.Context(), `SELECT column_name FROM information_schema.columns WHERE table_name = 'market_data'
		AND column_name NOT IN ('symbol_id', 'timeframe', 'validated', 'quality_score', 'run_id') ORDER BY ordinal_position`)
	check(t, err)
	want, err = pgx.CollectRows(rows, pgx.RowTo[string])
	check(t, err)
	for sql, more := range map[string][]string{
		db.CandlesForward: nil, db.CandlesBackward: nil, db.CandlesOfForward: {"place"}, db.CandlesOfBackward: {"place"},
		db.StoredCandles: {"validated", "quality_score", "run_id"},
	} {
		d, err := conn.Conn().Prepare(t.Context(), "", sql)
		check(t, err)
		var got []string
		for _, f := range d.Fields {
			got = append(got, f.Name)
		}
		same(t, "columns of "+firstLine(sql), got, append(slices.Clip(want), more...))
	}
}
