// Package feature computes the 22 features of a candle: returns, volatilities,
// range, trend and structure for every market, and for crypto what the
// derivatives market adds to it. The rules are in docs/enrichment.md.
//
//	State     one series' running computation; Push takes the next bar and tells its features
//	Payments  funding payments, walked in step with the bars
//	Values    the features of one bar; Set, some of the 22 by Name
//
// There is one computation: a batch is a loop over Push, and nothing about a
// later bar can reach an earlier one because it is not there yet.
//
//	New ──> State ──Push──> State ──Push──> State …
//	          │  ^                   (each Push gives a Result)
//	  AppendBinary│
//	          v  │UnmarshalBinary
//	        bytes in the store
//
// A State remembers a bounded number of values, each in a form that the next
// one does not wear away: no sum is ever subtracted from, so nothing drifts,
// and what has left a window has left no trace (see window). A window's
// features are a function of the values in it and of nothing else, so two
// States that saw the same last bars agree to the last bit; the average true
// range alone remembers further back, and forgets by 1/14 with each bar.
//
// Missing numbers are NaN, missing words "". No feature is ever infinite.
//
// The package is pure: it imports market, grid and the standard library, reads
// no clock, starts no goroutine and allocates nothing per bar. Which rows are
// candles and what their defects mean is not decided here (package quality).
package feature
