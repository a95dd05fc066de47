package store_test

import (
	"context"
	"errors"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/candlewright/candlewright/internal/fault"
	"github.com/candlewright/candlewright/internal/market"
	"github.com/candlewright/candlewright/internal/store"
)

var errStop = errors.New("stop")

// addTimeframe is a write that a test can look for.
func addTimeframe(ctx context.Context, tx *store.Tx, symbolID int64) error {
	_, err := tx.AddTimeframe(ctx, symbolID, market.M5, now)
	return err
}

func timeframes(t *testing.T, s *store.Store, id int64) []market.Timeframe {
	t.Helper()
	syms, err := s.SymbolsByIDs(t.Context(), []int64{id})
	check(t, err)
	return syms[id].Timeframes
}

// plain makes a symbol that is tracked at 1d alone.
func plain(t *testing.T, s *store.Store) int64 {
	t.Helper()
	sym, err := s.TrackSymbol(t.Context(), store.Tracking{
		Symbol: market.Symbol{Ticker: "AAPL", Class: market.Stock}, Timeframes: []market.Timeframe{market.D1},
	}, now)
	check(t, err)
	return sym.ID
}

func TestInTxCommits(t *testing.T) {
	t.Parallel()
	s, _ := open(t)
	id := plain(t, s)
	check(t, s.InTx(t.Context(), func(tx *store.Tx) error { return addTimeframe(t.Context(), tx, id) }))
	same(t, "timeframes", timeframes(t, s, id), []market.Timeframe{market.M5, market.D1})
}

func TestInTxRollsBackOnError(t *testing.T) {
	t.Parallel()
	s, pool := open(t)
	id := plain(t, s)
	err := s.InTx(t.Context(), func(tx *store.Tx) error {
		check(t, addTimeframe(t.Context(), tx, id))
		return errStop
	})
	if !errors.Is(err, errStop) {
		t.Errorf("got %v, want the function's error", err)
	}
	same(t, "timeframes", timeframes(t, s, id), []market.Timeframe{market.D1})
	same(t, "connections in use", pool.Stat().AcquiredConns(), int32(0))
}

func TestInTxRollsBackOnPanic(t *testing.T) {
	t.Parallel()
	s, pool := open(t)
	id := plain(t, s)
	func() {
		defer func() { same(t, "the panic", recover(), any("boom")) }()
		_ = s.InTx(t.Context(), func(tx *store.Tx) error {
			check(t, addTimeframe(t.Context(), tx, id))
			panic("boom")
		})
	}()
	same(t, "timeframes", timeframes(t, s, id), []market.Timeframe{market.D1})
	same(t, "connections in use", pool.Stat().AcquiredConns(), int32(0))
}

func TestInTxRollsBackWhenTheContextEnds(t *testing.T) {
	t.Parallel()
	s, _ := open(t)
	id := plain(t, s)
	ctx, cancel := context.WithCancel(t.Context())
	err := s.InTx(ctx, func(tx *store.Tx) error {
		check(t, addTimeframe(ctx, tx, id))
		cancel()
		return nil
	})
	if !fault.Is(err, fault.Cancelled) {
		t.Errorf("got %v, want a cancellation", err)
	}
	same(t, "timeframes", timeframes(t, s, id), []market.Timeframe{market.D1})
}

func TestInTxRepeatsADeadlock(t *testing.T) {
	t.Parallel()
	s, _ := open(t)
	a, b := track(t, s, "A", market.Stock).ID, track(t, s, "B", market.Stock).ID

	// Two transactions lock the same two rows in opposite order, each only once
	// the other holds its first; the server ends one of them.
	holds := map[int64]chan struct{}{a: make(chan struct{}), b: make(chan struct{})}
	attempts := make(chan struct{}, 10)
	cross := func(first, second int64) error {
		tried := false
		return s.InTx(t.Context(), func(tx *store.Tx) error {
			attempts <- struct{}{}
			if _, err := tx.LockSymbol(t.Context(), first); err != nil {
				return err
			}
			if !tried {
				tried = true
				close(holds[first])
				<-holds[second]
			}
			_, err := tx.LockSymbol(t.Context(), second)
			return err
		})
	}
	done := make(chan error, 2)
	go func() { done <- cross(a, b) }()
	go func() { done <- cross(b, a) }()
	check(t, <-done)
	check(t, <-done)
	if n := len(attempts); n < 3 {
		t.Errorf("%d attempts: there was no deadlock to repeat", n)
	}
}

func TestInTxGivesUp(t *testing.T) {
	t.Parallel()
	s, _ := open(t)
	attempts := 0
	err := s.InTx(t.Context(), func(*store.Tx) error {
		attempts++
		return &pgconn.PgError{Code: "40001", Message: "could not serialize access"}
	})
	if _, ok := errors.AsType[*pgconn.PgError](err); !ok {
		t.Errorf("got %v, want the server's error", err)
	}
	same(t, "attempts", attempts, 6)
}

func TestInTxDoesNotRepeatOtherErrors(t *testing.T) {
	t.Parallel()
	s, _ := open(t)
	attempts := 0
	err := s.InTx(t.Context(), func(tx *store.Tx) error {
		attempts++
		_, err := tx.LockSymbol(t.Context(), 404)
		return err
	})
	if !fault.Is(err, fault.SymbolNotFound) {
		t.Errorf("got %v, want SYMBOL_NOT_FOUND", err)
	}
	same(t, "attempts", attempts, 1)
}

func TestRawIsTheSameTransaction(t *testing.T) {
	t.Parallel()
	s, _ := open(t)
	id := plain(t, s)
	check(t, s.InTx(t.Context(), func(tx *store.Tx) error {
		check(t, addTimeframe(t.Context(), tx, id))
		var n int
		check(t, tx.Raw().QueryRow(t.Context(), `SELECT cardinality(timeframes) FROM symbols WHERE id = $1`, id).Scan(&n))
		same(t, "timeframes seen", n, 2)
		return nil
	}))
}
