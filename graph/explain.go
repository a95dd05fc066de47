package graph

import (
	"context"
	"math"
	"strings"

	"github.com/candlewright/candlewright/graph/model"
	"github.com/candlewright/candlewright/internal/enrich"
	"github.com/candlewright/candlewright/internal/fault"
	"github.com/candlewright/candlewright/internal/quality"
)

// explain tells how a candle came to its score.
func (r *Resolver) explain(ctx context.Context, c *enrich.Candle) (*model.CandleExplanation, error) {
	if _, ok := c.Key(); !ok {
		return nil, fault.BadInput("asOf", "a candle as it was known once cannot be explained: want explain without asOf")
	}
	e, err := relation[enrich.Candle, enrich.CandleKey, enrich.Explanation]{
		key:   func(c *enrich.Candle) (enrich.CandleKey, bool) { return c.Key() },
		fetch: r.service.ExplainCandles,
	}.of(ctx, c)
	switch {
	case err != nil:
		return nil, err
	case e.Symbol.Ticker == "":
		return nil, fault.NoSuch("the candle is not stored any more: the series was replaced while it was read; ask again")
	}
	return explanationOf(&e), nil
}

func explanationOf(e *enrich.Explanation) *model.CandleExplanation {
	verdict := &e.Candle.Verdict
	out := &model.CandleExplanation{
		Score: verdict.Parts.Score(), Validated: verdict.Validated(), Parts: scoreParts(e),
		Checks:   make([]model.CheckExplanation, len(e.Checks)),
		Fields:   make([]model.FieldExplanation, len(e.Fields)),
		Features: make([]model.FeatureExplanation, len(e.Features)),
		Anomaly: &model.AnomalyDistances{
			Flagged: verdict.Anomaly, ReturnDistance: known(e.Deviation.ReturnZ), VolumeDistance: known(e.Deviation.VolumeZ),
		},
	}
	for i, c := range e.Checks {
		out.Checks[i] = model.CheckExplanation{Name: c.Check.String(), Outcome: c.Outcome, Invalidating: c.Invalidating, Reason: optional(c.Why)}
	}
	for i, f := range e.Fields {
		out.Fields[i] = model.FieldExplanation{Name: f.Name, State: valueState(f.Expected, f.Present), Reason: optional(f.Why)}
	}
	for i, f := range e.Features {
		out.Features[i] = model.FeatureExplanation{Name: f.Name, State: valueState(f.Expected, f.Present), Reason: optional(f.Why)}
	}
	return out
}

func scoreParts(e *enrich.Explanation) []model.ScorePart {
	parts := make([]model.ScorePart, len(e.Parts))
	for i, p := range e.Parts {
		name := model.ScoreTerm(strings.ToUpper(p.Name))
		present, expected := counted(&e.Candle.Verdict.Parts, name)
		parts[i] = model.ScorePart{
			Name: name, Weight: p.Weight, Present: present, Expected: expected,
			Share: p.Share, Contribution: p.Points, Reason: p.Why,
		}
	}
	return parts
}

// counted is what a part of a score was made from; nil where it is no count.
func counted(p *quality.Parts, name model.ScoreTerm) (present, expected *int) {
	pair := func(n, of int16) (*int, *int) {
		present, expected := int(n), int(of)
		return &present, &expected
	}
	switch name {
	case model.ScoreTermFields:
		return pair(p.FieldsPresent, p.FieldsExpected)
	case model.ScoreTermChecks:
		return pair(p.ChecksPassed, p.ChecksMade)
	case model.ScoreTermFeatures:
		return pair(p.FeaturesPresent, p.FeaturesExpected)
	case model.ScoreTermFreshness:
	}
	return nil, nil
}

func valueState(expected, present bool) model.ValueState {
	switch {
	case present:
		return model.ValueStatePresent
	case expected:
		return model.ValueStateMissing
	}
	return model.ValueStateNotExpected
}

// known is a number that may be missing, of one that is NaN then.
func known(x float64) *float64 {
	if math.IsNaN(x) {
		return nil
	}
	return &x
}
