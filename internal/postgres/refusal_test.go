package postgres

import (
	"errors"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
)

func TestRefusedConnectionSaysWhatWouldBeRight(t *testing.T) {
	t.Parallel()
	cfg, err := poolConfig("postgres://me@localhost/candles", PoolOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for code, want := range map[string]string{
		"42501": `GRANT CONNECT ON DATABASE "candles" TO "me";`,
		"3D000": `CREATE DATABASE "candles" OWNER "me";`,
		"28P01": `the server refused the role "me"`,
		"XX000": "internal",
	} {
		refused := &pgconn.PgError{Code: code, Message: "internal"}
		got := explainRefusal(refused, cfg)
		if !strings.Contains(got.Error(), want) || !errors.Is(got, refused) {
			t.Errorf("%s: %v, want %q", code, got, want)
		}
	}
}

func TestRedact(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ in, want string }{
		{"postgres://me:geheim@host:5432/db?sslmode=require", "postgres://me:xxxxx@host:5432/db?sslmode=require"},
		{"postgres://me@host/db", "postgres://me@host/db"},
		{"postgres://me:ge%20he/im@host/db", "postgres://me:xxxxx@host/db"},
		{"postgres://me:ge@heim@host/db", "postgres://me:xxxxx@host/db"},
		{"postgres://host/db?user=me&password=geheim", "postgres://host/db?user=me&password=xxxxx"},
		{"host=h user=me password=geheim dbname=d", "host=h user=me password=xxxxx dbname=d"},
		{"host=h password = 'ge \\'heim' dbname=d", "host=h password=xxxxx dbname=d"},
		{"sslpassword=geheim", "sslpassword=xxxxx"},
		{"cannot parse `postgres://me:geheim@h:port/db`: bad port", "cannot parse `postgres://me:xxxxx@h:port/db`: bad port"},
		{"nothing to hide", "nothing to hide"},
	} {
		if got := Redact(test.in); got != test.want {
			t.Errorf("%s: %s, want %s", test.in, got, test.want)
		}
	}
	cause := &pgconn.PgError{Message: "password=geheim"}
	var found *pgconn.PgError
	if err := redactError(cause); strings.Contains(err.Error(), "geheim") || !errors.As(err, &found) {
		t.Errorf("got %v", err)
	}
}
