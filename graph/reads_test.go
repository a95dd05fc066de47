package graph_test

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/candlewright/candlewright/internal/enrich"
	"github.com/candlewright/candlewright/internal/grid"
	"github.com/candlewright/candlewright/internal/market"
)

// imported stores n bars of a symbol, up to the last that ended by a moment, with
// a gap of three bars in the middle.
func (w *world) imported(sym market.Symbol, tf market.Timeframe, n int, until time.Time) {
	w.t.Helper()
	g := grid.New(sym.Class, tf)
	last := g.LastEnded(until)
	var b strings.Builder
	b.WriteString("ts,open,high,low,close,volume\n")
	for i := range n {
		if d := i - n/2; d >= 0 && d < 3 {
			continue
		}
		c := 100 + 10*math.Sin(float64(i)/5)
		fmt.Fprintf(&b, "%s,%v,%v,%v,%v,%v\n", g.Stamp(last-grid.Slot(n-1-i)).Format(time.RFC3339), c, c*1.01, c*0.98, c*1.005, 1000+i)
	}
	path := filepath.Join(w.t.TempDir(), "candles.csv")
	check(w.t, os.WriteFile(path, []byte(b.String()), 0o600))
	_, err := w.service.Import(w.t.Context(), enrich.ImportRequest{Symbol: sym, Timeframe: tf, Files: []string{path}, RequestedBy: "test"})
	check(w.t, err)
}

var (
	btc  = market.Symbol{Ticker: "BTC", Class: market.Crypto}
	aapl = market.Symbol{Ticker: "AAPL", Class: market.Stock}
)

// legacy is what the REST API answers.
func (w *world) legacy(path string) map[string]any {
	w.t.Helper()
	req, err := http.NewRequestWithContext(w.t.Context(), http.MethodGet, w.base+path, nil)
	check(w.t, err)
	resp, err := http.DefaultClient.Do(req)
	check(w.t, err)
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	check(w.t, err)
	var v map[string]any
	check(w.t, json.Unmarshal(text, &v))
	return v
}

// TestBothFacesSayTheSame compares what the two faces say of a symbol's status,
// its quality and the pipeline, value by value.
func TestBothFacesSayTheSame(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.imported(btc, market.H1, 200, now.Add(-2*time.Hour))
	w.imported(aapl, market.D1, 60, now)
	_, err := w.service.Track(t.Context(), enrich.TrackRequest{Symbol: btc, Timeframes: []market.Timeframe{market.H1}})
	check(t, err)
	_, err = w.service.Track(t.Context(), enrich.TrackRequest{Symbol: market.Symbol{Ticker: "EMPTY", Class: market.ETF}, Timeframes: []market.Timeframe{market.D1}})
	check(t, err)
	w.newRun("BTC")

	for _, ticker := range []string{"BTC", "AAPL", "EMPTY"} {
		data := w.must(`query($t: String!) { symbol(ticker: $t) { assetClass
			health { status lastEnrichmentTime dataAgeSeconds lagSeconds recordsAvailable qualityScore validationRate nextEnrichment errorMessage }
			qualityReport(days: 30) { periodDays summary { avgValidationRate avgQualityScore totalGapsDetected totalAnomalies }
				dailyMetrics { date totalRecords validatedRecords validationRate gapsDetected anomaliesDetected avgQualityScore dataCompleteness }
				recentFetchLogs { source timeframe recordsFetched recordsInserted responseTimeMs success createdAt } } } }`, "t", ticker)
		status, health := w.legacy("/api/v1/enrichment/status/"+ticker), at(t, data, "symbol.health").(map[string]any)
		same(t, ticker+": status", map[string]any{
			"status": strings.ToLower(health["status"].(string)), "last": seconds(health["lastEnrichmentTime"]), "age": health["dataAgeSeconds"],
			"records": health["recordsAvailable"], "score": health["qualityScore"], "rate": health["validationRate"],
			"next": seconds(health["nextEnrichment"]), "error": health["errorMessage"], "class": strings.ToLower(at(t, data, "symbol.assetClass").(string)),
		}, map[string]any{
			"status": status["status"], "last": status["last_enrichment_time"], "age": status["data_age_seconds"],
			"records": status["records_available"], "score": status["quality_score"], "rate": status["validation_rate"],
			"next": status["next_enrichment"], "error": status["error_message"], "class": status["asset_class"],
		})
		quality := w.legacy("/api/v1/data/quality/" + ticker + "?days=30")
		report := at(t, data, "symbol.qualityReport").(map[string]any)
		same(t, ticker+": quality", snake(report), pick(quality, "period_days", "summary", "daily_metrics", "recent_fetch_logs"))
	}

	metrics := w.must(`{ pipelineMetrics { at
		fetchPipeline { totalFetches successful successRate avgResponseTimeMs apiQuotaRemaining }
		computePipeline { totalComputations successful successRate avgComputationTimeMs }
		dataQuality { symbolsTracked avgValidationRate avgQualityScore }
		backfillProgress { inProgress completed failed pending } } }`)
	m := at(t, metrics, "pipelineMetrics").(map[string]any)
	m["timestamp"] = m["at"]
	delete(m, "at")
	same(t, "metrics", snake(m), w.legacy("/api/v1/enrichment/metrics"))
}

