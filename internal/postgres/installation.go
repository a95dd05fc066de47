package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Kind says whether a database holds real or simulated candles. One database never holds both.
type Kind string

// The kinds of installation.
const (
	Real      Kind = "real"
	Simulated Kind = "simulated"
)

// Installation is what a database was marked as by the first program that used it.
type Installation struct {
	Kind      Kind
	ID        uuid.UUID
	CreatedAt time.Time
}

// WrongKindError says that a database belongs to the other kind of installation.
type WrongKindError struct {
	Is   Installation
	Want Kind
}

func (e *WrongKindError) Error() string {
	return fmt.Sprintf("this database holds %s candles (since %s) and this command works on %s ones, which are never mixed: give another --data-dir or database URL",
		e.Is.Kind, e.Is.CreatedAt.UTC().Format(time.RFC3339), e.Want)
}

// EnsureInstallation marks a fresh database as kind, or checks that it is. Programs that start
// at once agree on one mark.
func EnsureInstallation(ctx context.Context, pool *pgxpool.Pool, kind Kind, now time.Time) (Installation, error) {
	_, err := pool.Exec(ctx, `INSERT INTO installation (kind, id, created_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`,
		string(kind), uuid.New(), now)
	if err != nil {
		return Installation{}, fmt.Errorf("mark the database as %s: %w", kind, explainPrivilege(ctx, pool, needWrite, err))
	}
	var is Installation
	if err := pool.QueryRow(ctx, `SELECT kind, id, created_at FROM installation`).Scan(&is.Kind, &is.ID, &is.CreatedAt); err != nil {
		return Installation{}, fmt.Errorf("read the database's mark: %w", err)
	}
	is.CreatedAt = is.CreatedAt.UTC()
	if is.Kind != kind {
		return Installation{}, &WrongKindError{Is: is, Want: kind}
	}
	return is, nil
}

// SchemaVersion is the number of the newest of the program's migrations that the
// database has.
func SchemaVersion(ctx context.Context, pool *pgxpool.Pool) (version int64, err error) {
	err = pool.QueryRow(ctx, `SELECT coalesce(max(version_id), 0) FROM goose_db_version WHERE is_applied`).Scan(&version)
	if err != nil {
		return 0, fmt.Errorf("read the version of the schema: %w", err)
	}
	return version, nil
}
