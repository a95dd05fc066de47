package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/candlewright/candlewright/internal/fault"
)

// SQLSTATE codes that mean something to us.
const (
	foreignKeyViolation  = "23503"
	serializationFailure = "40001"
	deadlockDetected     = "40P01"
)

// failed makes of a driver's error what the layers above understand: a fault of
// a known constraint, else a fault of the database. It is nil for nil. attempted
// says what was tried, "read runs".
func failed(ctx context.Context, attempted string, err error) error {
	if err == nil {
		return nil
	}
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok {
		if f := ofConstraint(pg); f != nil {
			f.Err = err
			return fmt.Errorf("%s: %w", attempted, f)
		}
	}
	return fmt.Errorf("%s: %w", attempted, fault.Database(ctx, err))
}

// found turns the absence of a row into a fault with a sentence of its own.
func found(ctx context.Context, attempted string, err error, absent *fault.Error) error {
	if noRow(err) {
		absent.Err = err
		return fmt.Errorf("%s: %w", attempted, absent)
	}
	return failed(ctx, attempted, err)
}

// constraints are the rules of the schema that a request can break. A violation
// of any other is an error of ours and shown as one of the database.
var constraints = map[string]func() *fault.Error{
	"symbols_ticker": func() *fault.Error {
		return fault.BadInput("ticker", "Invalid ticker: want 1 to 20 characters of A-Z 0-9 . _ : ^ = - that start with a letter, a digit or ^")
	},
	"symbols_asset_class": func() *fault.Error {
		return fault.BadInput("asset_class", "Invalid asset class: want stock, crypto or etf")
	},
	"symbols_timeframes": badTimeframe,
	"series_timeframe":   badTimeframe,
	"enrichment_runs_timeframes": func() *fault.Error {
		return fault.BadInput("timeframes", "Invalid timeframes: want at least one of 5m, 15m, 30m, 1h, 4h, 1d, 1w")
	},
	"enrichment_runs_range": func() *fault.Error {
		return fault.BadInput("from", "Invalid range: from must not be after to")
	},
	"enrichment_runs_job": func() *fault.Error {
		return fault.Clash("A run with this job id exists already")
	},
	"backfill_state_once": func() *fault.Error {
		return fault.BadInput("timeframes", "Invalid timeframes: want each once")
	},
}

func badTimeframe() *fault.Error {
	return fault.BadInput("timeframe", "Invalid timeframe: want 5m, 15m, 30m, 1h, 4h, 1d or 1w")
}

// ofConstraint names the fault of a violated constraint, nil if it is not the
// request's. Every foreign key that a caller's id can miss is one to symbols.
func ofConstraint(pg *pgconn.PgError) *fault.Error {
	if make := constraints[pg.ConstraintName]; make != nil {
		return make()
	}
	if pg.Code == foreignKeyViolation && len(pg.ConstraintName) > len(symbolKey) &&
		pg.ConstraintName[len(pg.ConstraintName)-len(symbolKey):] == symbolKey {
		return noSymbol()
	}
	return nil
}

// symbolKey ends the name that PostgreSQL gives a foreign key to symbols.
const symbolKey = "_symbol_id_fkey"

func noSymbol() *fault.Error {
	return fault.NoSymbol("", "The symbol does not exist (any more): track it first")
}

// retryable reports whether the transaction that failed so can simply be
// repeated: the server undid it for the sake of another.
func retryable(err error) bool {
	pg, ok := errors.AsType[*pgconn.PgError](err)
	return ok && (pg.Code == serializationFailure || pg.Code == deadlockDetected)
}

// Away reports whether a statement failed because the database was out of reach,
// going down or out of room, or had undone it for the sake of another, so that
// the very same can succeed later.
func Away(err error) bool {
	pg, ok := errors.AsType[*pgconn.PgError](err)
	if !ok {
		return fault.Is(err, fault.DatabaseError) // the server said nothing
	}
	switch pg.Code[:2] {
	case "08", "40", "53", "58":
		return true
	case "57":
		return pg.Code != "57014" // that one is our own statement timeout
	}
	return false
}

func noRow(err error) bool { return errors.Is(err, pgx.ErrNoRows) }
