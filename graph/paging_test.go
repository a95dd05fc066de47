package graph_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
)

// pagedList is a list of the schema as the tests walk it: how it is asked for,
// with %s for its arguments, where it stands in the answer, and how one more row
// is made at either end.
type pagedList struct {
	name, query, path, row string
	none                   string // arguments that are always there
	totals                 bool
	grow                   []string // SQL that adds rows at both ends
}

var pagedLists = []pagedList{
	{
		name: "symbols", query: `{ symbols%s { %s } }`, path: "symbols", row: "ticker assetClass", totals: true,
		grow: []string{`INSERT INTO symbols (ticker, asset_class, timeframes, added_at, updated_at) VALUES ('A0', 'stock', '{}', '2026-01-01', '2026-01-01'), ('Z0', 'stock', '{}', '2026-01-01', '2026-01-01')`},
	},
	{
		name: "symbols descending", query: `{ symbols(orderBy: {direction: DESC}, %s) { %s } }`, path: "symbols", row: "ticker assetClass", totals: true, none: "x",
		grow: []string{`INSERT INTO symbols (ticker, asset_class, timeframes, added_at, updated_at) VALUES ('A0', 'stock', '{}', '2026-01-01', '2026-01-01'), ('Z0', 'stock', '{}', '2026-01-01', '2026-01-01')`},
	},
	{
		name: "runs", query: `{ enrichmentRuns%s { %s } }`, path: "enrichmentRuns", row: "jobId createdAt", totals: true,
		grow: []string{growRuns("2026-11-19"), growRuns("2026-11-23")},
	},
	{
		name: "runs in a state", query: `{ enrichmentRuns(filter: {status: [COMPLETED]}, %s) { %s } }`, path: "enrichmentRuns", row: "jobId createdAt", totals: true, none: "x",
		grow: []string{growRuns("2026-11-19"), growRuns("2026-11-23")},
	},
	{
		name: "runs of a symbol", query: `{ symbol(ticker: "S1") { runs%s { %s } } }`, path: "symbol.runs", row: "jobId createdAt", totals: true,
		grow: []string{growRuns("2026-11-19"), growRuns("2026-11-23")},
	},
	{
		name: "fetch logs", query: `{ fetchLogs%s { %s } }`, path: "fetchLogs", row: "id createdAt", totals: true,
		grow: []string{growLogs("enrichment_fetch_log", "2026-11-19"), growLogs("enrichment_fetch_log", "2026-11-23")},
	},
	{
		name: "fetch logs of a symbol", query: `{ symbol(ticker: "S1") { fetchLogs%s { %s } } }`, path: "symbol.fetchLogs", row: "id createdAt", totals: true,
		grow: []string{growLogs("enrichment_fetch_log", "2026-11-19"), growLogs("enrichment_fetch_log", "2026-11-23")},
	},
	{
		name: "compute logs of a symbol", query: `{ symbol(ticker: "S1") { computeLogs%s { %s } } }`, path: "symbol.computeLogs", row: "id createdAt", totals: true,
		grow: []string{growLogs("enrichment_compute_log", "2026-11-19"), growLogs("enrichment_compute_log", "2026-11-23")},
	},
	{
		name: "corrections of a symbol", query: `{ symbol(ticker: "S1") { corrections%s { %s } } }`, path: "symbol.corrections", row: "id newValue", totals: true,
		grow: []string{growCorrections("2026-11-19"), growCorrections("2026-11-23")},
	},
	{
		name: "daily metrics", query: `{ dailyMetrics%s { %s } }`, path: "dailyMetrics", row: "id date", totals: true,
		grow: []string{growDays("2026-11-10"), growDays("2026-11-30")},
	},
	{
		name: "daily metrics of a symbol", query: `{ symbol(ticker: "S1") { dailyMetrics%s { %s } } }`, path: "symbol.dailyMetrics", row: "id date", totals: true,
		grow: []string{growDays("2026-11-10"), growDays("2026-11-30")},
	},
	{
		name: "candles of a symbol", query: `{ symbol(ticker: "S1") { candles(timeframe: H1, %s) { %s } } }`, path: "symbol.candles", row: "ts close", totals: true, none: "x",
		grow: []string{growCandles("2026-11-19"), growCandles("2026-11-23")},
	},
}

