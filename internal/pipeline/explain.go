package pipeline

import (
	"fmt"
	"strconv"

	"github.com/candlewright/candlewright/internal/feature"
	"github.com/candlewright/candlewright/internal/grid"
	"github.com/candlewright/candlewright/internal/market"
	"github.com/candlewright/candlewright/internal/quality"
)

// Explanation is how the score and the validation of a candle came about. Texts
// are short sentences without a full stop; "" is nothing to say.
type Explanation struct {
	Candle    Candle // as stored
	Bar       int64  // stored bars before it; of a series that grew at its start at least 51 where it says so
	Parts     []ScorePart
	Fields    []FieldState
	Checks    []CheckState
	Features  []FeatureState
	Deviation quality.Deviation
}

// ScorePart is one part of a candle's score.
type ScorePart struct {
	Name   string  // fields, checks, features, freshness
	Weight float64 // 0.4, 0.3, 0.2, 0.1
	Share  float64 // 0 … 1
	Points float64 // weight × share; all points are the score
	Why    string
}

// FieldState is a delivered field of a candle.
type FieldState struct {
	Name              string // column
	Expected, Present bool
	Why               string // why it is missing or not expected
}

// CheckOutcome is what came of a check.
type CheckOutcome string

// The outcomes of a check.
const (
	CheckPassed  CheckOutcome = "passed"
	CheckFailed  CheckOutcome = "failed"
	CheckNotMade CheckOutcome = "not_made"
)

// CheckState is a check of a candle.
type CheckState struct {
	Check        quality.Check
	Outcome      CheckOutcome
	Invalidating bool // a validated candle has passed it
	Why          string
}

// FeatureState is a feature of a candle.
type FeatureState struct {
	Name              feature.Name
	Expected, Present bool
	Why               string // why it is missing or not expected
}

// ExplainInput is what an explanation needs to know.
type ExplainInput struct {
	Input                                    // Bars: the last one is the candle, as stored; those before it bring Prior up to it
	First    grid.Slot                       // of the series
	Stored   func(grid.Slot) (*Candle, bool) // the candles that its returns refer to
	Payments int                             // known at the candle's end, counted up to 90
	Known    feature.Funding                 // what they say
}

// Explain tells how the last of the bars came to its score.
func Explain(in ExplainInput) Explanation {
	last := len(in.Bars) - 1
	c := in.Bars[last].Candle
	before := in.Input
	before.Bars, before.Recompute = in.Bars[:last], false
	state := Process(before).State

	slot := place(in.Grid, &c)
	e := Explanation{Candle: c, Bar: state.features.Bars()}
	e.Deviation = state.anomaly.Push(in.Grid.SessionOf(slot), c.Close, c.Volume)
	x := &explaining{
		in: in, c: &c, slot: slot, bar: e.Bar,
		result: state.features.Push(&c.Candle, slot, in.Known),
	}
	if last > 0 {
		x.before = &in.Bars[last-1].Candle
	}
	e.Parts = explainParts(&c)
	e.Fields = x.fields()
	e.Features = x.features()
	e.Checks = x.checks()
	return e
}

// explaining is one candle under explanation.
type explaining struct {
	in     ExplainInput
	c      *Candle
	before *Candle // the stored bar before; nil: not known
	slot   grid.Slot
	bar    int64
	result feature.Result
}

func explainParts(c *Candle) []ScorePart {
	p := &c.Verdict.Parts
	share := func(n, of int16) float64 {
		if of == 0 {
			return 1
		}
		return float64(n) / float64(of)
	}
	of := func(n, of int16, what string) string {
		if of == 0 {
			return "no " + what + " is expected yet"
		}
		return fmt.Sprintf("%d of %d", n, of)
	}
	parts := []ScorePart{
		{Name: "fields", Weight: 0.4, Share: share(p.FieldsPresent, p.FieldsExpected), Why: of(p.FieldsPresent, p.FieldsExpected, "field")},
		{Name: "checks", Weight: 0.3, Share: share(p.ChecksPassed, p.ChecksMade), Why: of(p.ChecksPassed, p.ChecksMade, "check")},
		{Name: "features", Weight: 0.2, Share: share(p.FeaturesPresent, p.FeaturesExpected), Why: of(p.FeaturesPresent, p.FeaturesExpected, "feature")},
		{Name: "freshness", Weight: 0.1, Share: p.Freshness, Why: behind(p.Freshness)},
	}
	for i := range parts {
		parts[i].Points = parts[i].Weight * parts[i].Share
	}
	return parts
}

