// Package file reads candle files and files of funding payments: foreign bytes
// in, [market.Candle] and [market.Payment] out. The oddities of a form end here.
//
// What lives here: recognising a form, splitting rows, reading numbers and
// stamps, and turning a stamp into the instant or date that the canonical grid
// means. What does not: whether a candle is any good (a number that is missing,
// infinite or absurd passes through), sessions, order, duplicates, resampling,
// the database, the log, the clock.
//
// # Forms
//
// The form is found in the first bytes, never in the file's name. Each may be
// gzipped and may start with a UTF-8 byte order mark.
//
//	CSV             header in any order and case, separated by comma, semicolon or tab;
//	                one line with a web address before the header is skipped
//	Binance klines  12 columns, no header; or JSON arrays of 12
//	LEAN            6 columns, no header, stamps such as "20130102 09:00";
//	                prices of stock and etf are whole 1/10,000 of a dollar
//	JSON            arrays [ms, open, high, low, close, volume]; or objects, each
//	                list at the top or under "candles" or "ohlc"
//
// Columns that no rule names are ignored, and their cells are never looked at.
// The crypto columns ([market.ParseField]) count for crypto alone. The set of
// offered fields follows from the header (of JSON objects: from the keys of the
// first one), never from values; taker buys offer the sells, volume - buy.
//
// # Cells
//
// A value that is empty, a number, or any spelling of NaN, null or inf goes on
// as a number, NaN or ±Inf for the checks to judge. A time that is empty or
// spelled as null makes a [Row] without stamp. Anything else in these columns,
// a row of another width or a missing key is a [RowError]: it ends the reading,
// or is counted and skipped with [Options.SkipBadRows].
//
// # Stamps
//
// Epoch numbers are seconds below 1e11, milliseconds below 1e14, microseconds
// below 1e17, nanoseconds beyond; eight digits that make a date are a date
// (20240131), since as seconds they would lie in 1970-1973.
//
// Intraday, a stamp with an offset and an epoch number are instants; a naive
// one is a wall clock of [Options.Zone]. A wall clock that the spring change
// skips does not exist and one that the autumn change repeats is two instants:
// both are bad rows, since nothing is guessed. (No session of a stock lies there.)
//
// Of 1d and 1w files the date counts:
//
//	                naive       with an offset          epoch number
//	stock, etf      its date    the date in its offset  the UTC date if exactly 00:00 UTC,
//	                                                    else the date in Options.Zone
//	crypto          its date    the instant             the instant
//
// A day of crypto is the UTC day, so midnight of another offset stays an
// instant off the grid, which the checks reject: its bar covers another day.
// A weekly stamp is not moved to its Monday, for the same reason.
//
// Where the stamp is the close ("endTime"), 1 ms early or not, the bar's open
// follows from the timeframe; a short last bar of a session from the calendar.
//
// Naive and other stamps in one file are refused, also with SkipBadRows: one of
// the two kinds would be read wrongly, and nobody can say which.
package file
