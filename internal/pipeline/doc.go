// Package pipeline turns deliveries into enriched candles. It is where the rules
// of the other pure packages meet, in the order in which a candle meets them:
//
//	quality.Arrange   a delivery becomes checked rows, one per slot
//	Merge, MergePage  a row meets the stored candle of its slot: insert, amend, fill or keep
//	Process           the bars from there on get flags, features and scores
//
// Process is a function of its input: a State that can be saved, the bars after
// it, and the funding payments. The same bars give the same candles to the bit,
// at once or cut anywhere, which is what makes a restart, a backfill and an
// amendment safe:
//
//	append       State after the newest bar -> Process the new bars -> save the State
//	amendment    State before the changed bar -> Process page by page (Recompute)
//	             until a saved State Converged with the one computed
//
// The package also names the records that runs leave behind (Run, FetchLog,
// Correction ...), so that the store and the faces speak of the same things.
//
// It is pure: no clock, no log, no I/O. A rejected candle is data in a result;
// only a programmer's error panics (bars out of order or off the grid).
package pipeline
