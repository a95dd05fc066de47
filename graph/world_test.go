package graph_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/candlewright/candlewright/graph"
	"github.com/candlewright/candlewright/graph/model"
	"github.com/candlewright/candlewright/internal/enrich"
	"github.com/candlewright/candlewright/internal/httpserver"
	"github.com/candlewright/candlewright/internal/market"
	"github.com/candlewright/candlewright/internal/pipeline"
	"github.com/candlewright/candlewright/internal/postgres/pgtest"
	"github.com/candlewright/candlewright/internal/store"
	"github.com/candlewright/candlewright/internal/telemetry"
	"github.com/candlewright/candlewright/rest"
)

// now is the moment of all tests; the column holds microseconds.
var now = time.Date(2026, 11, 24, 21, 30, 0, 123456000, time.UTC)

// world is both faces of a service on a database of its own, over real HTTP.
type world struct {
	t       testing.TB
	url     string // of the GraphQL API
	base    string
	pool    *pgxpool.Pool
	store   *store.Store
	service *enrich.Service
	queue   *queue
	counted *counting
	log     *syncBuffer
}

// queue takes runs and leaves them to the test.
type queue struct {
	mu   sync.Mutex
	runs []pipeline.Run
}

func (q *queue) Enqueue(_ context.Context, _ *store.Tx, run pipeline.Run) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.runs = append(q.runs, run)
	return nil
}

func (q *queue) len() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.runs)
}

// counting counts the statements that reach the database.
type counting struct {
	mu  sync.Mutex
	sql []pgx.TraceQueryStartData
}

func (c *counting) TraceQueryStart(ctx context.Context, _ *pgx.Conn, q pgx.TraceQueryStartData) context.Context {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sql = append(c.sql, q)
	return ctx
}

func (c *counting) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

func (c *counting) reset() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sql = nil
}

func (c *counting) statements() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	var names []string
	for _, q := range c.sql {
		first, _, _ := strings.Cut(q.SQL, "\n")
		names = append(names, first)
	}
	return names
}

// sent are the statements with what they were sent with.
func (c *counting) sent() []pgx.TraceQueryStartData {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.sql)
}

// syncBuffer is a log that several goroutines write.
type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *syncBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *syncBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

type option func(*graph.Config, *enrich.Deps)

func newWorld(t testing.TB, opts ...option) *world {
	t.Helper()
	return worldOn(t, pgtest.NewURL(t), opts...)
}

// worldOn is another process on the same database.
func worldOn(t testing.TB, url string, opts ...option) *world {
	t.Helper()
	w := &world{t: t, queue: &queue{}, counted: &counting{}, log: &syncBuffer{}}
	cfg, err := pgxpool.ParseConfig(url)
	check(t, err)
	cfg.ConnConfig.Tracer = w.counted
	cfg.ConnConfig.RuntimeParams["timezone"] = "UTC"
	w.pool, err = pgxpool.NewWithConfig(t.Context(), cfg)
	check(t, err)
	t.Cleanup(w.pool.Close)
	w.store = store.New(w.pool)
	started := time.Now()
	log := telemetry.NewLogger(w.log, slog.LevelInfo, telemetry.LogText)
	deps := enrich.Deps{
		Store: w.store, Now: func() time.Time { return now }, Elapsed: func() time.Duration { return time.Since(started) },
		Log: log, Queue: w.queue,
	}
	c := graph.Config{Server: model.Server{Version: "v0", Simulated: true, SchemaVersion: 4}, Playground: "/playground"}
	for _, o := range opts {
		o(&c, &deps)
	}
	w.service = enrich.New(deps)
	api, err := graph.New(c, w.service, log)
	check(t, err)
	server := httpserver.New(httpserver.Config{Log: log},
		httpserver.Face{Prefix: graph.Path, Handler: api, Streams: true},
		httpserver.Face{Prefix: rest.Prefix, Handler: rest.New(w.service, log), Around: rest.CORS, IgnoresBody: true})
	srv := httptest.NewServer(server.Handler())
	t.Cleanup(srv.Close)
	w.base, w.url = srv.URL, srv.URL+graph.Path
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = w.service.FanOut(ctx)
	}()
	t.Cleanup(func() {
		srv.CloseClientConnections()
		cancel()
		<-done
		http.DefaultClient.CloseIdleConnections()
	})
	return w
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func same(t testing.TB, what string, got, want any) {
	t.Helper()
	if d := cmp.Diff(want, got, cmpopts.EquateEmpty()); d != "" {
		t.Errorf("%s (-want +got):\n%s", what, d)
	}
}

