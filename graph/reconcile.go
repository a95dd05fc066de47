package graph

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/candlewright/candlewright/graph/model"
	"github.com/candlewright/candlewright/internal/enrich"
	"github.com/candlewright/candlewright/internal/fault"
	"github.com/candlewright/candlewright/internal/quality"
)

// mostShown is how many bars of a kind a reconciliation lists.
const mostShown = 10

func (r *Resolver) reconcile(ctx context.Context, in model.ReconcileInput) (*model.Reconciliation, error) {
	name, err := readSymbol(in.Ticker, in.AssetClass)
	if err != nil {
		return nil, err
	}
	if in.Sources != nil && len(in.Sources) == 0 {
		return nil, fault.BadInput("input.sources", "no source is named: want two different ones, or none given for the first two of the order")
	}
	req := enrich.ReconcileRequest{Symbol: name, Timeframe: in.Timeframe, From: in.From, Sources: in.Sources, Tolerance: in.Tolerance}
	if in.To != nil {
		req.To = *in.To
	}
	found, err := r.service.Reconcile(ctx, req)
	if err != nil {
		return nil, ofInput(err)
	}
	return reconciliationOf(&found), nil
}

// ofInput names the argument that a fault is about as it stands in an input.
func ofInput(err error) error {
	f, ok := errors.AsType[*fault.Error](err)
	if !ok || f.Argument == "" {
		return err
	}
	return &fault.Error{Code: f.Code, Detail: f.Detail, Argument: "input." + f.Argument, Err: err}
}

func reconciliationOf(c *enrich.Reconciliation) *model.Reconciliation {
	out := &model.Reconciliation{
		Ticker: c.Symbol.Ticker, AssetClass: c.Symbol.Class, Timeframe: c.Timeframe, From: c.From, To: c.To, Tolerance: c.Tolerance,
		Agree: c.Agree(), BarsCompared: c.Common, BarsDiffering: c.Differing(),
		Sources: reconciledSources(c), Causes: make([]model.LikelyCause, len(c.Groups)), Notes: present(c.Notes),
	}
	for f := range quality.BarField(quality.NumBarFields) {
		d := c.Fields[f]
		field := model.FieldReconciliation{Field: f, BarsDiffering: d.Bars, Worst: d.Worst, WorstBars: worstBars(c, f)}
		if !d.WorstAt.IsZero() {
			field.WorstAt = &d.WorstAt
		}
		out.Fields = append(out.Fields, field)
	}
	for i, g := range c.Groups {
		out.Causes[i] = model.LikelyCause{Cause: g.Cause, Bars: g.Bars, From: g.From, To: g.To, Worst: g.Worst, Explanation: c.Explain(g)}
	}
	return out
}

func reconciledSources(c *enrich.Reconciliation) []model.ReconciledSource {
	a, b := c.Answers[0], c.Answers[1]
	of := func(s enrich.SourceAnswer, bars, only int, has func(*quality.Difference) bool) model.ReconciledSource {
		return model.ReconciledSource{
			Source: s.Source, Bars: bars, RowsRejected: s.Rejected, RowsOffGrid: s.OffGrid,
			OnlyHere: only, OnlyHereFirst: firstOnly(c.Differences, has),
		}
	}
	return []model.ReconciledSource{
		of(a, c.BarsA, c.OnlyA(), func(d *quality.Difference) bool { return d.HasA }),
		of(b, c.BarsB, c.OnlyB(), func(d *quality.Difference) bool { return d.HasB }),
	}
}

// firstOnly are the first stamps that only one source has.
func firstOnly(list []quality.Difference, has func(*quality.Difference) bool) []time.Time {
	stamps := []time.Time{}
	for i := range list {
		if d := &list[i]; d.Only() && has(d) {
			if stamps = append(stamps, d.TS); len(stamps) == mostShown {
				break
			}
		}
	}
	return stamps
}

// worstBars are the bars that differ most in a field; of equal ones the oldest
// come first.
func worstBars(c *enrich.Reconciliation, f quality.BarField) []model.BarDifference {
	var differ []*quality.Difference
	for i := range c.Differences {
		if d := &c.Differences[i]; d.Relative[f] > c.Tolerance {
			differ = append(differ, d)
		}
	}
	slices.SortStableFunc(differ, func(x, y *quality.Difference) int { return cmp.Compare(y.Relative[f], x.Relative[f]) })
	bars := make([]model.BarDifference, 0, mostShown)
	for _, d := range differ[:min(mostShown, len(differ))] {
		bars = append(bars, model.BarDifference{Ts: d.TS, First: d.A[f], Second: d.B[f], Difference: d.Relative[f], Causes: present(d.Causes)})
	}
	return bars
}
