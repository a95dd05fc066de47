package graph_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

// candleFields is every field of a candle.
const candleFields = `ts end open high low close volume source revision validated validationNotes anomaly qualityScore
	return1h return1d volatility20 volatility50 atr trendDirection marketStructure rollingVolume20 openInterest fundingRate
	liquidationsLong liquidationsShort takerBuyVolume takerSellVolume delta buySellRatio liquidationIntensity volumeSpikeScore
	longShortRatio fundingRatePercentile exchangeInflow openInterestChange`

func TestWhatFitsTheLimits(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.fill(60)
	page := `pageInfo { hasNextPage hasPreviousPage startCursor endCursor } totalCount`
	for name, query := range map[string]string{
		"a page of 5,000 whole candles":   `{ symbol(ticker: "S1") { candles(timeframe: H1, first: 5000) { nodes { ` + candleFields + ` } ` + page + ` } } }`,
		"the same with cursors":           `{ symbol(ticker: "S1") { candles(timeframe: H1, first: 5000) { edges { cursor node { ` + candleFields + ` } } ` + page + ` } } }`,
		"the bench's nested page":         `{ symbols(first: 50) { nodes { ticker health { status qualityScore } dailyMetrics(first: 7) { nodes { date totalRecords } } fetchLogs(first: 10) { nodes { source success createdAt } } } } }`,
		"100 candles with all reasons":    `{ symbol(ticker: "S1") { candles(timeframe: H1, first: 100) { nodes { ` + candleFields + ` explain { ` + explainFields + ` } } } } }`,
		"500 symbols with their health":   `{ symbols(first: 500) { nodes { id ticker assetClass name active timeframes addedAt health { status lastEnrichmentTime dataAgeSeconds lagSeconds recordsAvailable qualityScore validationRate nextEnrichment errorMessage } series { timeframe records } } } }`,
		"50 symbols with 500 closes each": `{ symbols(first: 50) { nodes { candles(timeframe: H1, first: 500) { nodes { ts close } } } } }`,
		"15 levels":                       levels(15),
		"the whole schema":                `{ __schema { types { name description fields { name type { kind name ofType { kind name ofType { kind name ofType { name } } } } args { name defaultValue } } enumValues { name } } } }`,
		"100 aliases":                     aliases(100),
	} {
		if a := w.ask(query); a.status != http.StatusOK || len(a.Errors) > 0 {
			t.Errorf("%s: %d %.300s", name, a.status, a.body)
		}
	}
}

func aliases(n int) string {
	var b strings.Builder
	b.WriteString("{")
	for i := range n {
		fmt.Fprintf(&b, " a%d: __typename", i)
	}
	return b.String() + " }"
}

// levels is an operation with so many fields inside fields.
func levels(n int) string {
	chain := []string{"runs(first: 1)", "nodes", "symbol"}
	var b strings.Builder
	b.WriteString(`{ symbol(ticker: "S1")`)
	for i := range n - 2 {
		b.WriteString(" { " + chain[i%3])
	}
	b.WriteString(" { __typename" + strings.Repeat(" }", n))
	return b.String()
}

// fragments is a bomb: n fragments that each use the next one twice.
func fragments(n int) string {
	var b strings.Builder
	b.WriteString(`{ symbols(first: 1) { nodes { ...F0 } } }`)
	for i := range n {
		fmt.Fprintf(&b, " fragment F%d on Symbol { ...F%d x%d: ticker ...F%d }", i, i+1, i, i+1)
	}
	return b.String() + fmt.Sprintf(" fragment F%d on Symbol { y: ticker }", n)
}

