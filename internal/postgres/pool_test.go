package postgres_test

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/candlewright/candlewright/internal/postgres"
	"github.com/candlewright/candlewright/internal/postgres/pgtest"
)

func TestConnectMarksItsSessions(t *testing.T) {
	t.Parallel()
	called := false
	pool, err := postgres.Connect(t.Context(), pgtest.NewEmptyURL(t), postgres.PoolOptions{
		StatementTimeout: 5 * time.Second,
		AfterConnect:     func(context.Context, *pgx.Conn) error { called = true; return nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	var name, timeout, zone string
	if err := pool.QueryRow(t.Context(), `SELECT current_setting('application_name'), current_setting('statement_timeout'), current_setting('timezone')`).Scan(&name, &timeout, &zone); err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(name, "candlewright ") || timeout != "5s" || zone != "UTC" || !called {
		t.Errorf("name %q, timeout %s, zone %s, prepared %v", name, timeout, zone, called)
	}
}

func TestConnectRetriesVisiblyAndGivesUp(t *testing.T) {
	t.Parallel()
	retries := 0
	_, err := postgres.Connect(t.Context(), "postgres://me:very-secret@"+closedAddress(t)+"/candles", postgres.PoolOptions{
		Wait: 600 * time.Millisecond,
		Retry: func(err error, in time.Duration) {
			retries++
			if in <= 0 || err == nil || strings.Contains(err.Error(), "very-secret") {
				t.Errorf("retry in %v after %v", in, err)
			}
		},
	})
	if err == nil || retries < 2 {
		t.Fatalf("%d retries, %v", retries, err)
	}
	if text := err.Error(); strings.Contains(text, "very-secret") || !strings.Contains(text, "no answer for 600ms") || !strings.Contains(text, "me:xxxxx@127.0.0.1") {
		t.Error(text)
	}
}

func TestConnectStopsWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	_, err := postgres.Connect(ctx, "postgres://me@"+closedAddress(t)+"/candles", postgres.PoolOptions{
		Wait:  time.Hour,
		Retry: func(error, time.Duration) { cancel() },
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestConnectDoesNotWaitForAMissingDatabase(t *testing.T) {
	t.Parallel()
	url := strings.Replace(pgtest.NewEmptyURL(t), "/candlewright_test_", "/nowhere_", 1)
	_, err := postgres.Connect(t.Context(), url, postgres.PoolOptions{
		Wait:  time.Hour,
		Retry: func(err error, _ time.Duration) { t.Fatalf("retried after %v", err) },
	})
	if err == nil || !strings.Contains(err.Error(), "does not exist; make it with: CREATE DATABASE") {
		t.Errorf("got %v", err)
	}
}

// closedAddress is an address on which nothing listens.
func closedAddress(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}
