package store_test

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/candlewright/candlewright/internal/market"
	"github.com/candlewright/candlewright/internal/store"
)

func TestTryLockSeries(t *testing.T) {
	t.Parallel()
	s, pool := open(t)
	a, b := track(t, s, "A", market.Crypto).ID, track(t, s, "B", market.Crypto).ID
	try := func(id int64, tfs ...market.Timeframe) (func(), bool) {
		t.Helper()
		release, ok, err := s.TryLockSeries(t.Context(), id, tfs...)
		check(t, err)
		if ok {
			t.Cleanup(release)
		}
		return release, ok
	}
	release, ok := try(a, market.H1, market.D1)
	same(t, "free", ok, true)
	same(t, "connections of the pool in use", pool.Stat().AcquiredConns(), int32(0))
	for name, tc := range map[string]struct {
		id   int64
		tfs  []market.Timeframe
		want bool
	}{
		"the same":             {a, []market.Timeframe{market.H1, market.D1}, false},
		"one of them":          {a, []market.Timeframe{market.D1}, false},
		"one of them and more": {a, []market.Timeframe{market.M5, market.D1}, false},
		"another timeframe":    {a, []market.Timeframe{market.M15}, true},
		"another symbol":       {b, []market.Timeframe{market.H1, market.D1, market.D1}, true},
	} {
		_, ok := try(tc.id, tc.tfs...)
		same(t, name, ok, tc.want)
	}
	// What was tried in vain is not held.
	_, ok = try(a, market.M5)
	same(t, "a part of what was not got", ok, true)
	release()
	release()
	_, ok = try(a, market.H1, market.D1)
	same(t, "released", ok, true)
}

func TestALockEndsWithItsConnection(t *testing.T) {
	t.Parallel()
	s, pool := open(t)
	id := track(t, s, "A", market.Crypto).ID
	release, ok, err := s.TryLockSeries(t.Context(), id, market.H1)
	check(t, err)
	same(t, "free", ok, true)
	defer release()
	_, err = pool.Exec(t.Context(), `SELECT pg_terminate_backend(pid, 10000) FROM pg_locks WHERE locktype = 'advisory'
		AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`)
	check(t, err)
	again, ok, err := s.TryLockSeries(t.Context(), id, market.H1)
	check(t, err)
	same(t, "after the holder died", ok, true)
	again()
}

func TestOneOfManyGetsTheSeries(t *testing.T) {
	t.Parallel()
	s, _ := open(t)
	id := track(t, s, "A", market.Crypto).ID
	var holders, got atomic.Int32
	var all sync.WaitGroup
	begin := make(chan struct{})
	for i := range 6 {
		all.Go(func() {
			<-begin
			tfs := []market.Timeframe{market.H1, market.D1, market.M5}
			if i%2 == 0 {
				tfs = []market.Timeframe{market.M5, market.H1, market.D1}
			}
			for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); {
				release, ok, err := s.TryLockSeries(t.Context(), id, tfs...)
				if err != nil {
					t.Error(err)
					return
				}
				if !ok {
					continue
				}
				if n := holders.Add(1); n != 1 {
					t.Errorf("%d hold the series at once", n)
				}
				got.Add(1)
				holders.Add(-1)
				release()
				return
			}
			t.Error("never got the series")
		})
	}
	close(begin)
	all.Wait()
	same(t, "who got the series", got.Load(), int32(6))
}

func TestLockedRowsMakeOthersWait(t *testing.T) {
	t.Parallel()
	s, pool := open(t)
	sym := track(t, s, "A", market.Crypto)
	r := run(t, s, sym.ID, now)
	for name, lock := range map[string]func(tx *store.Tx) error{
		"symbol": func(tx *store.Tx) error { _, err := tx.LockSymbol(t.Context(), sym.ID); return err },
		"series": func(tx *store.Tx) error { _, err := tx.LockSeries(t.Context(), sym.ID, market.H1, now); return err },
		"run":    func(tx *store.Tx) error { _, err := tx.LockRun(t.Context(), r.ID); return err },
	} {
		check(t, s.InTx(t.Context(), lock)) // the series exists from here on
		check(t, s.InTx(t.Context(), func(tx *store.Tx) error {
			check(t, lock(tx))
			var free int
			check(t, pool.QueryRow(t.Context(), map[string]string{
				"symbol": `SELECT count(*) FROM (SELECT FROM symbols FOR UPDATE SKIP LOCKED) x`,
				"series": `SELECT count(*) FROM (SELECT FROM series FOR UPDATE SKIP LOCKED) x`,
				"run":    `SELECT count(*) FROM (SELECT FROM enrichment_runs FOR UPDATE SKIP LOCKED) x`,
			}[name]).Scan(&free))
			same(t, "rows that others could lock, "+name, free, 0)
			return nil
		}))
	}
}