// gqlError is an error of an answer.
type gqlError struct {
	Message    string         `json:"message"`
	Path       []any          `json:"path"`
	Locations  []any          `json:"locations"`
	Extensions map[string]any `json:"extensions"`
}

func (e gqlError) code() string { c, _ := e.Extensions["code"].(string); return c }
func (e gqlError) argument() string {
	a, _ := e.Extensions["argument"].(string)
	return a
}

// answer is an answer as it came.
type answer struct {
	status int
	kind   string
	body   string
	Data   map[string]any `json:"data"`
	Errors []gqlError     `json:"errors"`
}

// post sends a body to the API.
func (w *world) post(body string, header ...string) answer {
	w.t.Helper()
	req, err := http.NewRequestWithContext(w.t.Context(), http.MethodPost, w.url, strings.NewReader(body))
	check(w.t, err)
	req.Header.Set("Content-Type", "application/json")
	return w.do(req, header...)
}

func (w *world) do(req *http.Request, header ...string) answer {
	w.t.Helper()
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := http.DefaultClient.Do(req)
	check(w.t, err)
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	check(w.t, err)
	a := answer{status: resp.StatusCode, kind: resp.Header.Get("Content-Type"), body: string(text)}
	if strings.HasPrefix(a.kind, "application/") {
		if err := json.Unmarshal(text, &a); err != nil {
			w.t.Fatalf("answer is no JSON: %v\n%s", err, text)
		}
	}
	return a
}

// ask sends an operation with variables, as name, value pairs.
func (w *world) ask(query string, vars ...any) answer {
	w.t.Helper()
	values := map[string]any{}
	for i := 0; i < len(vars); i += 2 {
		values[vars[i].(string)] = vars[i+1]
	}
	body, err := json.Marshal(map[string]any{"query": query, "variables": values})
	check(w.t, err)
	return w.post(string(body))
}

// must asks and wants an answer without errors.
func (w *world) must(query string, vars ...any) map[string]any {
	w.t.Helper()
	a := w.ask(query, vars...)
	if a.status != http.StatusOK || len(a.Errors) > 0 {
		w.t.Fatalf("%s: status %d\n%s", query, a.status, a.body)
	}
	return a.Data
}

// at walks a decoded answer by "symbols.nodes.0.ticker".
func at(t testing.TB, v any, path string) any {
	t.Helper()
	for part := range strings.SplitSeq(path, ".") {
		switch x := v.(type) {
		case map[string]any:
			var ok bool
			if v, ok = x[part]; !ok {
				t.Fatalf("no %q of %s in %v", part, path, x)
			}
		case []any:
			var i int
			if _, err := fmt.Sscan(part, &i); err != nil || i >= len(x) {
				t.Fatalf("no element %q of %s in %v", part, path, x)
			}
			v = x[i]
		default:
			t.Fatalf("no %q of %s in %v", part, path, x)
		}
	}
	return v
}

func list(t testing.TB, v any, path string) []any {
	t.Helper()
	l, ok := at(t, v, path).([]any)
	if !ok {
		t.Fatalf("%s is no list", path)
	}
	return l
}

