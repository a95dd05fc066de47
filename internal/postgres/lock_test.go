package postgres

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

func TestLockSharesAndExcludes(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "a.lock")
	first, err := tryLock(path, syscall.LOCK_SH)
	if err != nil {
		t.Fatal(err)
	}
	second, err := tryLock(path, syscall.LOCK_SH)
	if err != nil {
		t.Fatalf("shared beside shared: %v", err)
	}
	if _, err := tryLock(path, syscall.LOCK_EX); !errors.Is(err, ErrLocked) {
		t.Errorf("alone beside shared: %v", err)
	}
	first.Release()
	second.Release()
	second.Release()
	alone, err := tryLock(path, syscall.LOCK_EX)
	if err != nil {
		t.Fatalf("alone: %v", err)
	}
	defer alone.Release()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := waitLock(ctx, path, syscall.LOCK_SH); !errors.Is(err, context.Canceled) {
		t.Errorf("waiting: %v", err)
	}
}

func TestLockOfARemovedFileGuardsNothing(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "a.lock")
	old, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer old.Close()
	if err := flock(old, syscall.LOCK_EX); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if same, err := stillNamed(old, path); err != nil || same {
		t.Errorf("a removed file counts as there: %v, %v", same, err)
	}
	lock, err := tryLock(path, syscall.LOCK_EX)
	if err != nil {
		t.Fatalf("the new file is free: %v", err)
	}
	defer lock.Release()
	if same, err := stillNamed(old, path); err != nil || same {
		t.Errorf("another file under the name counts as the same: %v, %v", same, err)
	}
}
