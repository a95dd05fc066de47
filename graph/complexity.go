package graph

import (
	"encoding/json"
	"errors"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/candlewright/candlewright/internal/enrich"
	"github.com/candlewright/candlewright/internal/feature"
	"github.com/candlewright/candlewright/internal/quality"
)

// What an operation costs: a field is 1 and what it selects; a list is as many
// times its elements as its page has, or as a list of its kind has at most; a
// list of cells is as many as its cells. So an operation costs about the number
// of values of its answer, and the prices of the fields that work more than that.

// weight is the measure of a selection. All of it is saturated: a fragment used
// in fragments grows as a power of their number.
type weight struct {
	cost    int // of what stands there once
	rows    int // of a connection's selection: the cost for each row of the page
	depth   int
	aliases int
}

// ceiling is far beyond every limit, and its square fits an int.
const ceiling = 1 << 30

func plus(a, b int) int  { return min(a+b, ceiling) }
func times(a, b int) int { return min(a*b, ceiling) }

func (w weight) beside(o weight) weight {
	return weight{plus(w.cost, o.cost), plus(w.rows, o.rows), max(w.depth, o.depth), plus(w.aliases, o.aliases)}
}

// sizes are how many elements a list has that is no connection: of a page's
// arguments where it has them, else at most or, where there is no most, usually.
var sizes = map[string]func(args map[string]any) int{
	"Query.nodes":                    func(args map[string]any) int { return max(length(args["ids"]), 1) },
	"Query.sources":                  fixed(4),
	"PipelineMetrics.sources":        fixed(4),
	"Symbol.series":                  fixed(7),
	"Symbol.candleColumns":           func(args map[string]any) int { return page(args, candleLimits) },
	"EnrichmentRun.backfills":        fixed(7),
	"EnrichmentRun.fetchLogs":        fixed(50),
	"EnrichmentRun.computeLogs":      fixed(7),
	"QualityReport.recentFetchLogs":  fixed(20),
	"Gap.fetchLogs":                  fixed(10),
	"CandleExplanation.parts":        fixed(4),
	"CandleExplanation.checks":       fixed(quality.NumChecks),
	"CandleExplanation.fields":       fixed(13),
	"CandleExplanation.features":     fixed(feature.Count),
	"Reconciliation.sources":         fixed(2),
	"Reconciliation.fields":          fixed(quality.NumBarFields),
	"Reconciliation.causes":          fixed(10),
	"ReconciledSource.onlyHereFirst": fixed(mostShown),
	"FieldReconciliation.worstBars":  fixed(mostShown),
}

// prices are what fields cost beside their values, for work that these do not
// show: an explanation reads the bars before, a reconciliation calls providers. Of
// the usual limit the first leaves fewer than 500 in a request, the other one.
var prices = map[string]int{
	"Candle.explain":  500,
	"Query.reconcile": 200_000,
}

// asInt is the number of an argument, however it came.
func asInt(v any) (int64, error) {
	switch v := v.(type) {
	case int64:
		return v, nil
	case int:
		return int64(v), nil
	case json.Number:
		return v.Int64()
	}
	return 0, errors.New("no integer")
}

// introspection is the cost of asking for the schema, whose answer is long
// whatever is selected of it.
const introspection = 20_000

func fixed(n int) func(map[string]any) int { return func(map[string]any) int { return n } }

func length(v any) int {
	list, _ := v.([]any)
	return len(list)
}

// page is the size of a page by its arguments. What is refused later anyway
// counts as the most that is allowed.
func page(args map[string]any, l limits) int {
	n := l.usual
	for _, name := range []string{"first", "last"} {
		if v, ok := args[name]; ok && v != nil {
			n = rowsAsked(v, l.most)
		}
	}
	return n
}

func rowsAsked(v any, most int) int {
	n, err := asInt(v)
	if err != nil || n < 0 {
		return most
	}
	return int(min(n, int64(most)))
}

// measure weighs the operation of a document. Each fragment is weighed once.
func measure(op *ast.OperationDefinition, vars map[string]any) weight {
	m := measuring{vars: vars, fragments: map[*ast.FragmentDefinition]weight{}}
	return m.set(op.SelectionSet)
}

type measuring struct {
	vars      map[string]any
	fragments map[*ast.FragmentDefinition]weight
}

func (m measuring) set(set ast.SelectionSet) weight {
	var sum weight
	for _, s := range set {
		switch s := s.(type) {
		case *ast.Field:
			sum = sum.beside(m.field(s))
		case *ast.InlineFragment:
			sum = sum.beside(m.set(s.SelectionSet))
		case *ast.FragmentSpread:
			w, known := m.fragments[s.Definition]
			if !known {
				w = m.set(s.Definition.SelectionSet)
				m.fragments[s.Definition] = w
			}
			sum = sum.beside(w)
		}
	}
	return sum
}

func (m measuring) field(f *ast.Field) weight {
	if strings.HasPrefix(f.Name, "__") && f.Name != "__typename" {
		return weight{cost: introspection, depth: 1, aliases: aliased(f)} // its depth has a rule of the validator
	}
	child := m.set(f.SelectionSet)
	w := weight{depth: plus(child.depth, 1), aliases: plus(child.aliases, aliased(f))}
	of := f.ObjectDefinition.Name
	args := f.ArgumentMap(m.vars)
	switch size, list := sizes[of+"."+f.Name], f.Definition.Type.Name(); {
	case strings.HasSuffix(list, "Connection"):
		l := rowLimits
		if list == "CandleConnection" {
			l = candleLimits
		}
		w.cost = plus(plus(child.cost, 1), times(page(args, l), child.rows))
	case strings.HasSuffix(of, "Connection") && (f.Name == "nodes" || f.Name == "edges"):
		w.rows = plus(child.cost, 1)
	case of == "QualityReport" && f.Name == "dailyMetrics":
		w.rows = plus(child.cost, 1) // as many as days
	case of == "Symbol" && f.Name == "qualityReport":
		w.cost = plus(plus(child.cost, 1), times(reportDays(args), child.rows))
	case size != nil:
		w.cost = plus(1, times(size(args), max(child.cost, 1)))
	default:
		w.cost = plus(child.cost, 1)
	}
	w.cost = plus(w.cost, prices[of+"."+f.Name])
	return w
}

func reportDays(args map[string]any) int {
	if v, ok := args["days"]; ok && v != nil {
		return rowsAsked(v, enrich.MaxReportDays)
	}
	return enrich.DefaultReportDays
}

func aliased(f *ast.Field) int {
	if f.Alias != f.Name {
		return 1
	}
	return 0
}
