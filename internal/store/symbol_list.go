package store

import (
	"context"

	"github.com/candlewright/candlewright/db"
	"github.com/candlewright/candlewright/internal/market"
	"github.com/candlewright/candlewright/internal/pipeline"
)

// SymbolFilter narrows a list of symbols; the zero value takes all.
type SymbolFilter struct {
	Tickers []string            // upper case; nil is any
	Classes []market.AssetClass // nil is any
	Active  *bool               // nil is any
	Search  string              // text that ticker or name contains, in any case; "" is any
}

// SymbolPage asks for a part of a list of symbols, as Page does of others.
type SymbolPage struct {
	Limit         int
	Backward      bool
	After, Before *market.Symbol
	Descending    bool // Z first
}

// noTicker and pastTickers enclose every ticker: they start with a digit, a
// capital letter or ^, and the column is compared byte by byte.
const noTicker, pastTickers = "", "~"

// SymbolsList lists symbols by ticker, then asset class.
func (s *queries) SymbolsList(ctx context.Context, f SymbolFilter, p SymbolPage) (List[pipeline.Symbol], error) {
	above, below := market.Symbol{Ticker: noTicker}, market.Symbol{Ticker: pastTickers}
	lower, upper := p.After, p.Before
	if p.Descending {
		lower, upper = upper, lower
	}
	if lower != nil {
		above = *lower
	}
	if upper != nil {
		below = *upper
	}
	page := Page{Limit: p.Limit, Backward: p.Backward}
	arg := db.SymbolsAscendingParams{
		AboveTicker: clean(above.Ticker),
		AboveClass:  clean(string(above.Class)),
		BelowTicker: clean(below.Ticker),
		BelowClass:  clean(string(below.Class)),
		Tickers:     words(f.Tickers),
		Classes:     words(f.Classes),
		Active:      nullBool(f.Active),
		Search:      clean(f.Search),
		RowLimit:    page.rowLimit(),
	}
	var rows []db.Symbol
	var err error
	if p.Descending == p.Backward {
		rows, err = s.q.SymbolsAscending(ctx, arg)
	} else {
		rows, err = s.q.SymbolsDescending(ctx, db.SymbolsDescendingParams(arg))
	}
	if err != nil {
		return List[pipeline.Symbol]{}, failed(ctx, "list symbols", err)
	}
	return listed(page, rows, symbolOf), nil
}

// CountSymbols is the length of that list.
func (s *queries) CountSymbols(ctx context.Context, f SymbolFilter) (int64, error) {
	n, err := s.q.CountSymbols(ctx, db.CountSymbolsParams{
		Tickers: words(f.Tickers), Classes: words(f.Classes), Active: nullBool(f.Active), Search: clean(f.Search),
	})
	return n, failed(ctx, "count symbols", err)
}
