package grid

import (
	"bytes"
	"compress/gzip"
	"encoding/csv"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// sharedFile reads a file, unpacked if its name ends in .gz, of the data folder
// that lies beside the repository, and skips the test where there is none.
func sharedFile(t *testing.T, name string) io.Reader {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			break
		}
		up := filepath.Dir(dir)
		if up == dir {
			t.Skip("no go.mod above the test, so no data folder beside it")
		}
		dir = up
	}
	body, err := os.ReadFile(filepath.Join(filepath.Dir(dir), "shared", "data", filepath.FromSlash(name)))
	if err != nil {
		t.Skipf("the data folder beside the repository is absent: %v", err)
	}
	if !strings.HasSuffix(name, ".gz") {
		return bytes.NewReader(body)
	}
	unpacked, err := gzip.NewReader(bytes.NewReader(body))
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return unpacked
}

func sharedRows(t *testing.T, name string) [][]string {
	t.Helper()
	rows, err := csv.NewReader(sharedFile(t, name)).ReadAll()
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return rows
}
