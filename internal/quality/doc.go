// Package quality holds the rules about values: which rows of a delivery are
// refused, which are stored and marked, what is missing, what stands out, and
// the numbers that say how good a candle, a day and a symbol are.
//
// In the order in which a delivery meets them:
//
//	Checker    row by row: left out, refused, or passed with the checks it fails
//	Order      the passing rows in time order, one per slot, late ones marked
//	Arrange    both of them over a delivery that is held in memory
//	Detector   returns and volumes that stand out among those before them
//	Verdict    what the rules say of a stored candle, and its score's parts
//	Gaps       the expected bars that are not stored, and why
//	DayMetric  the counts and means of one session date
//	Assess     the status of a symbol
//
// Each named check is a Check; what happens to a row that fails it:
//
//	on_grid fields_present price_positive    refused: not stored
//	not_future                               dropped, not counted
//	unique                                   the earlier of two rows is dropped
//	monotonic                                stored, and still validated
//	ohlc_order volume_positive               stored, not validated
//	microstructure_sane                      those fields are nulled, the rest stored, not validated
//	feature_sane                             that feature is shown as null, not validated
//
// feature_sane alone is found elsewhere, by package feature; here it is only
// counted.
//
// The package is pure: no clock, no log, no I/O. A missing number is NaN on the
// way in and never comes out.
package quality
