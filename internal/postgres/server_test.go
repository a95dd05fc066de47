package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/candlewright/candlewright/internal/postgres"
	"github.com/candlewright/candlewright/internal/postgres/pgtest"
)

func TestServerStartsStopsAndKeepsItsData(t *testing.T) {
	t.Parallel()
	dir := pgtest.DataDir(t)
	first := start(t, dir)
	if !first.Started() {
		t.Error("the first session joined, though nothing ran")
	}
	query(t, first.URL(), `CREATE TABLE kept AS SELECT 42 AS answer`)
	pid := serverPid(t, dir)
	closeServer(t, first)
	if running(pid) {
		t.Error("the server still runs after its last session was closed")
	}
	closeServer(t, first) // a second time does nothing
	if err := first.Ensure(t.Context()); err == nil {
		t.Error("a closed session could still start the server")
	}

	second := start(t, dir)
	if got := query(t, second.URL(), `SELECT answer FROM kept`); got != "42" {
		t.Errorf("after a restart: %s", got)
	}
}

func TestServerIsDurableAndPrivate(t *testing.T) {
	t.Parallel()
	dir := pgtest.DataDir(t)
	server := start(t, dir)
	for setting, want := range map[string]string{
		"listen_addresses": "", "fsync": "on", "full_page_writes": "on", "synchronous_commit": "on",
		"unix_socket_permissions": "0700", "TimeZone": "UTC", "server_encoding": "UTF8",
	} {
		if got := query(t, server.URL(), `SELECT current_setting('`+setting+`')`); got != want {
			t.Errorf("%s is %q, want %q", setting, got, want)
		}
	}
	if got := query(t, server.URL(), `SELECT string_agg(DISTINCT auth_method, ',') FROM pg_hba_file_rules`); got != "peer" {
		t.Errorf("access by %s, want peer alone", got)
	}
	for _, folder := range []string{"socket", "postgres"} {
		info, err := os.Stat(filepath.Join(dir, folder))
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm() != 0o700 {
			t.Errorf("%s has mode %04o", folder, info.Mode().Perm())
		}
	}
}

func TestStarterMayLeaveFirst(t *testing.T) {
	t.Parallel()
	dir := pgtest.DataDir(t)
	starter := startHelper(t, self(t), dir, nil)
	if !starter.wait().Started {
		t.Fatal("the helper did not start the server")
	}
	joined := start(t, dir)
	if joined.Started() {
		t.Error("a second server was started")
	}
	if joined.URL() != starter.hello.URL {
		t.Errorf("joined %s, the other is on %s", joined.URL(), starter.hello.URL)
	}
	pid := serverPid(t, dir)
	starter.close()
	if got := query(t, joined.URL(), `SELECT 1`); got != "1" || !running(pid) {
		t.Error("the server left with its starter")
	}
	closeServer(t, joined)
	if running(pid) {
		t.Error("the server stayed after its last session")
	}
}

func TestManyProcessesStartOneServer(t *testing.T) {
	t.Parallel()
	dir := pgtest.DataDir(t)
	var helpers []*helper
	for range 5 {
		helpers = append(helpers, startHelper(t, self(t), dir, nil))
	}
	started := 0
	for _, h := range helpers {
		if h.wait().Started {
			started++
		}
	}
	if started != 1 {
		t.Errorf("%d of 5 started a server", started)
	}
	pid := serverPid(t, dir)
	for _, h := range helpers {
		h.close()
	}
	eventually(t, "the server ends with its sessions", func() bool { return !running(pid) })
}

func TestKilledProgramTakesTheServerWithIt(t *testing.T) {
	t.Parallel()
	dir := pgtest.DataDir(t)
	victim := startHelper(t, self(t), dir, nil)
	url := victim.wait().URL
	query(t, url, `CREATE TABLE committed AS SELECT 7 AS n`)
	pid := serverPid(t, dir)
	keeper := parentPid(t, pid)
	victim.kill()
	eventually(t, "server and keeper are gone", func() bool { return !running(pid) && !running(keeper) })
	if got := query(t, start(t, dir).URL(), `SELECT n FROM committed`); got != "7" {
		t.Errorf("after kill -9: %s", got)
	}
}

