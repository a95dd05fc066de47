package store

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/candlewright/candlewright/db"
	"github.com/candlewright/candlewright/internal/market"
)

// closeLimit bounds the goodbye to a connection of our own.
const closeLimit = 5 * time.Second

// TryLockSeries takes the right to work the series of a symbol, as a whole or
// not at all and without waiting; ok is false while another has one of them. The
// right belongs to a connection of its own, outside of the pool, and so ends
// with release or with the process: who gets it knows that nobody else is at
// work, however the last one ended. release may be called twice.
func (s *Store) TryLockSeries(ctx context.Context, symbolID int64, tfs ...market.Timeframe) (release func(), ok bool, err error) {
	conn, err := s.connect(ctx)
	if err != nil {
		return nil, false, failed(ctx, "connect for a lock", err)
	}
	release = func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeLimit)
		defer cancel()
		// The end of the connection lets go as well, but some time after close returns:
		// whoever asks next would find the series still held.
		_ = db.New(conn).ReleaseAdvisoryLocks(ctx)
		_ = conn.Close(ctx)
	}
	q := db.New(conn)
	for _, key := range seriesKeys(symbolID, tfs) {
		got, err := q.TryAdvisoryLock(ctx, key)
		if err != nil || !got {
			release()
			return nil, false, failed(ctx, "lock series", err)
		}
	}
	return release, true, nil
}

// LockWrites waits until no other transaction writes candles of the symbol, and
// keeps others waiting until this one ends. Metrics and status of a symbol are
// taken over all its series: two writers at once would each count without what
// the other is about to commit.
func (tx *Tx) LockWrites(ctx context.Context, symbolID int64) error {
	return failed(ctx, "wait for writers of the symbol", tx.q.AdvisoryTxLock(ctx, lockSpace|symbolID<<3|symbolWide))
}

// HeldSeries gives a test of whether somebody holds the right to work any of some
// series, as of now and at the cost of one statement for all. Not held is a hint
// only: TryLockSeries decides.
func (s *queries) HeldSeries(ctx context.Context) (held func(symbolID int64, tfs ...market.Timeframe) bool, err error) {
	keys, err := s.q.HeldAdvisoryKeys(ctx)
	if err != nil {
		return nil, failed(ctx, "look who holds series", err)
	}
	return func(symbolID int64, tfs ...market.Timeframe) bool {
		return slices.ContainsFunc(seriesKeys(symbolID, tfs), func(key int64) bool { return slices.Contains(keys, key) })
	}, nil
}

// connect opens a connection like those of the pool, for the caller alone.
func (s *Store) connect(ctx context.Context) (*pgx.Conn, error) {
	pool := s.pool.Config()
	cfg := pool.ConnConfig
	if pool.BeforeConnect != nil {
		if err := pool.BeforeConnect(ctx, cfg); err != nil {
			return nil, fmt.Errorf("prepare connection: %w", err)
		}
	}
	return pgx.ConnectConfig(ctx, cfg)
}

// lockSpace marks our keys among all advisory locks of a database: "CW" in the
// upper two bytes. Below are 45 bits of the symbol's id and 3 of the timeframe.
const lockSpace = 0x4357 << 48

// symbolWide stands in the place of a timeframe in the key of a whole symbol.
const symbolWide = 7

// seriesKeys are the keys of series in ascending order: as all take them so, of
// two who want several one gets them all.
func seriesKeys(symbolID int64, tfs []market.Timeframe) []int64 {
	keys := make([]int64, len(tfs))
	for i, tf := range tfs {
		keys[i] = lockSpace | symbolID<<3 | int64(tf.Order())
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}
