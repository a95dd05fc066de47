// Package yahoo reads candles from Yahoo's v8 chart endpoint. It is unofficial:
// there is no contract, no key and no documented limit, and its terms allow
// personal use only. So it is last in every order, asked for one thing at a
// time, and easily switched off.
//
// wire.go mirrors the body, convert.go makes candles of it, source.go asks,
// symbols.go writes tickers, errors.go gives answers a meaning.
//
// Its oddities end here: prices are float32 (the shortest decimal of 32 bits is
// what was meant), the volume of coins is in dollars, the last row may be a
// live quote, rows outside the session come along, halted bars are null.
package yahoo
