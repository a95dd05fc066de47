package postgres

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// settings is what postgresql.conf gets when a cluster is made. The owner may change the file
// afterwards. Durability stays on: a commit that was acknowledged survives a power cut
// (fsync, full_page_writes and synchronous_commit keep their defaults).
const settings = `# Written once by candlewright for a local store of its own; change what you like and restart.
# Address, socket and access are given on the command line and in pg_hba.conf instead.
max_connections = 100
shared_buffers = 256MB
work_mem = 16MB
maintenance_work_mem = 128MB
max_wal_size = 2GB             # bulk imports: fewer checkpoints
min_wal_size = 128MB
checkpoint_timeout = 15min
wal_compression = on
random_page_cost = 1.1         # solid-state disks
jit = off                      # short queries; compiling them costs more than it saves
timezone = 'UTC'
log_timezone = 'UTC'
lc_messages = 'C'
log_line_prefix = '%m [%p] %a '
log_checkpoints = off
idle_in_transaction_session_timeout = 10min
`

// cluster is the server's data on disk, handled only under the keeper's lock.
type cluster struct {
	layout
	bin Binaries
	acc account
	// fast gives up durability, for data that nobody keeps.
	fast bool
}

// prepare leaves a cluster that a server can be started on: made where there is none, freed
// of what a killed server left, with access for us alone.
func (c cluster) prepare() error {
	if err := os.RemoveAll(c.initTemp()); err != nil {
		return fmt.Errorf("remove an unfinished cluster: %w", err)
	}
	if err := checkReach(c.acc, c.bin.Program("postgres"), c.dir); err != nil {
		return err
	}
	if err := c.endStale(); err != nil {
		return err
	}
	if c.fast { // written without fsync: not worth trusting after whatever ended its keeper
		if err := os.RemoveAll(c.cluster()); err != nil {
			return fmt.Errorf("remove an old throwaway cluster: %w", err)
		}
	}
	if _, err := os.Stat(filepath.Join(c.cluster(), "PG_VERSION")); errors.Is(err, fs.ErrNotExist) {
		if err := c.create(); err != nil {
			return err
		}
	}
	if err := c.writeAccess(); err != nil {
		return err
	}
	return c.prepareSocketDir()
}

// create makes the cluster in a temporary folder and renames it, so that a killed start
// leaves no half of one.
func (c cluster) create() error {
	temp := c.initTemp()
	if err := os.Mkdir(temp, 0o700); err != nil {
		return fmt.Errorf("make the cluster's folder: %w", err)
	}
	if err := c.acc.own(temp); err != nil {
		return fmt.Errorf("give the cluster's folder to %s: %w", c.acc.name, err)
	}
	args := []string{"--pgdata", temp, "--username", roleName, "--auth", "peer", "--encoding", "UTF8", "--locale", "C", "--no-instructions"}
	if c.fast {
		args = append(args, "--no-sync")
	}
	cmd := c.acc.command(temp, c.bin.Program("initdb"), args...)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w: %s", err, lastLines(out, 5))
	}
	if err := c.write(filepath.Join(temp, "postgresql.conf"), settings); err != nil {
		return err
	}
	if err := os.Rename(temp, c.cluster()); err != nil {
		return fmt.Errorf("put the new cluster in its place: %w", err)
	}
	return nil
}

// writeAccess lets in, over the socket alone, the operating system's user who runs us. The
// kernel vouches for the name, so there is no password that could leak.
func (c cluster) writeAccess() error {
	me, err := currentUser()
	if err != nil {
		return err
	}
	hba := "# Written by candlewright at every start.\nlocal all all peer map=candlewright\n"
	if err := c.write(filepath.Join(c.cluster(), "pg_hba.conf"), hba); err != nil {
		return err
	}
	ident := fmt.Sprintf("# Written by candlewright at every start.\ncandlewright %s %s\n", quoteIdent(me), roleName)
	return c.write(filepath.Join(c.cluster(), "pg_ident.conf"), ident)
}

