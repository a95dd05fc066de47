package clients_test

import (
	"bufio"
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/candlewright/candlewright/internal/app"
	"github.com/candlewright/candlewright/internal/postgres/pgtest"
	"github.com/candlewright/candlewright/internal/source/sim"
)

// asProgram makes the test binary the program itself.
const asProgram = "CANDLEWRIGHT_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		os.Exit(app.Main(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
	}
	os.Exit(m.Run())
}

// TestClientsOnNode runs the suite against two processes on one database: one works
// and is asked, the other only serves.
func TestClientsOnNode(t *testing.T) {
	t.Parallel()
	node := tool(t, "node")
	install(t, tool(t, "npm"))
	flags := append(simulated(t), "--database-url", pgtest.NewURL(t))
	one := serve(t, flags...)
	other := serve(t, append(flags, "--worker=false")...)

	cmd := exec.CommandContext(t.Context(), node, "--test", "--test-force-exit", "--test-reporter=tap", "test/")
	cmd.Env = append(os.Environ(), "CANDLEWRIGHT_URL="+one, "CANDLEWRIGHT_OTHER_URL="+other)
	out, err := cmd.CombinedOutput()
	for _, failed := range failures(string(out)) {
		t.Error(failed)
	}
	counts := summary(string(out))
	t.Logf("%d tests, %d passed, %d failed, %d skipped", counts["tests"], counts["pass"], counts["fail"], counts["skipped"])
	if err != nil || counts["pass"] < 61 || counts["pass"] != counts["tests"] {
		t.Errorf("node --test: %v, %v", err, counts)
		if counts["tests"] == 0 {
			t.Logf("%s", out)
		}
	}
}

// tool finds a program that the suite needs.
func tool(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Skipf("skipped without Node.js 20 or newer: %v", err)
	}
	return path
}

// install brings node_modules to what the lock file says.
func install(t *testing.T, npm string) {
	t.Helper()
	lock, err := os.ReadFile("package-lock.json")
	if err != nil {
		t.Fatal(err)
	}
	stamp := filepath.Join("node_modules", ".of-lock")
	if have, err := os.ReadFile(stamp); err == nil && string(have) == string(lock) {
		return
	}
	if out, err := exec.CommandContext(t.Context(), npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund").CombinedOutput(); err != nil {
		t.Fatalf("npm ci: %v\n%s", err, out)
	}
	if err := os.WriteFile(stamp, lock, 0o600); err != nil {
		t.Fatal(err)
	}
}

// simulated starts providers that know any ticker and gives the flags that lead to
// them.
func simulated(t *testing.T) []string {
	t.Helper()
	options := sim.Options{Market: sim.NewMarket(sim.Config{Seed: 7, Calm: true})}
	key := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(key, []byte("test"), 0o600); err != nil {
		t.Fatal(err)
	}
	flags := []string{"--polygon-plan", "advanced", "--polygon-key-file", key, "--binance-url", "off", "--binance-futures-url", "off"}
	for flag, provider := range map[string]*sim.Provider{"--polygon-url": sim.Polygon(options), "--yahoo-url": sim.Yahoo(options)} {
		server, err := sim.Serve(provider)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = server.Close(context.WithoutCancel(t.Context())) })
		flags = append(flags, flag, server.URL)
	}
	return flags
}

var address = regexp.MustCompile(`http://127\.0\.0\.1:\d+`)

// serve starts the program and gives its address once it answers. It ends with
// the test.
func serve(t *testing.T, flags ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], append([]string{"serve", "--addr", "127.0.0.1:0", "--log-level", "warn"}, flags...)...)
	cmd.Env = []string{asProgram + "=1", "PATH=" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME"), "TMPDIR=" + os.TempDir()}
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	pipe, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(pipe)
	var said strings.Builder
	for lines.Scan() {
		said.WriteString(lines.Text() + "\n")
		if base := address.FindString(lines.Text()); base != "" {
			rest := make(chan string, 1)
			go func() {
				text, _ := io.ReadAll(pipe)
				rest <- string(text)
			}()
			t.Cleanup(func() { // the context has ended, and with it the program
				if text := <-rest; text != "" {
					t.Logf("the server said:\n%s", text)
				}
				if err := cmd.Wait(); err != nil && cmd.ProcessState.ExitCode() != 0 {
					t.Errorf("the server ended: %v", err)
				}
			})
			return base
		}
	}
	_ = cmd.Wait()
	t.Fatalf("%v ended without serving:\n%s", flags, said.String())
	return ""
}

// failures are the tests of a TAP report that failed, with what it says about them.
func failures(tap string) []string {
	var list []string
	for block := range strings.SplitSeq(tap, "# Subtest: ") {
		at := strings.Index(block, "\nnot ok ")
		if at < 0 {
			continue
		}
		end := strings.Index(block[at:], "\n  ...")
		if end < 0 {
			end = len(block) - at
		}
		list = append(list, strings.TrimSpace(block[at:at+end]))
	}
	return list
}

var counted = regexp.MustCompile(`(?m)^# (tests|pass|fail|cancelled|skipped|todo) (\d+)$`)

// summary is what the end of a TAP report counts.
func summary(tap string) map[string]int {
	counts := map[string]int{}
	for _, m := range counted.FindAllStringSubmatch(tap, -1) {
		counts[m[1]], _ = strconv.Atoi(m[2])
	}
	return counts
}
