package postgres

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"regexp"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// PoolOptions shape the pool. The zero value is usable.
type PoolOptions struct {
	// MaxConns is the size of the pool; 0 takes pool_max_conns of the URL or 10.
	MaxConns int32
	// StatementTimeout ends a statement on the server; 0 is 60 s, negative is none.
	StatementTimeout time.Duration
	// Wait is how long Connect tries to reach a database that is away; 0 is 30 s, negative is one attempt.
	Wait time.Duration
	// Retry is called before each further attempt with the error and the time until then, for a
	// line that a person sees. The error holds no password.
	Retry func(err error, in time.Duration)
	// AfterConnect prepares each new connection, such as by registering types.
	AfterConnect func(context.Context, *pgx.Conn) error
	// Server is our own server, which is started again if it was killed.
	Server *Server
	// Log is told about refused connections; nil is silence.
	Log *slog.Logger
}

// applicationName marks our sessions in pg_stat_activity, with the process that owns them.
func applicationName() string { return fmt.Sprintf("candlewright %d", os.Getpid()) }

// Connect makes a pool and waits until the database answers. Errors name the server without
// its password.
func Connect(ctx context.Context, url string, opts PoolOptions) (*pgxpool.Pool, error) {
	cfg, err := poolConfig(url, opts)
	if err != nil {
		return nil, err
	}
	pool, err := pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		return nil, fmt.Errorf("connect to %s: %w", Redact(url), redactError(err))
	}
	if err := waitForDatabase(ctx, pool, opts); err != nil {
		pool.Close()
		return nil, fmt.Errorf("connect to %s: %w", Redact(url), explainRefusal(redactError(err), cfg))
	}
	return pool, nil
}

func poolConfig(url string, opts PoolOptions) (*pgxpool.Config, error) {
	cfg, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, fmt.Errorf("the database URL %s is not usable (it should look like postgres://user:password@host:5432/database): %w", Redact(url), redactError(err))
	}
	switch {
	case opts.MaxConns > 0:
		cfg.MaxConns = opts.MaxConns
	case !regexp.MustCompile(`pool_max_conns\s*=`).MatchString(url):
		cfg.MaxConns = 10
	}
	params := cfg.ConnConfig.RuntimeParams
	params["application_name"] = applicationName()
	params["timezone"] = "UTC"
	timeout := opts.StatementTimeout
	if timeout == 0 {
		timeout = time.Minute
	}
	if _, set := params["statement_timeout"]; !set || opts.StatementTimeout != 0 {
		params["statement_timeout"] = strconv.FormatInt(max(timeout, 0).Milliseconds(), 10)
	}
	if _, set := params["idle_in_transaction_session_timeout"]; !set {
		params["idle_in_transaction_session_timeout"] = "600000"
	}
	if cfg.ConnConfig.ConnectTimeout == 0 {
		cfg.ConnConfig.ConnectTimeout = 10 * time.Second
	}
	cfg.AfterConnect = opts.AfterConnect
	if opts.Server != nil {
		cfg.BeforeConnect = func(ctx context.Context, _ *pgx.ConnConfig) error { return opts.Server.Ensure(ctx) }
	}
	return cfg, nil
}

// waitForDatabase pings until the database answers, the wait is over, or the answer is one
// that no waiting changes, such as a wrong password.
func waitForDatabase(ctx context.Context, pool *pgxpool.Pool, opts PoolOptions) error {
	wait := opts.Wait
	if wait == 0 {
		wait = 30 * time.Second
	}
	deadline := time.Now().Add(wait)
	for delay := 250 * time.Millisecond; ; delay = min(2*delay, 5*time.Second) {
		err := checkDatabase(ctx, pool)
		if err == nil || !worthWaiting(err) || ctx.Err() != nil {
			return err
		}
		delay = min(delay, time.Until(deadline))
		if delay <= 0 {
			return fmt.Errorf("no answer for %s: %w", max(wait, 0), err)
		}
		switch {
		case opts.Retry != nil:
			opts.Retry(redactError(err), delay)
		case opts.Log != nil:
			opts.Log.Warn("database is away, trying again", "in", delay.String(), "err", redactError(err))
		}
		if err := pause(ctx, delay); err != nil {
			return err
		}
	}
}

func checkDatabase(ctx context.Context, pool *pgxpool.Pool) error {
	var number int
	if err := pool.QueryRow(ctx, `SELECT current_setting('server_version_num')::int`).Scan(&number); err != nil {
		return err
	}
	if number < MinMajor*10000 {
		return fmt.Errorf("the server is PostgreSQL %d, and candlewright needs %d or newer", number/10000, MinMajor)
	}
	return nil
}

// worthWaiting: the server does not answer at all, or says that it is not ready or full.
func worthWaiting(err error) bool {
	if pgErr, ok := errors.AsType[*pgconn.PgError](err); ok {
		switch pgErr.Code {
		case "57P03", "57P01", "57P02", "53300": // cannot connect now, shutdown, crash, too many connections
			return true
		}
		return false
	}
	var connErr *pgconn.ConnectError
	return errors.As(err, &connErr) || errors.Is(err, context.DeadlineExceeded)
}