func (c cluster) write(path, text string) error {
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		return fmt.Errorf("configure the cluster: %w", err)
	}
	return c.acc.own(path)
}

// prepareSocketDir makes the folder of the socket and removes what a killed server left there.
func (c cluster) prepareSocketDir() error {
	dir := c.socketDir()
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("make the socket's folder: %w", err)
	} else if err == nil {
		if err := c.acc.own(dir); err != nil {
			return fmt.Errorf("give the socket's folder to %s: %w", c.acc.name, err)
		}
	}
	info, err := os.Lstat(dir)
	if err != nil {
		return fmt.Errorf("look at the socket's folder: %w", err)
	}
	if !info.IsDir() || ownerOf(info) != c.acc.uid || info.Mode().Perm() != 0o700 {
		return fmt.Errorf("%s should be a folder with mode 0700 that belongs to %s: remove it, candlewright makes it anew", dir, c.acc.name)
	}
	leftovers, err := filepath.Glob(filepath.Join(dir, ".s.PGSQL.*"))
	if err != nil {
		return fmt.Errorf("look into the socket's folder: %w", err)
	}
	for _, path := range leftovers {
		if err := os.Remove(path); err != nil {
			return fmt.Errorf("remove an old socket: %w", err)
		}
	}
	return nil
}

// endStale deals with the postmaster.pid of a server that was not stopped. A living server of
// this cluster has lost its keeper (we hold the keeper's lock) and is on its way out or must
// go. Any other living process only inherited the number, and the file would stop a start.
func (c cluster) endStale() error {
	path := filepath.Join(c.cluster(), "postmaster.pid")
	pid := readPostmasterPid(path)
	if pid == 0 {
		return nil
	}
	if !c.servedBy(pid) {
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("remove a stale postmaster.pid: %w", err)
		}
		return nil
	}
	for _, step := range shutdownSteps {
		_ = syscall.Kill(pid, step.signal) // it may be gone already
		for deadline := time.Now().Add(step.wait); time.Now().Before(deadline); time.Sleep(lockPoll) {
			if !c.servedBy(pid) {
				return nil
			}
		}
	}
	return fmt.Errorf("a server without keeper (process %d) still works on %s and does not end: kill it", pid, c.cluster())
}

// shutdownSteps end a server: fast shutdown, immediate shutdown (the next start recovers), kill.
var shutdownSteps = []struct {
	signal syscall.Signal
	wait   time.Duration
}{{syscall.SIGINT, time.Minute}, {syscall.SIGQUIT, 10 * time.Second}, {syscall.SIGKILL, 5 * time.Second}}

// servedBy tells whether the process lives and is a server of this cluster. A zombie that its
// parent has not waited for is none: it has no working directory any more.
func (c cluster) servedBy(pid int) bool {
	err := syscall.Kill(pid, 0)
	return (err == nil || errors.Is(err, syscall.EPERM)) && servesFrom(pid, c.cluster())
}

func readPostmasterPid(path string) int {
	text, err := os.ReadFile(path)
	if err != nil {
		return 0
	}
	first, _, _ := strings.Cut(string(text), "\n")
	pid, err := strconv.Atoi(strings.TrimSpace(first))
	if err != nil || pid <= 1 {
		return 0
	}
	return pid
}

// clusterMajor is the major version that made the cluster, 0 where there is none.
func clusterMajor(dir string) (int, error) {
	text, err := os.ReadFile(filepath.Join(dir, "PG_VERSION"))
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("read the cluster's version: %w", err)
	}
	major, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		return 0, fmt.Errorf("the file PG_VERSION in %s holds %q and should hold a number", dir, text)
	}
	return major, nil
}

func quoteIdent(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

func lastLines(text []byte, n int) string {
	lines := bytes.Split(bytes.TrimSpace(text), []byte("\n"))
	return string(bytes.Join(lines[max(0, len(lines)-n):], []byte("\n")))
}