// seconds is an instant of GraphQL as the REST API writes it.
func seconds(v any) any {
	s, ok := v.(string)
	if !ok {
		return nil
	}
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return s
	}
	return t.Format("2006-01-02T15:04:05Z")
}

func pick(m map[string]any, names ...string) map[string]any {
	out := map[string]any{}
	for _, n := range names {
		out[n] = m[n]
	}
	return out
}

// snake writes an answer of GraphQL as the REST API does: names, words, times and
// missing numbers.
func snake(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := map[string]any{}
		for name, x := range v {
			key := snakeName(name)
			switch s, isText := x.(string); {
			case name == "createdAt" || name == "timestamp":
				key, x = "timestamp", seconds(x)
			case isText && name == "source":
				x = strings.ToLower(s)
			case isText && name == "timeframe":
				x = map[string]string{"H1": "1h", "D1": "1d"}[s]
			case x == nil && (name == "validationRate" || name == "avgQualityScore"):
				x = 0.0
			}
			out[key] = snake(x)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, x := range v {
			out[i] = snake(x)
		}
		return out
	}
	return v
}

func snakeName(s string) string {
	var b strings.Builder
	for _, r := range s {
		if 'A' <= r && r <= 'Z' {
			b.WriteByte('_')
			r += 'a' - 'A'
		}
		b.WriteRune(r)
	}
	return b.String()
}

func TestCandlesAreWhatIsStored(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.imported(aapl, market.D1, 60, now)
	data := w.must(`{ symbol(ticker: "aapl") { ticker candles(timeframe: D1, first: 100) { totalCount pageInfo { hasNextPage hasPreviousPage }
		nodes { ts end open high low close volume source revision validated validationNotes anomaly qualityScore
			return1h return1d volatility20 volatility50 atr trendDirection marketStructure rollingVolume20 openInterest delta } }
		candleColumns(timeframe: D1) { count ts open close volume source revision validated anomaly qualityScore return1d volatility50 trendDirection marketStructure openInterest }
		series { timeframe firstTs lastTs records expected completeness lagSeconds lastRun { trigger status } }
		gaps(timeframe: D1) { nodes { from to slots cause timeframe } pageInfo { hasNextPage hasPreviousPage } } } }`)
	stored, err := w.store.CandlesIn(t.Context(), 1, market.D1, enrich.Range{})
	check(t, err)
	nodes := list(t, data, "symbol.candles.nodes")
	if len(nodes) != len(stored) || len(stored) != 57 {
		t.Fatalf("%d candles, %d stored, want 57", len(nodes), len(stored))
	}
	same(t, "count", at(t, data, "symbol.candles.totalCount"), 57.0)
	number := func(v float64, ok bool) any {
		if !ok {
			return nil
		}
		return v
	}
	for i, c := range stored {
		n := nodes[i].(map[string]any)
		r1d, ok := c.Features.Return1d()
		v50, okV := c.Features.Volatility50()
		same(t, fmt.Sprint("candle ", i), []any{n["ts"], n["open"], n["close"], n["volume"], n["source"], n["revision"], n["return1d"], n["volatility50"], n["return1h"], n["openInterest"], n["qualityScore"]},
			[]any{c.TS.Format(time.RFC3339), c.Open, c.Close, c.Volume, "CSV", 1.0, number(r1d, ok), number(v50, okV), nil, nil, c.QualityScore()})
		for _, f := range []string{"ts", "open", "close", "volume", "source", "revision", "validated", "anomaly", "qualityScore", "return1d", "volatility50", "trendDirection", "marketStructure", "openInterest"} {
			same(t, fmt.Sprint("column ", f, " ", i), at(t, data, fmt.Sprint("symbol.candleColumns.", f, ".", i)), n[f])
		}
	}
	same(t, "columns", at(t, data, "symbol.candleColumns.count"), 57.0)
	if end := nodes[56].(map[string]any)["end"]; end != "2026-11-24T21:00:00Z" { // the close of that day's session
		t.Errorf("the last candle ends at %v", end)
	}
	same(t, "trend words", at(t, data, "symbol.candles.nodes.56.trendDirection") != nil, true)
	g := grid.New(market.Stock, market.D1)
	first := g.LastEnded(now) - 59
	same(t, "gaps", at(t, data, "symbol.gaps.nodes"), []any{map[string]any{
		"from": g.Stamp(first + 30).Format(time.RFC3339), "to": g.Stamp(first + 32).Format(time.RFC3339), "slots": 3.0, "cause": "SOURCE_EMPTY", "timeframe": "D1",
	}})
	same(t, "series", at(t, data, "symbol.series"), []any{map[string]any{
		"timeframe": "D1", "firstTs": g.Stamp(first).Format(time.RFC3339), "lastTs": "2026-11-24T00:00:00Z", "records": 57.0, "expected": 60.0,
		"completeness": 0.95, "lagSeconds": 0.0, "lastRun": map[string]any{"trigger": "IMPORT", "status": "COMPLETED"},
	}})
}