// fill makes symbols S1 … Sn with two rows of everything each.
func (w *world) fill(n int) {
	w.t.Helper()
	for _, sql := range []string{
		`INSERT INTO symbols (ticker, asset_class, timeframes, added_at, updated_at, scheduled)
			SELECT 'S' || g, 'crypto', '{1h,1d}', '2026-01-01', '2026-01-01', true FROM generate_series(1, $1::int) g`,
		`INSERT INTO series (symbol_id, timeframe, basis, first_ts, last_ts, records, validated, anomalies, revision, digest, updated_at)
			SELECT id, t, 0, '2026-11-20', '2026-11-20 05:00', 6, 6, 0, 1, sha256(''), '2026-11-20' FROM symbols, unnest(ARRAY['1h','1d']) t`,
		`INSERT INTO market_data (symbol_id, timeframe, ts, open, high, low, close, volume, source, manual, offered, validated,
				validation_notes, anomaly, fields_present, fields_expected, checks_passed, checks_made, features_present,
				features_expected, freshness, quality_score, revision, basis, run_id, first_stored_at)
			SELECT id, '1h', timestamptz '2026-11-20' + interval '1 hour' * h, 1, 1, 1, 1, 1, 'csv', false, 0, true, '{}', false,
				1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 1, '2026-01-01'
			FROM symbols, unnest(ARRAY[0, 1, 2, 5]) h`,
		`INSERT INTO enrichment_runs (symbol_id, job_id, trigger, status, timeframes, range_from, range_to, requested_by, attempt,
				max_attempts, records_total, records_done, estimated_seconds, event_seq, created_at, finished_at)
			SELECT id, gen_random_uuid(), 'manual', 'completed', '{1h,1d}', '2026-01-01', '2026-02-01', 'test', 1, 3, 10, 10, 1, 1,
				timestamptz '2026-11-20' + interval '1 hour' * h, '2026-11-21'
			FROM symbols, generate_series(1, 2) h`,
		`INSERT INTO run_events (symbol_id, run_id, seq, progress, at)
			SELECT symbol_id, id, 1, '{"status":"completed","stage":"done","records_total":10,"records_done":10,"records_per_second":5,"at":"2026-11-21T00:00:00Z"}', '2026-11-21'
			FROM enrichment_runs`,
		`INSERT INTO backfill_state (symbol_id, symbol, asset_class, timeframe, backfill_job_id, status, retry_count, created_at, updated_at)
			SELECT r.symbol_id, s.ticker, s.asset_class, t, r.job_id, 'completed', 0, '2026-11-20', '2026-11-20'
			FROM enrichment_runs r JOIN symbols s ON s.id = r.symbol_id, unnest(r.timeframes) t`,
		`INSERT INTO enrichment_fetch_log (symbol_id, symbol, asset_class, timeframe, run_id, source, records_fetched, records_inserted,
				records_updated, records_rejected, success, source_response_time_ms, attempt, created_at)
			SELECT r.symbol_id, s.ticker, s.asset_class, '1h', r.id, 'csv', 1, 1, 0, 0, true, 7, 1, r.created_at
			FROM enrichment_runs r JOIN symbols s ON s.id = r.symbol_id`,
		`INSERT INTO enrichment_compute_log (symbol_id, symbol, asset_class, timeframe, run_id, features_computed, missing_fields, success, created_at)
			SELECT r.symbol_id, s.ticker, s.asset_class, '1h', r.id, 1, '{}', true, r.created_at
			FROM enrichment_runs r JOIN symbols s ON s.id = r.symbol_id`,
		`INSERT INTO data_corrections (symbol_id, symbol, asset_class, timeframe, ts, field_corrected, old_value, new_value, reason, corrected_by, correction_timestamp)
			SELECT id, ticker, asset_class, '1h', '2026-11-20', 'close', '1', h::text, 'bug_fix', 'test', timestamptz '2026-11-20' + interval '1 hour' * h
			FROM symbols, generate_series(1, 2) h`,
		`INSERT INTO data_quality_metrics (symbol_id, symbol, asset_class, metric_date, total_records, validated_records, validation_rate,
				gaps_detected, anomalies_detected, avg_quality_score, data_completeness, score_sum, checks_failed, computed_at)
			SELECT id, ticker, asset_class, date '2026-11-24' - d, 4, 4, 100, 2, 0, 1, 0.67, 4, '{}', '2026-11-24'
			FROM symbols, generate_series(0, 3) d`,
	} {
		args := []any{}
		if strings.Contains(sql, "$1") {
			args = append(args, n)
		}
		if _, err := w.pool.Exec(w.t.Context(), sql, args...); err != nil {
			w.t.Fatalf("%s: %v", sql, err)
		}
	}
}

// newRun makes a queued run of a symbol that is tracked by it.
func (w *world) newRun(ticker string) pipeline.Run {
	w.t.Helper()
	sym, err := w.store.TrackSymbol(w.t.Context(), store.Tracking{
		Symbol: market.Symbol{Ticker: ticker, Class: market.Crypto}, Timeframes: []market.Timeframe{market.H1}, Schedule: true,
	}, now)
	check(w.t, err)
	t, err := w.service.Trigger(w.t.Context(), enrich.TriggerRequest{
		Ticker: sym.Ticker, Class: sym.Class, Timeframes: []market.Timeframe{market.H1}, RequestedBy: "test",
	})
	check(w.t, err)
	return t.Run
}

type (
	graphConfig = graph.Config
	enrichDeps  = enrich.Deps
)
