package graph_test

import (
	"fmt"
	"slices"
	"testing"
)

// nested are the fields of lists that are loaded for many parents at once: what
// to ask of the parents' list, and what it is.
var nested = map[string]string{
	"health":             `symbols(first: %d) { nodes { health { status } } }`,
	"series":             `symbols(first: %d) { nodes { series { timeframe records } } }`,
	"last run of series": `symbols(first: %d) { nodes { series { lastRun { jobId } } } }`,
	"candles":            `symbols(first: %d) { nodes { a: candles(timeframe: H1, first: 2) { nodes { ts } totalCount } b: candles(timeframe: H1, last: 1) { edges { cursor node { end close } } } } }`,
	"candle columns":     `symbols(first: %d) { nodes { candleColumns(timeframe: H1) { count close } } }`,
	"gaps":               `symbols(first: %d) { nodes { gaps(timeframe: H1) { nodes { slots cause tries nextTry fetchLogs { id symbol { ticker } run { jobId } } } } } }`,
	"daily metrics":      `symbols(first: %d) { nodes { a: dailyMetrics(first: 1) { nodes { date symbol { ticker } } totalCount } b: dailyMetrics(first: 3) { nodes { date } } } }`,
	"quality report":     `symbols(first: %d) { nodes { qualityReport { summary { avgQualityScore } dailyMetrics { symbol { ticker } } recentFetchLogs { run { jobId } symbol { ticker } } } } }`,
	"runs":               `symbols(first: %d) { nodes { a: runs(first: 1) { nodes { jobId symbol { ticker } } totalCount } b: runs(first: 2, status: [COMPLETED]) { edges { node { jobId } } } } }`,
	"fetch logs":         `symbols(first: %d) { nodes { a: fetchLogs(first: 1) { nodes { source run { jobId symbol { ticker } } } totalCount } b: fetchLogs(first: 2) { nodes { id } } } }`,
	"compute logs":       `symbols(first: %d) { nodes { a: computeLogs(first: 1) { nodes { id run { jobId } } totalCount } b: computeLogs(last: 2) { nodes { id } } } }`,
	"corrections":        `symbols(first: %d) { nodes { a: corrections(first: 1) { nodes { id symbol { ticker } } totalCount } b: corrections(first: 2) { nodes { newValue } } } }`,
	"parts of runs":      `enrichmentRuns(first: %d) { nodes { symbol { ticker } progress { fraction } backfills { status } fetchLogs { id run { id } } computeLogs { id symbol { name } } } }`,
	"of fetch logs":      `fetchLogs(first: %d) { nodes { symbol { ticker health { status } } run { jobId progress { seq } } } }`,
	"of daily metrics":   `dailyMetrics(first: %d) { edges { node { symbol { ticker health { lagSeconds } } } } }`,
}

// TestStatementsDoNotDependOnTheNumberOfParents is the promise that a request
// makes as many statements as its shape has, for 1, 50 and 500 parents.
func TestStatementsDoNotDependOnTheNumberOfParents(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *graphConfig, _ *enrichDeps) { c.MaxComplexity = 1 << 29 })
	w.fill(500)
	_, err := w.pool.Exec(t.Context(), `INSERT INTO fetch_ranges (symbol_id, timeframe, log_id, source, range_from, range_to, success, fetched_at)
		SELECT symbol_id, timeframe, id, source, '2026-11-20', '2026-11-21', success, created_at FROM enrichment_fetch_log`)
	check(t, err)
	for name, query := range nested { //nolint:paralleltest // they count on one connection pool, one after the other
		t.Run(name, func(t *testing.T) {
			var first []string
			for _, n := range []int{1, 50, 500} {
				w.counted.reset()
				w.must(fmt.Sprintf("{ "+query+" }", n))
				got := w.counted.statements()
				slices.Sort(got)
				if first == nil {
					first = got
					continue
				}
				if !slices.Equal(got, first) {
					t.Fatalf("%d parents: %d statements, with 1 parent %d\n%q\n%q", n, len(got), len(first), got, first)
				}
			}
			t.Logf("%d statements: %q", len(first), first)
		})
	}
}
