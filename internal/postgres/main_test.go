package postgres_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"go.uber.org/goleak"

	"github.com/candlewright/candlewright/internal/postgres"
)

var update = flag.Bool("update", false, "write schema.json anew")

// helperEnv makes this test program a program that uses a server, for tests that need several
// processes or kill one.
const helperEnv = "CANDLEWRIGHT_POSTGRES_HELPER"

func TestMain(m *testing.M) {
	if dir := os.Getenv(helperEnv); dir != "" {
		if err := help(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	goleak.VerifyTestMain(m)
}

func config(dir string) postgres.Config {
	return postgres.Config{DataDir: dir, Finder: postgres.Finder{Dir: os.Getenv("CANDLEWRIGHT_PG_BIN")}}
}

// hello is what a helper says when its server is ready.
type hello struct {
	URL     string
	Started bool
}

// help starts or joins the server of dir, says so, and closes its session when stdin ends.
func help(dir string) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	server, err := postgres.Start(ctx, config(dir))
	if err != nil {
		return err
	}
	if err := json.NewEncoder(os.Stdout).Encode(hello{URL: server.URL(), Started: server.Started()}); err != nil {
		return err
	}
	if _, err := io.Copy(io.Discard, os.Stdin); err != nil {
		return err
	}
	return server.Close(ctx)
}

type helper struct {
	t     *testing.T
	cmd   *exec.Cmd
	stdin io.WriteCloser
	hello hello
	said  chan error
}

// startHelper starts a helper on dir without waiting for its server.
func startHelper(t *testing.T, program, dir string, attr *syscall.SysProcAttr) *helper {
	t.Helper()
	h := &helper{t: t, cmd: exec.Command(program), said: make(chan error, 1)}
	h.cmd.Env = append(os.Environ(), helperEnv+"="+dir)
	h.cmd.Dir = "/"
	h.cmd.SysProcAttr = attr
	h.cmd.Stderr = os.Stderr
	var err error
	if h.stdin, err = h.cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	stdout, err := h.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := h.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(h.kill)
	go func() {
		line, err := bufio.NewReader(stdout).ReadBytes('\n')
		if err == nil {
			err = json.Unmarshal(line, &h.hello)
		}
		h.said <- err
	}()
	return h
}

// wait returns what the helper said.
func (h *helper) wait() hello {
	h.t.Helper()
	select {
	case err := <-h.said:
		if err != nil {
			h.t.Fatalf("the helper said nothing: %v", err)
		}
	case <-time.After(time.Minute):
		h.t.Fatal("the helper said nothing for a minute")
	}
	return h.hello
}

// close ends the helper's session and waits for its end.
func (h *helper) close() {
	h.t.Helper()
	_ = h.stdin.Close()
	if err := h.cmd.Wait(); err != nil {
		h.t.Fatalf("helper: %v", err)
	}
}

// kill ends the helper as kill -9 does.
func (h *helper) kill() {
	if h.cmd.ProcessState == nil {
		_ = h.cmd.Process.Kill()
		_ = h.cmd.Wait()
	}
}

// self is this test program.
func self(t *testing.T) string {
	t.Helper()
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// start starts or joins the server of dir for the test.
func start(t *testing.T, dir string) *postgres.Server {
	t.Helper()
	server, err := postgres.Start(t.Context(), config(dir))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closeServer(t, server) })
	return server
}

func closeServer(t *testing.T, server *postgres.Server) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), time.Minute)
	defer cancel()
	if err := server.Close(ctx); err != nil {
		t.Error(err)
	}
}

// query runs one statement on a connection of its own and returns its one value as text. It
// works in cleanups too.
func query(t *testing.T, url, statement string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), time.Minute)
	defer cancel()
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(ctx)
	rows, err := conn.Query(ctx, statement)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	value := ""
	for rows.Next() {
		values, err := rows.Values()
		if err != nil {
			t.Fatal(err)
		}
		if len(values) > 0 {
			value = fmt.Sprint(values[0])
		}
	}
	if err := rows.Err(); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
	return value
}

// serverPid is the process of the server of dir.
func serverPid(t *testing.T, dir string) int {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, "postgres", "postmaster.pid"))
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.SplitN(string(text), "\n", 2)[0])
	if err != nil {
		t.Fatal(err)
	}
	return pid
}

// parentPid is the process that started pid: the keeper of a server.
func parentPid(t *testing.T, pid int) int {
	t.Helper()
	_, parent, err := look(pid)
	if err != nil {
		t.Fatal(err)
	}
	return parent
}

// running tells whether pid lives; a zombie does not.
func running(pid int) bool {
	state, _, err := look(pid)
	return err == nil && state != "Z"
}

// look returns a process's state (one letter) and parent: from /proc, since small images have no
// ps, or from ps where there is no /proc.
func look(pid int) (state string, parent int, err error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err == nil {
		rest := text[bytes.LastIndexByte(text, ')')+1:] // behind the name, which may hold anything
		_, err = fmt.Sscan(string(rest), &state, &parent)
		return state, parent, err
	}
	if _, statErr := os.Stat("/proc/self"); statErr == nil {
		return "", 0, err
	}
	out, err := exec.Command("ps", "-o", "stat=,ppid=", "-p", strconv.Itoa(pid)).Output()
	if err != nil {
		return "", 0, err
	}
	_, err = fmt.Sscan(string(out), &state, &parent)
	return state[:min(1, len(state))], parent, err
}

// eventually polls until the condition holds.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(30 * time.Second)
	for !holds() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("after 30 s still not so: %s", what)
		}
	}
}
