package postgres_test

import (
	"errors"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/candlewright/candlewright/internal/postgres"
	"github.com/candlewright/candlewright/internal/postgres/pgtest"
)

func TestInstallationIsMarkedOnce(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	now := time.Date(2026, 11, 2, 12, 0, 0, 0, time.UTC)
	marks := make([]postgres.Installation, 8)
	var group errgroup.Group
	for i := range marks {
		group.Go(func() (err error) {
			marks[i], err = postgres.EnsureInstallation(t.Context(), pool, postgres.Simulated, now)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
	for _, mark := range marks {
		if mark != marks[0] || mark.Kind != postgres.Simulated || !mark.CreatedAt.Equal(now) {
			t.Errorf("marks differ: %v and %v", mark, marks[0])
		}
	}
	_, err := postgres.EnsureInstallation(t.Context(), pool, postgres.Real, now)
	var wrong *postgres.WrongKindError
	if !errors.As(err, &wrong) || wrong.Is != marks[0] {
		t.Errorf("the other kind: %v", err)
	}
}
