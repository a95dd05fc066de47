package postgres

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"
)

// MinMajor is the oldest PostgreSQL that the migrations and queries run on.
const MinMajor = 15

// Binaries is one installation of the server's programs.
type Binaries struct {
	Dir     string // holds postgres and initdb
	Version string // as the server prints it, "15.18" or "18beta1"
	Major   int
}

// Program is the path of one of the programs.
func (b Binaries) Program(name string) string { return filepath.Join(b.Dir, name) }

// Finder says where to look for PostgreSQL's programs.
type Finder struct {
	// Dir is the one folder to use, CANDLEWRIGHT_PG_BIN; nothing else is looked at then.
	Dir string
	// Fetch allows a download into FetchDir when nothing is installed. What was downloaded once
	// is found there without it. Start takes a folder of its data directory if it is empty.
	Fetch    bool
	FetchDir string
	// Repository replaces the address of the download; empty is the usual one.
	Repository string
}

// Find returns the newest usable installation, or the newest of one major version where a
// cluster exists that was made by it (major 0: any). The error lists every place that was
// looked at with what was there, and the ways out.
func (f Finder) Find(ctx context.Context, major int) (Binaries, error) {
	search := &search{major: major}
	if f.Dir != "" {
		search.try(ctx, "CANDLEWRIGHT_PG_BIN", f.Dir)
		return search.best(ctx)
	}
	if out, err := commandOutput(ctx, "pg_config", "--bindir"); err == nil {
		search.try(ctx, "pg_config --bindir", out)
	} else {
		search.note("pg_config --bindir: %v", err)
	}
	search.tryPath(ctx)
	for _, pattern := range usualFolders() {
		search.tryPattern(ctx, pattern)
	}
	if f.FetchDir != "" {
		search.tryPattern(ctx, filepath.Join(f.FetchDir, "postgresql-*", "bin"))
	}
	found, err := search.best(ctx)
	if err == nil || !f.Fetch || ctx.Err() != nil {
		return found, err
	}
	fetched, fetchErr := f.fetch(ctx, major)
	if fetchErr != nil {
		return Binaries{}, fmt.Errorf("%w\nThe download was tried as well: %w", err, fetchErr)
	}
	search.try(ctx, "download", fetched)
	return search.best(ctx)
}

// usualFolders are where the packages of Debian, Red Hat, SUSE, Arch, Alpine, Homebrew,
// MacPorts, Postgres.app and the installers of EDB put the programs.
func usualFolders() []string {
	return []string{
		"/usr/lib/postgresql/*/bin",
		"/usr/lib/postgresql*/bin",
		"/usr/pgsql-*/bin",
		"/usr/libexec/postgresql*",
		"/opt/homebrew/opt/postgresql*/bin",
		"/usr/local/opt/postgresql*/bin",
		"/home/linuxbrew/.linuxbrew/opt/postgresql*/bin",
		"/Applications/Postgres.app/Contents/Versions/*/bin",
		"/opt/local/lib/postgresql*/bin",
		"/Library/PostgreSQL/*/bin",
		"/usr/local/pgsql/bin",
	}
}

// search collects what is found and what is told about the places.
type search struct {
	major int
	found []Binaries
	seen  map[string]bool
	notes []string
}

func (s *search) note(format string, args ...any) {
	s.notes = append(s.notes, fmt.Sprintf(format, args...))
}

func (s *search) tryPath(ctx context.Context) {
	path, err := exec.LookPath("postgres")
	if err != nil {
		s.note("PATH: no postgres")
		return
	}
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real
	}
	s.try(ctx, "PATH", filepath.Dir(path))
}

func (s *search) tryPattern(ctx context.Context, pattern string) {
	dirs, _ := filepath.Glob(pattern) // the only error is a malformed pattern
	if len(dirs) == 0 {
		s.note("%s: not there", pattern)
	}
	for _, dir := range dirs {
		s.try(ctx, "", dir)
	}
}

