package store

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/candlewright/candlewright/db"
)

// Snapshot runs fn on the database as it is at one moment: what is committed
// while fn reads is not seen. Nothing can be written, and nobody is kept from
// writing. Readers that compare tables with each other need it.
func (s *Store) Snapshot(ctx context.Context, fn func(tx *Tx) error) error {
	raw, err := s.pool.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly})
	if err != nil {
		return failed(ctx, "begin snapshot", err)
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), rollbackLimit)
		defer cancel()
		_ = raw.Rollback(ctx) // nothing was written; a connection that cannot roll back is closed by pgx
	}()
	return fn(&Tx{queries: queries{q: db.New(raw), conn: raw}, tx: raw})
}
