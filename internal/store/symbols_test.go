package store_test

import (
	"testing"
	"time"

	"github.com/candlewright/candlewright/internal/market"
	"github.com/candlewright/candlewright/internal/pipeline"
	"github.com/candlewright/candlewright/internal/quality"
	"github.com/candlewright/candlewright/internal/store"
)

func TestTrackingAgain(t *testing.T) {
	t.Parallel()
	s, _ := open(t)
	btc := market.Symbol{Ticker: "BTC", Class: market.Crypto}
	d1, h1 := []market.Timeframe{market.D1}, []market.Timeframe{market.H1}
	both := []market.Timeframe{market.H1, market.D1}
	later := now.Add(time.Hour)
	for _, step := range []struct {
		name       string
		tracking   store.Tracking
		untracked  bool // before the step
		timeframes []market.Timeframe
		scheduled  bool
		called     string
	}{
		{"an import schedules nothing", store.Tracking{Symbol: btc, Timeframes: d1, Name: "Bitcoin"}, false, d1, false, "Bitcoin"},
		{"timeframes are added, the name stays", store.Tracking{Symbol: btc, Timeframes: h1}, false, both, false, "Bitcoin"},
		{"a trigger schedules", store.Tracking{Symbol: btc, Timeframes: d1, Schedule: true}, false, both, true, "Bitcoin"},
		{"no schedule is taken away", store.Tracking{Symbol: btc, Timeframes: nil}, false, both, true, "Bitcoin"},
		{"an untracked one starts anew", store.Tracking{Symbol: btc, Timeframes: h1, Name: "BTC"}, true, h1, false, "BTC"},
	} {
		if step.untracked {
			sym, err := s.Symbol(t.Context(), btc)
			check(t, err)
			sym.Active = false
			_, err = s.SetTracking(t.Context(), sym, now)
			check(t, err)
		}
		got, err := s.TrackSymbol(t.Context(), step.tracking, later)
		check(t, err)
		same(t, step.name, got, pipeline.Symbol{
			ID: got.ID, Symbol: btc, Name: step.called, Active: true, Scheduled: step.scheduled, Timeframes: step.timeframes, AddedAt: later,
		})
	}
	other, err := s.TrackSymbol(t.Context(), store.Tracking{Symbol: market.Symbol{Ticker: "BTC", Class: market.ETF}, Timeframes: d1}, later)
	check(t, err)
	syms, err := s.SymbolsByTicker(t.Context(), "BTC")
	check(t, err)
	same(t, "classes of the ticker", len(syms), 2)
	same(t, "the other class", syms[1], other)
}

func TestAddTimeframe(t *testing.T) {
	t.Parallel()
	s, _ := open(t)
	id := plain(t, s)
	for _, want := range []bool{true, false} {
		added, err := s.AddTimeframe(t.Context(), id, market.H4, now)
		check(t, err)
		same(t, "added", added, want)
	}
	same(t, "timeframes", timeframes(t, s, id), []market.Timeframe{market.H4, market.D1})
}

func TestScheduledSymbols(t *testing.T) {
	t.Parallel()
	s, _ := open(t)
	plain(t, s) // tracked, not scheduled
	gone := track(t, s, "GONE", market.Stock)
	gone.Active = false
	_, err := s.SetTracking(t.Context(), gone, now)
	check(t, err)
	b, a := track(t, s, "B", market.Stock), track(t, s, "A", market.Stock)
	got, err := s.ScheduledSymbols(t.Context())
	check(t, err)
	same(t, "scheduled", got, []pipeline.Symbol{a, b})
}

func TestStates(t *testing.T) {
	t.Parallel()
	s, _ := open(t)
	coin, fund, other := track(t, s, "BTC", market.Crypto), track(t, s, "BTC", market.ETF), track(t, s, "ETH", market.Crypto)
	st := store.Status{
		SymbolID: coin.ID, LastEnrichmentTime: now, LastRunFailed: true, ErrorMessage: "no",
		Window: quality.Window{Records: 2, Validated: 1, ScoreSum: 1.5}, Word: quality.Failing, UpdatedAt: now,
	}
	check(t, s.PutStatus(t.Context(), st))
	infos := []pipeline.SeriesInfo{
		{SymbolID: coin.ID, Timeframe: market.M15},
		{SymbolID: coin.ID, Timeframe: market.H1, Basis: 1, First: monday, Last: now, Records: 9, Validated: 8, Anomalies: 7, Revision: 6},
		{SymbolID: coin.ID, Timeframe: market.W1},
	}
	check(t, s.InTx(t.Context(), func(tx *store.Tx) error {
		for _, info := range infos {
			if _, err := tx.LockSeries(t.Context(), info.SymbolID, info.Timeframe, now); err != nil {
				return err
			}
			if err := tx.UpdateSeries(t.Context(), info, now); err != nil {
				return err
			}
		}
		return nil
	}))
	st.Word, st.UpdatedAt = "", time.Time{} // not read
	ofCoin := store.SymbolState{Symbol: coin, Status: st, Series: infos}
	ofFund := store.SymbolState{Symbol: fund, Status: store.Status{SymbolID: fund.ID}}
	ofOther := store.SymbolState{Symbol: other, Status: store.Status{SymbolID: other.ID}}

	got, err := s.StatesByTicker(t.Context(), "BTC")
	check(t, err)
	same(t, "by ticker", got, []store.SymbolState{ofCoin, ofFund})
	byID, err := s.StatesByIDs(t.Context(), []int64{other.ID, coin.ID, 404})
	check(t, err)
	same(t, "by id", byID, map[int64]store.SymbolState{coin.ID: ofCoin, other.ID: ofOther})
}
