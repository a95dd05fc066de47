package store

import (
	"context"
	"time"

	"github.com/google/uuid"
)

// Installation says what a database is for, so that simulated and real candles
// never share one.
type Installation struct {
	Kind      string // "simulated" or "real"
	ID        uuid.UUID
	CreatedAt time.Time
}

// Installation is the mark of the database; false while it has none.
func (s *queries) Installation(ctx context.Context) (Installation, bool, error) {
	r, err := s.q.ReadInstallation(ctx)
	if noRow(err) {
		return Installation{}, false, nil
	}
	if err != nil {
		return Installation{}, false, failed(ctx, "read the mark of the installation", err)
	}
	return Installation{Kind: r.Kind, ID: r.ID, CreatedAt: r.CreatedAt.UTC()}, true, nil
}
