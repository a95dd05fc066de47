package postgres

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

const databaseName = "candlewright"

// Config says which server Start starts or joins.
type Config struct {
	// DataDir is the folder of the cluster, its socket, log and locks.
	DataDir string
	// Finder says where to look for PostgreSQL's programs when a server must be started.
	Finder Finder
	// Log is told what happens; nil is silence.
	Log *slog.Logger
	// Settings are given to a server that is started, beyond its postgresql.conf.
	Settings map[string]string
	// Throwaway gives up durability and removes the data directory with the server: for tests.
	Throwaway bool
	// Linger keeps the server for this long after its last session, so that test programs that
	// follow each other share it.
	Linger time.Duration
}

// Server is this process's session on the server of a data directory.
type Server struct {
	cfg    Config
	layout layout

	mu      sync.Mutex
	session *Lock // nil when closed
	keeper  *exec.Cmd
	started bool
	ready   bool
}

// Start joins the server that runs on cfg.DataDir, or starts one. The server is the child of a
// keeper (this program, started once more in the background), and lives until the last session
// is closed or dies: whoever started it may leave first without taking it away from the others.
func Start(ctx context.Context, cfg Config) (*Server, error) {
	dir, err := filepath.Abs(cfg.DataDir)
	if err != nil {
		return nil, fmt.Errorf("data folder: %w", err)
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	cfg.DataDir = dir
	if cfg.Finder.FetchDir == "" {
		cfg.Finder.FetchDir = layout{dir}.programs()
	}
	s := &Server{cfg: cfg, layout: layout{dir}}
	if s.session, err = s.joinSession(ctx); err != nil {
		return nil, err
	}
	if err := s.Ensure(ctx); err != nil {
		s.session.Release()
		return nil, err
	}
	return s, nil
}

// joinSession takes the sessions' lock, which waits for a keeper that is stopping its server. A
// throwaway folder may vanish in between, so the folder is made in every round.
func (s *Server) joinSession(ctx context.Context) (*Lock, error) {
	for {
		if err := prepareDataDir(s.layout.dir); err != nil {
			return nil, err
		}
		lock, err := tryLock(s.layout.sessionsLock(), syscall.LOCK_SH)
		if err == nil {
			return lock, nil
		}
		if !errors.Is(err, ErrLocked) && !errors.Is(err, os.ErrNotExist) {
			return nil, err
		}
		if err := pause(ctx, lockPoll); err != nil {
			return nil, fmt.Errorf("wait for the server on %s to stop: %w", s.layout.dir, err)
		}
	}
}

// URL is the connection string of the program's database. It holds no password.
func (s *Server) URL() string { return s.layout.url(databaseName) }

// DatabaseURL is the connection string of another database of the server.
func (s *Server) DatabaseURL(database string) string { return s.layout.url(database) }

// DataDir is the absolute path of the data directory.
func (s *Server) DataDir() string { return s.layout.dir }

// Started tells whether this session started the server; else it joined a running one.
func (s *Server) Started() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.started
}

// Ensure makes sure that the server runs, and starts it again if it was killed. It costs two
// system calls while the server lives, so a pool may call it before every new connection.
func (s *Server) Ensure(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.session == nil {
		return errors.New("the session on the server is closed")
	}
	if s.ready && s.keeperAlive() {
		return nil
	}
	start, err := waitLock(ctx, s.layout.startLock(), syscall.LOCK_EX)
	if err != nil {
		return err
	}
	defer start.Release()
	if s.keeperAlive() {
		s.cfg.Log.Debug("PostgreSQL runs already, joining", "data_dir", s.layout.dir)
		err = s.waitReady(ctx)
	} else {
		err = s.startKeeper(ctx)
	}
	s.ready = err == nil
	return err
}

// keeperAlive tells whether a keeper lives: the kernel drops its lock when it dies.
func (s *Server) keeperAlive() bool {
	lock, err := tryLock(s.layout.keeperLock(), syscall.LOCK_SH)
	lock.Release()
	return errors.Is(err, ErrLocked)
}

// waitReady waits for a server that another session started. Usually it is ready, because who
// starts one holds the start lock until then; unless that process was killed meanwhile.
func (s *Server) waitReady(ctx context.Context) error {
	for {
		conn, err := pgx.Connect(ctx, s.URL())
		if err == nil {
			return conn.Close(ctx)
		}
		if !s.keeperAlive() {
			return s.startKeeper(ctx)
		}
		if pauseErr := pause(ctx, 20*time.Millisecond); pauseErr != nil {
			return fmt.Errorf("join the server on %s: %w (%w)", s.layout.dir, err, pauseErr)
		}
	}
}