func growRuns(at string) string {
	return `INSERT INTO enrichment_runs (symbol_id, job_id, trigger, status, timeframes, range_from, range_to, requested_by, attempt,
		max_attempts, records_total, records_done, estimated_seconds, created_at, finished_at)
		VALUES (1, gen_random_uuid(), 'manual', 'completed', '{1h}', '2026-01-01', '2026-02-01', 'test', 1, 3, 10, 10, 1, '` + at + `', '2026-11-24')`
}

func growLogs(table, at string) string {
	if table == "enrichment_fetch_log" {
		return `INSERT INTO enrichment_fetch_log (symbol_id, symbol, asset_class, timeframe, source, records_fetched, records_inserted,
			records_updated, records_rejected, success, attempt, created_at) VALUES (1, 'S1', 'crypto', '1h', 'csv', 1, 1, 0, 0, true, 1, '` + at + `')`
	}
	return `INSERT INTO enrichment_compute_log (symbol_id, symbol, asset_class, timeframe, features_computed, missing_fields, success, created_at)
		VALUES (1, 'S1', 'crypto', '1h', 1, '{}', true, '` + at + `')`
}

func growCorrections(at string) string {
	return `INSERT INTO data_corrections (symbol_id, symbol, asset_class, timeframe, field_corrected, new_value, reason, corrected_by, correction_timestamp)
		VALUES (1, 'S1', 'crypto', '1h', 'close', 'new', 'bug_fix', 'test', '` + at + `')`
}

func growDays(day string) string {
	return `INSERT INTO data_quality_metrics (symbol_id, symbol, asset_class, metric_date, total_records, validated_records, gaps_detected,
		anomalies_detected, data_completeness, score_sum, checks_failed, computed_at) VALUES (1, 'S1', 'crypto', '` + day + `', 0, 0, 1, 0, 0, 0, '{}', '2026-11-24')`
}

func growCandles(ts string) string {
	return `INSERT INTO market_data (symbol_id, timeframe, ts, open, high, low, close, volume, source, manual, offered, validated,
		validation_notes, anomaly, fields_present, fields_expected, checks_passed, checks_made, features_present,
		features_expected, freshness, quality_score, revision, basis, run_id, first_stored_at)
		VALUES (1, '1h', '` + ts + `', 1, 1, 1, 1, 1, 'csv', false, 0, true, '{}', false, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 1, '2026-01-01')`
}

// ask is the operation for some arguments.
func (l pagedList) ask(args, fields string) string {
	if l.none == "" && args != "" {
		args = "(" + args + ")"
	}
	return strings.ReplaceAll(fmt.Sprintf(l.query, args, fields), ", )", ")")
}

// page is one page of a list as the tests see it.
type page struct {
	rows       []string
	start, end string
	next, prev bool
	total      float64
}

func (w *world) page(l pagedList, args string) page {
	w.t.Helper()
	fields := `edges { cursor node { ` + l.row + ` } } nodes { ` + l.row + ` } pageInfo { hasNextPage hasPreviousPage startCursor endCursor }`
	if l.totals {
		fields += " totalCount"
	}
	data := w.must(l.ask(args, fields))
	p := page{next: at(w.t, data, l.path+".pageInfo.hasNextPage").(bool), prev: at(w.t, data, l.path+".pageInfo.hasPreviousPage").(bool)}
	p.start, _ = at(w.t, data, l.path+".pageInfo.startCursor").(string)
	p.end, _ = at(w.t, data, l.path+".pageInfo.endCursor").(string)
	if l.totals {
		p.total = at(w.t, data, l.path+".totalCount").(float64)
	}
	edges := list(w.t, data, l.path+".edges")
	for i, n := range list(w.t, data, l.path+".nodes") {
		p.rows = append(p.rows, text(n))
		if text(at(w.t, edges[i], "node")) != text(n) {
			w.t.Errorf("edge %d is no node: %v, %v", i, edges[i], n)
		}
	}
	if n := len(edges); n > 0 && (edges[0].(map[string]any)["cursor"] != p.start || edges[n-1].(map[string]any)["cursor"] != p.end) {
		w.t.Errorf("the cursors of the page are not those of its first and last edge: %s", args)
	}
	return p
}

