package graph_test

import (
	"context"
	"encoding/json"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/candlewright/candlewright/internal/enrich"
	"github.com/candlewright/candlewright/internal/market"
	"github.com/candlewright/candlewright/internal/quality"
	"github.com/candlewright/candlewright/internal/source"
	"github.com/candlewright/candlewright/internal/source/binance"
	"github.com/candlewright/candlewright/internal/source/polygon"
	"github.com/candlewright/candlewright/internal/source/sim"
	"github.com/candlewright/candlewright/internal/source/yahoo"
)

// provider is how a simulated provider behaves.
type provider struct {
	config  sim.Config
	faults  sim.Schedule
	breaker source.BreakerConfig
}

// sources are the real adapters on simulated providers.
func sources(t *testing.T, of map[market.SourceName]provider) option {
	t.Helper()
	clock := source.Clock{Now: func() time.Time { return now }, Sleep: func(ctx context.Context, _ time.Duration) error { return ctx.Err() }}
	serve := func(name market.SourceName, p func(sim.Options) *sim.Provider) string {
		s := httptest.NewServer(p(sim.Options{Market: sim.NewMarket(of[name].config), Now: clock.Now, Faults: of[name].faults}))
		t.Cleanup(s.Close)
		return s.URL
	}
	retry := source.Retry{Delays: []time.Duration{}}
	plan, err := polygon.ParsePlan("advanced")
	check(t, err)
	b, err := binance.New(binance.Config{URL: serve(market.Binance, sim.Binance), Clock: clock, Retry: retry, Breaker: of[market.Binance].breaker})
	check(t, err)
	p, err := polygon.New(polygon.Config{URL: serve(market.Polygon, sim.Polygon), Key: "k", Plan: plan, Clock: clock, Retry: retry, Breaker: of[market.Polygon].breaker})
	check(t, err)
	y, err := yahoo.New(yahoo.Config{URL: serve(market.Yahoo, sim.Yahoo), Clock: clock, Retry: retry, Breaker: of[market.Yahoo].breaker})
	check(t, err)
	t.Cleanup(func() { b.Close(); p.Close(); y.Close() })
	return func(_ *graphConfig, d *enrichDeps) { d.Sources = source.NewChain(source.DefaultOrder(), b, p, y) }
}

const reconcileQuery = `query($in: ReconcileInput!) { reconcile(input: $in) { ticker assetClass timeframe from to tolerance agree barsCompared barsDiffering notes
	sources { source bars rowsRejected rowsOffGrid onlyHere onlyHereFirst }
	fields { field barsDiffering worst worstAt worstBars { ts first second difference causes } }
	causes { cause bars from to worst explanation } } }`

// TestReconciliationsAreTheServices compares an answer with what the service says,
// of sources that agree and of two different markets.
func TestReconciliationsAreTheServices(t *testing.T) {
	t.Parallel()
	from, to := time.Date(2024, 1, 2, 0, 0, 0, 0, time.UTC), time.Date(2024, 6, 28, 0, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		yahoo sim.Config
		agree bool
	}{
		"the same market": {sim.Config{Seed: 7, Calm: true}, true},
		"another market":  {sim.Config{Seed: 8, Splits: []sim.Split{{Symbol: aapl, Date: market.DateOf(to.AddDate(0, -1, 0)), To: 4, From: 1}}}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, sources(t, map[market.SourceName]provider{market.Polygon: {config: sim.Config{Seed: 7, Calm: true}}, market.Yahoo: {config: c.yahoo}}))
			want, err := w.service.Reconcile(t.Context(), enrich.ReconcileRequest{Symbol: aapl, Timeframe: market.D1, From: from, To: to, Tolerance: enrich.DefaultTolerance})
			check(t, err)
			got := at(t, w.must(reconcileQuery, "in", map[string]any{"ticker": "aapl", "timeframe": "D1", "from": from, "to": to}), "reconcile").(map[string]any)
			reconciled(t, got, want)
			if got["agree"] != c.agree || want.Common < 100 {
				t.Errorf("agree is %v of %d bars", got["agree"], want.Common)
			}
		})
	}
}

