// Package market holds the words of the field: symbols, asset classes,
// timeframes, sources, candles and what a source delivers with them, and how
// each is parsed and printed.
//
// It imports the standard library only and knows no calendar, rule, database
// or protocol; every other package may use it.
package market
