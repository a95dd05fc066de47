package postgres

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
)

const (
	serverPort = "5432" // only a part of the socket's name: the server listens on no network
	roleName   = "candlewright"
	// A socket's path has at most 103 bytes on macOS, 107 on Linux.
	maxSocketPath = 103
)

// layout names what lies in a data directory.
type layout struct{ dir string }

func (l layout) cluster() string  { return filepath.Join(l.dir, "postgres") }
func (l layout) initTemp() string { return filepath.Join(l.dir, "postgres.new") }
func (l layout) programs() string { return filepath.Join(l.dir, "programs") }
func (l layout) logFile() string  { return filepath.Join(l.dir, "postgres.log") }

// The three locks. keeperLock is held by the keeper while its server lives; every session holds
// sessionsLock shared, and the keeper takes it to learn that none is left; startLock lets one
// process at a time find out whether a server must be started.
func (l layout) keeperLock() string   { return filepath.Join(l.dir, "postgres.lock") }
func (l layout) sessionsLock() string { return filepath.Join(l.dir, "sessions.lock") }
func (l layout) startLock() string    { return filepath.Join(l.dir, "start.lock") }

// socketDir is a folder that only the server's account may enter. Where the data directory's
// path is too long for a socket, or has the comma that separates hosts in a connection string,
// it lies in /tmp, named after the data directory.
func (l layout) socketDir() string {
	dir := filepath.Join(l.dir, "socket")
	if len(dir)+len("/.s.PGSQL."+serverPort) <= maxSocketPath && !strings.Contains(dir, ",") {
		return dir
	}
	sum := sha256.Sum256([]byte(l.dir))
	return filepath.Join("/tmp", fmt.Sprintf("candlewright-%d-%s", os.Geteuid(), hex.EncodeToString(sum[:6])))
}

// url is the connection string of a database of the server; it holds no secret, since the
// server asks the operating system who we are.
func (l layout) url(database string) string {
	u := url.URL{Scheme: "postgres", User: url.User(roleName), Path: "/" + database}
	query := url.Values{"host": {l.socketDir()}, "port": {serverPort}, "sslmode": {"disable"}}.Encode()
	u.RawQuery = strings.ReplaceAll(query, "+", "%20") // to PostgreSQL's clients a plus is a plus
	return u.String()
}

// DefaultDataDir is where the server's data lies unless --data-dir says otherwise:
// /var/lib/candlewright for root (whose home other accounts cannot enter, the server's
// included), else the user's data folder.
func DefaultDataDir() (string, error) {
	if os.Geteuid() == 0 {
		return "/var/lib/candlewright", nil
	}
	if dir := os.Getenv("XDG_DATA_HOME"); filepath.IsAbs(dir) {
		return filepath.Join(dir, "candlewright"), nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", fmt.Errorf("no folder for the data: set HOME, or give --data-dir: %w", err)
	}
	if runtime.GOOS == "darwin" {
		return filepath.Join(home, "Library", "Application Support", "candlewright"), nil
	}
	return filepath.Join(home, ".local", "share", "candlewright"), nil
}

// prepareDataDir makes the data directory, or checks that an existing one is ours. Root's may
// be entered by others (the server's account is one of them) but not read.
func prepareDataDir(dir string) error {
	mode := os.FileMode(0o700)
	if os.Geteuid() == 0 {
		mode = 0o711
	}
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return fmt.Errorf("make the folder above the data folder: %w", err)
	}
	err := os.Mkdir(dir, mode)
	if err == nil {
		return os.Chmod(dir, mode) // the umask may have taken the server's right to enter
	}
	if !errors.Is(err, os.ErrExist) {
		return fmt.Errorf("make the data folder: %w", err)
	}
	info, err := os.Stat(dir)
	if err != nil {
		return fmt.Errorf("look at the data folder: %w", err)
	}
	if !info.IsDir() {
		return fmt.Errorf("the data folder %s is a file: give another --data-dir", dir)
	}
	if owner := ownerOf(info); owner != uint32(os.Geteuid()) {
		return fmt.Errorf("the data folder %s belongs to user id %d and we run as %d: run candlewright as that user, or give another --data-dir",
			dir, owner, os.Geteuid())
	}
	if info.Mode().Perm()&0o022 != 0 {
		return fmt.Errorf("the data folder %s may be written by other users (mode %04o): chmod go-w %s", dir, info.Mode().Perm(), dir)
	}
	if missing := mode &^ info.Mode().Perm(); missing != 0 {
		return os.Chmod(dir, info.Mode().Perm()|mode)
	}
	return nil
}

// checkReach makes sure that the server's account can enter dir and all its parents. It asks
// the kernel by starting a process of that account there, so access lists count as well.
func checkReach(acc account, binary, dir string) error {
	if !acc.drop || canEnter(acc, binary, dir) == nil {
		return nil
	}
	if err := canEnter(acc, binary, "/"); err != nil {
		return fmt.Errorf("PostgreSQL cannot run as root, so it runs as %q, who may not run %s: "+
			"install PostgreSQL where every user may run it: %w", acc.name, binary, err)
	}
	parts := strings.Split(strings.Trim(dir, "/"), "/")
	for i := range parts {
		folder := "/" + strings.Join(parts[:i+1], "/")
		err := canEnter(acc, binary, folder)
		if err == nil {
			continue
		}
		if errors.Is(err, syscall.EACCES) {
			mode := "unknown"
			if info, statErr := os.Stat(folder); statErr == nil {
				mode = fmt.Sprintf("%04o", info.Mode().Perm())
			}
			return fmt.Errorf("PostgreSQL cannot run as root, so it runs as %q, who may not enter %s (mode %s): "+
				"give a --data-dir below folders that %q may enter (such as /var/lib/candlewright), or run: chmod o+x %s",
				acc.name, folder, mode, acc.name, strconv.Quote(folder))
		}
		return fmt.Errorf("enter %s as %q: %w", folder, acc.name, err)
	}
	return nil
}

func canEnter(acc account, binary, dir string) error {
	return acc.command(dir, binary, "--version").Run()
}
