package app

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/candlewright/candlewright/internal/enrich"
	"github.com/candlewright/candlewright/internal/market"
	"github.com/candlewright/candlewright/internal/quality"
)

// printReconciliation tells a person: first whether the sources agree, then
// field by field, the likely causes, and the worst bars.
func printReconciliation(out io.Writer, r enrich.Reconciliation, worst int) error {
	w := &strings.Builder{}
	of := fmt.Sprintf("%s %s, %s to %s", r.Symbol, r.Timeframe, shownStamp(r.From, r.Timeframe), shownStamp(r.To.Add(-time.Nanosecond), r.Timeframe))
	if r.Agree() {
		fmt.Fprintf(w, "%s: %s and %s agree on all %s, within %s.\n", of, r.A, r.B, count(r.Common, "bar"), percent(r.Tolerance))
	} else {
		fmt.Fprintf(w, "%s: %s and %s differ.\n", of, r.A, r.B)
		fmt.Fprintf(w, "Of %s that both have, %d differ by more than %s. Only %s has %d, only %s has %d.\n",
			count(r.Common, "bar"), r.Differing(), percent(r.Tolerance), r.A, r.OnlyA(), r.B, r.OnlyB())
	}
	for _, a := range r.Answers {
		if a.Rejected > 0 || a.OffGrid > 0 {
			fmt.Fprintf(w, "%s sent rows that were refused: %d by the checks, of which %d lay off the grid.\n", a.Source, a.Rejected, a.OffGrid)
		}
	}
	for _, note := range r.Notes {
		fmt.Fprintln(w, note)
	}
	printFields(w, r)
	if len(r.Groups) > 0 {
		fmt.Fprintln(w, "\nLikely causes:")
	}
	for _, g := range r.Groups {
		fmt.Fprintf(w, "  %s, %s: %s, worst difference %s\n    %s\n", strings.ReplaceAll(string(g.Cause), "_", " "),
			count(g.Bars, "bar"), span(g.From, g.To, r.Timeframe), percent(g.Worst), r.Explain(g))
	}
	printWorst(w, r, worst)
	_, err := io.WriteString(out, w.String())
	return err
}

func printFields(w io.Writer, r enrich.Reconciliation) {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "\nfield\tcompared\tdiffer\tworst\tat\n")
	for f := range quality.BarField(quality.NumBarFields) {
		d, at := r.Fields[f], ""
		if !d.WorstAt.IsZero() {
			at = shownStamp(d.WorstAt, r.Timeframe)
		}
		fmt.Fprintf(t, "%s\t%d\t%d\t%s\t%s\n", f, r.Common, d.Bars, percent(d.Worst), at)
	}
	_ = t.Flush() // the writer below is one of memory
}

// printWorst lists the bars that differ most, in the field that does.
func printWorst(w io.Writer, r enrich.Reconciliation, most int) {
	list := slices.DeleteFunc(slices.Clone(r.Differences), func(d quality.Difference) bool { return d.Only() })
	slices.SortStableFunc(list, func(a, b quality.Difference) int {
		_, x := a.Worst()
		_, y := b.Worst()
		return cmp.Compare(y, x)
	})
	list = list[:min(most, len(list))]
	if len(list) == 0 {
		return
	}
	fmt.Fprintln(w, "\nWorst bars:")
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "  bar\tfield\t%s\t%s\tdifference\tcause\n", r.A, r.B)
	for _, d := range list {
		f, by := d.Worst()
		fmt.Fprintf(t, "  %s\t%s\t%s\t%s\t%s\t%s\n", shownStamp(d.TS, r.Timeframe), f, number(d.A[f]), number(d.B[f]), percent(by), causeWords(d.Causes))
	}
	_ = t.Flush() // see above
}

func causeWords(causes []quality.DifferenceCause) string {
	words := make([]string, len(causes))
	for i, c := range causes {
		words[i] = strings.ReplaceAll(string(c), "_", " ")
	}
	return strings.Join(words, ", ")
}

func span(from, to time.Time, tf market.Timeframe) string {
	if from.Equal(to) {
		return shownStamp(from, tf)
	}
	return shownStamp(from, tf) + " to " + shownStamp(to, tf)
}

// shownStamp is a bar's stamp: a date where bars have dates.
func shownStamp(t time.Time, tf market.Timeframe) string {
	if tf.Intraday() {
		return t.UTC().Format("2006-01-02 15:04Z")
	}
	return t.UTC().Format(time.DateOnly)
}

// percent is a share with three significant digits.
func percent(share float64) string {
	return strconv.FormatFloat(100*share, 'g', 3, 64) + " %"
}

