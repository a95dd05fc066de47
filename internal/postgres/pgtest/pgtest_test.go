package pgtest_test

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"go.uber.org/goleak"

	"github.com/candlewright/candlewright/internal/postgres/pgtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestEachTestHasADatabaseOfItsOwn(t *testing.T) {
	t.Parallel()
	for range 4 {
		t.Run("", func(t *testing.T) {
			t.Parallel()
			pool := pgtest.New(t)
			if _, err := pool.Exec(t.Context(), `INSERT INTO installation VALUES (true, 'simulated', gen_random_uuid(), '2026-01-02Z')`); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestDatabaseGoesWithItsTest(t *testing.T) {
	t.Parallel()
	outer := pgtest.NewEmptyURL(t)
	var name string
	t.Run("inner", func(t *testing.T) {
		name = value(t, pgtest.NewURL(t), `SELECT current_database()`)
		if got := value(t, outer, `SELECT count(*) FROM pg_database WHERE datname = '`+name+`'`); got != "1" {
			t.Errorf("%s databases of the name %s", got, name)
		}
	})
	if got := value(t, outer, `SELECT count(*) FROM pg_database WHERE datname = '`+name+`'`); got != "0" {
		t.Errorf("%s stays", name)
	}
}

// helperEnv makes TestHelper act, in a process that another test starts: it makes a database,
// says the server's process and waits for the end of its input.
const helperEnv = "CANDLEWRIGHT_PGTEST_HELPER"

func TestHelper(t *testing.T) { //nolint:paralleltest // it is a process of its own
	if os.Getenv(helperEnv) == "" {
		return
	}
	fmt.Println("server", value(t, pgtest.NewURL(t), `SELECT split_part(pg_read_file('postmaster.pid'), E'\n', 1)`))
	if _, err := io.Copy(io.Discard, os.Stdin); err != nil {
		t.Fatal(err)
	}
}

type helper struct {
	t      *testing.T
	cmd    *exec.Cmd
	stdin  io.Closer
	server int // the server's process
}

// startHelper starts another test program that keeps its server in dir.
func startHelper(t *testing.T, program, dir string, attr *syscall.SysProcAttr) *helper {
	t.Helper()
	if os.Getenv("CANDLEWRIGHT_TEST_PG") != "" {
		t.Skip("the tests use a server that is not ours")
	}
	h := &helper{t: t, cmd: exec.Command(program, "-test.run=^TestHelper$")}
	h.cmd.Env = append(os.Environ(), helperEnv+"=1", "TMPDIR="+dir)
	h.cmd.Dir, h.cmd.Stderr, h.cmd.SysProcAttr = "/", os.Stderr, attr
	stdin, err := h.cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	h.stdin = stdin
	stdout, err := h.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := h.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(h.kill)
	lines := bufio.NewScanner(stdout)
	for lines.Scan() {
		if pid, found := strings.CutPrefix(lines.Text(), "server "); found {
			if h.server, err = strconv.Atoi(pid); err != nil {
				t.Fatal(err)
			}
			go io.Copy(io.Discard, stdout) //nolint:errcheck // it ends with the process
			return h
		}
	}
	t.Fatalf("the helper said nothing: %v", h.cmd.Wait())
	return nil
}

func (h *helper) kill() {
	if h.cmd.ProcessState == nil {
		_ = h.cmd.Process.Kill()
		_ = h.cmd.Wait()
	}
}

func (h *helper) end() {
	h.t.Helper()
	_ = h.stdin.Close()
	if err := h.cmd.Wait(); err != nil {
		h.t.Error(err)
	}
}

func TestProgramsShareAServerThatGoesWithTheLast(t *testing.T) {
	t.Parallel()
	dir := pgtest.DataDir(t)
	self := executable(t)
	killed, ended := startHelper(t, self, dir, nil), startHelper(t, self, dir, nil)
	if killed.server != ended.server {
		t.Errorf("two servers: %d and %d", killed.server, ended.server)
	}
	killed.kill()
	ended.end()
	next := startHelper(t, self, dir, nil)
	if next.server != ended.server {
		t.Errorf("the next program got another server: %d and %d", ended.server, next.server)
	}
	next.kill()
	gone(t, next.server, dir)
}

func TestOrdinaryUser(t *testing.T) {
	t.Parallel()
	program, dir := executable(t), pgtest.DataDir(t)
	var attr *syscall.SysProcAttr
	if os.Geteuid() == 0 {
		program, dir, attr = asNobody(t, dir)
	}
	h := startHelper(t, program, dir, attr)
	h.end()
	gone(t, h.server, dir)
}

// asNobody makes a copy of this program and a folder below parent that "nobody" may use.
func asNobody(t *testing.T, parent string) (program, dir string, attr *syscall.SysProcAttr) {
	t.Helper()
	nobody, err := user.Lookup("nobody")
	if err != nil {
		t.Fatal(err)
	}
	uid, err := strconv.Atoi(nobody.Uid)
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(executable(t))
	if err != nil {
		t.Fatal(err)
	}
	program = filepath.Join(parent, "program")
	if err := os.WriteFile(program, text, 0o755); err != nil {
		t.Fatal(err)
	}
	dir = filepath.Join(parent, "tmp")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Chown(dir, uid, uid); err != nil {
		t.Fatal(err)
	}
	return program, dir, &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(uid)}}
}

// gone waits until the server has ended and the folder is empty.
func gone(t *testing.T, server int, dir string) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(30 * time.Second)
	for {
		left, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		if len(left) == 0 && syscall.Kill(server, 0) != nil {
			return
		}
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("after 30 s there still are %v, or the server %d", left, server)
		}
	}
}

func executable(t *testing.T) string {
	t.Helper()
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

func value(t *testing.T, url, query string) string {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	var v any
	if err := conn.QueryRow(t.Context(), query).Scan(&v); err != nil {
		t.Fatal(err)
	}
	return fmt.Sprint(v)
}