func text(v any) string {
	b, _ := json.Marshal(v)
	return string(b)
}

// TestListsAreWalkedInBothDirections walks each list page by page, forwards and
// backwards, with every size, while rows are added at both of its ends: each row
// that was there comes once, in the order of the list.
func TestListsAreWalkedInBothDirections(t *testing.T) {
	t.Parallel()
	for _, l := range pagedLists {
		t.Run(l.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.fill(5)
			whole := w.page(l, "first: 500")
			if len(whole.rows) < 2 || whole.next || whole.prev || whole.total != float64(len(whole.rows)) {
				t.Fatalf("the whole list: %+v", whole)
			}
			for size := 1; size <= len(whole.rows)+1; size++ {
				same(t, fmt.Sprint("forwards by ", size), w.walk(l, size, false, nil), whole.rows)
				backwards := w.walk(l, size, true, nil)
				same(t, fmt.Sprint("backwards by ", size), backwards, whole.rows)
			}
			zero := w.page(l, "first: 0")
			if len(zero.rows) != 0 || !zero.next || zero.prev || zero.total != whole.total {
				t.Errorf("no rows asked for: %+v", zero)
			}
			beyond := w.page(l, fmt.Sprintf("after: %q", whole.end))
			if len(beyond.rows) != 0 || beyond.next || !beyond.prev || beyond.start != "" {
				t.Errorf("behind the end: %+v", beyond)
			}
			between := w.page(l, fmt.Sprintf("after: %q, before: %q", whole.start, whole.end))
			same(t, "between", between.rows, whole.rows[1:len(whole.rows)-1])
			if !between.next || !between.prev {
				t.Errorf("between two rows: %+v", between)
			}

			grown := w.walk(l, 1, false, func(page int) {
				if page == 1 {
					for _, sql := range l.grow {
						_, err := w.pool.Exec(t.Context(), sql)
						check(t, err)
					}
				}
			})
			old := slices.DeleteFunc(slices.Clone(grown), func(row string) bool { return !slices.Contains(whole.rows, row) })
			same(t, "rows that were there before others came", old, whole.rows)
			if len(slices.Compact(slices.Clone(grown))) != len(grown) {
				t.Errorf("a row came twice: %q", grown)
			}
		})
	}
}

// walk gives the rows of all pages of a size in the order of the list.
func (w *world) walk(l pagedList, size int, backward bool, between func(page int)) []string {
	w.t.Helper()
	var rows []string
	cursor := ""
	for n := 1; ; n++ {
		args := fmt.Sprintf("first: %d", size)
		if backward {
			args = fmt.Sprintf("last: %d", size)
		}
		if cursor != "" && backward {
			args += fmt.Sprintf(", before: %q", cursor)
		} else if cursor != "" {
			args += fmt.Sprintf(", after: %q", cursor)
		}
		p := w.page(l, args)
		more, behind := p.next, p.prev
		if backward {
			more, behind = p.prev, p.next
			rows = append(slices.Clone(p.rows), rows...)
			cursor = p.start
		} else {
			rows = append(rows, p.rows...)
			cursor = p.end
		}
		if behind != (n > 1) {
			w.t.Errorf("page %d of %d rows, backward %v: rows behind it are %v", n, size, backward, behind)
		}
		if between != nil {
			between(n)
		}
		if !more {
			return rows
		}
	}
}