func TestServerComesBackWhenKilled(t *testing.T) {
	t.Parallel()
	dir := pgtest.DataDir(t)
	server := start(t, dir)
	pool, err := postgres.Connect(t.Context(), server.URL(), postgres.PoolOptions{Server: server})
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	if _, err := pool.Exec(t.Context(), `CREATE TABLE committed AS SELECT 7 AS n`); err != nil {
		t.Fatal(err)
	}
	works := func() bool {
		var n int
		return pool.QueryRow(t.Context(), `SELECT n FROM committed`).Scan(&n) == nil && n == 7
	}

	pid := serverPid(t, dir)
	keeper := parentPid(t, pid)
	signal(t, keeper, syscall.SIGTERM) // as a machine that shuts down does; sessions come first
	signal(t, keeper, syscall.SIGKILL)
	eventually(t, "the server goes with its keeper", func() bool { return !running(pid) })
	eventually(t, "the pool gets a new server after its keeper was killed", works)

	signal(t, serverPid(t, dir), syscall.SIGKILL)
	eventually(t, "the pool gets a new server after its server was killed", works)
}

func TestEverythingKilledAtOnce(t *testing.T) {
	t.Parallel()
	dir := pgtest.DataDir(t)
	victim := startHelper(t, self(t), dir, nil)
	query(t, victim.wait().URL, `CREATE TABLE committed AS SELECT 7 AS n`)
	pid := serverPid(t, dir)
	keeper := parentPid(t, pid)
	victim.kill()
	_ = syscall.Kill(keeper, syscall.SIGKILL) // either may be gone already
	_ = syscall.Kill(pid, syscall.SIGKILL)
	if got := query(t, start(t, dir).URL(), `SELECT n FROM committed`); got != "7" {
		t.Errorf("after kill -9 of all: %s", got)
	}
}

func TestStalePidOfAnotherProcess(t *testing.T) {
	t.Parallel()
	dir := pgtest.DataDir(t)
	closeServer(t, start(t, dir))

	// A living process of the server's account has the number that the file names.
	cluster, err := os.Stat(filepath.Join(dir, "postgres"))
	if err != nil {
		t.Fatal(err)
	}
	owner := cluster.Sys().(*syscall.Stat_t)
	bystander := sleeper(t, owner.Uid, owner.Gid)
	text := pidFile(bystander, filepath.Join(dir, "postgres"))
	path := filepath.Join(dir, "postgres", "postmaster.pid")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chown(path, int(owner.Uid), int(owner.Gid)); err != nil {
		t.Fatal(err)
	}
	if got := query(t, start(t, dir).URL(), `SELECT 1`); got != "1" {
		t.Error(got)
	}
	if !running(bystander) {
		t.Error("a process that is no server was ended")
	}
}

func TestOrdinaryUser(t *testing.T) {
	t.Parallel()
	home, program, attr := asOrdinaryUser(t)
	dir := filepath.Join(home, "share", "candlewright") // below a folder that is not there yet
	h := startHelper(t, program, dir, attr)
	h.wait()
	pid := serverPid(t, dir)
	if attr != nil {
		info, err := os.Stat(filepath.Join(dir, "postgres"))
		if err != nil {
			t.Fatal(err)
		}
		if owner := info.Sys().(*syscall.Stat_t).Uid; owner != attr.Credential.Uid {
			t.Errorf("the cluster belongs to %d", owner)
		}
		_, err = postgres.Start(t.Context(), config(dir))
		if err == nil || !strings.Contains(err.Error(), "belongs to user id") {
			t.Errorf("another user on the same folder: %v", err)
		}
	}
	h.kill()
	eventually(t, "the server is gone", func() bool { return !running(pid) })
	again := startHelper(t, program, dir, attr)
	if !again.wait().Started {
		t.Error("the restart joined something")
	}
	again.close()
}

