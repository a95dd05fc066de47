package app_test

import (
	"bufio"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/candlewright/candlewright/internal/postgres/pgtest"
)

var update = flag.Bool("update", false, "write golden files anew")

const csvFile = "ts,open,high,low,close,volume\n2024-01-02,10,12,9,11,1000\n2024-01-03,11,13,10,12,900\n2024-01-06,1,1,1,1,1\n"

func write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestHelp holds what people read, and with it names, defaults and environment
// variables of all flags.
func TestHelp(t *testing.T) {
	t.Parallel()
	var all strings.Builder
	for _, args := range [][]string{{"--help"}, {"serve", "--help"}, {"import", "--help"}, {"migrate", "--help"}, {"migrate", "down", "--help"}, {"reconcile", "--help"}, {"backfill", "--help"}, {"runs", "list", "--help"}, {"runs", "show", "--help"}, {"candles", "--help"}, {"gaps", "--help"}, {"explain", "--help"}, {"verify", "--help"}, {"digest", "--help"}} {
		r := runProgram(t, args...)
		if r.code != 0 {
			t.Fatalf("%v: %+v", args, r)
		}
		all.WriteString("$ candlewright " + strings.Join(args, " ") + "\n" + r.out + "\n")
	}
	got := regexp.MustCompile(`--data-dir="[^"]*"`).ReplaceAllString(all.String(), `--data-dir="DIR"`)
	golden := filepath.Join("testdata", "help.txt")
	if *update {
		if err := os.MkdirAll("testdata", 0o750); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(golden, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("help changed; if it is meant, run go test ./internal/app -run TestHelp -update (-want +got):\n%s", diff)
	}
}

func TestCommandLineErrorsSayWhatIsWanted(t *testing.T) {
	t.Parallel()
	file := write(t, "a.csv", csvFile)
	for name, tc := range map[string]struct {
		args []string
		code int
		want string
	}{
		"no such command": {[]string{"bogus"}, 2, "bogus"},
		"no ticker":       {[]string{"import", file, "--asset-class", "stock", "--timeframe", "1d"}, 2, "--ticker"},
		"a class that is none": {
			[]string{"import", file, "--ticker", "A", "--asset-class", "bond", "--timeframe", "1d"}, 2, `"stock","crypto","etf"`,
		},
		"a ticker that is none": {
			[]string{"import", file, "--ticker", "A/B", "--asset-class", "stock", "--timeframe", "1d"}, 1, "invalid ticker",
		},
		"a ticker of 300 characters": {
			[]string{"import", file, "--ticker", strings.Repeat("A", 300), "--asset-class", "stock", "--timeframe", "1d"}, 1, "1 to 20 characters",
		},
		"an unknown zone": {
			[]string{"import", file, "--ticker", "A", "--asset-class", "stock", "--timeframe", "1d", "--timezone", "Mars/Olympus"}, 1, "IANA",
		},
		"a moment that is none": {
			[]string{"import", file, "--ticker", "A", "--asset-class", "stock", "--timeframe", "1d", "--from", "yesterday"}, 1, "YYYY-MM-DD",
		},
		"a chunk of nothing": {
			[]string{"import", file, "--ticker", "A", "--asset-class", "stock", "--timeframe", "1d", "--chunk", "0"}, 1, "want 1 to 10000",
		},
		"a future fetch": {
			[]string{"import", file, "--ticker", "A", "--asset-class", "stock", "--timeframe", "1d", "--fetched-at", "2999-01-01"}, 1, "still to come",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := runProgram(t, tc.args...)
			if r.code != tc.code || !strings.Contains(r.err, tc.want) || strings.Contains(r.err, "panic") {
				t.Errorf("%+v, want exit code %d and %q", r, tc.code, tc.want)
			}
		})
	}
}

