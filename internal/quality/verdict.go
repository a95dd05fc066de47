package quality

import "fmt"

// Verdict is what the rules say of a stored candle.
type Verdict struct {
	Failed  Checks // failed checks of the delivery that last inserted or amended the candle, and feature_sane
	Anomaly bool
	Parts   Parts
}

// Validated reports whether no check failed that a candle must pass; one that
// came late (monotonic) is still validated.
func (v Verdict) Validated() bool { return v.Failed&Invalidating == 0 }

// volumeEstimated is the note of a candle whose volume was delivered in the
// quote currency. It is no check.
const volumeEstimated = "volume_estimated"

// Notes are the candle's validation notes: the failed checks in the order of
// the rules, then volume_estimated. It is empty, not nil, where there are none.
func (v Verdict) Notes(estimated bool) []string {
	notes := (v.Failed & marking).Names()
	if estimated {
		notes = append(notes, volumeEstimated)
	}
	return notes
}

// ParseNotes reads what Notes wrote.
func ParseNotes(notes []string) (failed Checks, estimated bool, err error) {
	for _, n := range notes {
		if n == volumeEstimated {
			estimated = true
			continue
		}
		c, err := ParseCheck(n)
		if err != nil {
			return 0, false, fmt.Errorf("validation note: %w", err)
		}
		failed = failed.With(c)
	}
	return failed, estimated, nil
}

// Parts are the parts of a candle's quality score, as counted.
type Parts struct {
	FieldsPresent, FieldsExpected     int16
	ChecksPassed, ChecksMade          int16
	FeaturesPresent, FeaturesExpected int16
	Freshness                         float64 // 0 … 1, see Freshness
}

// Score is the candle's quality score, 0 … 1, unrounded: 0.4 of the fields, 0.3
// of the checks, 0.2 of the features, 0.1 of the freshness. In tenths the sum of
// a faultless candle is 1, where 0.4 + 0.3 + 0.2 + 0.1 is just below.
func (p Parts) Score() float64 {
	return (4*share(p.FieldsPresent, p.FieldsExpected) +
		3*share(p.ChecksPassed, p.ChecksMade) +
		2*share(p.FeaturesPresent, p.FeaturesExpected) +
		p.Freshness) / 10
}

// share is 1 where nothing is expected: early bars have no feature whose window
// could be full, and are not blamed for it.
func share(n, of int16) float64 {
	if of == 0 {
		return 1
	}
	return float64(n) / float64(of)
}

// Freshness is the score's last part for a series that is n bars behind after
// the run's last write to it: 1 up to one bar, 0 from ten.
func Freshness(n int64) float64 {
	return min(max(float64(10-n)/9, 0), 1)
}
