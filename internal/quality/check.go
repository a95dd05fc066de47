package quality

import (
	"fmt"
	"math/bits"
)

// Check is one named check, in the order of the rules.
type Check uint8

// The checks. The first five drop a row, the others mark it.
const (
	OnGrid Check = iota
	NotFuture
	FieldsPresent
	PricePositive
	Unique
	Monotonic
	OHLCOrder
	VolumePositive
	MicrostructureSane
	FeatureSane
	NumChecks = 10
)

var checkNames = [NumChecks]string{
	"on_grid", "not_future", "fields_present", "price_positive", "unique",
	"monotonic", "ohlc_order", "volume_positive", "microstructure_sane", "feature_sane",
}

// String is the word that notes, failures and counts show: "on_grid".
func (c Check) String() string { return checkNames[c] }

// ParseCheck reads the word of a check.
func ParseCheck(s string) (Check, error) {
	for i, n := range checkNames {
		if n == s {
			return Check(i), nil
		}
	}
	return 0, fmt.Errorf("unknown check %q: want one of %v", s, checkNames)
}

// Checks is a set of checks: bit c is Check c.
type Checks uint16

const (
	// Refusing are the checks whose failing rows leave their slot empty, so that
	// a gap there has the cause Rejected.
	Refusing Checks = 1<<OnGrid | 1<<FieldsPresent | 1<<PricePositive

	// Invalidating are the checks that a validated candle has passed.
	Invalidating Checks = 1<<OHLCOrder | 1<<VolumePositive | 1<<MicrostructureSane | 1<<FeatureSane

	// marking are the checks that a stored candle can have failed.
	marking = Invalidating | 1<<Monotonic
)

// Has reports whether the check is in the set.
func (s Checks) Has(c Check) bool { return s&(1<<c) != 0 }

// With is the set and the check.
func (s Checks) With(c Check) Checks { return s | 1<<c }

// Without is the set less the check.
func (s Checks) Without(c Check) Checks { return s &^ (1 << c) }

// Len is the number of checks in the set.
func (s Checks) Len() int { return bits.OnesCount16(uint16(s)) }

// Names lists the checks of the set by their words, in the order of the rules.
func (s Checks) Names() []string {
	names := make([]string, 0, s.Len())
	for c := range Check(NumChecks) {
		if s.Has(c) {
			names = append(names, c.String())
		}
	}
	return names
}
