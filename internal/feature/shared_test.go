package feature_test

import (
	"compress/gzip"
	"encoding/csv"
	"io"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
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
		parent := filepath.Dir(dir)
		if parent == dir {
			tb.Skip("no go.mod above the working directory")
		}
		dir = parent
	}
	file := filepath.Join(append([]string{filepath.Dir(dir), "shared", "data"}, path...)...)
	if _, err := os.Stat(file); err != nil {
		tb.Skipf("the shared data are not here: %v", err)
	}
	return file
}

// table is a CSV file with a heading.
type table struct {
	columns map[string]int
	rows    [][]string
}

// readTable reads a CSV file, unpacked where its name ends in .gz.
func readTable(tb testing.TB, file string) table {
	tb.Helper()
	f, err := os.Open(file)
	if err != nil {
		tb.Fatal(err)
	}
	defer f.Close()
	var r io.Reader = f
	if strings.HasSuffix(file, ".gz") {
		if r, err = gzip.NewReader(f); err != nil {
			tb.Fatal(err)
		}
	}
	c := csv.NewReader(r)
	c.FieldsPerRecord = -1
	rows, err := c.ReadAll()
	if err != nil {
		tb.Fatal(err)
	}
	tab := table{columns: map[string]int{}, rows: rows[1:]}
	for i, name := range rows[0] {
		tab.columns[name] = i
	}
	return tab
}

func (tab table) has(column string) bool {
	_, ok := tab.columns[column]
	return ok
}

func (tab table) text(row int, column string) string {
	i, ok := tab.columns[column]
	if !ok || i >= len(tab.rows[row]) {
		return ""
	}
	return tab.rows[row][i]
}

// number is a cell, NaN where it is empty.
func (tab table) number(tb testing.TB, row int, column string) float64 {
	tb.Helper()
	s := tab.text(row, column)
	if s == "" {
		return math.NaN()
	}
	x, err := strconv.ParseFloat(s, 64)
	if err != nil {
		tb.Fatalf("row %d: %v", row, err)
	}
	return x
}

func (tab table) time(tb testing.TB, row int, column string) time.Time {
	tb.Helper()
	x, err := time.Parse(time.RFC3339, tab.text(row, column))
	if err != nil {
		tb.Fatalf("row %d: %v", row, err)
	}
	return x
}
