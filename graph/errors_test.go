package graph_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/candlewright/candlewright/internal/enrich"
)

// TestBadInput sends what clients get wrong: each is answered with its code and,
// where one is to blame, the argument; none with a status of 500.
func TestBadInput(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.fill(3)
	data := w.must(`{ a: symbols(first: 1) { pageInfo { endCursor } nodes { candles(timeframe: H1, first: 1) { pageInfo { endCursor } } fetchLogs(first: 1) { pageInfo { endCursor } } dailyMetrics(first: 1) { pageInfo { endCursor } } } }
		b: enrichmentRuns(first: 1) { pageInfo { endCursor } } c: symbol(ticker: "S2") { fetchLogs(first: 1) { pageInfo { endCursor } } } d: enrichmentRuns(first: 1, filter: {status: COMPLETED}) { pageInfo { endCursor } } }`)
	cursor := func(path string) string { return at(t, data, path+".pageInfo.endCursor").(string) }
	symbols, runs, completed := cursor("a"), cursor("b"), cursor("d")
	candles, logs, days, logsOfAnother := cursor("a.nodes.0.candles"), cursor("a.nodes.0.fetchLogs"), cursor("a.nodes.0.dailyMetrics"), cursor("c.fetchLogs")
	s1 := func(field string) string { return `{ symbol(ticker: "S1") { ` + field + ` } }` }
	candlesOf := func(args string) string { return s1(`candles(timeframe: H1, ` + args + `) { nodes { ts } }`) }

	const badInput, badCursor, invalid = "BAD_USER_INPUT", "BAD_CURSOR", "GRAPHQL_VALIDATION_FAILED"
	for name, c := range map[string]struct {
		query, code, argument, says string
		vars                        []any
	}{
		"first and last":              {query: `{ symbols(first: 1, last: 1) { nodes { id } } }`, code: badInput, argument: "last", says: "first and last cannot be combined"},
		"negative first":              {query: `{ symbols(first: -1) { nodes { id } } }`, code: badInput, argument: "first", says: "first is -1: want 0 to 500"},
		"negative last":               {query: s1(`runs(last: -5) { nodes { id } }`), code: badInput, argument: "last", says: "want 0 to 500"},
		"first over the limit":        {query: `{ fetchLogs(first: 501) { nodes { id } } }`, code: badInput, argument: "first", says: "first is 501: want 0 to 500"},
		"candles over the limit":      {query: candlesOf("last: 5001"), code: badInput, argument: "last", says: "want 0 to 5000"},
		"columns over the limit":      {query: s1(`candleColumns(timeframe: H1, last: 0) { ts }`), code: badInput, argument: "last", says: "want 1 to 5000"},
		"first beyond 32 bits":        {query: `{ symbols(first: 3000000000) { nodes { id } } }`, code: badInput, argument: "first", says: "3000000000 is not valid here"},
		"first beyond 64 bits":        {query: `query($n: Int) { symbols(first: $n) { nodes { id } } }`, vars: []any{"n", 1e30}, code: badInput, argument: "n"},
		"first of a fraction":         {query: `query($n: Int) { symbols(first: $n) { nodes { id } } }`, vars: []any{"n", 1.5}, code: badInput, argument: "n"},
		"first as a text":             {query: `{ symbols(first: "1") { nodes { id } } }`, code: invalid},
		"cursor that is none":         {query: `{ symbols(after: "nonsense") { nodes { id } } }`, code: badCursor, argument: "after"},
		"empty cursor":                {query: `{ symbols(before: "") { nodes { id } } }`, code: badCursor, argument: "before"},
		"cursor of another list":      {query: fmt.Sprintf(`{ symbols(after: %q) { nodes { id } } }`, runs), code: badCursor, argument: "after"},
		"cursor of another order":     {query: fmt.Sprintf(`{ symbols(orderBy: {direction: DESC}, after: %q) { nodes { id } } }`, symbols), code: badCursor, argument: "after"},
		"cursor of another filter":    {query: fmt.Sprintf(`{ enrichmentRuns(after: %q) { nodes { id } } }`, completed), code: badCursor, argument: "after"},
		"cursor of another symbol":    {query: s1(fmt.Sprintf(`fetchLogs(after: %q) { nodes { id } }`, logsOfAnother)), code: badCursor, argument: "after"},
		"cursor of all logs":          {query: fmt.Sprintf(`{ fetchLogs(after: %q) { nodes { id } } }`, logs), code: badCursor, argument: "after"},
		"cursor of another timeframe": {query: s1(fmt.Sprintf(`candles(timeframe: D1, before: %q) { nodes { ts } }`, candles)), code: badCursor, argument: "before"},
		"cursor of days for all":      {query: fmt.Sprintf(`{ dailyMetrics(after: %q) { nodes { id } } }`, days), code: badCursor, argument: "after"},
		"cursor of candles for gaps":  {query: s1(fmt.Sprintf(`gaps(timeframe: H1, after: %q) { nodes { from } }`, candles)), code: badCursor, argument: "after"},
		"cursor with a tail":          {query: fmt.Sprintf(`{ symbols(after: %q) { nodes { id } } }`, symbols+"AA"), code: badCursor, argument: "after"},
		"reversed instants":           {query: candlesOf(`from: "2026-11-21T00:00:00Z", to: "2026-11-20T00:00:00Z"`), code: badInput, argument: "from", says: "want a start that is not after the end"},
		"reversed dates":              {query: `{ dailyMetrics(filter: {from: "2026-11-21", to: "2026-11-20"}) { nodes { id } } }`, code: badInput, argument: "filter.from"},
		"reversed filter":             {query: `{ enrichmentRuns(filter: {createdFrom: "2026-11-21T00:00:00Z", createdTo: "2026-11-20T00:00:00Z"}) { nodes { id } } }`, code: badInput, argument: "filter.createdFrom"},
		"an instant without a zone":   {query: candlesOf(`from: "2026-11-21T00:00:00"`), code: badInput, argument: "from", says: "want an instant as 2024-11-13T10:31:00Z"},
		"an instant as a number":      {query: candlesOf(`from: 1700000000`), code: badInput, argument: "from"},
		"an instant as a variable":    {query: `query($f: Time) { symbol(ticker: "S1") { candles(timeframe: H1, from: $f) { nodes { ts } } } }`, vars: []any{"f", "yesterday"}, code: badInput, argument: "from", says: `"yesterday" is not valid here`},
		"an instant of another age":   {query: candlesOf(`from: "9999-12-31T23:59:59Z"`), code: badInput, argument: "from"},
		"a date that is none":         {query: s1(`dailyMetrics(from: "2026-02-30") { nodes { id } }`), code: badInput, argument: "from", says: "want a date as 2024-11-13"},
		"days with dates":             {query: s1(`dailyMetrics(days: 3, from: "2026-02-20") { nodes { id } }`), code: badInput, argument: "days"},
		"no days":                     {query: s1(`dailyMetrics(days: 0) { nodes { id } }`), code: badInput, argument: "days", says: "want 1 to 3650"},
		"too many days of a report":   {query: s1(`qualityReport(days: 366) { periodDays }`), code: badInput, argument: "days", says: "want 1 to 365"},
		"a UUID that is none":         {query: `{ enrichmentRun(jobId: "550e8400") { id } }`, code: badInput, argument: "jobId", says: "want a UUID as"},
		"a UUID in braces":            {query: `{ enrichmentRun(jobId: "{550e8400-e29b-41d4-a716-446655440000}") { id } }`, code: badInput, argument: "jobId"},
		"a run by both":               {query: `{ enrichmentRun(id: "x", jobId: "550e8400-e29b-41d4-a716-446655440000") { id } }`, code: badInput, argument: "jobId", says: "cannot be combined"},
		"a run by neither":            {query: `{ enrichmentRun { id } }`, code: badInput, argument: "jobId", says: "want one of them"},
		"a run by null":               {query: `{ enrichmentRun(id: null) { id } }`, code: badInput, argument: "jobId"},
		"too many ids":                {query: `query($ids: [ID!]!) { nodes(ids: $ids) { id } }`, vars: []any{"ids", slices.Repeat([]string{"x"}, 101)}, code: badInput, argument: "ids", says: "there are 101 ids: want at most 100"},
		"too many tickers":            {query: `query($t: [String!]) { symbols(filter: {tickers: $t}) { nodes { id } } }`, vars: []any{"t", slices.Repeat([]string{"x"}, 501)}, code: badInput, argument: "filter.tickers"},
		"a long search":               {query: `query($s: String) { symbols(filter: {search: $s}) { nodes { id } } }`, vars: []any{"s", strings.Repeat("é", 101)}, code: badInput, argument: "filter.search"},
		"a wrong enum":                {query: s1(`candles(timeframe: H2) { nodes { ts } }`), code: invalid},
		"a wrong enum as a variable":  {query: `query($t: Timeframe!) { symbol(ticker: "S1") { candles(timeframe: $t) { nodes { ts } } } }`, vars: []any{"t", "1h"}, code: badInput, argument: "t"},
		"an enum in a list":           {query: `query($f: RunFilter) { enrichmentRuns(filter: $f) { nodes { id } } }`, vars: []any{"f", map[string]any{"status": []any{"QUEUED", "GONE"}}}, code: badInput, argument: "f.status.1"},
		"null where a value must be":  {query: s1(`candles(timeframe: null) { nodes { ts } }`), code: invalid},
		"a null variable":             {query: `query($t: String!) { symbol(ticker: $t) { id } }`, vars: []any{"t", nil}, code: badInput, argument: "t"},
		"no variable":                 {query: `query($t: String!) { symbol(ticker: $t) { id } }`, code: badInput, argument: "t"},
		"an unknown input field":      {query: `query($f: RunFilter) { enrichmentRuns(filter: $f) { nodes { id } } }`, vars: []any{"f", map[string]any{"nothing": 1}}, code: badInput, argument: "f.nothing"},
		"an unknown field":            {query: `{ nothing }`, code: invalid},
		"an unknown argument":         {query: `{ symbols(count: 1) { nodes { id } } }`, code: invalid},
		"no selection":                {query: `{ symbols }`, code: invalid},
		"no syntax":                   {query: `{ symbols(`, code: "GRAPHQL_PARSE_FAILED"},
		"fragments in a circle":       {query: `{ symbols { nodes { ...A } } } fragment A on Symbol { ...B } fragment B on Symbol { ...A }`, code: invalid},
		"an unknown directive":        {query: `{ symbols @nothing { nodes { id } } }`, code: invalid},
		"mutation: a ticker":          {query: `mutation { trackSymbol(input: {ticker: "A B", assetClass: STOCK}) { symbol { id } } }`, code: badInput, argument: "input.ticker", says: "want 1 to 20 characters"},
		"mutation: no timeframe":      {query: `mutation { triggerEnrichment(input: {ticker: "A", timeframes: []}) { run { id } } }`, code: badInput, argument: "input.timeframes"},
		"mutation: a name":            {query: `mutation { trackSymbol(input: {ticker: "A", assetClass: STOCK, name: " "}) { symbol { id } } }`, code: badInput, argument: "input.name"},
		"mutation: unknown symbol":    {query: `mutation { untrackSymbol(input: {ticker: "NONE", assetClass: STOCK}) { symbol { id } } }`, code: "SYMBOL_NOT_FOUND", argument: "input.ticker"},
		"mutation: unknown run":       {query: `mutation { cancelRun(input: {jobId: "550e8400-e29b-41d4-a716-446655440000"}) { run { id } } }`, code: "NOT_FOUND", argument: "input.jobId"},
		"mutation: retry of nothing":  {query: `mutation { retryRun(input: {jobId: "550e8400-e29b-41d4-a716-446655440000"}) { run { id } } }`, code: "NOT_FOUND", argument: "input.jobId"},
		"mutation: no UUID":           {query: `mutation { cancelRun(input: {jobId: "x"}) { run { id } } }`, code: badInput, argument: "input.jobId"},
		"subscription by a POST":      {query: `subscription { runProgress(jobId: "550e8400-e29b-41d4-a716-446655440000") { seq } }`, code: badInput, says: "use a websocket"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := w.ask(c.query, c.vars...)
			if len(a.Errors) == 0 {
				t.Fatalf("no error: %s", a.body)
			}
			e := a.Errors[0]
			if e.code() != c.code || e.argument() != c.argument || !strings.Contains(e.Message, c.says) {
				t.Errorf("code %s, argument %q, message %q\nwant %s, %q, %q\n%s", e.code(), e.argument(), e.Message, c.code, c.argument, c.says, a.body)
			}
			if a.status >= http.StatusInternalServerError || e.Extensions["requestId"] == "" || e.Extensions["requestId"] == nil {
				t.Errorf("status %d, request id %v", a.status, e.Extensions["requestId"])
			}
			if strings.Contains(a.body, ".go:") || strings.Contains(a.body, "goroutine") {
				t.Errorf("something of the program shows: %s", a.body)
			}
		})
	}
}

