// Package store is the database as the rest of the program sees it: domain
// values in, domain values out. It is the only importer of db, the code that
// sqlc makes of queries/.
//
// Store and Tx have the same query methods; a Tx is made by Store.InTx only and
// is an argument, never in a context. Methods that must be part of a
// transaction (locks on rows, bulk writes) exist on Tx alone. Every method is
// one statement unless it says otherwise, and every list is a keyset list.
//
// No rule of the domain belongs here, no clock (instants are arguments), no
// policy of what to do about an error. What a caller may show of an error is a
// *fault.Error: rows that do not exist, constraints by their name, and the
// database itself being out of reach.
package store

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/candlewright/candlewright/db"
)

// Store answers and writes outside of a transaction: each method for itself.
// It is safe for concurrent use.
type Store struct {
	queries
	pool *pgxpool.Pool
}

// New is a store on a pool of connections to a migrated database. The pool
// stays the caller's to close.
func New(pool *pgxpool.Pool) *Store {
	return &Store{queries: queries{q: db.New(pool), conn: pool}, pool: pool}
}

// Tx is a transaction in progress: the same methods as Store, and those that
// need one. It must not be used after the function given to InTx has returned.
type Tx struct {
	queries
	tx     pgx.Tx
	staged bool // the staging table of candles holds rows of this transaction
}

// Raw is the transaction for those who write tables of their own in the same
// commit (the queue of jobs).
func (tx *Tx) Raw() pgx.Tx { return tx.tx }

// queries holds the methods that Store and Tx share.
type queries struct {
	q    *db.Queries
	conn db.DBTX
}

const (
	maxAttempts    = 6
	firstRetryWait = 5 * time.Millisecond
	rollbackLimit  = 5 * time.Second // a rollback outlives the caller's context, but not the server's death
)

// InTx runs fn in one transaction and commits it when fn returns nil. An error
// or a panic of fn rolls it back. A serialization failure or a deadlock, in fn
// or at the commit, repeats the whole with a growing random wait, up to six
// times in all; so fn must do nothing outside of the transaction that may not
// be done twice.
func (s *Store) InTx(ctx context.Context, fn func(tx *Tx) error) error {
	wait := firstRetryWait
	for attempt := 1; ; attempt++ {
		err := s.try(ctx, fn)
		if err == nil || !retryable(err) || attempt == maxAttempts {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("repeat transaction after attempt %d: %w", attempt, err)
		case <-time.After(wait/2 + rand.N(wait)):
		}
		wait *= 2
	}
}

func (s *Store) try(ctx context.Context, fn func(tx *Tx) error) error {
	raw, err := s.pool.Begin(ctx)
	if err != nil {
		return failed(ctx, "begin transaction", err)
	}
	done := false
	defer func() {
		if !done { // fn failed or panicked
			ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), rollbackLimit)
			defer cancel()
			_ = raw.Rollback(ctx) // a connection that cannot roll back is closed by pgx, which rolls back too
		}
	}()
	if err := fn(&Tx{queries: queries{q: db.New(raw), conn: raw}, tx: raw}); err != nil {
		return err
	}
	done = true
	if err := raw.Commit(ctx); err != nil {
		return failed(ctx, "commit", err)
	}
	return nil
}
