package postgres

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// fakePrograms makes a folder with programs that say they are of the version.
func fakePrograms(t *testing.T, dir, version string) {
	t.Helper()
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	script := fmt.Sprintf("#!/bin/sh\necho 'postgres (PostgreSQL) %s'\n", version)
	for _, name := range []string{"postgres", "initdb"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(script), 0o755); err != nil {
			t.Fatal(err)
		}
	}
}

func TestSearchTakesTheNewest(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	for _, version := range []string{"14.20", "15.9", "15.10 (Debian 15.10-1)", "16beta2"} {
		fakePrograms(t, filepath.Join(root, strings.Fields(version)[0], "bin"), version)
	}
	for major, want := range map[int]string{0: "16beta2", 15: "15.10"} {
		s := &search{major: major}
		s.tryPattern(t.Context(), filepath.Join(root, "*", "bin"))
		got, err := s.best(t.Context())
		if err != nil || got.Version != want || got.Dir != filepath.Join(root, want, "bin") {
			t.Errorf("of major %d: %+v, %v", major, got, err)
		}
	}
	s := &search{major: 17}
	s.tryPattern(t.Context(), filepath.Join(root, "*", "bin"))
	_, err := s.best(t.Context())
	if _, missing := errors.AsType[*NotFoundError](err); !missing {
		t.Fatalf("got %v", err)
	}
	for _, part := range []string{
		"no PostgreSQL 17 found, which wrote the data",
		root + "/14.20/bin: PostgreSQL 14.20, older than 15",
		root + "/15.9/bin: PostgreSQL 15.9, but the data was written by PostgreSQL 17",
		"DATABASE_URL", "CANDLEWRIGHT_PG_BIN", "--fetch-postgres",
	} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("the error does not say %q:\n%v", part, err)
		}
	}
}

func TestFindUsesTheFolderItIsGiven(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	_, err := Finder{Dir: dir}.Find(t.Context(), 0)
	if err == nil || !strings.Contains(err.Error(), "CANDLEWRIGHT_PG_BIN ("+dir+"): no postgres there") {
		t.Errorf("an empty folder: %v", err)
	}
	fakePrograms(t, dir, "17.2")
	got, err := Finder{Dir: dir}.Find(t.Context(), 0)
	if want := (Binaries{Dir: dir, Version: "17.2", Major: 17}); err != nil || got != want {
		t.Errorf("got %+v, %v", got, err)
	}
	if err := os.WriteFile(filepath.Join(dir, "postgres"), []byte("#!/bin/sh\necho surprise\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	if _, err := (Finder{Dir: dir}).Find(t.Context(), 0); err == nil || !strings.Contains(err.Error(), `postgres --version said "surprise"`) {
		t.Errorf("a program that is no server: %v", err)
	}
}

func TestFindOnThisMachine(t *testing.T) {
	t.Parallel()
	got, err := Finder{Dir: os.Getenv("CANDLEWRIGHT_PG_BIN")}.Find(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	if got.Major < MinMajor || got.Program("initdb") != filepath.Join(got.Dir, "initdb") {
		t.Errorf("got %+v", got)
	}
}

func TestWaysOutFitTheSystem(t *testing.T) {
	t.Parallel()
	for goos, want := range map[string]string{"darwin": "brew install postgresql@16", "linux": "sudo dnf install postgresql-server"} {
		if got := strings.Join(waysOut(goos, 16), "\n"); !strings.Contains(got, want) {
			t.Errorf("%s: %s", goos, got)
		}
	}
}