// TestBadRequests sends what is no GraphQL request at all.
func TestBadRequests(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	big := `{"query": "{ __typename }", "extensions": {"x": "` + strings.Repeat("x", 10<<20) + `"}}`
	for name, c := range map[string]struct {
		body   string
		header []string
		status int
		says   string
	}{
		"no body":                 {"", nil, 400, "no JSON object"},
		"no JSON":                 {"{", nil, 400, "no JSON object"},
		"a JSON text":             {`"query"`, nil, 400, "no JSON object"},
		"a tail":                  {`{"query": "{ __typename }"} x`, nil, 400, "no JSON object"},
		"a list":                  {`[{"query": "{ __typename }"}]`, nil, 400, "A list of operations is not supported"},
		"no query":                {`{}`, nil, 400, "query is missing"},
		"a null query":            {`{"query": null}`, nil, 400, "query is missing"},
		"a query that is none":    {`{"query": 1}`, nil, 400, "query cannot be read: want a text"},
		"variables as a list":     {`{"query": "{ __typename }", "variables": [1]}`, nil, 400, "variables cannot be read: want an object"},
		"a number too large":      {`{"query": "query($n: Int) { symbols(first: $n) { totalCount } }", "variables": {"n": 1e400}}`, nil, 200, ""},
		"a name that is none":     {`{"query": "{ __typename }", "operationName": {}}`, nil, 400, "operationName cannot be read"},
		"extensions as a text":    {`{"query": "{ __typename }", "extensions": "x"}`, nil, 400, "extensions cannot be read"},
		"an unknown operation":    {`{"query": "query A { __typename }", "operationName": "B"}`, nil, 200, "operation B not found"},
		"which of two":            {`{"query": "query A { __typename } query B { __typename }"}`, nil, 200, "not found"},
		"no UTF-8":                {"{\"query\": \"{ __typename }\xff\"}", nil, 400, "not UTF-8"},
		"ten megabytes":           {big, nil, 413, "want at most 1048576 bytes"},
		"a form":                  {`query=%7B__typename%7D`, []string{"Content-Type", "application/x-www-form-urlencoded"}, 415, "want application/json"},
		"a form of files":         {`--x--`, []string{"Content-Type", "multipart/form-data; boundary=x"}, 415, "want application/json"},
		"plain text":              {`{"query": "{ __typename }"}`, []string{"Content-Type", "text/plain"}, 415, "want application/json"},
		"no content type":         {`{"query": "{ __typename }"}`, []string{"Content-Type", ""}, 415, "want application/json"},
		"another charset":         {`{"query": "{ __typename }"}`, []string{"Content-Type", "application/json; charset=latin1"}, 415, "want utf-8"},
		"an answer of no type":    {`{"query": "{ __typename }"}`, []string{"Accept", "image/png"}, 406, "want application/graphql-response+json"},
		"an unknown hash":         {`{"extensions": {"persistedQuery": {"version": 1, "sha256Hash": "00"}}}`, nil, 200, "PersistedQueryNotFound"},
		"a strange persisted one": {`{"extensions": {"persistedQuery": 5}}`, nil, 200, "APQ"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := w.post(c.body, c.header...)
			if a.status != c.status || len(a.Errors) == 0 || !strings.Contains(a.Errors[0].Message, c.says) || a.Errors[0].code() == "" {
				t.Errorf("status %d, want %d with %q\n%.300s", a.status, c.status, c.says, a.body)
			}
			if strings.Contains(a.body, `"data"`) {
				t.Errorf("there is data: %s", a.body)
			}
			if again := w.must(`{ __typename }`); again["__typename"] != "Query" {
				t.Errorf("afterwards: %v", again)
			}
		})
	}
	get := func(query string, header ...string) answer {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, w.url+query, nil)
		check(t, err)
		return w.do(req, header...)
	}
	for query, want := range map[string]int{
		"?query=" + url.QueryEscape("{ __typename }"): 200,
		"?query=" + url.QueryEscape("query A { __typename } query B { x: __typename }") + "&operationName=B&variables=%7B%7D": 200,
		"": 400, "?query=%ff": 400, "?query={&variables=x": 400, "?query=a;b": 400, "?query=%zz": 400,
		"?query=" + url.QueryEscape(`mutation { untrackSymbol(input: {ticker: "A", assetClass: STOCK}) { symbol { id } } }`): 405,
		"?query=" + url.QueryEscape("{ __typename }") + "&variables=[]":                                                      400,
	} {
		if a := get(query); a.status != want {
			t.Errorf("GET %s: status %d, want %d: %s", query, a.status, want, a.body)
		}
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodDelete, w.url, nil)
	check(t, err)
	if a := w.do(req); a.status != http.StatusMethodNotAllowed {
		t.Errorf("DELETE: %d", a.status)
	}
}