// behind says how far a series was behind when the run that wrote a candle had
// ended.
func behind(freshness float64) string {
	switch {
	case freshness >= 1:
		return "at most 1 bar behind"
	case freshness <= 0:
		return "10 bars behind or more"
	}
	return fmt.Sprintf("%.0f bars behind", 10-9*freshness)
}

// fields are those that the score counts.
func (x *explaining) fields() []FieldState {
	var states []FieldState
	for _, f := range priceFields {
		states = append(states, FieldState{Name: f.name, Expected: true, Present: true})
	}
	if x.in.Grid.Class() != market.Crypto {
		return states
	}
	for f := market.OpenInterest; f <= market.TakerSellVolume; f++ {
		s := FieldState{Name: f.String(), Expected: offers(x.c.Offered, f), Present: x.delivered(f)}
		if s.Expected != s.Present {
			s.Why = x.whyField(f)
		}
		states = append(states, s)
	}
	return states
}

// delivered reports whether a field is there, the rate also where it follows from
// the payments.
func (x *explaining) delivered(f market.Field) bool {
	if f == market.FundingRate && x.c.Offered&market.FundingPayments != 0 {
		return x.c.Features.Has(feature.FundingRate)
	}
	v := x.c.Delivered[f]
	return v == v
}

func (x *explaining) whyField(f market.Field) string {
	switch {
	case f == market.FundingRate && x.c.Offered&market.FundingPayments != 0:
		return "no funding payment is known by the bar's end"
	case !offers(x.c.Offered, f):
		return fmt.Sprintf("%s does not offer it for this bar", x.c.Source)
	case x.c.Verdict.Failed.Has(quality.MicrostructureSane):
		return "left empty by the source, or impossible (microstructure_sane) and so made missing"
	}
	return "left empty by the source"
}

// checks are all checks in the order of the rules.
func (x *explaining) checks() []CheckState {
	var states []CheckState
	for c := range quality.Check(quality.NumChecks) {
		s := CheckState{Check: c, Outcome: CheckPassed, Invalidating: quality.Invalidating.Has(c)}
		switch {
		case x.c.Verdict.Failed.Has(c):
			s.Outcome, s.Why = CheckFailed, x.whyFailed(c)
		case c == quality.MicrostructureSane && (x.in.Grid.Class() != market.Crypto || x.c.Offered == 0):
			s.Outcome, s.Why = CheckNotMade, "no crypto field is offered"
		}
		states = append(states, s)
	}
	return states
}

func (x *explaining) whyFailed(c quality.Check) string {
	switch c {
	case quality.Monotonic:
		return "its row came after one with a later stamp; that alone does not invalidate it"
	case quality.OHLCOrder:
		return x.whyOrder()
	case quality.VolumePositive:
		return "the volume is 0"
	case quality.MicrostructureSane:
		return "a crypto field of its row was impossible and is stored as missing"
	case quality.FeatureSane:
		for _, n := range []feature.Name{feature.Return1h, feature.Return1d} {
			if why := x.insane(n); why != "" {
				return n.String() + ": " + why
			}
		}
		return "a return was not to be believed"
	default: // a stored candle has passed the checks that drop rows
		return ""
	}
}

func (x *explaining) whyOrder() string {
	c := x.c
	for _, p := range []struct {
		name  string
		price float64
	}{{"low", c.Low}, {"open", c.Open}, {"close", c.Close}} {
		if c.High < p.price {
			return fmt.Sprintf("the high %s is below the %s %s", plain(c.High), p.name, plain(p.price))
		}
	}
	for _, p := range []struct {
		name  string
		price float64
	}{{"open", c.Open}, {"close", c.Close}} {
		if c.Low > p.price {
			return fmt.Sprintf("the low %s is above the %s %s", plain(c.Low), p.name, plain(p.price))
		}
	}
	return "" // the prices were corrected since
}

func plain(x float64) string { return strconv.FormatFloat(x, 'g', -1, 64) }