func reconciled(t *testing.T, got map[string]any, want enrich.Reconciliation) {
	t.Helper()
	same(t, "the whole", pick(got, "ticker", "assetClass", "timeframe", "from", "to", "tolerance", "barsCompared", "barsDiffering"), map[string]any{
		"ticker": "AAPL", "assetClass": "STOCK", "timeframe": "D1", "from": want.From.Format(time.RFC3339), "to": want.To.Format(time.RFC3339),
		"tolerance": enrich.DefaultTolerance, "barsCompared": float64(want.Common), "barsDiffering": float64(want.Differing()),
	})
	for i, s := range []struct{ bars, only int }{{want.BarsA, want.OnlyA()}, {want.BarsB, want.OnlyB()}} {
		source := list(t, got, "sources")[i].(map[string]any)
		a := want.Answers[i]
		same(t, "source", pick(source, "source", "bars", "rowsRejected", "rowsOffGrid", "onlyHere"), map[string]any{
			"source": strings.ToUpper(string(a.Source)), "bars": float64(s.bars), "rowsRejected": float64(a.Rejected), "rowsOffGrid": float64(a.OffGrid), "onlyHere": float64(s.only),
		})
		same(t, "stamps of one alone", len(list(t, source, "onlyHereFirst")), min(s.only, 10))
	}
	for f := range quality.BarField(quality.NumBarFields) {
		field := list(t, got, "fields")[f].(map[string]any)
		d := want.Fields[f]
		same(t, f.String(), pick(field, "field", "barsDiffering", "worst"), map[string]any{"field": strings.ToUpper(f.String()), "barsDiffering": float64(d.Bars), "worst": d.Worst})
		bars := list(t, field, "worstBars")
		if len(bars) != min(d.Bars, 10) {
			t.Errorf("%s: %d worst bars of %d", f, len(bars), d.Bars)
		}
		if len(bars) > 0 {
			same(t, "the worst bar", pick(bars[0].(map[string]any), "ts", "difference"), map[string]any{"ts": d.WorstAt.Format(time.RFC3339), "difference": d.Worst})
		}
	}
	causes := list(t, got, "causes")
	same(t, "causes", len(causes), len(want.Groups))
	for i, g := range want.Groups {
		same(t, "cause", causes[i], map[string]any{
			"cause": strings.ToUpper(string(g.Cause)), "bars": float64(g.Bars), "worst": g.Worst, "explanation": want.Explain(g),
			"from": g.From.Format(time.RFC3339), "to": g.To.Format(time.RFC3339),
		})
	}
}