// TestRangesCutLists holds from, to and days to their ends.
func TestRangesCutLists(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.fill(2)
	data := w.must(`{ symbol(ticker: "S1") {
		a: candles(timeframe: H1, from: "2026-11-20T01:00:00Z", to: "2026-11-20T05:00:00Z") { nodes { ts } totalCount }
		b: candles(timeframe: H1, from: "2026-11-20T03:00:00+02:00", last: 1) { nodes { ts } pageInfo { hasPreviousPage } }
		c: candles(timeframe: D1) { nodes { ts } totalCount pageInfo { startCursor hasNextPage } }
		d: dailyMetrics(days: 2) { nodes { date } totalCount }
		e: dailyMetrics(from: "2026-11-22", to: "2026-11-23") { nodes { date } }
		f: gaps(timeframe: H1, from: "2026-11-20T04:00:00Z") { nodes { from to slots cause } }
		g: gaps(timeframe: H1, to: "2026-11-20T04:00:00Z", first: 1) { nodes { from to slots } pageInfo { hasNextPage endCursor } }
		h: candleColumns(timeframe: H1, last: 2) { ts } i: candleColumns(timeframe: W1) { count ts close }
		j: gaps(timeframe: W1) { nodes { from } edges { cursor } }
	} k: dailyMetrics(filter: {from: "2026-11-24"}) { nodes { date } totalCount }
	  l: enrichmentRuns(filter: {createdFrom: "2026-11-20T02:00:00Z", trigger: [MANUAL]}) { totalCount nodes { trigger } }
	  m: fetchLogs(filter: {createdTo: "2026-11-20T02:00:00Z", source: [CSV], success: true}) { totalCount nodes { source } } }`)
	sym := data["symbol"].(map[string]any)
	ts := func(hours ...int) []any {
		var l []any
		for _, h := range hours {
			l = append(l, map[string]any{"ts": fmt.Sprintf("2026-11-20T%02d:00:00Z", h)})
		}
		return l
	}
	same(t, "from to", sym["a"], map[string]any{"nodes": ts(1, 2), "totalCount": 2.0})
	same(t, "with an offset, the last", sym["b"], map[string]any{"nodes": ts(5), "pageInfo": map[string]any{"hasPreviousPage": true}})
	same(t, "nothing", sym["c"], map[string]any{"nodes": []any{}, "totalCount": 0.0, "pageInfo": map[string]any{"startCursor": nil, "hasNextPage": false}})
	day := func(days ...string) []any {
		var l []any
		for _, d := range days {
			l = append(l, map[string]any{"date": d})
		}
		return l
	}
	same(t, "days", sym["d"], map[string]any{"nodes": day("2026-11-24", "2026-11-23"), "totalCount": 2.0})
	same(t, "dates", sym["e"], map[string]any{"nodes": day("2026-11-23", "2026-11-22")})
	same(t, "gaps cut at the start", sym["f"], map[string]any{"nodes": []any{map[string]any{"from": "2026-11-20T04:00:00Z", "to": "2026-11-20T04:00:00Z", "slots": 1.0, "cause": "NOT_REQUESTED"}}})
	same(t, "gaps cut at the end", at(t, sym, "g.nodes"), []any{map[string]any{"from": "2026-11-20T03:00:00Z", "to": "2026-11-20T03:00:00Z", "slots": 1.0}})
	same(t, "columns", sym["h"], map[string]any{"ts": []any{"2026-11-20T02:00:00Z", "2026-11-20T05:00:00Z"}})
	same(t, "no columns", sym["i"], map[string]any{"count": 0.0, "ts": []any{}, "close": []any{}})
	same(t, "no gaps", sym["j"], map[string]any{"nodes": []any{}, "edges": []any{}})
	same(t, "all dates", at(t, data, "k.totalCount"), 2.0)
	same(t, "runs", at(t, data, "l.totalCount"), 2.0)
	same(t, "logs", at(t, data, "m.totalCount"), 2.0)
}

