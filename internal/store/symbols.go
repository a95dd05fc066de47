package store

import (
	"context"
	"slices"
	"time"

	"github.com/candlewright/candlewright/db"
	"github.com/candlewright/candlewright/internal/fault"
	"github.com/candlewright/candlewright/internal/market"
	"github.com/candlewright/candlewright/internal/pipeline"
)

// Symbol is the symbol of that name, tracked or not; a fault SYMBOL_NOT_FOUND
// where there is none.
func (s *queries) Symbol(ctx context.Context, name market.Symbol) (pipeline.Symbol, error) {
	r, err := s.q.SymbolNamed(ctx, db.SymbolNamedParams{Ticker: clean(name.Ticker), AssetClass: name.Class})
	if err != nil {
		return pipeline.Symbol{}, found(ctx, "read symbol", err, fault.NoSymbol("", "There is no symbol %s: track it first", name))
	}
	return symbolOf(r), nil
}

// SymbolsByTicker are the symbols with that ticker, of up to three asset
// classes. Any text is a legal question.
func (s *queries) SymbolsByTicker(ctx context.Context, ticker string) ([]pipeline.Symbol, error) {
	rows, err := s.q.SymbolsByTicker(ctx, clean(ticker))
	if err != nil {
		return nil, failed(ctx, "read symbols of a ticker", err)
	}
	return all(rows, symbolOf), nil
}

// SymbolsByIDs gives the symbols by id; those that do not exist have no entry.
func (s *queries) SymbolsByIDs(ctx context.Context, ids []int64) (map[int64]pipeline.Symbol, error) {
	rows, err := s.q.SymbolsByIDs(ctx, ids)
	if err != nil {
		return nil, failed(ctx, "read symbols by id", err)
	}
	symbols := make(map[int64]pipeline.Symbol, len(rows))
	for _, r := range rows {
		symbols[r.ID] = symbolOf(r)
	}
	return symbols, nil
}

// ScheduledSymbols are the symbols that the scheduler starts, by ticker.
func (s *queries) ScheduledSymbols(ctx context.Context) ([]pipeline.Symbol, error) {
	rows, err := s.q.ScheduledSymbols(ctx)
	if err != nil {
		return nil, failed(ctx, "read scheduled symbols", err)
	}
	return all(rows, symbolOf), nil
}

// LockSymbol reads a symbol and holds its row until the end of the transaction.
// Whoever decides whether a run is to be made holds it, so that two do not
// decide at once.
func (tx *Tx) LockSymbol(ctx context.Context, id int64) (pipeline.Symbol, error) {
	r, err := tx.q.LockSymbol(ctx, id)
	if err != nil {
		return pipeline.Symbol{}, found(ctx, "lock symbol", err, noSymbol())
	}
	return symbolOf(r), nil
}

// Tracking says how a symbol is to be tracked from now on.
type Tracking struct {
	Symbol     market.Symbol
	Name       string             // "" leaves the name as it is
	Timeframes []market.Timeframe // added to those of a tracked symbol; of an untracked one they replace the old
	Schedule   bool               // the scheduler starts it; false leaves the schedule of a tracked symbol as it is
}

// TrackSymbol tracks a symbol, making it where it does not exist. Within a
// transaction its row is locked afterwards, as by LockSymbol.
func (s *queries) TrackSymbol(ctx context.Context, t Tracking, now time.Time) (pipeline.Symbol, error) {
	r, err := s.q.TrackSymbol(ctx, db.TrackSymbolParams{
		Ticker:     clean(t.Symbol.Ticker),
		AssetClass: t.Symbol.Class,
		Name:       nullText(t.Name),
		Scheduled:  t.Schedule,
		Timeframes: inOrder(t.Timeframes),
		Now:        now,
	})
	if err != nil {
		return pipeline.Symbol{}, failed(ctx, "track symbol", err)
	}
	return symbolOf(r), nil
}

// AddTimeframe adds a timeframe to the tracked ones of a symbol; it reports
// whether it was new.
func (s *queries) AddTimeframe(ctx context.Context, symbolID int64, tf market.Timeframe, now time.Time) (bool, error) {
	n, err := s.q.AddTimeframe(ctx, db.AddTimeframeParams{Timeframe: string(tf), Now: now, ID: symbolID})
	return n == 1, failed(ctx, "add timeframe", err)
}

// SetTracking changes whether a symbol is tracked and scheduled, and with which
// timeframes (they replace the old); its name stays.
func (s *queries) SetTracking(ctx context.Context, sym pipeline.Symbol, now time.Time) (pipeline.Symbol, error) {
	r, err := s.q.SetTracking(ctx, db.SetTrackingParams{
		Active: sym.Active, Scheduled: sym.Scheduled, Timeframes: inOrder(sym.Timeframes), Now: now, ID: sym.ID,
	})
	if err != nil {
		return pipeline.Symbol{}, found(ctx, "set tracking", err, noSymbol())
	}
	return symbolOf(r), nil
}

// inOrder sorts timeframes finest first, each once, never nil. Words that are
// none go along for the schema to refuse.
func inOrder(tfs []market.Timeframe) []market.Timeframe {
	sorted := make([]market.Timeframe, 0, len(tfs))
	for _, tf := range market.Timeframes() {
		if slices.Contains(tfs, tf) {
			sorted = append(sorted, tf)
		}
	}
	for _, tf := range tfs {
		if !slices.Contains(sorted, tf) {
			sorted = append(sorted, tf)
		}
	}
	return sorted
}