func TestNodesAreFoundByTheirIDs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.fill(3)
	data := w.must(`{ symbols { nodes { id ticker name active timeframes runs { nodes { id progress { seq fraction } } } fetchLogs { nodes { id } } computeLogs { nodes { id } }
		corrections { nodes { id } } dailyMetrics { nodes { id } } } } }`)
	var ids []any
	for i := range 3 {
		ids = append(ids, at(t, data, fmt.Sprintf("symbols.nodes.%d.id", i)))
		for _, f := range []string{"runs", "fetchLogs", "computeLogs", "corrections", "dailyMetrics"} {
			ids = append(ids, at(t, data, fmt.Sprintf("symbols.nodes.%d.%s.nodes.1.id", i, f)))
		}
	}
	ids = append(ids, "nonsense", "", "UzE", "U2Y", ids[0])
	w.counted.reset()
	found := w.must(`query($ids: [ID!]!) { nodes(ids: $ids) { __typename id
		... on Symbol { ticker health { status } } ... on DailyQualityMetric { date symbol { ticker } } ... on FetchLog { run { jobId } } } }`, "ids", ids)
	if n := len(w.counted.statements()); n > 9 {
		t.Errorf("%d statements for %d nodes of 6 types: %q", n, len(ids), w.counted.statements())
	}
	for i, want := range ids {
		got := at(t, found, fmt.Sprintf("nodes.%d", i))
		switch want {
		case "nonsense", "", "UzE", "U2Y":
			same(t, fmt.Sprint("node ", i), got, nil)
		default:
			same(t, fmt.Sprint("node ", i), at(t, got, "id"), want)
		}
	}
	one := w.must(`query($id: ID!) { node(id: $id) { id ... on DailyQualityMetric { date symbol { ticker } } } none: node(id: "RwI") { id } }`, "id", ids[5])
	same(t, "a day", at(t, one, "node"), map[string]any{"id": ids[5], "date": "2026-11-23", "symbol": map[string]any{"ticker": "S1"}})
	same(t, "none", one["none"], nil)

	run := w.must(`query($id: ID) { a: enrichmentRun(id: $id) { id jobId } b: enrichmentRun(id: "nonsense") { id } }`, "id", ids[1])
	job := at(t, run, "a.jobId")
	same(t, "by id", at(t, run, "a.id"), ids[1])
	same(t, "no run", run["b"], nil)
	byJob := w.must(`query($j: UUID) { enrichmentRun(jobId: $j) { id symbol { ticker } backfills { timeframe status lastSuccessfulDate errorMessage } fetchLogs { source } error { code } requestedBy } }`, "j", job)
	same(t, "by job", at(t, byJob, "enrichmentRun.id"), ids[1])
	same(t, "order of timeframes", at(t, byJob, "enrichmentRun.backfills.0.timeframe"), "H1")
}

func TestLookUpsOfSymbols(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, class := range market.AssetClasses() {
		if class != market.ETF {
			_, err := w.service.Track(t.Context(), enrich.TrackRequest{Symbol: market.Symbol{Ticker: "BTC", Class: class}, Timeframes: []market.Timeframe{market.D1}, Name: "Of " + string(class)})
			check(t, err)
		}
	}
	a := w.ask(`{ symbol(ticker: "btc") { id } }`)
	if len(a.Errors) != 1 || a.Errors[0].code() != "AMBIGUOUS_SYMBOL" || a.Errors[0].argument() != "assetClass" || !strings.Contains(a.Errors[0].Message, "STOCK, CRYPTO") {
		t.Errorf("ambiguous: %s", a.body)
	}
	data := w.must(`{ a: symbol(ticker: "btc", assetClass: CRYPTO) { ticker assetClass name health { status nextEnrichment } }
		b: symbol(ticker: "BTC", assetClass: ETF) { id } c: symbol(ticker: "no such thing é") { id }
		d: symbols(filter: {search: "of STO"}) { nodes { assetClass } totalCount }
		e: symbols(filter: {tickers: ["btc"], assetClasses: [CRYPTO, ETF], active: true}, orderBy: {direction: DESC}) { nodes { assetClass } }
		f: symbols(filter: {assetClasses: []}) { nodes { id } totalCount } server { version simulated schemaVersion } }`)
	same(t, "named", data["a"], map[string]any{
		"ticker": "BTC", "assetClass": "CRYPTO", "name": "Of crypto",
		"health": map[string]any{"status": "NOT_ENRICHED", "nextEnrichment": "2026-11-25T01:30:00Z"},
	})
	same(t, "not tracked", data["b"], nil)
	same(t, "no ticker", data["c"], nil)
	same(t, "search", data["d"], map[string]any{"nodes": []any{map[string]any{"assetClass": "STOCK"}}, "totalCount": 1.0})
	same(t, "filter", data["e"], map[string]any{"nodes": []any{map[string]any{"assetClass": "CRYPTO"}}})
	same(t, "none of no class", data["f"], map[string]any{"nodes": []any{}, "totalCount": 0.0})
	same(t, "server", data["server"], map[string]any{"version": "v0", "simulated": true, "schemaVersion": 4.0})
}