// TestStatusesFollowTheMediaType holds the draft's rule for what could not be
// carried out.
func TestStatusesFollowTheMediaType(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const response = "application/graphql-response+json"
	for accept, want := range map[string]string{
		"": "application/json", "*/*": "application/json", "application/json": "application/json", response: response,
		response + ", application/json;q=0.5": response, "application/json, " + response + ";q=0.9": "application/json",
		"text/html, application/*;q=0.2": "application/json",
	} {
		status := map[string]int{"application/json": 200, response: 400}[want]
		a := w.post(`{"query": "{ nothing }"}`, "Accept", accept)
		if a.kind != want+"; charset=utf-8" || a.status != status {
			t.Errorf("Accept %q: %d %s", accept, a.status, a.kind)
		}
		if a := w.post(`{"query": "{ symbol(ticker: \"A\") { id } symbols(first: 501) { totalCount } }"}`, "Accept", accept); a.status != 200 || !strings.Contains(a.body, `"data":null`) {
			t.Errorf("Accept %q: carried out with an error: %d %s", accept, a.status, a.body)
		}
		if a := w.post(`{}`, "Accept", accept); a.status != 400 {
			t.Errorf("Accept %q: no query: %d %s", accept, a.status, a.body)
		}
	}
}

// TestNothingOfACauseLeaves breaks the database below a query, and panics.
func TestNothingOfACauseLeaves(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.fill(2)
	_, err := w.pool.Exec(t.Context(), `ALTER TABLE enrichment_fetch_log RENAME TO gone`)
	check(t, err)
	a := w.ask(`{ symbols { nodes { ticker fetchLogs { nodes { id } } } } }`)
	if a.status != 200 || len(a.Errors) != 2 || a.Errors[0].code() != "UNAVAILABLE" || a.Errors[0].Message != "Database error" {
		t.Errorf("a broken table: %d %s", a.status, a.body)
	}
	if strings.Contains(a.body, "relation") || !strings.Contains(w.log.String(), "enrichment_fetch_log") {
		t.Errorf("the cause is to be in the log alone: %s", a.body)
	}
	if id := a.Errors[0].Extensions["requestId"]; id == nil || !strings.Contains(w.log.String(), "request_id="+fmt.Sprint(id)) {
		t.Errorf("request id %v is not in the log", id)
	}

	broken := newWorld(t, func(_ *graphConfig, d *enrichDeps) {
		d.Now = func() time.Time { panic("the clock is broken at 0xc000") }
	})
	a = broken.ask(`{ pipelineMetrics { at } server { version } }`)
	if a.status != 200 || len(a.Errors) != 1 || a.Errors[0].code() != "INTERNAL_SERVER_ERROR" || a.Errors[0].Message != "Internal Server Error" || strings.Contains(a.body, "clock") {
		t.Errorf("a panic: %d %s", a.status, a.body)
	}
	if log := broken.log.String(); !strings.Contains(log, "the clock is broken") || !strings.Contains(log, "errors_test.go") || strings.Count(log, "level=ERROR") != 1 {
		t.Errorf("the log of a panic: %s", log)
	}

	broken.fill(2)
	a = broken.ask(`{ symbols { nodes { health { status } } } }`)
	if len(a.Errors) != 2 || a.Errors[0].code() != "INTERNAL_SERVER_ERROR" || strings.Contains(a.body, "clock") {
		t.Errorf("a panic of a batch: %s", a.body)
	}
}