// TestGapsAreWalked pages through gaps that differ in cause.
func TestGapsAreWalked(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.fill(1)
	for _, sql := range []string{
		growCandles("2026-11-20 12:00"), growCandles("2026-11-20 14:00"),
		`INSERT INTO fetch_ranges (symbol_id, timeframe, log_id, source, range_from, range_to, success, fetched_at)
			VALUES (1, '1h', 1, 'csv', '2026-11-20 06:00', '2026-11-20 08:00', true, '2026-11-21'), (1, '1h', 2, 'csv', '2026-11-20 08:00', '2026-11-20 09:00', false, '2026-11-21')`,
		`INSERT INTO validation_failures (symbol_id, timeframe, ts, check_name, first_seen_at) VALUES (1, '1h', '2026-11-20 13:00', 'price_positive', '2026-11-21')`,
	} {
		_, err := w.pool.Exec(t.Context(), sql)
		check(t, err)
	}
	var got []any
	args := "first: 1"
	for {
		data := w.must(`{ symbol(ticker: "S1") { gaps(timeframe: H1, ` + args + `) { nodes { from slots cause } pageInfo { hasNextPage hasPreviousPage endCursor } } } }`)
		got = append(got, list(t, data, "symbol.gaps.nodes")...)
		if prev := at(t, data, "symbol.gaps.pageInfo.hasPreviousPage"); prev != (len(got) > 1) {
			t.Errorf("gap %d: rows before it are %v", len(got), prev)
		}
		if at(t, data, "symbol.gaps.pageInfo.hasNextPage") == false {
			break
		}
		args = fmt.Sprintf("first: 1, after: %q", at(t, data, "symbol.gaps.pageInfo.endCursor"))
	}
	gap := func(hour, slots int, cause string) any {
		return map[string]any{"from": fmt.Sprintf("2026-11-20T%02d:00:00Z", hour), "slots": float64(slots), "cause": cause}
	}
	same(t, "gaps", got, []any{
		gap(3, 2, "NOT_REQUESTED"), gap(6, 2, "SOURCE_EMPTY"), gap(8, 1, "SOURCE_ERROR"), gap(9, 3, "NOT_REQUESTED"), gap(13, 1, "REJECTED"),
	})
}

// TestListsReadNoMoreThanTheirPage runs the statements of each list again under
// EXPLAIN, as they were sent, and counts the rows that PostgreSQL took from the
// list's table: the page and one more, on the first page, the next and the last.
func TestListsReadNoMoreThanTheirPage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.fill(300)
	_, err := w.pool.Exec(t.Context(), "ANALYZE")
	check(t, err)
	const size = 2
	for _, l := range pagedLists {
		whole := w.page(l, "first: 500")
		if len(whole.rows) < 2 {
			t.Fatalf("%s: %d rows", l.name, len(whole.rows))
		}
		for where, args := range map[string]string{
			"first": fmt.Sprintf("first: %d", size), "last": fmt.Sprintf("last: %d", size),
			"second": fmt.Sprintf("first: %d, after: %q", size, whole.start), "behind the end": fmt.Sprintf("first: %d, after: %q", size, whole.end),
			"last but one": fmt.Sprintf("last: %d, before: %q", size, whole.end),
		} {
			w.counted.reset()
			w.must(l.ask(args, "nodes { __typename } pageInfo { hasNextPage hasPreviousPage }"))
			for _, q := range w.counted.sent() {
				if read, plan := w.rowsRead(q); read > size+1 {
					t.Errorf("%s, %s page: %d rows read for %d\n%s\n%s", l.name, where, read, size, q.SQL, plan)
				}
			}
		}
	}
}

// rowsRead runs a statement under EXPLAIN and adds up what its scans took, rows
// that a filter threw away included.
func (w *world) rowsRead(q pgx.TraceQueryStartData) (int, string) {
	w.t.Helper()
	args := slices.DeleteFunc(slices.Clone(q.Args), func(a any) bool { _, ok := a.(pgx.QueryResultFormats); return ok })
	var plan string
	err := w.pool.QueryRow(w.t.Context(), "EXPLAIN (ANALYZE, FORMAT JSON) "+q.SQL, args...).Scan(&plan)
	check(w.t, err)
	var plans []struct{ Plan planNode }
	check(w.t, json.Unmarshal([]byte(plan), &plans))
	return plans[0].Plan.read(), plan
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
