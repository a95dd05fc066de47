// Package sim is a market that does not exist and the providers that sell its
// candles: a deterministic generator, and HTTP servers that speak the protocols
// of Polygon, Binance and Yahoo over it, so that the real adapters can be run
// against them. Tests and the demo use it, nothing else may.
//
// market.go knows the symbols, path.go makes a day of 5-minute bars from
// nothing but seed, symbol and date (so any range costs what it holds),
// bars.go puts bars together. binance.go, polygon.go and yahoo.go are the
// servers, faults.go makes them fail by schedule, server.go runs them.
//
// The candles are consistent: each coarser bar is the sum of the 5-minute bars
// in it, in every protocol, with at most 6 significant digits in a price, so
// that Yahoo's float32 loses nothing. What real markets do to a program is in
// them: holidays and half days, drift, jumps, halts that leave holes, volumes
// amended after the close, splits that rewrite the past.
package sim
