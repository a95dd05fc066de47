// Package binance reads spot candles and, where a coin has a USDT-margined
// perpetual, its microstructure from Binance's public REST interface. No key is
// needed for any of it.
//
// wire.go mirrors the provider's bodies, convert.go makes candles of them,
// source.go pages through klines, symbols.go writes tickers as Binance does,
// errors.go gives its codes a meaning. The facts stand in Binance's
// spot-api-docs and, where those are silent, in recorded answers.
//
// Klines are native in every timeframe: Binance's UTC days and Monday weeks are
// the canonical grid's. A slot without trades is a flat row with volume 0 and
// goes on to the checks; an exchange halt has no rows.
package binance
