package store_test

import (
	"math"
	"testing"
	"time"

	"github.com/candlewright/candlewright/internal/feature"
	"github.com/candlewright/candlewright/internal/market"
	"github.com/candlewright/candlewright/internal/pipeline"
	"github.com/candlewright/candlewright/internal/quality"
	"github.com/candlewright/candlewright/internal/store"
)

var monday = time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)

func TestCandlesComeBackAsTheyWereWritten(t *testing.T) {
	t.Parallel()
	s, _ := open(t)
	sym := track(t, s, "BTC", market.Crypto)
	want := series(1, monday, 3000)

	write(t, s, sym.ID, market.H1, 1, want)
	same(t, "copied straight", read(t, s, sym.ID, market.H1), want)

	write(t, s, sym.ID, market.H1, 2, want)
	same(t, "merged", read(t, s, sym.ID, market.H1), want)
}

func TestCandleExtremesAreExact(t *testing.T) {
	t.Parallel()
	s, pool := open(t)
	sym := track(t, s, "BTC", market.Crypto)
	c := pipeline.Candle{Features: feature.NoValues(), Revision: math.MaxInt32, Basis: 7, FirstStoredAt: now}
	c.TS = time.Date(1998, 1, 2, 0, 0, 0, 0, time.UTC)
	c.Open, c.High, c.Low, c.Close, c.Volume = math.SmallestNonzeroFloat64, math.MaxFloat64, 5e-324, 0.1+0.2, 0
	c.Delivered = market.NoFields()
	c.Delivered[market.OpenInterest], c.Delivered[market.ExchangeInflow] = math.Copysign(0, -1), -math.MaxFloat64
	c.Features.Num[feature.OpenInterest], c.Features.Num[feature.ExchangeInflow] = c.Delivered[market.OpenInterest], c.Delivered[market.ExchangeInflow]
	c.Features.Num[feature.Return1h], c.Features.Num[feature.ATR] = -5e-324, 1e-300
	c.Source, c.Manual = market.CSV, true
	c.Verdict.Failed = quality.Invalidating.With(quality.Monotonic)
	c.VolumeEstimated = true
	c.Offered = market.Offer(market.OpenInterest, market.ExchangeInflow)

	write(t, s, sym.ID, market.D1, 9, []pipeline.Candle{c})
	same(t, "the candle", read(t, s, sym.ID, market.D1), []pipeline.Candle{c})

	var nulls int
	var notes []string
	var validated bool
	var score float64
	check(t, pool.QueryRow(t.Context(), `SELECT num_nulls(open_interest, funding_rate, liquidations_long, liquidations_short,
		taker_buy_volume, taker_sell_volume, long_short_ratio, exchange_inflow, return_1h, return_1d, volatility_20, volatility_50,
		atr, trend_direction, market_structure, rolling_volume_20, delta, buy_sell_ratio, liquidation_intensity, volume_spike_score,
		funding_rate_percentile, open_interest_change), validation_notes, validated, quality_score FROM market_data`).
		Scan(&nulls, &notes, &validated, &score))
	same(t, "nulls", nulls, 22-4)
	same(t, "notes", notes, []string{"monotonic", "ohlc_order", "volume_positive", "microstructure_sane", "feature_sane", "volume_estimated"})
	same(t, "validated", validated, false)
	same(t, "score", score, c.Verdict.Parts.Score())
}

func TestFundingRateOfPaymentsIsTheFeatureAlone(t *testing.T) {
	t.Parallel()
	s, _ := open(t)
	sym := track(t, s, "BTC", market.Crypto)
	c := series(3, monday, 1)[0]
	c.Offered = market.Offer(market.FundingRate) | market.FundingPayments
	c.Delivered[market.FundingRate] = market.Missing()
	c.Features.Num[feature.FundingRate] = 0.0001

	write(t, s, sym.ID, market.H1, 1, []pipeline.Candle{c})
	same(t, "the candle", read(t, s, sym.ID, market.H1), []pipeline.Candle{c})
}

func TestWriteCandlesOverwritesAndInserts(t *testing.T) {
	t.Parallel()
	s, _ := open(t)
	sym := track(t, s, "BTC", market.Crypto)
	old := series(1, monday, 100)
	write(t, s, sym.ID, market.H1, 1, old)
	other := track(t, s, "ETH", market.Crypto)
	write(t, s, other.ID, market.H1, 1, old)

	changed := series(2, monday.Add(90*time.Hour), 20)
	for i := range changed {
		changed[i].FirstStoredAt = now.Add(time.Hour)
	}
	write(t, s, sym.ID, market.H1, 2, changed)

	want := append(old[:90:90], changed...)
	for i := 90; i < 100; i++ {
		want[i].FirstStoredAt = now // a stored slot keeps it
	}
	same(t, "the series", read(t, s, sym.ID, market.H1), want)
	same(t, "the other symbol", read(t, s, other.ID, market.H1), old)
	same(t, "another timeframe", read(t, s, sym.ID, market.H4), []pipeline.Candle{})
}

func TestSeveralWritesInOneTransactionAndAfterARollback(t *testing.T) {
	t.Parallel()
	s, _ := open(t)
	sym := track(t, s, "BTC", market.Crypto)
	want := series(1, monday, 30)
	write(t, s, sym.ID, market.H1, 1, want)

	failing := s.InTx(t.Context(), func(tx *store.Tx) error {
		if err := tx.WriteCandles(t.Context(), sym.ID, market.H1, 2, series(5, monday, 30)); err != nil {
			return err
		}
		return errStop
	})
	if failing == nil {
		t.Fatal("the transaction was to fail")
	}
	same(t, "after the rollback", read(t, s, sym.ID, market.H1), want)

	fresh := series(6, monday, 30)
	check(t, s.InTx(t.Context(), func(tx *store.Tx) error {
		for _, part := range [][]pipeline.Candle{fresh[:10], fresh[10:20], fresh[20:], nil} {
			if err := tx.WriteCandles(t.Context(), sym.ID, market.H1, 3, part); err != nil {
				return err
			}
		}
		return nil
	}))
	same(t, "after three merges", read(t, s, sym.ID, market.H1), fresh)
}

func TestWriteCandlesRefusesDisorder(t *testing.T) {
	t.Parallel()
	s, _ := open(t)
	sym := track(t, s, "BTC", market.Crypto)
	candles := series(1, monday, 3)
	candles[2].TS = candles[1].TS
	err := s.InTx(t.Context(), func(tx *store.Tx) error {
		return tx.WriteCandles(t.Context(), sym.ID, market.H1, 1, candles)
	})
	if err == nil {
		t.Fatal("two candles of one slot were taken")
	}
}
