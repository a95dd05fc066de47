//go:build vetsql

package store_test

import (
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/candlewright/candlewright/internal/postgres/pgtest"
)

// TestEveryQueryIsVetted has sqlc prepare every query on a migrated database. It
// needs sqlc built, so it stands apart: make vet-sql.
func TestEveryQueryIsVetted(t *testing.T) {
	t.Parallel()
	cmd := exec.CommandContext(t.Context(), "go", "tool", "-modfile="+filepath.Join("internal", "tools", "go.mod"), "sqlc", "vet")
	cmd.Dir = filepath.Join("..", "..")
	cmd.Env = append(cmd.Environ(), "DATABASE_URL="+pgtest.NewURL(t))
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("sqlc vet: %v\n%s", err, out)
	}
}
