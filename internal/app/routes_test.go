package app_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/candlewright/candlewright/internal/postgres/pgtest"
	"github.com/candlewright/candlewright/internal/source/sim"
	"github.com/candlewright/candlewright/rest/resttest"
)

// simulated starts providers of a calm market and gives the flags that lead to
// them.
func simulated(t *testing.T) []string {
	t.Helper()
	options := sim.Options{Market: sim.NewMarket(sim.Config{Seed: 7, Calm: true})}
	flags := []string{"--polygon-plan", "advanced", "--polygon-key-file", write(t, "key", "test"), "--retry-delays", "100ms,200ms"}
	for flag, provider := range map[string]*sim.Provider{
		"--binance-url": sim.Binance(options), "--polygon-url": sim.Polygon(options), "--yahoo-url": sim.Yahoo(options),
	} {
		server, err := sim.Serve(provider)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = server.Close(context.WithoutCancel(t.Context())) })
		flags = append(flags, flag, server.URL)
	}
	return flags
}

// await asks until an answer is what is waited for.
func await(t *testing.T, url string, done func(body map[string]any) bool) map[string]any {
	t.Helper()
	deadline := time.Now().Add(2 * time.Minute)
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		_, text := get(t, url)
		var body map[string]any
		if err := json.Unmarshal([]byte(text), &body); err != nil {
			t.Fatalf("%s: %v: %s", url, err, text)
		}
		if done(body) {
			return body
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s: still %s", url, text)
		}
		<-tick.C
	}
}

func post(t *testing.T, url string) map[string]any {
	t.Helper()
	resp, err := http.Post(url, "", nil) //nolint:gosec // a server of this test
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var body map[string]any
	if err := json.NewDecoder(resp.Body).Decode(&body); err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("POST %s: %d %v", url, resp.StatusCode, err)
	}
	return body
}

func restExamples(t *testing.T) string {
	t.Helper()
	path := filepath.Join("..", "..", "..", "shared", "data", "rest-examples.jsonl")
	if _, err := os.Stat(path); err != nil {
		t.Skipf("the examples are not beside the repository: %v", err)
	}
	return path
}

// TestTheRoutesOfTwoServersOfOneInstallation enriches through the routes and
// holds every example against both servers.
func TestTheRoutesOfTwoServersOfOneInstallation(t *testing.T) {
	t.Parallel()
	database := pgtest.NewURL(t)
	flags := append(simulated(t), "--database-url", database)
	one := startServer(t, append([]string{"serve"}, flags...)...)
	two := startServer(t, append([]string{"serve", "--worker=false"}, flags...)...)

	queued := post(t, two.base+"/api/v1/enrichment/trigger?symbol=AAPL&timeframes=1d&timeframes=1h")
	if queued["status"] != "queued" {
		t.Errorf("trigger: %v", queued)
	}
	status := await(t, two.base+"/api/v1/enrichment/status/AAPL", func(b map[string]any) bool { return b["last_enrichment_time"] != nil })
	if status["status"] != "healthy" || status["records_available"].(float64) < 1500 {
		t.Errorf("status after the run: %v", status)
	}
	await(t, one.base+"/api/v1/enrichment/metrics", func(b map[string]any) bool {
		return b["backfill_progress"].(map[string]any)["completed"].(float64) >= 2
	})
	examples := restExamples(t)
	resttest.Run(t, one.base, examples, "")
	resttest.Run(t, two.base, examples, "")
}

func TestAnUnknownSymbolEndsInError(t *testing.T) {
	t.Parallel()
	s := startServer(t, append(append([]string{"serve"}, simulated(t)...), "--database-url", pgtest.NewURL(t))...)
	post(t, s.base+"/api/v1/enrichment/trigger?symbol="+url.QueryEscape("NOPE.X")+"&timeframes=1d")
	status := await(t, s.base+"/api/v1/enrichment/status/NOPE.X", func(b map[string]any) bool { return b["status"] == "error" })
	if msg, _ := status["error_message"].(string); msg == "" || status["records_available"].(float64) != 0 {
		t.Errorf("status: %v, want a message and no records", status)
	}
}

func TestTheRoutesOfAnEmptyDatabase(t *testing.T) {
	t.Parallel()
	s := startServer(t, append(append([]string{"serve"}, simulated(t)...), "--database-url", pgtest.NewURL(t))...)
	resttest.Run(t, s.base, restExamples(t), "empty")
}

// TestTheRoutesWhileTheDatabaseIsAway takes the database away from a running
// server and gives it back.
func TestTheRoutesWhileTheDatabaseIsAway(t *testing.T) {
	t.Parallel()
	database := pgtest.NewURL(t)
	s := startServer(t, append(append([]string{"serve"}, simulated(t)...), "--database-url", database)...)
	admin, name := connect(t, pgtest.NewEmptyURL(t)), ""
	if err := connect(t, database).QueryRow(t.Context(), `SELECT current_database()`).Scan(&name); err != nil {
		t.Fatal(err)
	}
	accept := func(yes string) {
		t.Helper()
		if _, err := admin.Exec(t.Context(), `ALTER DATABASE "`+name+`" ALLOW_CONNECTIONS `+yes); err != nil {
			t.Fatal(err)
		}
		if _, err := admin.Exec(t.Context(), `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1`, name); err != nil {
			t.Fatal(err)
		}
	}
	accept("false")
	resttest.Run(t, s.base, restExamples(t), "db_down")
	if code, _ := get(t, s.base+"/readyz"); code != http.StatusServiceUnavailable {
		t.Errorf("readyz without a database: %d, want 503", code)
	}
	accept("true")
	await(t, s.base+"/readyz", func(b map[string]any) bool { return b["status"] == "ready" })
	if code, body := get(t, s.base+"/api/v1/enrichment/status/AAPL"); code != http.StatusOK {
		t.Errorf("status after the database came back: %d %s", code, body)
	}
}
