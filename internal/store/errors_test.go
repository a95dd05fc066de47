package store_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/candlewright/candlewright/internal/fault"
	"github.com/candlewright/candlewright/internal/market"
	"github.com/candlewright/candlewright/internal/pipeline"
	"github.com/candlewright/candlewright/internal/postgres"
	"github.com/candlewright/candlewright/internal/postgres/pgtest"
	"github.com/candlewright/candlewright/internal/quality"
	"github.com/candlewright/candlewright/internal/store"
)

func TestWhatTheSchemaRefusesIsAFault(t *testing.T) {
	t.Parallel()
	s, _ := open(t)
	ctx := t.Context()
	sym := track(t, s, "AAPL", market.Stock)
	r := run(t, s, sym.ID, now, market.D1)
	good := pipeline.Run{
		SymbolID: sym.ID, JobID: uuid.New(), Trigger: pipeline.TriggerManual, Timeframes: []market.Timeframe{market.D1},
		From: now, To: now, CreatedAt: now,
	}
	create := func(change func(*pipeline.Run)) func() error {
		return func() error {
			bad := good
			change(&bad)
			_, err := s.CreateRun(ctx, bad)
			return err
		}
	}
	tracked := func(ticker string, class market.AssetClass, tfs ...market.Timeframe) func() error {
		return func() error {
			_, err := s.TrackSymbol(ctx, store.Tracking{Symbol: market.Symbol{Ticker: ticker, Class: class}, Timeframes: tfs}, now)
			return err
		}
	}
	for _, tc := range []struct {
		name     string
		do       func() error
		code     fault.Code
		argument string
	}{
		{"no ticker", tracked("A B", market.Stock, market.D1), fault.BadUserInput, "ticker"},
		{"a ticker of 300 characters", tracked(string(make([]byte, 300)), market.Stock, market.D1), fault.BadUserInput, "ticker"},
		{"no asset class", tracked("AAPL", "bond", market.D1), fault.BadUserInput, "asset_class"},
		{"no timeframe", tracked("AAPL", market.Stock, "2h"), fault.BadUserInput, "timeframe"},
		{"a run without timeframes", create(func(r *pipeline.Run) { r.Timeframes = []market.Timeframe{} }), fault.BadUserInput, "timeframes"},
		{"a run of no timeframe", create(func(r *pipeline.Run) { r.Timeframes = []market.Timeframe{"1D"} }), fault.BadUserInput, "timeframes"},
		{"a timeframe twice", create(func(r *pipeline.Run) { r.Timeframes = []market.Timeframe{"1d", "1d"} }), fault.BadUserInput, "timeframes"},
		{"a reversed range", create(func(r *pipeline.Run) { r.To = r.From.Add(-1 * time.Second) }), fault.BadUserInput, "from"},
		{"a job id twice", create(func(x *pipeline.Run) { x.JobID = r.JobID }), fault.Conflict, ""},
		{"a run of no symbol", create(func(r *pipeline.Run) { r.SymbolID = 404 }), fault.SymbolNotFound, ""},
		{"a log of no symbol", func() error {
			_, err := s.AddFetchLog(ctx, pipeline.FetchLog{SymbolID: 404, Timeframe: market.D1, Source: market.CSV, CreatedAt: now})
			return err
		}, fault.SymbolNotFound, ""},
		{"a correction of no symbol", func() error {
			return s.AddCorrections(ctx, []pipeline.Correction{{SymbolID: 404, Timeframe: market.D1, Reason: pipeline.BugFix, CorrectedAt: now}})
		}, fault.SymbolNotFound, ""},
		{"a status of no symbol", func() error {
			return s.PutStatus(ctx, store.Status{SymbolID: 404, Word: quality.Healthy, UpdatedAt: now})
		}, fault.SymbolNotFound, ""},
		{"a series of no symbol", func() error {
			return s.InTx(ctx, func(tx *store.Tx) error {
				_, err := tx.LockSeries(ctx, 404, market.D1, now)
				return err
			})
		}, fault.SymbolNotFound, ""},
		{"a funding rate above 1", func() error {
			_, _, err := s.PutPayments(ctx, sym.ID, market.CSV, nil, []market.Payment{{At: now, Rate: 1.5}}, now)
			return err
		}, fault.DatabaseError, ""},
		{"no such symbol", func() error {
			_, err := s.Symbol(ctx, market.Symbol{Ticker: "NOPE\x00", Class: market.ETF})
			return err
		}, fault.SymbolNotFound, ""},
		{"no such run", func() error { _, err := s.RunByID(ctx, 404); return err }, fault.NotFound, ""},
		{"no such job", func() error { _, err := s.RunByJob(ctx, uuid.New()); return err }, fault.NotFound, ""},
		{"starting no run", func() error { _, err := s.StartRun(ctx, 404, 1, now); return err }, fault.NotFound, ""},
		{"an event of no run", func() error { _, err := s.AppendEvent(ctx, 404, pipeline.Progress{At: now}); return err }, fault.NotFound, ""},
		{"no such schedule", func() error { _, err := s.Schedule(ctx, "x"); return err }, fault.NotFound, ""},
	} {
		err := tc.do()
		shown := fault.Show(err)
		if !fault.Is(err, tc.code) || shown.Argument != tc.argument {
			t.Errorf("%s: got %v (argument %q), want %s (%q)", tc.name, err, shown.Argument, tc.code, tc.argument)
		}
	}
}

func TestADatabaseOutOfReachIsAFaultOfTheDatabase(t *testing.T) {
	t.Parallel()
	url := pgtest.NewURL(t)
	pool, err := postgres.Connect(t.Context(), url, postgres.PoolOptions{})
	check(t, err)
	s := store.New(pool)
	pool.Close()

	_, err = s.OpenRuns(t.Context())
	if shown := fault.Show(err); shown.Code != string(fault.Unavailable) || shown.Detail != "Database error" || shown.Status != 500 {
		t.Errorf("a read shows %+v (%v)", shown, err)
	}
	err = s.InTx(t.Context(), func(*store.Tx) error { return nil })
	if shown := fault.Show(err); shown.Code != string(fault.Unavailable) {
		t.Errorf("a transaction shows %+v (%v)", shown, err)
	}
}

func TestAnEndedContextIsToldApart(t *testing.T) {
	t.Parallel()
	s, _ := open(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.OpenRuns(ctx); !fault.Is(err, fault.Cancelled) {
		t.Errorf("cancelled: got %v", err)
	}
	ctx, cancel = context.WithDeadline(t.Context(), time.Unix(0, 0))
	defer cancel()
	if _, err := s.Candles(ctx, 1, market.D1, store.CandlePage{Limit: 1}); !fault.Is(err, fault.DeadlineExceeded) {
		t.Errorf("too late: got %v", err)
	}
}

func TestCandlesNeedTheBinaryFormat(t *testing.T) {
	t.Parallel()
	pool, err := postgres.Connect(t.Context(), pgtest.NewURL(t)+"&default_query_exec_mode=simple_protocol", postgres.PoolOptions{})
	check(t, err)
	t.Cleanup(pool.Close)
	_, err = store.New(pool).Candles(t.Context(), 1, market.D1, store.CandlePage{Limit: 1})
	if err == nil || !strings.Contains(err.Error(), "simple_protocol") {
		t.Errorf("got %v, want an error that names the setting", err)
	}
}
