package app_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/candlewright/candlewright/internal/enrich"
	"github.com/candlewright/candlewright/internal/jobs"
	"github.com/candlewright/candlewright/internal/market"
	"github.com/candlewright/candlewright/internal/postgres/pgtest"
	"github.com/candlewright/candlewright/internal/source"
	"github.com/candlewright/candlewright/internal/source/binance"
	"github.com/candlewright/candlewright/internal/source/polygon"
	"github.com/candlewright/candlewright/internal/source/sim"
	"github.com/candlewright/candlewright/internal/store"
	"github.com/candlewright/candlewright/rest"
)

// benched is the program's parts in this process, on a calm simulated market.
type benched struct {
	*enrich.Service
	pool *pgxpool.Pool
}

func newBenched(b *testing.B) benched {
	b.Helper()
	options := sim.Options{Market: sim.NewMarket(sim.Config{Calm: true}), Weight: 1 << 30}
	serve := func(p *sim.Provider) string {
		server, err := sim.Serve(p)
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { _ = server.Close(context.WithoutCancel(b.Context())) })
		return server.URL
	}
	plan, err := polygon.ParsePlan("advanced")
	if err != nil {
		b.Fatal(err)
	}
	stocks, err := polygon.New(polygon.Config{URL: serve(sim.Polygon(options)), Key: "bench", Plan: plan})
	if err != nil {
		b.Fatal(err)
	}
	coins, err := binance.New(binance.Config{URL: serve(sim.Binance(options)), WeightLimit: 1 << 30})
	if err != nil {
		b.Fatal(err)
	}
	pool := pgtest.New(b)
	queue, err := jobs.NewQueue(pool)
	if err != nil {
		b.Fatal(err)
	}
	start := time.Now()
	return benched{enrich.New(enrich.Deps{
		Store: store.New(pool), Now: func() time.Time { return time.Now().UTC() }, Elapsed: func() time.Duration { return time.Since(start) },
		Log: slog.New(slog.DiscardHandler), Queue: queue, Sources: source.NewChain(source.DefaultOrder(), stocks, coins),
	}), pool}
}

// BenchmarkImport stores a file of 100,000 candles of a coin in one run: read,
// checked, enriched, written.
func BenchmarkImport(b *testing.B) {
	const rows = 100_000
	b.Run(fmt.Sprintf("candles=%dk", rows/1000), func(b *testing.B) {
		path := benchFile(b, rows)
		s := newBenched(b)
		b.ReportAllocs()
		n := 0
		for b.Loop() {
			n++
			_, err := s.Import(b.Context(), enrich.ImportRequest{
				Symbol:    market.Symbol{Ticker: fmt.Sprintf("BENCH%d", n), Class: market.Crypto},
				Timeframe: market.M5, Files: []string{path}, RequestedBy: "bench",
			})
			if err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(rows)*float64(b.N)/b.Elapsed().Seconds(), "candles/s")
	})
}

func benchFile(b *testing.B, rows int) string {
	b.Helper()
	var text strings.Builder
	text.WriteString("ts,open,high,low,close,volume,taker_buy_volume,open_interest\n")
	rng := rand.New(rand.NewPCG(1, 2))
	price := 100.0
	for i := range rows {
		open, volume := price, rng.ExpFloat64()*1000
		price *= 1 + 0.002*rng.NormFloat64()
		fmt.Fprintf(&text, "%d,%.6g,%.6g,%.6g,%.6g,%.6g,%.6g,%.6g\n", 1_600_000_200+300*i, open, max(open, price)*1.001,
			min(open, price)*0.999, price, volume, volume*rng.Float64(), 10_000+rng.Float64())
	}
	path := filepath.Join(b.TempDir(), "bench.csv")
	if err := os.WriteFile(path, []byte(text.String()), 0o600); err != nil {
		b.Fatal(err)
	}
	return path
}

// BenchmarkRuns carries out runs of many symbols over 365 days of 1d at once,
// from the trigger to the last end.
func BenchmarkRuns(b *testing.B) {
	const symbols = 50
	b.Run(fmt.Sprintf("symbols=%d", symbols), func(b *testing.B) {
		s := newBenched(b)
		workers, err := jobs.NewWorkers(s.pool, s.Service, jobs.Config{Runs: 8})
		if err != nil {
			b.Fatal(err)
		}
		if err := workers.Start(b.Context()); err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { _ = workers.Stop(context.WithoutCancel(b.Context())) })
		round := 0
		for b.Loop() {
			round++
			for i := range symbols {
				class := market.AssetClasses()[i%3]
				if _, err := s.Trigger(b.Context(), enrich.TriggerRequest{
					Ticker: fmt.Sprintf("S%dX%d", round, i), Class: class, Timeframes: []market.Timeframe{market.D1}, RequestedBy: "bench",
				}); err != nil {
					b.Fatal(err)
				}
			}
			awaitRuns(b, s.pool)
		}
		var mem runtime.MemStats
		runtime.ReadMemStats(&mem)
		b.ReportMetric(float64(mem.Sys)/1e6, "MB")
		var failed int
		if err := s.pool.QueryRow(b.Context(), `SELECT count(*) FROM enrichment_runs WHERE status <> 'completed'`).Scan(&failed); err != nil || failed > 0 {
			b.Fatalf("%d runs did not complete: %v", failed, err)
		}
	})
}

func awaitRuns(b *testing.B, pool *pgxpool.Pool) {
	b.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for range tick.C {
		var open int
		if err := pool.QueryRow(b.Context(), `SELECT count(*) FROM enrichment_runs WHERE finished_at IS NULL`).Scan(&open); err != nil {
			b.Fatal(err)
		}
		if open == 0 {
			return
		}
	}
}

// BenchmarkRoutes asks each route of a database that holds a file of 100,000
// candles.
func BenchmarkRoutes(b *testing.B) {
	s := newBenched(b)
	if _, err := s.Import(b.Context(), enrich.ImportRequest{
		Symbol: market.Symbol{Ticker: "BTC", Class: market.Crypto}, Timeframe: market.M5, Files: []string{benchFile(b, 100_000)}, RequestedBy: "bench",
	}); err != nil {
		b.Fatal(err)
	}
	server := httptest.NewServer(rest.New(s.Service, slog.New(slog.DiscardHandler)))
	defer server.Close()
	for _, r := range []struct{ name, method, target string }{
		{"status", http.MethodGet, "/api/v1/enrichment/status/BTC"},
		{"metrics", http.MethodGet, "/api/v1/enrichment/metrics"},
		{"trigger", http.MethodPost, "/api/v1/enrichment/trigger?symbol=BTC&asset_class=crypto&timeframes=1d"},
		{"quality", http.MethodGet, "/api/v1/data/quality/BTC?days=30"},
	} {
		b.Run("route="+r.name, func(b *testing.B) {
			for b.Loop() {
				req, err := http.NewRequestWithContext(b.Context(), r.method, server.URL+r.target, nil)
				if err != nil {
					b.Fatal(err)
				}
				resp, err := http.DefaultClient.Do(req)
				if err != nil {
					b.Fatal(err)
				}
				_, _ = io.Copy(io.Discard, resp.Body)
				_ = resp.Body.Close()
				if resp.StatusCode != http.StatusOK {
					b.Fatal(resp.Status)
				}
			}
		})
	}
}
