package jobs_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/candlewright/candlewright/internal/jobs"
	"github.com/candlewright/candlewright/internal/postgres"
)

// processEnv makes this test program a worker process.
const processEnv = "CANDLEWRIGHT_JOBS_WORKER"

// processSpec is what a worker process is told.
type processSpec struct {
	URL   string
	Rows  int
	Pause time.Duration
}

// workerProcess works until its standard input ends, as it does when the test
// dies.
func workerProcess(spec string) error {
	var s processSpec
	if err := json.Unmarshal([]byte(spec), &s); err != nil {
		return err
	}
	ctx := context.Background()
	pool, err := postgres.Connect(ctx, s.URL, postgres.PoolOptions{})
	if err != nil {
		return err
	}
	defer pool.Close()
	w, err := build(pool, &feed{rows: s.Rows, pause: s.Pause}, slog.New(slog.NewTextHandler(os.Stderr, nil)))
	if err != nil {
		return err
	}
	workers, err := jobs.NewWorkers(pool, w.Service, w.quick())
	if err != nil {
		return err
	}
	if err := workers.Start(ctx); err != nil {
		return err
	}
	fmt.Println("working")
	if _, err := io.Copy(io.Discard, os.Stdin); err != nil {
		return err
	}
	return workers.Stop(ctx)
}

// process is a worker process under the hands of a test.
type process struct {
	cmd  *exec.Cmd
	said strings.Builder
	stop io.Closer
}

// startProcess starts a worker process and waits until it works.
func startProcess(t testing.TB, spec processSpec) *process {
	t.Helper()
	text, err := json.Marshal(spec)
	check(t, err)
	p := &process{cmd: exec.Command(os.Args[0])} //nolint:gosec // it is this very program
	p.cmd.Env = append(os.Environ(), processEnv+"="+string(text))
	p.cmd.Stderr = &p.said
	in, err := p.cmd.StdinPipe()
	check(t, err)
	p.stop = in
	out, err := p.cmd.StdoutPipe()
	check(t, err)
	check(t, p.cmd.Start())
	if _, err := bufio.NewReader(out).ReadString('\n'); err != nil {
		p.kill(t)
		t.Fatalf("the worker process did not come up: %v\n%s", err, p.said.String())
	}
	return p
}

// kill is SIGKILL.
func (p *process) kill(t testing.TB) {
	t.Helper()
	check(t, p.cmd.Process.Kill())
	_ = p.cmd.Wait() // "signal: killed"
}

// end lets the process stop by itself.
func (p *process) end(t testing.TB) {
	t.Helper()
	check(t, p.stop.Close())
	if err := p.cmd.Wait(); err != nil {
		t.Errorf("worker process: %v\n%s", err, p.said.String())
	}
}
