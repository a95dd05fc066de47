package postgres

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// ErrLocked says that another process holds a lock.
var ErrLocked = errors.New("held by another process")

const lockPoll = 10 * time.Millisecond

// Lock is an advisory lock of one file (flock). The kernel lets go of it when the process ends,
// however it ends, so a lock never goes stale.
type Lock struct{ file *os.File }

// LockRole takes the role name ("serve") on a data directory for this process and keeps it
// until Release. A RoleTakenError says which process plays the role already.
func LockRole(dataDir, name string) (*Lock, error) {
	if err := prepareDataDir(dataDir); err != nil {
		return nil, err
	}
	path := filepath.Join(dataDir, name+".lock")
	lock, err := tryLock(path, syscall.LOCK_EX)
	if errors.Is(err, ErrLocked) {
		pid, _ := os.ReadFile(path) // only to be helpful
		return nil, &RoleTakenError{Role: name, DataDir: dataDir, Process: strings.TrimSpace(string(pid))}
	}
	if err != nil {
		return nil, err
	}
	if err := lock.file.Truncate(0); err == nil {
		_, _ = fmt.Fprintf(lock.file, "%d\n", os.Getpid())
	}
	return lock, nil
}

// RoleTakenError says that another process plays a role on a data directory. It is an ErrLocked.
type RoleTakenError struct{ Role, DataDir, Process string }

func (e *RoleTakenError) Error() string {
	return fmt.Sprintf("candlewright %s already runs on the data folder %s (process %s): stop it first, or give another --data-dir",
		e.Role, e.DataDir, cmp.Or(e.Process, "unknown"))
}

// Unwrap is ErrLocked.
func (e *RoleTakenError) Unwrap() error { return ErrLocked }

// Release lets go of the lock. A second call does nothing.
func (l *Lock) Release() {
	if l != nil && l.file != nil {
		_ = l.file.Close()
		l.file = nil
	}
}

// waitLock polls for a lock until ctx ends: flock itself cannot be cancelled.
func waitLock(ctx context.Context, path string, how int) (*Lock, error) {
	for {
		lock, err := tryLock(path, how)
		if !errors.Is(err, ErrLocked) {
			return lock, err
		}
		if err := pause(ctx, lockPoll); err != nil {
			return nil, fmt.Errorf("wait for the lock %s: %w", path, err)
		}
	}
}

// tryLock takes a lock (syscall.LOCK_SH or LOCK_EX) or returns ErrLocked at once. A file that
// was removed or replaced between opening and locking is opened anew, because a lock on a
// file without a name guards nothing.
func tryLock(path string, how int) (*Lock, error) {
	return lockFile(path, how|syscall.LOCK_NB)
}

func lockFile(path string, how int) (*Lock, error) {
	for {
		file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
		if err != nil {
			return nil, fmt.Errorf("open lock file: %w", err)
		}
		if err := flock(file, how); err != nil {
			_ = file.Close()
			if errors.Is(err, syscall.EWOULDBLOCK) {
				return nil, ErrLocked
			}
			return nil, fmt.Errorf("lock %s: %w", path, err)
		}
		same, err := stillNamed(file, path)
		if err != nil || !same {
			_ = file.Close()
			if err != nil {
				return nil, fmt.Errorf("check lock file: %w", err)
			}
			continue
		}
		return &Lock{file: file}, nil
	}
}

func flock(file *os.File, how int) error {
	for {
		err := syscall.Flock(int(file.Fd()), how)
		if !errors.Is(err, syscall.EINTR) {
			return err
		}
	}
}

func stillNamed(file *os.File, path string) (bool, error) {
	held, err := file.Stat()
	if err != nil {
		return false, err
	}
	named, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return os.SameFile(held, named), nil
}

// pause waits for d or the end of ctx, whose error it returns.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timer.C:
		return nil
	}
}
