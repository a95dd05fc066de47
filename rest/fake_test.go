package rest

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/candlewright/candlewright/internal/enrich"
	"github.com/candlewright/candlewright/internal/fault"
	"github.com/candlewright/candlewright/internal/httpserver"
	"github.com/candlewright/candlewright/internal/market"
	"github.com/candlewright/candlewright/internal/pipeline"
	"github.com/candlewright/candlewright/internal/quality"
)

// fake is a service that knows one enriched symbol, AAPL the stock, and notes
// what it was asked. An err, or a wait, comes before every answer.
type fake struct {
	now   func() time.Time
	empty bool
	err   error
	wait  func(ctx context.Context)

	mu    sync.Mutex
	asked []asked
}

type asked struct {
	Route   string
	Ticker  string
	Class   string // "" is none
	Days    int
	Trigger enrich.TriggerRequest
}

// documented is the time of the answers in the documentation, with a fraction
// that must be cut and a zone that must not show.
var documented = time.Date(2024, 11, 13, 5, 31, 0, 999_999_999, time.FixedZone("EST", -5*3600))

func newFake() *fake { return &fake{now: func() time.Time { return documented }} }

func (f *fake) enter(ctx context.Context, a asked) error {
	f.mu.Lock()
	f.asked = append(f.asked, a)
	f.mu.Unlock()
	if f.wait != nil {
		f.wait(ctx)
	}
	return f.err
}

// calls gives what was asked since the last call of calls.
func (f *fake) calls() []asked {
	f.mu.Lock()
	defer f.mu.Unlock()
	all := f.asked
	f.asked = nil
	return all
}

func word(c *market.AssetClass) string {
	if c == nil {
		return ""
	}
	return string(*c)
}

// knows reports whether a ticker and class name the one symbol.
func (f *fake) knows(ticker string, class *market.AssetClass) bool {
	return !f.empty && ticker == "AAPL" && (class == nil || *class == market.Stock)
}

func (f *fake) Health(ctx context.Context, ticker string, class *market.AssetClass) (enrich.Health, error) {
	if err := f.enter(ctx, asked{Route: "status", Ticker: ticker, Class: word(class)}); err != nil {
		return enrich.Health{}, err
	}
	now, upper := f.now(), market.UpperTicker(ticker)
	if !f.knows(upper, class) {
		return enrich.Health{Ticker: upper, Class: class, Status: "not_enriched", At: now}, nil
	}
	return enrich.Health{
		Ticker:             upper,
		Class:              new(market.Stock),
		Status:             "healthy",
		LastEnrichmentTime: new(now.Add(-15500 * time.Millisecond)),
		DataAgeSeconds:     new(int64(300)),
		LagSeconds:         new(int64(0)),
		RecordsAvailable:   1250,
		QualityScore:       new(0.95),
		ValidationRate:     new(98.5),
		Timeframes:         []market.Timeframe{market.D1, market.H1},
		NextEnrichment:     new(now.Add(14*time.Hour + 59*time.Minute)),
		At:                 now,
	}, nil
}

func (f *fake) Metrics(ctx context.Context) (enrich.PipelineMetrics, error) {
	if err := f.enter(ctx, asked{Route: "metrics"}); err != nil {
		return enrich.PipelineMetrics{}, err
	}
	if f.empty {
		return enrich.PipelineMetrics{At: f.now()}, nil
	}
	return enrich.PipelineMetrics{
		Fetch:    enrich.StageMetrics{Total: 1250, Successful: 1240, SuccessRate: 99.2, AvgMs: 245, QuotaRemaining: new(int64(450))},
		Compute:  enrich.StageMetrics{Total: 1240, Successful: 1235, SuccessRate: 99.6, AvgMs: 12},
		Quality:  enrich.TrackedQuality{SymbolsTracked: 45, AvgValidationRate: 98.5, AvgQualityScore: 0.93},
		Backfill: enrich.BackfillCounts{InProgress: 2, Completed: 43},
		At:       f.now(),
	}, nil
}