func (s *search) try(ctx context.Context, how, dir string) {
	label := dir
	if how != "" {
		label = how + " (" + dir + ")"
	}
	if s.seen[dir] {
		return
	}
	if s.seen == nil {
		s.seen = map[string]bool{}
	}
	s.seen[dir] = true
	found, err := inspect(ctx, dir)
	switch {
	case err != nil:
		s.note("%s: %v", label, err)
	case found.Major < MinMajor:
		s.note("%s: PostgreSQL %s, older than %d", label, found.Version, MinMajor)
	case s.major != 0 && found.Major != s.major:
		s.note("%s: PostgreSQL %s, but the data was written by PostgreSQL %d", label, found.Version, s.major)
	default:
		s.found = append(s.found, found)
	}
}

func (s *search) best(ctx context.Context) (Binaries, error) {
	if err := context.Cause(ctx); err != nil {
		return Binaries{}, fmt.Errorf("look for PostgreSQL: %w", err)
	}
	if len(s.found) > 0 {
		return slices.MaxFunc(s.found, func(a, b Binaries) int {
			return cmp.Or(cmp.Compare(a.Major, b.Major), compareVersions(a.Version, b.Version))
		}), nil
	}
	return Binaries{}, &NotFoundError{Major: s.major, Looked: s.notes}
}

// NotFoundError says that no usable PostgreSQL is installed.
type NotFoundError struct {
	Major  int      // the major version that was needed, or 0
	Looked []string // one line per place
}

func (e *NotFoundError) Error() string {
	var b strings.Builder
	if e.Major != 0 {
		fmt.Fprintf(&b, "no PostgreSQL %d found, which wrote the data in this data folder. Looked at:\n", e.Major)
	} else {
		fmt.Fprintf(&b, "no PostgreSQL %d or newer found. Looked at:\n", MinMajor)
	}
	for _, place := range e.Looked {
		b.WriteString("  - " + place + "\n")
	}
	b.WriteString("Ways out:\n")
	for _, way := range waysOut(runtime.GOOS, max(e.Major, MinMajor)) {
		b.WriteString("  - " + way + "\n")
	}
	return strings.TrimSuffix(b.String(), "\n")
}

func waysOut(goos string, major int) []string {
	install := []string{
		"Debian, Ubuntu: sudo apt-get install postgresql",
		"Fedora, Red Hat: sudo dnf install postgresql-server",
		"Alpine: apk add postgresql",
		"Arch: sudo pacman -S postgresql",
	}
	if goos == "darwin" {
		install = []string{fmt.Sprintf("macOS: brew install postgresql@%d, or install Postgres.app", major)}
	}
	return append(install,
		"use a server that runs already: set DATABASE_URL=postgres://user:password@host:5432/database",
		"name the folder that holds postgres and initdb: set CANDLEWRIGHT_PG_BIN",
		"let candlewright download PostgreSQL: --fetch-postgres")
}

var versionLine = regexp.MustCompile(`\(PostgreSQL\) ((\d+)\S*)`)

// inspect asks the programs in dir for their version, which also shows that they run here.
func inspect(ctx context.Context, dir string) (Binaries, error) {
	for _, name := range []string{"postgres", "initdb"} {
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			return Binaries{}, fmt.Errorf("no %s there", name)
		}
	}
	out, err := commandOutput(ctx, filepath.Join(dir, "postgres"), "--version")
	if err != nil {
		return Binaries{}, fmt.Errorf("postgres --version: %w", err)
	}
	match := versionLine.FindStringSubmatch(out)
	if match == nil {
		return Binaries{}, fmt.Errorf("postgres --version said %q", out)
	}
	major, err := strconv.Atoi(match[2])
	if err != nil {
		return Binaries{}, fmt.Errorf("postgres --version said %q", out)
	}
	return Binaries{Dir: dir, Version: match[1], Major: major}, nil
}

// compareVersions orders "15.10" after "15.9".
func compareVersions(a, b string) int {
	number := func(s string) []int {
		var out []int
		for part := range strings.SplitSeq(s, ".") {
			n, _ := strconv.Atoi(strings.TrimRightFunc(part, func(r rune) bool { return r < '0' || r > '9' }))
			out = append(out, n)
		}
		return out
	}
	return slices.Compare(number(a), number(b))
}

func commandOutput(ctx context.Context, name string, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	out, err := exec.CommandContext(ctx, name, args...).Output()
	return strings.TrimSpace(string(out)), err
}
