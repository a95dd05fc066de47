package pgtest

import (
	"os"

	"golang.org/x/sys/unix"
)

// serverParent is the folder of the server's folder: in memory where there is room (a database
// then takes 10 ms instead of 130 ms on a slow disk), unless TMPDIR says where.
func serverParent() string {
	const memory, room = "/dev/shm", 4 << 30
	var stat unix.Statfs_t
	if os.Getenv("TMPDIR") != "" || unix.Access(memory, unix.W_OK|unix.X_OK) != nil || unix.Statfs(memory, &stat) != nil ||
		stat.Bavail*uint64(stat.Bsize) < room { //nolint:gosec // a block size is positive
		return os.TempDir()
	}
	return memory
}
