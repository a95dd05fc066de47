// Package pgtest gives each test a PostgreSQL database of its own, migrated, in some ten
// milliseconds: a copy of a template that is made once per schema.
//
// The server is a throwaway one that all test programs of a user share. It starts with the first
// database that is asked for, and goes with its data a few seconds after the last test program
// has ended, however that ended. CANDLEWRIGHT_TEST_PG, the URL of a role that may create
// databases, replaces it (a killed test then leaves its database, named candlewright_test_…, and the
// template stays); DATABASE_URL is ignored, so no test can touch real data. The server does not wait
// for disks and may live in memory: do not measure durable writes on it.
package pgtest

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/candlewright/candlewright/internal/postgres"
)

const (
	linger  = 3 * time.Second // longer than the pause between two test programs of one run
	timeout = 2 * time.Minute
)

// New returns a pool on a migrated, empty database that goes with the test.
func New(tb testing.TB) *pgxpool.Pool {
	tb.Helper()
	pool, err := postgres.Connect(tb.Context(), NewURL(tb), postgres.PoolOptions{})
	if err != nil {
		tb.Fatalf("connect to the test's database: %v", err)
	}
	tb.Cleanup(pool.Close)
	return pool
}

// NewURL returns the URL of a migrated, empty database that goes with the test.
func NewURL(tb testing.TB) string {
	tb.Helper()
	return create(tb, true)
}

// NewEmptyURL returns the URL of a database without a schema that goes with the test.
func NewEmptyURL(tb testing.TB) string {
	tb.Helper()
	return create(tb, false)
}

// DataDir returns a folder that goes with the test and that a server's account may reach also
// when the tests run as root, which it may not in the case of tb.TempDir.
func DataDir(tb testing.TB) string {
	tb.Helper()
	dir, err := os.MkdirTemp(serverParent(), "candlewright-") //nolint:usetesting // below tb.TempDir only our own account may enter
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = os.RemoveAll(dir) })
	if os.Geteuid() == 0 {
		if err := os.Chmod(dir, 0o711); err != nil {
			tb.Fatal(err)
		}
	}
	return dir
}

// server is the shared one. The session stays until the program ends, since nobody knows which
// test is the last.
var server = sync.OnceValues(func() (*postgres.Server, error) {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	return postgres.Start(ctx, postgres.Config{
		DataDir:   filepath.Join(serverParent(), fmt.Sprintf("candlewright-pgtest-%d", os.Geteuid())),
		Finder:    postgres.Finder{Dir: os.Getenv("CANDLEWRIGHT_PG_BIN"), Fetch: os.Getenv("CANDLEWRIGHT_FETCH_POSTGRES") != ""},
		Throwaway: true,
		Linger:    linger,
	})
})

// databaseURL is the URL of a database on the test server.
func databaseURL(ctx context.Context, database string) (string, error) {
	if external := os.Getenv("CANDLEWRIGHT_TEST_PG"); external != "" {
		u, err := url.Parse(external)
		if err != nil {
			return "", fmt.Errorf("CANDLEWRIGHT_TEST_PG should be a URL (postgres://user:password@host:5432/postgres): %s", postgres.Redact(err.Error()))
		}
		if database != adminDatabase {
			u.Path = "/" + database
		}
		return u.String(), nil
	}
	s, err := server()
	if err != nil {
		return "", err
	}
	if err := s.Ensure(ctx); err != nil { // somebody may have killed it
		return "", err
	}
	return s.DatabaseURL(database), nil
}

const adminDatabase = "postgres"

func create(tb testing.TB, migrated bool) string {
	tb.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(tb.Context()), timeout)
	defer cancel()
	name := "candlewright_test_" + rand.Text()
	if err := createDatabase(ctx, name, migrated); err != nil {
		tb.Fatalf("make a database for the test: %v", err)
	}
	tb.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), timeout)
		defer cancel()
		if err := admin(ctx, func(conn *pgx.Conn) error {
			_, err := conn.Exec(ctx, fmt.Sprintf(`DROP DATABASE IF EXISTS "%s" WITH (FORCE)`, name))
			return err
		}); err != nil {
			tb.Errorf("drop the test's database: %v", err)
		}
	})
	address, err := databaseURL(ctx, name)
	if err != nil {
		tb.Fatal(err)
	}
	return address
}

func createDatabase(ctx context.Context, name string, migrated bool) error {
	return admin(ctx, func(conn *pgx.Conn) error {
		if !migrated {
			return copyDatabase(ctx, conn, name, "template0")
		}
		id, err := postgres.SchemaID()
		if err != nil {
			return err
		}
		template := "candlewright_template_" + id
		err = copyDatabase(ctx, conn, name, template)
		if !hasCode(err, "3D000") { // no such database
			return err
		}
		if err := makeTemplate(ctx, conn, template); err != nil {
			return fmt.Errorf("make the template: %w", err)
		}
		return copyDatabase(ctx, conn, name, template)
	})
}

// copyDatabase copies files, which without fsync is several times faster than the default
// strategy that logs every block.
func copyDatabase(ctx context.Context, conn *pgx.Conn, name, template string) error {
	_, err := conn.Exec(ctx, fmt.Sprintf(`CREATE DATABASE "%s" TEMPLATE "%s" STRATEGY FILE_COPY`, name, template))
	return err
}

// makeTemplate migrates a database under another name and renames it, so that what bears the
// template's name is complete. One test program at a time does this.
func makeTemplate(ctx context.Context, conn *pgx.Conn, template string) error {
	if _, err := conn.Exec(ctx, `SELECT pg_advisory_lock(hashtext($1))`, template); err != nil {
		return err
	}
	defer conn.Exec(ctx, `SELECT pg_advisory_unlock_all()`) //nolint:errcheck // the connection ends next
	var there bool
	if err := conn.QueryRow(ctx, `SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)`, template).Scan(&there); err != nil || there {
		return err
	}
	building := template + "_new"
	if _, err := conn.Exec(ctx, fmt.Sprintf(`DROP DATABASE IF EXISTS "%s" WITH (FORCE)`, building)); err != nil {
		return err
	}
	if err := copyDatabase(ctx, conn, building, "template0"); err != nil {
		return err
	}
	if err := migrate(ctx, building); err != nil {
		return err
	}
	_, err := conn.Exec(ctx, fmt.Sprintf(`ALTER DATABASE "%s" RENAME TO "%s"`, building, template))
	return err
}

func migrate(ctx context.Context, database string) error {
	address, err := databaseURL(ctx, database)
	if err != nil {
		return err
	}
	m, err := postgres.NewMigrator(ctx, address, postgres.PoolOptions{})
	if err != nil {
		return err
	}
	defer m.Close()
	_, err = m.Up(ctx)
	return err
}

func admin(ctx context.Context, do func(*pgx.Conn) error) error {
	address, err := databaseURL(ctx, adminDatabase)
	if err != nil {
		return err
	}
	conn, err := pgx.Connect(ctx, address)
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	return do(conn)
}

func hasCode(err error, code string) bool {
	var pgErr *pgconn.PgError
	return errors.As(err, &pgErr) && pgErr.Code == code
}
