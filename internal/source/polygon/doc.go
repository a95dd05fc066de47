// Package polygon reads candles of stocks, ETFs and coins from Polygon's
// aggregates (the company has been called Massive since October 2025; hosts,
// keys and protocol stayed).
//
// wire.go mirrors the bodies, convert.go makes candles of them, fetch.go says
// which native interval feeds which timeframe, source.go pages, symbols.go
// writes tickers, plan.go holds what a subscription covers, errors.go gives
// answers a meaning.
//
// Bars are asked for by date, so that windows are anchored at midnight; rows of
// the hours before and after the session come along and are cut here. Prices
// and volumes are adjusted for splits and not for dividends.
package polygon