func (s *Server) startKeeper(ctx context.Context) error {
	s.reapKeeper()
	began := time.Now()
	major, err := clusterMajor(s.layout.cluster())
	if err != nil {
		return err
	}
	bin, err := s.cfg.Finder.Find(ctx, major)
	if err != nil {
		return err
	}
	cmd, report, err := s.spawn(bin)
	if err != nil {
		return fmt.Errorf("start the keeper of PostgreSQL: %w", err)
	}
	defer report.Close()
	s.keeper = cmd
	defer context.AfterFunc(ctx, func() { _ = report.SetReadDeadline(time.Now()) })()
	var answer keeperReport
	if err := json.NewDecoder(report).Decode(&answer); err != nil {
		if ctx.Err() != nil {
			return fmt.Errorf("start PostgreSQL: %w", context.Cause(ctx))
		}
		return fmt.Errorf("the keeper of PostgreSQL ended before it answered (%w): see %s", err, s.layout.logFile())
	}
	if answer.Error != "" {
		s.reapKeeper()
		return errors.New(answer.Error)
	}
	s.started = true
	s.cfg.Log.Info("PostgreSQL started", "version", bin.Version, "data_dir", s.layout.dir, "created", major == 0, "duration", time.Since(began).Round(time.Millisecond))
	return nil
}

// reapKeeper waits for a keeper of ours that has ended or is about to. Nothing waits for a
// living one, because it may outlive us.
func (s *Server) reapKeeper() {
	if s.keeper != nil {
		_ = s.keeper.Wait() // how it ended is in the log or was answered
		s.keeper = nil
	}
}

// spawn starts this program once more, as a keeper in a session of its own, so that neither
// Ctrl-C nor the end of a terminal reaches it.
func (s *Server) spawn(bin Binaries) (*exec.Cmd, *os.File, error) {
	self, err := selfPath()
	if err != nil {
		return nil, nil, err
	}
	_, logFile, err := openLog(s.layout.logFile())
	if err != nil {
		return nil, nil, err
	}
	defer logFile.Close()
	order, orderEnd, err := os.Pipe()
	if err != nil {
		return nil, nil, err
	}
	defer order.Close()
	defer orderEnd.Close()
	report, reportEnd, err := os.Pipe()
	if err != nil {
		return nil, nil, err
	}
	defer reportEnd.Close()
	cmd := &exec.Cmd{
		Path: self, Args: []string{"candlewright: PostgreSQL of", s.layout.dir},
		Env: append(serverEnv(), keeperEnv+"=1"), Dir: "/",
		Stdin: order, Stdout: logFile, Stderr: logFile, ExtraFiles: []*os.File{reportEnd},
		SysProcAttr: &syscall.SysProcAttr{Setsid: true},
	}
	if err := cmd.Start(); err != nil {
		_ = report.Close()
		return nil, nil, err
	}
	err = json.NewEncoder(orderEnd).Encode(keeperOrder{
		DataDir: s.layout.dir, Binaries: bin, Throw: s.cfg.Throwaway, Linger: s.cfg.Linger, Settings: s.cfg.Settings,
	})
	if err != nil && !errors.Is(err, io.ErrClosedPipe) {
		_ = report.Close()
		return nil, nil, err
	}
	return cmd, report, nil
}

// Close ends the session. With the last one the server stops, and Close waits for that until
// ctx ends (the keeper finishes on its own in any case), so that a container that ends with its
// first process does not kill a server that is still writing. A second call does nothing.
func (s *Server) Close(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.session == nil {
		return nil
	}
	s.session.Release()
	s.session = nil
	if s.cfg.Linger > 0 {
		return nil
	}
	for s.keeperAlive() && !s.othersThere() {
		if err := pause(ctx, lockPoll); err != nil {
			return fmt.Errorf("wait for PostgreSQL to stop: %w", err)
		}
	}
	if !s.keeperAlive() {
		s.reapKeeper()
	}
	return nil
}

// othersThere tells whether other sessions hold the lock: then it cannot be taken alone but can
// be shared. A keeper that is stopping its server holds it alone.
func (s *Server) othersThere() bool {
	alone, err := tryLock(s.layout.sessionsLock(), syscall.LOCK_EX)
	alone.Release()
	if !errors.Is(err, ErrLocked) {
		return false
	}
	shared, err := tryLock(s.layout.sessionsLock(), syscall.LOCK_SH)
	shared.Release()
	return err == nil
}
