package app_test

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"testing"

	"github.com/candlewright/candlewright/internal/app"
)

// asProgram makes the test binary the program itself, so that tests can start
// it, watch it and kill it.
const asProgram = "CANDLEWRIGHT_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		os.Exit(app.Main(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
	}
	os.Exit(m.Run())
}

// program is the program with arguments, not yet started. Nothing of the
// environment that it reads is set.
func program(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, os.Args[0], args...)
	cmd.Env = []string{asProgram + "=1", "PATH=" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME"), "TMPDIR=" + os.TempDir()}
	return cmd
}

// result is what a run of the program left.
type result struct {
	out, err string
	code     int
}

func runProgram(t *testing.T, args ...string) result {
	t.Helper()
	cmd := program(t.Context(), args...)
	var out, errOut bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errOut
	err := cmd.Run()
	if cmd.ProcessState == nil {
		t.Fatalf("start: %v", err)
	}
	return result{out.String(), errOut.String(), cmd.ProcessState.ExitCode()}
}
