package app_test

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/candlewright/candlewright/internal/postgres/pgtest"
)

// TestKilledImportLosesAndRepeatsNothing kills an import at random instants,
// imports again, and compares every row with a store that was never disturbed.
func TestKilledImportLosesAndRepeatsNothing(t *testing.T) {
	t.Parallel()
	kills := 20
	if testing.Short() {
		kills = 3
	}
	path, timeframe := killFile(t)
	args := func(url string) []string {
		return []string{
			"import", path, "--ticker", "BTC", "--asset-class", "crypto", "--timeframe", timeframe,
			"--chunk", "500", "--fetched-at", "2025-11-01", "--database-url", url,
		}
	}
	calm := pgtest.NewURL(t)
	started := time.Now()
	if r := runProgram(t, args(calm)...); r.code != 0 {
		t.Fatalf("import: %+v", r)
	}
	took := time.Since(started)
	wantDigest, all := digest(t, calm), candles(t, calm)

	rng := rand.New(rand.NewPCG(1, 2))
	inMidst := 0
	for i := range kills {
		url := pgtest.NewURL(t)
		cmd := program(t.Context(), args(url)...)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		ended := make(chan struct{})
		go func() {
			_ = cmd.Wait() // killed, as a rule
			close(ended)
		}()
		select {
		case <-ended:
		case <-time.After(time.Duration(rng.Float64() * float64(took))):
			_ = cmd.Process.Kill() // it may have ended this moment
			<-ended
		}
		if n := candles(t, url); n > 0 && n < all {
			inMidst++
		}
		if r := runProgram(t, args(url)...); r.code != 0 {
			t.Fatalf("kill %d: import again: %+v", i, r)
		}
		if digest(t, url) != wantDigest {
			t.Fatalf("kill %d: the store differs from an undisturbed one (-undisturbed +killed):\n%s", i, cmp.Diff(tables(t, calm), tables(t, url)))
		}
		if n := openRuns(t, url); n != 0 {
			t.Errorf("kill %d: %d runs are still open", i, n)
		}
	}
	t.Logf("%d of %d kills came in the midst of the candles", inMidst, kills)
	if inMidst == 0 && kills > 10 {
		t.Error("no kill came in the midst of the candles")
	}
}

// killFile is a file of real candles where there is one, else a generated one.
func killFile(t *testing.T) (path, timeframe string) {
	t.Helper()
	path = filepath.Join("..", "..", "..", "shared", "data", "ohlcv", "ta4j_Coinbase-BTC-USD-PT4H-20160518_20251028.json")
	if _, err := os.Stat(path); err == nil {
		return path, "4h"
	}
	var b strings.Builder
	b.WriteString("ts,open,high,low,close,volume\n")
	rng := rand.New(rand.NewPCG(3, 4))
	price := 100.0
	for i := range 8000 {
		open := price
		price *= 1 + 0.01*rng.NormFloat64()
		fmt.Fprintf(&b, "%s,%v,%v,%v,%v,%v\n", time.Date(2024, 1, 1, i, 0, 0, 0, time.UTC).Format(time.RFC3339),
			open, max(open, price)*1.001, min(open, price)*0.999, price, rng.ExpFloat64()*100)
	}
	path = filepath.Join(t.TempDir(), "walk.csv")
	if err := os.WriteFile(path, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return path, "1h"
}

// compared are the tables that say what the candles are and how good, with the
// columns left out that tell which run wrote when.
var compared = map[string]string{
	"market_data":          "'run_id', 'first_stored_at'",
	"data_quality_metrics": "'id', 'computed_at'",
	"series":               "'updated_at', 'revision'",
	"validation_failures":  "'first_seen_at'",
	"data_corrections":     "'id', 'run_id', 'correction_timestamp'",
}

// digest is the same for two stores with the same rows.
func digest(t *testing.T, url string) string {
	t.Helper()
	conn := connect(t, url)
	var all strings.Builder
	for _, table := range slices.Sorted(maps.Keys(compared)) {
		var sum string
		err := conn.QueryRow(t.Context(), "SELECT coalesce(md5(string_agg(j, ',' ORDER BY j)), '') FROM (SELECT md5((to_jsonb(x) - ARRAY["+
			compared[table]+"])::text) AS j FROM "+table+" x) y").Scan(&sum)
		if err != nil {
			t.Fatal(err)
		}
		all.WriteString(sum)
	}
	return all.String()
}

func candles(t *testing.T, url string) (n int) {
	t.Helper()
	if err := connect(t, url).QueryRow(t.Context(), `SELECT count(*) FROM market_data`).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// tables are the compared rows.
func tables(t *testing.T, url string) map[string][]string {
	t.Helper()
	conn := connect(t, url)
	out := map[string][]string{}
	for table, drop := range compared {
		rows, err := conn.Query(t.Context(), "SELECT j::text FROM (SELECT to_jsonb(x) - ARRAY["+drop+"] AS j FROM "+table+" x) y ORDER BY j")
		if err != nil {
			t.Fatal(err)
		}
		if out[table], err = pgx.CollectRows(rows, pgx.RowTo[string]); err != nil {
			t.Fatal(err)
		}
	}
	return out
}

func openRuns(t *testing.T, url string) (n int) {
	t.Helper()
	err := connect(t, url).QueryRow(t.Context(), `SELECT count(*) FROM enrichment_runs WHERE finished_at IS NULL`).Scan(&n)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func connect(t *testing.T, url string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.WithoutCancel(t.Context())) })
	return conn
}
