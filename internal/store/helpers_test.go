package store_test

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/candlewright/candlewright/internal/feature"
	"github.com/candlewright/candlewright/internal/market"
	"github.com/candlewright/candlewright/internal/pipeline"
	"github.com/candlewright/candlewright/internal/postgres/pgtest"
	"github.com/candlewright/candlewright/internal/quality"
	"github.com/candlewright/candlewright/internal/store"
)

// now is the moment at which all tests write; the column holds microseconds.
var now = time.Date(2026, 11, 24, 21, 30, 0, 123456000, time.UTC)

func open(tb testing.TB) (*store.Store, *pgxpool.Pool) {
	tb.Helper()
	pool := pgtest.New(tb)
	return store.New(pool), pool
}

// track makes a symbol with all timeframes.
func track(tb testing.TB, s *store.Store, ticker string, class market.AssetClass) pipeline.Symbol {
	tb.Helper()
	sym, err := s.TrackSymbol(tb.Context(), store.Tracking{
		Symbol: market.Symbol{Ticker: ticker, Class: class}, Timeframes: market.Timeframes(), Schedule: true,
	}, now)
	check(tb, err)
	return sym
}

// newRun is a run of the last year of a symbol.
func newRun(symbolID int64, createdAt time.Time, tfs ...market.Timeframe) pipeline.Run {
	if tfs == nil {
		tfs = []market.Timeframe{market.D1}
	}
	return pipeline.Run{
		SymbolID: symbolID, JobID: uuid.New(), Trigger: pipeline.TriggerManual, Timeframes: tfs,
		From: now.AddDate(-1, 0, 0), To: now, RequestedBy: "test", MaxAttempts: 3,
		RecordsTotal: 500, EstimatedSeconds: 45, CreatedAt: createdAt,
	}
}

// run makes a queued run of a symbol.
func run(tb testing.TB, s *store.Store, symbolID int64, createdAt time.Time, tfs ...market.Timeframe) pipeline.Run {
	tb.Helper()
	r, err := s.CreateRun(tb.Context(), newRun(symbolID, createdAt, tfs...))
	check(tb, err)
	return r
}

// write stores candles of a series in a transaction of their own.
func write(tb testing.TB, s *store.Store, symbolID int64, tf market.Timeframe, runID int64, candles []pipeline.Candle) {
	tb.Helper()
	check(tb, s.InTx(tb.Context(), func(tx *store.Tx) error {
		if _, err := tx.LockSeries(tb.Context(), symbolID, tf, now); err != nil {
			return err
		}
		return tx.WriteCandles(tb.Context(), symbolID, tf, runID, candles)
	}))
}

// read gives all candles of a series.
func read(tb testing.TB, s *store.Store, symbolID int64, tf market.Timeframe) []pipeline.Candle {
	tb.Helper()
	candles, err := s.CandlesIn(tb.Context(), symbolID, tf, store.Range{})
	check(tb, err)
	return candles
}

func check(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}

// same fails the test where two values differ; NaN is equal to itself, and a
// nil list to an empty one.
func same(tb testing.TB, what string, got, want any) {
	tb.Helper()
	if d := cmp.Diff(want, got, sameNaN); d != "" {
		tb.Errorf("%s (-want +got):\n%s", what, d)
	}
}

var sameNaN = cmp.Comparer(func(a, b float64) bool { return math.Float64bits(a) == math.Float64bits(b) || a != a && b != b })

// series makes n hourly candles of a coin from start on, with everything that a
// candle can have missing here and there.
func series(seed uint64, start time.Time, n int) []pipeline.Candle {
	rnd := rand.New(rand.NewPCG(seed, 7))
	maybe := func() float64 {
		if rnd.IntN(3) == 0 {
			return market.Missing()
		}
		return rnd.NormFloat64()
	}
	candles := make([]pipeline.Candle, n)
	for i := range candles {
		c := &candles[i]
		c.TS = start.Add(time.Duration(i) * time.Hour)
		c.Open, c.High, c.Low, c.Close = 1+rnd.Float64(), 2+rnd.Float64(), rnd.Float64()+1e-9, 1+rnd.Float64()
		c.Volume = 1000 * rnd.Float64()
		c.Features = feature.NoValues()
		for f := range c.Delivered {
			c.Delivered[f] = maybe()
			c.Features.Num[f2n[f]] = c.Delivered[f]
		}
		for _, name := range computed {
			c.Features.Num[name] = maybe()
		}
		c.Features.Trend = [...]feature.Trend{"", feature.Up, feature.Down, feature.Neutral}[rnd.IntN(4)]
		c.Features.Structure = [...]feature.Structure{"", feature.Bullish, feature.Bearish, feature.Range}[rnd.IntN(4)]
		c.Offered = market.Fields(rnd.IntN(256))
		c.Source = market.SourceNames()[rnd.IntN(4)]
		c.Manual = rnd.IntN(10) == 0
		c.VolumeEstimated = rnd.IntN(10) == 0
		if rnd.IntN(10) == 0 {
			c.Verdict.Failed = c.Verdict.Failed.With(quality.OHLCOrder).With(quality.Monotonic)
		}
		c.Verdict.Anomaly = rnd.IntN(20) == 0
		c.Verdict.Parts = quality.Parts{
			FieldsPresent: 5, FieldsExpected: 7, ChecksPassed: 9, ChecksMade: 10,
			FeaturesPresent: int16(rnd.IntN(20)), FeaturesExpected: 20, Freshness: float64(rnd.IntN(10)) / 9,
		}
		c.Revision, c.Basis, c.FirstStoredAt = 1+rnd.IntN(3), rnd.IntN(2), now
	}
	return candles
}

// f2n is the feature that a delivered field is; both have the column's name.
var f2n = func() (names [market.NumFields]feature.Name) {
	for f := range names {
		names[f], _ = feature.ParseName(market.Field(f).String())
	}
	return names
}()

var computed = []feature.Name{
	feature.Return1h, feature.Return1d, feature.Volatility20, feature.Volatility50, feature.ATR, feature.RollingVolume20,
	feature.Delta, feature.BuySellRatio, feature.LiquidationIntensity, feature.VolumeSpikeScore,
	feature.FundingRatePercentile, feature.OpenInterestChange,
}
