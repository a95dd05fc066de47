// Package grid knows which bars ought to exist: the trading sessions of each
// asset class, the slots that a timeframe has in them, when a bar is complete,
// how many bars a range should hold, how far a series is behind, and how finer
// bars are put together on the grid.
//
//	Calendar   an asset class's sessions: dates, opening and closing instants
//	Grid       the axis of slots of an asset class and timeframe; Slot, a place on it
//	Resampler  finer bars in, bars of a Grid out
//
// Two calendars exist. Crypto is always open, in UTC, in every year. Stocks and
// ETFs follow the regular sessions of the New York Stock Exchange from 1998 to
// 2030; nothing is guessed outside those years (Grid.Known).
//
// The sessions are computed once, by rule, into a table of instants. Every
// question after that is arithmetic on the table: no walking, no time zone
// look-up, no allocation.
//
// The package is pure: it imports market and the standard library, reads no
// clock, and holds no rule about values (package quality) and no knowledge of
// what is stored or of any provider's oddities (packages store and source).
package grid