func (f *fake) Trigger(ctx context.Context, r enrich.TriggerRequest) (enrich.Triggered, error) {
	if err := f.enter(ctx, asked{Route: "trigger", Trigger: r}); err != nil {
		return enrich.Triggered{}, err
	}
	total := int64(250 * len(r.Timeframes))
	if r.Class == market.Crypto {
		total = int64(365 * len(r.Timeframes))
	}
	return enrich.Triggered{
		JobID:            uuid.MustParse("550E8400-E29B-41D4-A716-446655440000"),
		Symbol:           market.Symbol{Ticker: r.Ticker, Class: r.Class},
		Timeframes:       r.Timeframes,
		TotalRecords:     total,
		EstimatedSeconds: int64(20*len(r.Timeframes)) + total/100,
		At:               f.now(),
	}, nil
}

func (f *fake) QualityReport(ctx context.Context, ticker string, class *market.AssetClass, days int) (enrich.QualityReport, error) {
	if err := f.enter(ctx, asked{Route: "quality", Ticker: ticker, Class: word(class), Days: days}); err != nil {
		return enrich.QualityReport{}, err
	}
	now, upper := f.now(), market.UpperTicker(ticker)
	report := enrich.QualityReport{Ticker: upper, Days: days, At: now}
	if !f.knows(upper, class) {
		return report, nil
	}
	today := market.DateOf(now)
	report.Daily = []quality.DayMetric{
		{Date: today, Total: 180, Validated: 177, ScoreSum: 169.2},
		{Date: today - 1, Gaps: 2},
		{Date: today - 2, Total: 198, Validated: 198, Gaps: 1, Anomalies: 1, ScoreSum: 190.08},
	}
	report.Summary = enrich.QualitySummary{
		AvgValidationRate: quality.Round2((98.33 + 100) / 2),
		AvgQualityScore:   quality.Round2((0.94 + 0.96) / 2),
		TotalGaps:         3,
		TotalAnomalies:    1,
	}
	report.Fetches = []pipeline.FetchLog{
		{Source: "polygon", Timeframe: market.D1, Fetched: 5, Inserted: 5, ResponseTimeMs: new(245), Success: true, CreatedAt: now.Add(-9 * time.Hour)},
		{Source: "yahoo", Timeframe: market.H1, CreatedAt: now.Add(-10 * time.Hour)},
	}
	return report, nil
}

// errDriver is what a client must never read.
var errDriver = errors.New(`failed to connect to "host=10.0.0.7 user=candle database=market": password hunter2`)

func down(ctx context.Context) error { return fault.Database(ctx, errDriver) }

// face is the API as app mounts it.
func face(f *fake, log *slog.Logger) httpserver.Face {
	return httpserver.Face{Prefix: Prefix, Handler: New(f, log), Around: CORS, IgnoresBody: true}
}

func handler(f *fake) http.Handler {
	return httpserver.New(httpserver.Config{}, face(f, slog.New(slog.DiscardHandler))).Handler()
}

// serve runs the API behind a real listener.
func serve(t *testing.T, f *fake) string {
	t.Helper()
	srv := httptest.NewServer(handler(f))
	t.Cleanup(srv.Close)
	return srv.URL
}

// ask sends a request without a network; headers are "Name: value".
func ask(h http.Handler, method, target string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, target, http.NoBody)
	for _, line := range headers {
		name, value, _ := strings.Cut(line, ": ")
		r.Header.Add(name, value)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// bodyOf reads the body of an answer to its end and closes it.
func bodyOf(t *testing.T, resp *http.Response) string {
	t.Helper()
	b, err := io.ReadAll(resp.Body)
	if err = errors.Join(err, resp.Body.Close()); err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// sortedHeader gives the headers that a contract speaks of, one a line.
func sortedHeader(h http.Header) string {
	var lines []string
	for name, values := range h {
		if strings.HasPrefix(name, "Access-Control-") || slices.Contains([]string{"Vary", "Allow", "Location", "Content-Type"}, name) {
			lines = append(lines, name+": "+strings.Join(values, " | "))
		}
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}