func TestImportOnATerminal(t *testing.T) {
	t.Parallel()
	url := pgtest.NewURL(t)
	args := func(extra ...string) []string {
		return append([]string{
			"import", write(t, "a.csv", csvFile), "--ticker", "aapl", "--asset-class", "stock", "--timeframe", "1d", "--database-url", url,
		}, extra...)
	}
	r := runProgram(t, args()...)
	if r.code != 0 || !strings.Contains(r.out, "2 inserted, 0 updated") || !strings.Contains(r.out, "1 failed on_grid") {
		t.Errorf("import: %+v", r)
	}
	if r := runProgram(t, args()...); r.code != 0 || !strings.Contains(r.out, "0 inserted, 0 updated, 2 as stored before") {
		t.Errorf("import again: %+v", r)
	}
	if r := runProgram(t, args("--from", "2024-01-06")...); r.code != 1 || !strings.Contains(r.out, "Stored nothing") {
		t.Errorf("import of rejected rows: %+v, want exit code 1 and why", r)
	}
}

func TestAFinerFileIsRecognisedOnATerminal(t *testing.T) {
	t.Parallel()
	text := "ts,open,high,low,close,volume\n"
	for i := range 20 {
		text += fmt.Sprintf("2024-01-02T00:%02d:00Z,10,12,9,11,1000\n", i)
	}
	r := runProgram(t, "import", write(t, "m.csv", text), "--ticker", "BTC", "--asset-class", "crypto", "--timeframe", "5m", "--database-url", pgtest.NewURL(t))
	if r.code != 0 || !strings.Contains(r.out, "--file-timeframe 1m --resample") {
		t.Errorf("%+v, want the flags that would put the minutes together", r)
	}
}

// TestAnImportThatIsStoppedSaysSo stops one as Ctrl-C does, in the midst.
func TestAnImportThatIsStoppedSaysSo(t *testing.T) {
	t.Parallel()
	path, timeframe := killFile(t)
	cmd := program(t.Context(), "import", path, "--ticker", "BTC", "--asset-class", "crypto", "--timeframe", timeframe, "--chunk", "20", "--database-url", pgtest.NewURL(t))
	pipe, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var said strings.Builder
	for lines := bufio.NewScanner(pipe); lines.Scan(); {
		said.WriteString(lines.Text() + "\n")
		if strings.HasPrefix(lines.Text(), "storing ") {
			_ = cmd.Process.Signal(syscall.SIGINT)
		}
	}
	_ = cmd.Wait() // its code is looked at
	const want = "candlewright: stopped; what was stored is complete, and the same command goes on from there\n"
	if cmd.ProcessState.ExitCode() != 1 || !strings.HasSuffix(said.String(), want) {
		t.Errorf("exit code %d after:\n%s", cmd.ProcessState.ExitCode(), said.String())
	}
}

func TestADatabaseThatIsBehindNamesTheCommand(t *testing.T) {
	t.Parallel()
	url := pgtest.NewEmptyURL(t)
	file := write(t, "a.csv", csvFile)
	args := []string{"import", file, "--ticker", "A", "--asset-class", "stock", "--timeframe", "1d", "--database-url", url}
	if r := runProgram(t, args...); r.code != 1 || !strings.Contains(r.err, "migrate up") {
		t.Errorf("%+v, want exit code 1 and the command that helps", r)
	}
	if r := runProgram(t, append(args, "--migrate")...); r.code != 0 {
		t.Errorf("with --migrate: %+v", r)
	}
}

func TestMigrateCommands(t *testing.T) {
	t.Parallel()
	url := pgtest.NewEmptyURL(t)
	migrate := func(args ...string) result {
		return runProgram(t, append(append([]string{"migrate"}, args...), "--database-url", url)...)
	}
	if r := migrate("status"); r.code != 0 || !strings.Contains(r.out, "not applied") {
		t.Errorf("status of an empty database: %+v", r)
	}
	if r := migrate("up"); r.code != 0 || !strings.Contains(r.out, "00003_enrichment.sql") || !strings.Contains(r.out, "✓ backfill_state (") {
		t.Errorf("up: %+v", r)
	}
	if r := migrate("up"); r.code != 0 || !strings.Contains(r.out, "Nothing to do") {
		t.Errorf("up again: %+v", r)
	}
	if _, err := connect(t, url).Exec(t.Context(), `ALTER TABLE backfill_state DROP COLUMN error_message; DROP INDEX idx_enrichment_status_status`); err != nil {
		t.Fatal(err)
	}
	r := migrate("verify")
	if r.code != 1 || !strings.Contains(r.out, "error_message") || !strings.Contains(r.out, "idx_enrichment_status_status") {
		t.Errorf("verify of a damaged schema: %+v", r)
	}
	if r := migrate("down", "--all"); r.code != 0 || !strings.Contains(r.out, "reverted") {
		t.Errorf("down --all: %+v", r)
	}
}

