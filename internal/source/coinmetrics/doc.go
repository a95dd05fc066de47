// Package coinmetrics asks an address that speaks the form of Coin Metrics'
// community API for the coins that are sent to exchanges each day. It is an
// input beside the candles, off unless an address is given: the licence of the
// community API covers non-commercial use only, and whether the metric stays
// free is not promised.
package coinmetrics
