package postgres

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

// keeperEnv marks the process that keeps a server. Its value is never empty there.
const keeperEnv = "CANDLEWRIGHT_POSTGRES_KEEPER"

// keeperOrder is what a session tells the keeper that it starts.
type keeperOrder struct {
	DataDir  string
	Binaries Binaries
	Throw    bool              // no durability, and the data directory is removed at the end
	Linger   time.Duration     // how long to stay after the last session
	Settings map[string]string // beyond postgresql.conf
}

// keeperReport is the one line with which the keeper answers.
type keeperReport struct {
	Error string
}

//nolint:gochecknoinits // Every program that can start a server must be able to become its keeper, test binaries too, and main is theirs.
func init() {
	if os.Getenv(keeperEnv) == "" {
		return
	}
	if err := keep(os.Stdin, os.NewFile(3, "report")); err != nil {
		fmt.Fprintln(os.Stderr, "keeper:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

// keep is the keeper's life: it starts the server, reports, waits until no session is left,
// and stops the server. Signals do not end it, since a session may still be busy.
func keep(in io.Reader, report *os.File) error {
	// Caught and left unread: an ignored signal would be ignored by the server as well.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
	// The kernel ends the server together with the thread that started it: this one.
	runtime.LockOSThread()
	var order keeperOrder
	if err := json.NewDecoder(in).Decode(&order); err != nil {
		return fmt.Errorf("read the order: %w", err)
	}
	k := &keeper{order: order, layout: layout{order.DataDir}}
	err := k.start()
	answer := keeperReport{}
	if err != nil {
		answer.Error = err.Error()
	}
	_ = json.NewEncoder(report).Encode(answer) // who asked may be gone
	_ = report.Close()
	if k.lock != nil {
		defer k.lock.Release()
	}
	if err != nil {
		return errors.Join(err, k.stop())
	}
	sessions := k.waitUnused()
	defer sessions.Release()
	return k.stop()
}

type keeper struct {
	layout
	order  keeperOrder
	lock   *Lock
	cmd    *exec.Cmd
	exited chan struct{} // closed when the server has ended
}

func (k *keeper) start() error {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	var err error
	// A session that only looks whether a keeper lives holds the lock for a moment.
	if k.lock, err = waitLock(ctx, k.keeperLock(), syscall.LOCK_EX); err != nil {
		return fmt.Errorf("another server works on %s: %w", k.dir, err)
	}
	acc, err := serverAccount(k.cluster())
	if err != nil {
		return err
	}
	c := cluster{layout: k.layout, bin: k.order.Binaries, acc: acc, fast: k.order.Throw}
	if err := c.prepare(); err != nil {
		return err
	}
	// Backends of a server that was killed may live a little longer and hold its shared memory.
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(100 * time.Millisecond) {
		err := k.startServer(c)
		if err == nil || !strings.Contains(err.Error(), "shared memory block") || time.Now().After(deadline) {
			return err
		}
	}
}

// startServer starts the server and waits until it takes connections; recovery after a power
// cut may take minutes, and the wait has no end as long as the server lives.
func (k *keeper) startServer(c cluster) error {
	logStart, logFile, err := openLog(k.logFile())
	if err != nil {
		return err
	}
	defer logFile.Close()
	args := []string{"-D", k.cluster()}
	for _, setting := range k.settings() {
		args = append(args, "-c", setting)
	}
	k.cmd = c.acc.command(k.cluster(), c.bin.Program("postgres"), args...)
	k.cmd.Stdout, k.cmd.Stderr = logFile, logFile
	if err := k.cmd.Start(); err != nil {
		return fmt.Errorf("start postgres: %w", err)
	}
	k.exited = make(chan struct{})
	go func() {
		_ = k.cmd.Wait() // how it ended is in its log
		close(k.exited)
	}()
	for !k.ready() {
		select {
		case <-k.exited:
			return fmt.Errorf("PostgreSQL ended while starting: %s", logTail(k.logFile(), logStart))
		case <-time.After(5 * time.Millisecond):
		}
	}
	return k.ensureDatabase()
}

func (k *keeper) settings() []string {
	all := []string{
		"listen_addresses=",
		"port=" + serverPort,
		"unix_socket_directories=" + quoteIdent(k.socketDir()),
		"unix_socket_permissions=0700",
	}
	if k.order.Throw {
		all = append(all, "fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_connections=400", "shared_buffers=128MB", "max_wal_size=8GB", "autovacuum=off")
	}
	for name, value := range k.order.Settings {
		all = append(all, name+"="+value)
	}
	return all
}

// ready reads the line of postmaster.pid in which the server says that it takes connections.
func (k *keeper) ready() bool {
	text, err := os.ReadFile(filepath.Join(k.cluster(), "postmaster.pid"))
	if err != nil {
		return false
	}
	lines := strings.Split(string(text), "\n")
	return len(lines) > 7 && strings.TrimSpace(lines[7]) == "ready" && strings.TrimSpace(lines[0]) == strconv.Itoa(k.cmd.Process.Pid)
}

func (k *keeper) ensureDatabase() error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	conn, err := pgx.Connect(ctx, k.url("postgres"))
	if err != nil {
		return fmt.Errorf("first connection to the server: %w", err)
	}
	defer conn.Close(ctx)
	var there bool
	if err := conn.QueryRow(ctx, `SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)`, databaseName).Scan(&there); err != nil {
		return fmt.Errorf("look for the database: %w", err)
	}
	if there {
		return nil
	}
	if _, err := conn.Exec(ctx, "CREATE DATABASE "+quoteIdent(databaseName)); err != nil {
		return fmt.Errorf("make the database: %w", err)
	}
	return nil
}

// waitUnused returns with the sessions' lock when no session is left, or without it when the
// server has ended by itself.
func (k *keeper) waitUnused() *Lock {
	free := make(chan *Lock)
	go func() {
		for {
			// Sessions hold this lock shared; the wait ends with the last of them.
			lock, err := lockFile(k.sessionsLock(), syscall.LOCK_EX)
			if err == nil && k.order.Linger > 0 {
				lock.Release()
				time.Sleep(k.order.Linger)
				lock, err = tryLock(k.sessionsLock(), syscall.LOCK_EX)
			}
			if errors.Is(err, ErrLocked) {
				continue
			}
			free <- lock // without the lock (the folder is gone) there is no session either
			return
		}
	}()
	select {
	case lock := <-free:
		return lock
	case <-k.exited:
		return nil
	}
}

// stop ends the server and clears away what must not stay.
func (k *keeper) stop() error {
	if k.cmd != nil && k.cmd.Process != nil {
		k.stopServer()
	}
	if k.lock == nil {
		return nil
	}
	if socketDir := k.socketDir(); filepath.Dir(socketDir) != k.dir {
		_ = os.Remove(socketDir)
	}
	if k.order.Throw {
		return throwAway(k.dir)
	}
	return nil
}

func (k *keeper) stopServer() {
	steps := shutdownSteps
	if k.order.Throw {
		steps = steps[1:]
	}
	for _, step := range steps {
		select {
		case <-k.exited:
			return
		default:
		}
		_ = k.cmd.Process.Signal(step.signal)
		select {
		case <-k.exited:
			return
		case <-time.After(step.wait):
		}
	}
}

// throwAway removes a data directory. It takes the name away first, so that a session that
// comes now makes a new one instead of working in the half of an old one.
func throwAway(dir string) error {
	gone := fmt.Sprintf("%s.gone-%d", dir, os.Getpid())
	if err := os.Rename(dir, gone); err != nil {
		return fmt.Errorf("remove the data folder: %w", err)
	}
	older, err := filepath.Glob(dir + ".gone-*")
	for _, path := range older {
		err = errors.Join(err, os.RemoveAll(path))
	}
	return err
}

const maxLog = 10 << 20

// openLog opens the server's log for appending and tells where it ends now. A long one is put
// aside, so that there are two at most.
func openLog(path string) (int64, *os.File, error) {
	if info, err := os.Stat(path); err == nil && info.Size() > maxLog {
		if err := os.Rename(path, path+".1"); err != nil {
			return 0, nil, fmt.Errorf("put the old log aside: %w", err)
		}
	}
	file, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return 0, nil, fmt.Errorf("open the server's log: %w", err)
	}
	end, err := file.Seek(0, io.SeekEnd)
	if err != nil {
		_ = file.Close()
		return 0, nil, fmt.Errorf("open the server's log: %w", err)
	}
	return end, file, nil
}

func logTail(path string, from int64) string {
	text, err := os.ReadFile(path)
	if err != nil || int64(len(text)) < from {
		return "see " + path
	}
	return lastLines(text[from:], 8)
}