// server is a running serve or demo.
type server struct {
	base string
	stop func() int // by SIGTERM; gives the exit code
}

// startServer starts a serving command and waits until it says where it serves.
func startServer(t *testing.T, args ...string) server {
	t.Helper()
	cmd := program(t.Context(), append(args, "--addr", "127.0.0.1:0")...)
	pipe, words, err := os.Pipe() // serve says on one where it serves, demo on the other
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stdout, cmd.Stderr = words, words
	if err := errors.Join(cmd.Start(), words.Close()); err != nil {
		t.Fatal(err)
	}
	stopped := false
	stop := func() int {
		if !stopped {
			stopped = true
			_ = cmd.Process.Signal(syscall.SIGTERM)
			_ = cmd.Wait()
			_ = pipe.Close()
		}
		return cmd.ProcessState.ExitCode()
	}
	t.Cleanup(func() { stop() })
	address := regexp.MustCompile(`http://127\.0\.0\.1:\d+`)
	lines := bufio.NewScanner(pipe)
	var said strings.Builder
	for lines.Scan() {
		said.WriteString(lines.Text() + "\n")
		if base := address.FindString(lines.Text()); base != "" {
			go func() { _, _ = io.Copy(io.Discard, pipe) }() // ends with the program
			return server{base: base, stop: stop}
		}
	}
	t.Fatalf("%v ended without serving:\n%s", args, said.String())
	return server{}
}

func get(t *testing.T, url string) (int, string) {
	t.Helper()
	resp, err := http.Get(url) //nolint:gosec // a server of this test
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(body)
}

// TestServeOnItsOwnDatabase goes the way of a new user: import, serve, ask, stop.
func TestServeOnItsOwnDatabase(t *testing.T) {
	t.Parallel()
	dir := pgtest.DataDir(t)
	file := write(t, "a.csv", csvFile)
	if r := runProgram(t, "import", file, "--ticker", "AAPL", "--asset-class", "stock", "--timeframe", "1d", "--data-dir", dir); r.code != 0 {
		t.Fatalf("import: %+v", r)
	}
	s := startServer(t, "serve", "--data-dir", dir)
	code, body := get(t, s.base+"/api/v1/enrichment/status/aapl")
	var status struct {
		Symbol  string `json:"symbol"`
		Status  string `json:"status"`
		Records int    `json:"records_available"`
	}
	if err := json.Unmarshal([]byte(body), &status); err != nil || code != 200 || status.Symbol != "AAPL" || status.Records != 2 || status.Status != "stale" {
		t.Errorf("status: %d %s %v", code, body, err)
	}
	if code, _ := get(t, s.base+"/readyz"); code != 200 {
		t.Errorf("readyz: %d", code)
	}
	if r := runProgram(t, "serve", "--data-dir", dir, "--addr", "127.0.0.1:0"); r.code != 1 || strings.Count(r.err, dir) != 1 || strings.Count(r.err, "stop it") != 1 ||
		!strings.Contains(r.err, "candlewright serve already runs on") {
		t.Errorf("a second serve: %+v", r)
	}
	if r := runProgram(t, "import", file, "--ticker", "MSFT", "--asset-class", "stock", "--timeframe", "1d", "--data-dir", dir); r.code != 0 {
		t.Errorf("import beside serve: %+v", r)
	}
	if code := s.stop(); code != 0 {
		t.Errorf("exit code %d after SIGTERM, want 0", code)
	}
}
