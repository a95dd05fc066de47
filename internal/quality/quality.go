package quality

import (
	"time"

	"github.com/candlewright/candlewright/internal/market"
)

// Check is one named check, in the order of the rules. Column/word names: String().
type Check uint8

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

// Checks is a set of checks.
type Checks uint16

// Parts are the parts of a candle's quality score, as counted.
type Parts struct {
	FieldsPresent, FieldsExpected     int16
	ChecksPassed, ChecksMade          int16
	FeaturesPresent, FeaturesExpected int16
	Freshness                         float64
}

// func (p Parts) Score() float64  (unrounded, enrichment.md §5)

// Verdict is what the rules say of a stored candle.
type Verdict struct {
	Failed  Checks // failed checks of the delivery that last inserted or amended the candle
	Anomaly bool
	Parts   Parts
}

// Failure is one failed check of one slot, kept once per (ts, check).
type Failure struct {
	TS    time.Time
	Check Check
}

// DayMetric is one session date of one symbol over all its timeframes but 1w.
type DayMetric struct {
	Date                                        market.Date
	Total, Validated, Gaps, Anomalies           int
	ScoreSum                                    float64
	Failed                                      [NumChecks]int
	// methods: Rate() (float64, bool), Score() (float64, bool), Completeness() float64 - rounded as shown
}

// HealthStatus is the word of enrichment.md §6.
type HealthStatus string