// number is a price or volume, short.
func number(x float64) string {
	if x == math.Trunc(x) && math.Abs(x) < 1e15 {
		return strconv.FormatFloat(x, 'f', 0, 64)
	}
	return strconv.FormatFloat(x, 'g', 8, 64)
}

// The report for programs.
type (
	reconciliationJSON struct {
		Ticker      string                    `json:"ticker"`
		AssetClass  market.AssetClass         `json:"asset_class"`
		Timeframe   market.Timeframe          `json:"timeframe"`
		From        time.Time                 `json:"from"`
		To          time.Time                 `json:"to"` // exclusive
		Sources     [2]market.SourceName      `json:"sources"`
		Tolerance   float64                   `json:"tolerance"`
		Agree       bool                      `json:"agree"`
		Compared    int                       `json:"bars_compared"`
		Differing   int                       `json:"bars_differing"`
		Only        map[market.SourceName]int `json:"bars_only"`
		Rejected    map[market.SourceName]int `json:"rows_rejected"`
		Notes       []string                  `json:"notes"`
		Fields      map[string]fieldJSON      `json:"fields"`
		Causes      []causeJSON               `json:"causes"`
		Differences []differenceJSON          `json:"differences"`
	}
	fieldJSON struct {
		Bars    int        `json:"bars_differing"`
		Worst   float64    `json:"worst"`
		WorstAt *time.Time `json:"worst_at"`
	}
	causeJSON struct {
		Cause   quality.DifferenceCause `json:"cause"`
		Bars    int                     `json:"bars"`
		From    time.Time               `json:"from"`
		To      time.Time               `json:"to"` // inclusive
		Worst   float64                 `json:"worst"`
		Ratio   *[2]int                 `json:"ratio,omitempty"`
		Meaning string                  `json:"meaning"`
	}
	differenceJSON struct {
		TS     time.Time                     `json:"ts"`
		Causes []quality.DifferenceCause     `json:"causes"`
		Bars   map[market.SourceName]barJSON `json:"bars"`
		Differ map[string]float64            `json:"relative_differences"`
	}
	barJSON map[string]float64
)

// writeReconciliation tells a program, every difference included.
func writeReconciliation(out io.Writer, r enrich.Reconciliation, _ int) error {
	v := reconciliationJSON{
		Ticker: r.Symbol.Ticker, AssetClass: r.Symbol.Class, Timeframe: r.Timeframe, From: r.From, To: r.To,
		Sources: [2]market.SourceName{r.A, r.B}, Tolerance: r.Tolerance, Agree: r.Agree(), Compared: r.Common, Differing: r.Differing(),
		Only:     map[market.SourceName]int{r.A: r.OnlyA(), r.B: r.OnlyB()},
		Rejected: map[market.SourceName]int{},
		Notes:    append([]string{}, r.Notes...), Fields: map[string]fieldJSON{}, Causes: []causeJSON{}, Differences: []differenceJSON{},
	}
	for _, a := range r.Answers {
		v.Rejected[a.Source] = a.Rejected
	}
	for f := range quality.BarField(quality.NumBarFields) {
		field := fieldJSON{Bars: r.Fields[f].Bars, Worst: r.Fields[f].Worst}
		if at := r.Fields[f].WorstAt; !at.IsZero() {
			field.WorstAt = &at
		}
		v.Fields[f.String()] = field
	}
	for _, g := range r.Groups {
		c := causeJSON{Cause: g.Cause, Bars: g.Bars, From: g.From, To: g.To, Worst: g.Worst, Meaning: r.Explain(g)}
		if g.Ratio != [2]int{} {
			c.Ratio = &g.Ratio
		}
		v.Causes = append(v.Causes, c)
	}
	for _, d := range r.Differences {
		v.Differences = append(v.Differences, differenceOf(r, d))
	}
	enc := json.NewEncoder(out)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}

func differenceOf(r enrich.Reconciliation, d quality.Difference) differenceJSON {
	v := differenceJSON{TS: d.TS, Causes: d.Causes, Bars: map[market.SourceName]barJSON{}, Differ: map[string]float64{}}
	bar := func(values [quality.NumBarFields]float64) barJSON {
		b := barJSON{}
		for f := range quality.BarField(quality.NumBarFields) {
			b[f.String()] = values[f]
		}
		return b
	}
	if d.HasA {
		v.Bars[r.A] = bar(d.A)
	}
	if d.HasB {
		v.Bars[r.B] = bar(d.B)
	}
	for f := range quality.BarField(quality.NumBarFields) {
		if d.Relative[f] > r.Tolerance {
			v.Differ[f.String()] = d.Relative[f]
		}
	}
	return v
}
