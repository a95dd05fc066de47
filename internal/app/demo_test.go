package app_test

import (
	"bufio"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/candlewright/candlewright/internal/postgres/pgtest"
)

// TestAKilledDemoLeavesNothing kills a demo, which can clear nothing away then.
func TestAKilledDemoLeavesNothing(t *testing.T) {
	t.Parallel()
	dir := pgtest.DataDir(t)
	cmd := program(t.Context(), "demo", "--addr", "127.0.0.1:0")
	cmd.Env = append(cmd.Env, "TMPDIR="+dir)
	pipe, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(pipe)
	for lines.Scan() && !strings.Contains(lines.Text(), "Candlewright serves") {
		continue
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) == 0 {
		t.Errorf("a running demo has %v, %v; want its folder", left, err)
	}
	_ = cmd.Process.Kill()
	_ = cmd.Wait() // killed
	poll := time.NewTicker(50 * time.Millisecond)
	defer poll.Stop()
	late := time.After(time.Minute)
	for {
		left, err := os.ReadDir(dir)
		if err == nil && len(left) == 0 {
			return
		}
		select {
		case <-poll.C:
		case <-late:
			t.Fatalf("a killed demo left %v, %v", left, err)
		}
	}
}
