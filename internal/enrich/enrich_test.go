package enrich_test

import (
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/candlewright/candlewright/internal/enrich"
	"github.com/candlewright/candlewright/internal/grid"
	"github.com/candlewright/candlewright/internal/market"
	"github.com/candlewright/candlewright/internal/postgres/pgtest"
	"github.com/candlewright/candlewright/internal/store"
)

// world is a service on a database of its own, with a clock that the test moves.
type world struct {
	*enrich.Service
	pool  *pgxpool.Pool
	store *store.Store
	now   time.Time
}

func newWorld(t testing.TB, now time.Time) *world {
	t.Helper()
	return newWorldOn(pgtest.New(t), now)
}

func newWorldOn(pool *pgxpool.Pool, now time.Time) *world {
	w := &world{pool: pool, now: now}
	w.store = store.New(w.pool)
	start := time.Now()
	w.Service = enrich.New(enrich.Deps{
		Store: w.store, Now: func() time.Time { return w.now },
		Elapsed: func() time.Duration { return time.Since(start) }, Log: slog.New(slog.DiscardHandler),
	})
	return w
}

func (w *world) mustImport(t testing.TB, r enrich.ImportRequest) enrich.Import {
	t.Helper()
	if r.RequestedBy == "" {
		r.RequestedBy = "test"
	}
	done, err := w.Import(t.Context(), r)
	if err != nil {
		t.Fatalf("import %v: %v", r.Files, err)
	}
	return done
}

var (
	btc  = market.Symbol{Ticker: "BTC", Class: market.Crypto}
	aapl = market.Symbol{Ticker: "AAPL", Class: market.Stock}
)

// bar is a row of a generated file.
type bar struct {
	ts                             time.Time
	open, high, low, close, volume float64
}

// walk makes n bars from a slot on, by a random walk that now and then jumps,
// stands still or trades nothing.
func walk(g grid.Grid, first grid.Slot, n int, seed uint64) []bar {
	rng := rand.New(rand.NewPCG(seed, 1))
	bars := make([]bar, n)
	price := 100.0
	for i := range bars {
		step := rng.NormFloat64() * 0.01
		switch rng.IntN(40) {
		case 0:
			step *= 12
		case 1:
			step = 0
		}
		b := bar{ts: g.Stamp(first + grid.Slot(i)), open: price, volume: rng.ExpFloat64() * 1000}
		price *= 1 + step
		b.close = price
		b.high = max(b.open, b.close) * (1 + rng.Float64()*0.003)
		b.low = min(b.open, b.close) * (1 - rng.Float64()*0.003)
		if rng.IntN(60) == 0 {
			b.volume = 0
		}
		bars[i] = b
	}
	return bars
}

// writeCSV writes bars as a file with a header.
func writeCSV(t testing.TB, bars []bar) string {
	t.Helper()
	var b strings.Builder
	b.WriteString("ts,open,high,low,close,volume\n")
	for _, x := range bars {
		fmt.Fprintf(&b, "%s,%v,%v,%v,%v,%v\n", x.ts.Format(time.RFC3339), x.open, x.high, x.low, x.close, x.volume)
	}
	return writeText(t, b.String())
}

func writeText(t testing.TB, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "candles.csv")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// candles are all stored candles of a series as text, one per line, with every
// column but those that tell which run wrote when.
func (w *world) candles(t testing.TB, sym market.Symbol, tf market.Timeframe, without ...string) []string {
	t.Helper()
	drop := "ARRAY['symbol_id', 'run_id', 'first_stored_at'"
	for _, c := range without {
		drop += ", '" + c + "'"
	}
	rows, err := w.pool.Query(t.Context(), `
		SELECT (to_jsonb(m) - `+drop+`])::text FROM market_data m JOIN symbols s ON s.id = m.symbol_id
		WHERE s.ticker = $1 AND s.asset_class = $2 AND m.timeframe = $3 ORDER BY m.ts`, sym.Ticker, string(sym.Class), string(tf))
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var list []string
	for rows.Next() {
		var s string
		if err := rows.Scan(&s); err != nil {
			t.Fatal(err)
		}
		list = append(list, s)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return list
}

// days are the day metrics of a symbol as text.
func (w *world) days(t testing.TB, sym market.Symbol, without ...string) []string {
	t.Helper()
	drop := "ARRAY['id', 'symbol_id', 'computed_at'"
	for _, c := range without {
		drop += ", '" + c + "'"
	}
	rows, err := w.pool.Query(t.Context(), `
		SELECT (to_jsonb(m) - `+drop+`])::text FROM data_quality_metrics m
		WHERE symbol = $1 AND asset_class = $2 ORDER BY metric_date`, sym.Ticker, string(sym.Class))
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var list []string
	for rows.Next() {
		var s string
		if err := rows.Scan(&s); err != nil {
			t.Fatal(err)
		}
		list = append(list, s)
	}
	return list
}
