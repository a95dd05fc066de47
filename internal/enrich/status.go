package enrich

import (
	"context"
	"slices"
	"time"

	"github.com/candlewright/candlewright/internal/grid"
	"github.com/candlewright/candlewright/internal/market"
	"github.com/candlewright/candlewright/internal/pipeline"
	"github.com/candlewright/candlewright/internal/quality"
	"github.com/candlewright/candlewright/internal/store"
)

// assess says how a symbol stands at now from what the last commit left.
func (s *Service) assess(st store.SymbolState, now time.Time) quality.Assessment {
	holdings := make([]quality.Holding, 0, len(market.Timeframes()))
	for _, tf := range market.Timeframes() {
		h := quality.Holding{
			Grid:    grid.New(st.Class, tf),
			Tracked: st.Active && slices.Contains(st.Timeframes, tf),
			Delay:   s.publishingDelay,
		}
		for _, info := range st.Series {
			if info.Timeframe == tf {
				h.Last = info.Last
			}
		}
		if h.Tracked || !h.Last.IsZero() {
			holdings = append(holdings, h)
		}
	}
	return quality.Assess(st.Status.LastRunFailed, holdings, st.Status.Window, now)
}

// refreshStatus writes the status row of a symbol anew after its candles
// changed. When its last run ended stays as it is.
func (s *Service) refreshStatus(ctx context.Context, tx *store.Tx, symbolID int64, now time.Time) error {
	return s.saveStatus(ctx, tx, symbolID, now, nil)
}

// saveStatus writes the status row; ended, if given, is the run that has just
// ended. A cancelled run is no ended run.
func (s *Service) saveStatus(ctx context.Context, tx *store.Tx, symbolID int64, now time.Time, ended *pipeline.Run) error {
	states, err := tx.StatesByIDs(ctx, []int64{symbolID})
	if err != nil {
		return err
	}
	st := states[symbolID]
	st.Status.SymbolID, st.Status.UpdatedAt = symbolID, now
	if st.Status.Window, err = window(ctx, tx, st); err != nil {
		return err
	}
	if ended != nil && ended.Status != pipeline.RunCancelled {
		st.Status.LastEnrichmentTime = ended.FinishedAt
		st.Status.LastRunFailed = ended.Status == pipeline.RunFailed
		st.Status.ErrorMessage = ""
		if ended.Error != nil {
			st.Status.ErrorMessage = ended.Error.Message
		}
	}
	a := s.assess(st, now)
	st.Status.Word = a.Status
	st.Status.DataAge = nil
	if a.HasData {
		st.Status.DataAge = &a.DataAge
	}
	st.Status.Records = 0
	for _, info := range st.Series {
		st.Status.Records += info.Records
	}
	return tx.PutStatus(ctx, st.Status)
}

// window is the candles from which a symbol's score and rate are taken: of its
// last 30 sessions with data, or weeks where it is tracked at 1w alone.
func window(ctx context.Context, tx *store.Tx, st store.SymbolState) (quality.Window, error) {
	if slices.Equal(st.Timeframes, []market.Timeframe{market.W1}) {
		return tx.LastWeeks(ctx, st.ID)
	}
	var newest market.Date
	for _, info := range st.Series {
		if info.Timeframe != market.W1 && info.Records > 0 {
			newest = max(newest, market.DateOf(info.Last))
		}
	}
	return tx.LastSessions(ctx, st.ID, newest)
}
