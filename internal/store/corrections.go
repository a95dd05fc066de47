package store

import (
	"context"
	"fmt"
	"time"

	"github.com/candlewright/candlewright/db"
	"github.com/candlewright/candlewright/internal/market"
	"github.com/candlewright/candlewright/internal/pipeline"
)

// AddCorrections writes corrections, of one symbol or several, in their order.
func (s *queries) AddCorrections(ctx context.Context, cs []pipeline.Correction) error {
	if len(cs) == 0 {
		return nil
	}
	n, err := s.q.AddCorrections(ctx, newCorrections(cs))
	if err == nil && n != int64(len(cs)) {
		return fmt.Errorf("write corrections: %w", noSymbol())
	}
	return failed(ctx, "write corrections", err)
}

// CorrectionsByIDs gives the corrections by id; those that do not exist have no
// entry.
func (s *queries) CorrectionsByIDs(ctx context.Context, ids []int64) (map[int64]pipeline.Correction, error) {
	rows, err := s.q.CorrectionsByIDs(ctx, ids)
	if err != nil {
		return nil, failed(ctx, "read corrections by id", err)
	}
	cs := make(map[int64]pipeline.Correction, len(rows))
	for _, r := range rows {
		cs[r.ID] = correctionOf(r)
	}
	return cs, nil
}

// CorrectionsOfCandle are the corrections of one candle, oldest first.
func (s *queries) CorrectionsOfCandle(ctx context.Context, symbolID int64, tf market.Timeframe, ts time.Time) ([]pipeline.Correction, error) {
	rows, err := s.q.CorrectionsOfCandle(ctx, db.CorrectionsOfCandleParams{SymbolID: symbolID, Timeframe: tf, Ts: ts})
	if err != nil {
		return nil, failed(ctx, "read corrections of a candle", err)
	}
	return all(rows, correctionOf), nil
}

// CorrectionsOf lists the corrections of each symbol that were made in the
// range, newest first, in one statement; one without any has no entry.
func (s *queries) CorrectionsOf(ctx context.Context, symbolIDs []int64, r Range, p Page) (map[int64]List[pipeline.Correction], error) {
	above, below := p.newestFirst(r)
	arg := db.CorrectionsOfParams{
		SymbolIds: symbolIDs,
		AboveAt:   above.At, AboveID: above.ID, BelowAt: below.At, BelowID: below.ID,
		RowLimit: p.rowLimit(),
	}
	var rows []db.DataCorrection
	var err error
	if p.Backward {
		rows, err = s.q.CorrectionsOfBackward(ctx, db.CorrectionsOfBackwardParams(arg))
	} else {
		rows, err = s.q.CorrectionsOf(ctx, arg)
	}
	if err != nil {
		return nil, failed(ctx, "list corrections of symbols", err)
	}
	return listedOf(p, rows, func(r db.DataCorrection) int64 { return r.SymbolID }, correctionOf), nil
}

// CountCorrectionsOf counts those corrections of each symbol.
func (s *queries) CountCorrectionsOf(ctx context.Context, symbolIDs []int64, r Range) (map[int64]int64, error) {
	from, to := r.ends()
	rows, err := s.q.CountCorrectionsOf(ctx, db.CountCorrectionsOfParams{SymbolIds: symbolIDs, FromAt: from, ToAt: to})
	if err != nil {
		return nil, failed(ctx, "count corrections of symbols", err)
	}
	return counts(rows, func(r db.CountCorrectionsOfRow) (int64, int64) { return r.SymbolID, r.Corrections }), nil
}