func TestUnreachableFolder(t *testing.T) {
	t.Parallel()
	closed := filepath.Join(pgtest.DataDir(t), "closed")
	mode, parts := os.FileMode(0o700), []string{closed + " (mode 0700)", "chmod o+x", "/var/lib/candlewright"}
	if os.Geteuid() != 0 { // nobody else's server to think of, but a folder that we may not write
		mode, parts = 0o500, []string{"make the data folder", closed}
	}
	if err := os.Mkdir(closed, mode); err != nil {
		t.Fatal(err)
	}
	_, err := postgres.Start(t.Context(), config(filepath.Join(closed, "data")))
	if err == nil {
		t.Fatal("started in a folder that its account may not enter")
	}
	for _, part := range parts {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("the error does not say %q: %v", part, err)
		}
	}
}

func TestPathWithOddCharacters(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"a b+c%d\"é'", "x,y"} {
		dir := filepath.Join(pgtest.DataDir(t), name)
		if got := query(t, start(t, dir).URL(), `SELECT 1`); got != "1" {
			t.Errorf("%s: %s", name, got)
		}
	}
}

func TestLongPathGetsAShortSocket(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(pgtest.DataDir(t), strings.Repeat("long-", 20), "data")
	server := start(t, dir)
	if got := query(t, server.URL(), `SELECT 1`); got != "1" {
		t.Error(got)
	}
	sockets := query(t, server.URL(), `SELECT current_setting('unix_socket_directories')`)
	if !strings.HasPrefix(sockets, `"/tmp/candlewright-`) {
		t.Errorf("the socket lies in %s", sockets)
	}
	closeServer(t, server)
	if _, err := os.Stat(strings.Trim(sockets, `"`)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the socket's folder stays: %v", err)
	}
}

func TestStartCanBeGivenUp(t *testing.T) {
	t.Parallel()
	dir := pgtest.DataDir(t)
	ctx, cancel := context.WithCancel(t.Context())
	gaveUp := make(chan error)
	go func() {
		_, err := postgres.Start(ctx, config(dir))
		gaveUp <- err
	}()
	eventually(t, "initdb works", func() bool {
		_, err := os.Stat(filepath.Join(dir, "postgres.new"))
		return err == nil
	})
	cancel()
	if err := <-gaveUp; !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if _, err := postgres.Start(ctx, config(dir)); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	// What was under way does not disturb the next one.
	if got := query(t, start(t, dir).URL(), `SELECT 1`); got != "1" {
		t.Error(got)
	}
}

func TestRoleIsHeldByOneProcess(t *testing.T) {
	t.Parallel()
	dir := pgtest.DataDir(t)
	serve, err := postgres.LockRole(dir, "serve")
	if err != nil {
		t.Fatal(err)
	}
	_, err = postgres.LockRole(dir, "serve")
	want := fmt.Sprintf("candlewright serve already runs on the data folder %s (process %d)", dir, os.Getpid())
	if !errors.Is(err, postgres.ErrLocked) || !strings.Contains(err.Error(), want) {
		t.Errorf("the second: %v", err)
	}
	serve.Release()
	again, err := postgres.LockRole(dir, "serve")
	if err != nil {
		t.Fatal(err)
	}
	again.Release()
}

func TestBrokenClusterSaysWhy(t *testing.T) {
	t.Parallel()
	dir := pgtest.DataDir(t)
	closeServer(t, start(t, dir))
	conf := filepath.Join(dir, "postgres", "postgresql.conf")
	if err := os.WriteFile(conf, []byte("shared_buffers = many\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := postgres.Start(t.Context(), config(dir))
	if err == nil || !strings.Contains(err.Error(), "shared_buffers") {
		t.Errorf("got %v", err)
	}
}
