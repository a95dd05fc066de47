package pipeline

import (
	"math"
	"strconv"
	"strings"

	"github.com/candlewright/candlewright/internal/feature"
	"github.com/candlewright/candlewright/internal/quality"
)

// Difference is a value of a stored candle that is not what the rules give.
type Difference struct {
	Field            string // column name
	Stored, Computed string // shortest text that reads back as the same value; "" is null
}

// Compare lists what of a stored candle differs from the same candle computed
// anew: features, notes, anomaly and the parts of the score, in the order of
// their columns. Delivered values are what both were computed from, and are not
// compared; neither is the freshness, which is of a moment.
//
// Numbers agree within the tolerances that the rules set for features (Agree),
// since the stored ones may have been computed on another machine.
func Compare(stored, computed *Candle) []Difference {
	var ds []Difference
	add := func(field, stored, computed string) {
		if stored != computed {
			ds = append(ds, Difference{field, stored, computed})
		}
	}
	for _, n := range feature.Names() {
		switch n {
		case feature.TrendDirection:
			add(n.String(), string(stored.Features.Trend), string(computed.Features.Trend))
		case feature.MarketStructure:
			add(n.String(), string(stored.Features.Structure), string(computed.Features.Structure))
		default:
			if a, b := stored.Features.Num[n], computed.Features.Num[n]; !Agree(n, a, b, computed.Volume) {
				ds = append(ds, Difference{n.String(), number(a), number(b)})
			}
		}
	}
	a, b := &stored.Verdict, &computed.Verdict
	add("validation_notes", strings.Join(a.Failed.Names(), " "), strings.Join(b.Failed.Names(), " "))
	add("anomaly", strconv.FormatBool(a.Anomaly), strconv.FormatBool(b.Anomaly))
	for _, p := range parts {
		add(p.name, strconv.Itoa(int(*p.of(&a.Parts))), strconv.Itoa(int(*p.of(&b.Parts))))
	}
	return ds
}

// Agree reports whether two computations of a feature agree: within 1e-9 relative
// or 1e-12 absolute; of atr within 1e-9 relative only, since prices may be tiny;
// of delta, the difference of two parts of the volume, within 1e-9 of that. A
// missing value agrees with a missing one alone.
func Agree(n feature.Name, a, b, volume float64) bool {
	if a == b || a != a && b != b {
		return true
	}
	diff := math.Abs(a - b)
	switch limit := 1e-9 * max(math.Abs(a), math.Abs(b)); n {
	case feature.ATR:
		return diff <= limit
	case feature.Delta:
		return diff <= max(limit, 1e-9*volume)
	default:
		return diff <= max(limit, 1e-12)
	}
}

var parts = [...]struct {
	name string
	of   func(p *quality.Parts) *int16
}{
	{"fields_present", func(p *quality.Parts) *int16 { return &p.FieldsPresent }},
	{"fields_expected", func(p *quality.Parts) *int16 { return &p.FieldsExpected }},
	{"checks_passed", func(p *quality.Parts) *int16 { return &p.ChecksPassed }},
	{"checks_made", func(p *quality.Parts) *int16 { return &p.ChecksMade }},
	{"features_present", func(p *quality.Parts) *int16 { return &p.FeaturesPresent }},
	{"features_expected", func(p *quality.Parts) *int16 { return &p.FeaturesExpected }},
}
