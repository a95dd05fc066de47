package postgres_test

import (
	"crypto/rand"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/candlewright/candlewright/internal/postgres"
	"github.com/candlewright/candlewright/internal/postgres/pgtest"
)

// newRole makes a role without privileges that goes with the test.
func newRole(t *testing.T) string {
	t.Helper()
	name := "limited_" + strings.ToLower(rand.Text())
	maintenance := pgtest.NewEmptyURL(t)
	query(t, maintenance, `CREATE ROLE `+name)
	t.Cleanup(func() { query(t, maintenance, `DROP ROLE `+name) })
	return name
}

// as makes the URL's sessions work as the role.
func as(role, address string) string {
	return address + "&options=-c%20role%3D" + role
}

func TestMigrateWithoutPrivilegeNamesTheGrant(t *testing.T) {
	t.Parallel()
	role := newRole(t)
	address := pgtest.NewEmptyURL(t)
	m := migrator(t, as(role, address))
	_, err := m.Up(t.Context())
	var lack *postgres.PrivilegeError
	if !errors.As(err, &lack) {
		t.Fatalf("got %v", err)
	}
	if want := `GRANT CREATE ON SCHEMA "public" TO "` + role + `";`; lack.Grant != want || lack.Role != role {
		t.Errorf("role %q, grant %q, want %q", lack.Role, lack.Grant, want)
	}
	if !strings.Contains(err.Error(), `lacks the privilege CREATE on schema "public"`) {
		t.Error(err)
	}
	query(t, address, lack.Grant)
	if _, err := m.Up(t.Context()); err != nil {
		t.Errorf("after the grant: %v", err)
	}
}

func TestMigrateTablesOfAnotherRole(t *testing.T) {
	t.Parallel()
	role := newRole(t)
	address := pgtest.NewURL(t)
	query(t, address, `GRANT ALL ON SCHEMA public TO `+role)
	query(t, address, `GRANT SELECT, INSERT, DELETE ON goose_db_version TO `+role)
	_, err := migrator(t, as(role, address)).Down(t.Context(), 1)
	var lack *postgres.PrivilegeError
	if !errors.As(err, &lack) {
		t.Fatalf("got %v", err)
	}
	if want := `GRANT "candlewright" TO "` + role + `";`; lack.Grant != want || !strings.Contains(lack.Lacks, "does not own") {
		t.Errorf("%v, want %s", err, want)
	}
}

func TestReadingWithoutPrivilegeNamesTheGrant(t *testing.T) {
	t.Parallel()
	role := newRole(t)
	address := pgtest.NewURL(t)
	m := migrator(t, as(role, address))
	_, err := m.Pending(t.Context())
	var lack *postgres.PrivilegeError
	if !errors.As(err, &lack) {
		t.Fatalf("got %v", err)
	}
	query(t, address, lack.Grant)
	if n := pending(t, m); n != 0 {
		t.Errorf("%d pending", n)
	}

	pool, err := postgres.Connect(t.Context(), as(role, address), postgres.PoolOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	if report := verify(t, pool); !report.OK() {
		t.Error(report.Problems())
	}
	if _, err := postgres.EnsureInstallation(t.Context(), pool, postgres.Real, time.Now()); !errors.As(err, &lack) {
		t.Fatalf("got %v", err)
	}
	query(t, address, lack.Grant)
	if _, err := postgres.EnsureInstallation(t.Context(), pool, postgres.Real, time.Now()); err != nil {
		t.Error(err)
	}
}
