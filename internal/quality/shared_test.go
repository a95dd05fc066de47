package quality_test

import (
	"os"
	"path/filepath"
	"testing"
)

// shared is the path of a file below the data that lies beside the repository;
// the test is skipped where there is none.
func shared(tb testing.TB, path ...string) string {
	tb.Helper()
	dir, err := os.Getwd()
	if err != nil {
		tb.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			break
		}
		if dir == filepath.Dir(dir) {
			tb.Skip("no go.mod above the working directory")
		}
		dir = filepath.Dir(dir)
	}
	file := filepath.Join(append([]string{filepath.Dir(dir), "shared", "data"}, path...)...)
	if _, err := os.Stat(file); err != nil {
		tb.Skipf("the shared data are not here: %v", err)
	}
	return file
}