// TestBombsAreRefused sends operations that would cost too much. Each is refused
// before it begins, soon, and the connection goes on.
func TestBombsAreRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.fill(2)
	const tooMuch = "COMPLEXITY_LIMIT_EXCEEDED"
	for name, c := range map[string]struct{ query, code, says string }{
		"50 symbols with 500 whole candles each": {`{ symbols(first: 50) { nodes { candles(timeframe: H1, first: 500) { nodes { ` + candleFields + ` } } } } }`, tooMuch, "want at most 250000"},
		"first: 100000, three deep":              {`{ symbols(first: 100000) { nodes { runs(first: 100000) { nodes { symbol { fetchLogs(first: 100000) { nodes { id } } } } } } } }`, tooMuch, "complexity"},
		"usual pages, five deep":                 {`{ symbols { nodes { runs { nodes { symbol { runs { nodes { symbol { runs { nodes { id } } } } } } } } } } }`, tooMuch, "complexity"},
		"the same twenty times":                  {`{ ` + strings.Repeat(`symbols(first: 500) { nodes { health { status } } } `, 1) + many(300, `b%d: symbols(first: 500) { nodes { id } }`) + ` }`, tooMuch, "aliases"},
		"16 levels":                              {levels(16), tooMuch, "16 levels of fields: want at most 15"},
		"101 aliases":                            {aliases(101), tooMuch, "aliases: want at most 100"},
		"aliases in fragments":                   {fragments(40), tooMuch, "far too many aliases"},
		"the schema twenty times":                {`{ ` + many(20, `s%d: __schema { types { name } }`) + ` }`, tooMuch, "complexity"},
		"introspection in a circle":              {`{ __schema { types { fields { type { fields { type { fields { type { fields { name } } } } } } } } } }`, "GRAPHQL_VALIDATION_FAILED", ""},
		"20,000 tokens":                          {`{ ` + strings.Repeat("__typename ", 20_000) + `}`, "GRAPHQL_PARSE_FAILED", "token"},
		"14,000 fields alike":                    {`{ symbols(first: 1) { nodes { ` + strings.Repeat("id ", 14_000) + `} } }`, tooMuch, "repeats its fields"},
		"4,000 lists alike":                      {`{ ` + strings.Repeat("symbols { nodes { id } } ", 2_000) + `}`, tooMuch, "repeats its fields"},
		"many fragments":                         {`{ __typename ` + many(1000, "...F%d") + ` } ` + many(1000, "fragment F%d on Query { x: __typename }"), tooMuch, ""},
		"many variables":                         {`query(` + many(2000, "$v%d: Int") + `) { __typename }`, "GRAPHQL_VALIDATION_FAILED", ""},
		"a deep value":                           {`{ symbols(filter: {tickers: ` + strings.Repeat("[", 7000) + strings.Repeat("]", 7000) + `}) { totalCount } }`, "GRAPHQL_PARSE_FAILED", "nesting depth"},
		"deep braces":                            {strings.Repeat("{ symbols ", 5000) + strings.Repeat("}", 5000), "GRAPHQL_PARSE_FAILED", "nesting depth"},
		"crossed lists":                          {`{ ` + strings.Repeat(`symbols { `+strings.Repeat("nodes { id } ", 30)+`} `, 100) + `}`, tooMuch, "repeats its fields"},
		"directives":                             {`{ __typename ` + strings.Repeat("@skip(if: false) ", 2_000) + `}`, "GRAPHQL_VALIDATION_FAILED", ""},
		"a list of a thousand nodes":             {`{ nodes(ids: [` + strings.Repeat(`"x",`, 1000) + `]) { id ... on Symbol { candles(timeframe: H1) { nodes { close } } } } }`, tooMuch, "complexity"},
		"all columns of many symbols":            {`{ symbols(first: 500) { nodes { candleColumns(timeframe: H1, last: 5000) { ts close } } } }`, tooMuch, "complexity"},
		"reports of many symbols":                {`{ symbols(first: 500) { nodes { qualityReport(days: 365) { dailyMetrics { date symbol { ticker } } } } } }`, tooMuch, "complexity"},
		"500 explained candles":                  {`{ symbol(ticker: "S1") { candles(timeframe: H1) { nodes { explain { score } } } } }`, tooMuch, "complexity"},
		"two reconciliations":                    {`{ a: reconcile(input: {ticker: "A", timeframe: D1, from: "2024-01-01T00:00:00Z"}) { agree } b: reconcile(input: {ticker: "B", timeframe: D1, from: "2024-01-01T00:00:00Z"}) { agree } }`, tooMuch, "complexity"},
		"logs of many runs":                      {`{ enrichmentRuns(first: 500) { nodes { fetchLogs { id source run { fetchLogs { id } } } } } }`, tooMuch, "complexity"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			begun := time.Now()
			a := w.ask(c.query)
			if len(a.Errors) == 0 || a.Errors[0].code() != c.code || !strings.Contains(a.Errors[0].Message, c.says) {
				t.Errorf("want %s with %q: %.400s", c.code, c.says, a.body)
			}
			if took := time.Since(begun); took > 5*time.Second {
				t.Errorf("it took %v to refuse", took)
			} else {
				t.Logf("refused in %v: %.120s", took, a.body)
			}
			if strings.Contains(a.body, `"data"`) || a.status != http.StatusOK {
				t.Errorf("%d %.300s", a.status, a.body)
			}
			if got := w.must(`{ __typename }`); got["__typename"] != "Query" {
				t.Errorf("afterwards: %v", got)
			}
		})
	}
}

func many(n int, field string) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, field+" ", i)
	}
	return b.String()
}

func TestTheSchemaCanBeHidden(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *graphConfig, _ *enrichDeps) { c.HideSchema = true })
	for _, query := range []string{
		`{ __schema { types { name } } }`, `{ ... { __type(name: "Symbol") { name } } }`, `{ ...F } fragment F on Query { __schema { description } }`,
	} {
		a := w.ask(query)
		if len(a.Errors) != 1 || a.Errors[0].code() != "FORBIDDEN" || strings.Contains(a.body, `"data"`) {
			t.Errorf("%s: %s", query, a.body)
		}
	}
	w.must(`{ __typename symbols { __typename } }`)
}