// TestOperationsHaveADeadline lets a statement wait for a lock longer than that.
func TestOperationsHaveADeadline(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *graphConfig, _ *enrichDeps) { c.Deadline = 50 * time.Millisecond })
	tx, err := w.pool.Begin(t.Context())
	check(t, err)
	defer func() { _ = tx.Rollback(context.WithoutCancel(t.Context())) }()
	_, err = tx.Exec(t.Context(), `LOCK TABLE symbols`)
	check(t, err)
	a := w.ask(`{ symbols { nodes { id } } }`)
	if a.status != 200 || len(a.Errors) != 1 || a.Errors[0].code() != "DEADLINE_EXCEEDED" || a.Errors[0].Message != "Request timed out" {
		t.Errorf("%d %s", a.status, a.body)
	}
}

func TestCommandsWithoutAQueue(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(_ *graphConfig, d *enrichDeps) { d.Queue = nil })
	for _, m := range []string{
		`mutation { triggerEnrichment(input: {ticker: "A"}) { run { id } } }`,
		`mutation { retryRun(input: {jobId: "550e8400-e29b-41d4-a716-446655440000"}) { run { id } } }`,
	} {
		a := w.ask(m)
		if len(a.Errors) != 1 || a.Errors[0].code() != "UNAVAILABLE" || !strings.Contains(a.Errors[0].Message, "no queue") {
			t.Errorf("%s: %s", m, a.body)
		}
	}
	if _, err := w.service.Retry(t.Context(), [16]byte{}); err == nil || errors.Is(err, context.Canceled) {
		t.Errorf("retry: %v", err)
	}
	var _ enrich.Queue = w.queue
}
