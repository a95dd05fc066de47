// Package source says what a provider of candles must do, in which order
// providers stand in for each other, and how they are called: one HTTP client
// with limits, retries and a breaker, and one set of typed errors.
//
// The adapters live below it, one folder each, and do not see each other. An
// adapter has three layers in files of their own: the wire (private structs
// that mirror the provider's bodies), the conversion (wire to market.Candle on
// the canonical grid, where the provider's oddities end) and the behaviour
// (paging, symbols, errors). What violates a check goes on to the checks; an
// adapter drops only what is no row of the series: rows outside the session or
// the window asked for, the running bar, rows without any price.
//
// A call goes through these gates, each of which can end it:
//
//	Chain        asks the sources of the asset class in order, range by range
//	  Source     plans pages, converts rows
//	    Client   retry loop: 2 s, 4 s, 8 s, only for what can heal
//	      Limiter    waits for the provider's budget, honours its pauses
//	      Breaker    closed -> open (too many failures) -> half-open (one probe) -> closed
//	      HTTP       a time limit on every phase, a size limit, no foreign redirects
//
// Nothing here knows a database, a run or a job. The clock is handed in.
package source