func TestReconciliationsThatCannotBe(t *testing.T) {
	t.Parallel()
	calm := provider{config: sim.Config{Seed: 7, Calm: true}}
	broken := calm
	broken.faults = sim.Always(sim.Fault{Kind: sim.ServerError})
	w := newWorld(t, sources(t, map[market.SourceName]provider{market.Binance: calm, market.Polygon: calm, market.Yahoo: broken}))
	none := newWorld(t)
	for name, c := range map[string]struct {
		world                *world
		input                string // beside a good one
		code, argument, says string
	}{
		"no source at all":     {none, ``, "UNAVAILABLE", "", "no source that is switched on"},
		"a source that is out": {w, ``, "UNAVAILABLE", "", "yahoo did not deliver"},
		"a ticker":             {w, `"ticker": "A B"`, "BAD_USER_INPUT", "input.ticker", "want 1 to 20 characters"},
		"a ticker of nobody":   {w, `"ticker": "NOPE", "assetClass": "CRYPTO", "sources": ["BINANCE", "POLYGON"]`, "SYMBOL_NOT_FOUND", "input.ticker", "does not know"},
		"no sources named":     {w, `"sources": []`, "BAD_USER_INPUT", "input.sources", "want two different ones"},
		"one source":           {w, `"sources": ["POLYGON"]`, "BAD_USER_INPUT", "input.sources", "want two different ones"},
		"one source twice":     {w, `"sources": ["POLYGON", "POLYGON"]`, "BAD_USER_INPUT", "input.sources", "want two different ones"},
		"files":                {w, `"sources": ["POLYGON", "CSV"]`, "BAD_USER_INPUT", "input.sources", "csv cannot be asked"},
		"a source of coins":    {w, `"sources": ["POLYGON", "BINANCE"]`, "BAD_USER_INPUT", "input.sources", "binance cannot be asked"},
		"a tolerance":          {w, `"tolerance": 1`, "BAD_USER_INPUT", "input.tolerance", "from 0 to below 1"},
		"a range backwards":    {w, `"to": "2023-01-01T00:00:00Z"`, "BAD_USER_INPUT", "input.from", "is empty"},
		"the future":           {w, `"from": "2030-01-01T00:00:00Z", "to": "2030-02-01T00:00:00Z"`, "BAD_USER_INPUT", "input.from", "is empty"},
		"too long a range":     {w, `"ticker": "BTC", "assetClass": "CRYPTO", "timeframe": "M5", "sources": ["BINANCE", "POLYGON"], "from": "2018-01-01T00:00:00Z", "to": null`, "BAD_USER_INPUT", "input.from", "want at most 500000"},
		"a source of no name":  {w, `"sources": ["POLYGON", "NASDAQ"]`, "BAD_USER_INPUT", "in.sources.1", "NASDAQ"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			in := map[string]any{"ticker": "AAPL", "timeframe": "D1", "from": "2024-01-02T00:00:00Z", "to": "2024-06-28T00:00:00Z"}
			check(t, json.Unmarshal([]byte("{"+c.input+"}"), &in))
			a := c.world.ask(reconcileQuery, "in", in)
			if len(a.Errors) != 1 || a.Errors[0].code() != c.code || a.Errors[0].argument() != c.argument || !strings.Contains(a.Errors[0].Message, c.says) {
				t.Errorf("want %s of %q with %q: %s", c.code, c.argument, c.says, a.body)
			}
		})
	}
}

// TestBreakersAreSeen opens the breakers of two sources; that of one lets a probe
// through at once.
func TestBreakersAreSeen(t *testing.T) {
	t.Parallel()
	fails := func(open time.Duration) provider {
		return provider{faults: sim.Always(sim.Fault{Kind: sim.ServerError}), breaker: source.BreakerConfig{Failures: 1, Open: open}}
	}
	w := newWorld(t, sources(t, map[market.SourceName]provider{market.Polygon: fails(time.Hour), market.Yahoo: fails(time.Nanosecond)}))
	const query = `{ sources { source breaker } pipelineMetrics { sources { breaker } } }`
	states := func(w *world) map[string]any {
		t.Helper()
		data, out := w.must(query), map[string]any{}
		for i, s := range list(t, data, "sources") {
			s := s.(map[string]any)
			out[s["source"].(string)] = s["breaker"]
			same(t, "of the metrics", list(t, data, "pipelineMetrics.sources")[i].(map[string]any)["breaker"], s["breaker"])
		}
		return out
	}
	same(t, "at first", states(w), map[string]any{"POLYGON": "CLOSED", "BINANCE": "CLOSED", "YAHOO": "CLOSED", "CSV": nil})
	for _, name := range []string{"POLYGON", "YAHOO"} {
		a := w.ask(reconcileQuery, "in", map[string]any{
			"ticker": "BTC", "assetClass": "CRYPTO", "timeframe": "D1", "from": "2024-01-02T00:00:00Z", "to": "2024-02-01T00:00:00Z", "sources": []string{name, "BINANCE"},
		})
		if len(a.Errors) != 1 || a.Errors[0].code() != "UNAVAILABLE" {
			t.Errorf("%s: %s", name, a.body)
		}
	}
	same(t, "afterwards", states(w), map[string]any{"POLYGON": "OPEN", "BINANCE": "CLOSED", "YAHOO": "HALF_OPEN", "CSV": nil})
	same(t, "where nobody is asked", states(newWorld(t)), map[string]any{"POLYGON": nil, "BINANCE": nil, "YAHOO": nil, "CSV": nil})
}
