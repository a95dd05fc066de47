package enrich_test

import (
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/candlewright/candlewright/internal/enrich"
	"github.com/candlewright/candlewright/internal/grid"
	"github.com/candlewright/candlewright/internal/market"
	"github.com/candlewright/candlewright/internal/postgres/pgtest"
)

// TestAppendingOneBarReadsFewRows counts, in PostgreSQL, the rows of all tables
// that are read while one bar is appended to a long series.
func TestAppendingOneBarReadsFewRows(t *testing.T) {
	t.Parallel()
	bars := 200_000
	if testing.Short() {
		bars = 10_000
	}
	// A server process counts what it has read itself and adds it to the statistics now
	// and then. With one connection all is read, and told, by one process.
	cfg, err := pgxpool.ParseConfig(pgtest.NewURL(t))
	if err != nil {
		t.Fatal(err)
	}
	cfg.MaxConns = 1
	pool, err := pgxpool.NewWithConfig(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	w := newWorldOn(pool, later)
	minutes := grid.New(market.Crypto, market.M5)
	series := walk(minutes, minutes.FirstFrom(time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)), bars+1, 3)
	w.mustImport(t, enrich.ImportRequest{Symbol: btc, Timeframe: market.M5, Files: []string{writeCSV(t, series[:bars])}})
	read := func() (n int64) {
		t.Helper()
		if _, err := pool.Exec(t.Context(), `SELECT pg_stat_force_next_flush()`); err != nil {
			t.Fatal(err)
		}
		row := pool.QueryRow(t.Context(), `SELECT sum(coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0))::bigint FROM pg_stat_user_tables`)
		if err := row.Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	before := read()
	if before < int64(bars)/10 {
		t.Fatalf("only %d rows counted before: the statistics do not tell of the import", before)
	}
	done := w.mustImport(t, enrich.ImportRequest{Symbol: btc, Timeframe: market.M5, Files: []string{writeCSV(t, series[bars:])}})
	if done.Files[0].Inserted != 1 {
		t.Fatalf("%+v, want one bar inserted", done.Files[0])
	}
	n := read() - before
	t.Logf("%d rows read", n)
	if n > 500 {
		t.Errorf("appending one bar to %d read %d rows, want at most 500", bars, n)
	}
}

// storedRow is a row of market_data as it is known to a test.
type storedRow struct{ values, run string }

// rows are the rows of a series by stamp, with what tells who wrote them apart.
func (w *world) rows(t *testing.T) map[string]storedRow {
	t.Helper()
	found, err := w.pool.Query(t.Context(), `SELECT ts::text, (to_jsonb(m) - 'run_id')::text, run_id FROM market_data m`)
	if err != nil {
		t.Fatal(err)
	}
	defer found.Close()
	rows := map[string]storedRow{}
	for found.Next() {
		var ts, values string
		var run int64
		if err := found.Scan(&ts, &values, &run); err != nil {
			t.Fatal(err)
		}
		rows[ts] = storedRow{values, strconv.FormatInt(run, 10)}
	}
	if err := found.Err(); err != nil {
		t.Fatal(err)
	}
	return rows
}

// TestAnAmendmentWritesWhatDependsOnItAndNothingElse amends one bar and compares
// the rows that were written with those that are not what they were.
func TestAnAmendmentWritesWhatDependsOnItAndNothingElse(t *testing.T) {
	t.Parallel()
	const n = 6000
	for _, tc := range []struct {
		name     string
		at       int
		amend    func(b *bar)
		min, max int // rows written
	}{
		// rolling_volume_20 of the bar and the 19 after it, volume_spike_score of one more
		{"a volume", 2000, func(b *bar) { b.volume += 1 }, 21, 21},
		// true ranges of the bar alone: until the ATR is what it was to the last digit
		{"a high", 2000, func(b *bar) { b.high *= 1.02 }, 14, 900},
		{"a close", 3500, func(b *bar) { b.close = b.low }, 51, 900},
		{"the first bar", 0, func(b *bar) { b.close = b.low }, 51, 900},
		{"the last bar", n - 1, func(b *bar) { b.close = b.low }, 1, 1},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, later)
			bars := walk(hours, start, n, 11)
			req := enrich.ImportRequest{Symbol: btc, Timeframe: market.H1, Files: []string{writeCSV(t, bars)}}
			w.mustImport(t, req)
			before := w.rows(t)
			tc.amend(&bars[tc.at])
			req.Files = []string{writeCSV(t, bars[tc.at:tc.at+1])}
			if f := w.mustImport(t, req).Files[0]; f.Updated != 1 {
				t.Fatalf("%+v, want one amended candle", f)
			}
			var written, changed []string
			for ts, row := range w.rows(t) {
				if row.run != before[ts].run {
					written = append(written, ts)
				}
				if row.values != before[ts].values {
					changed = append(changed, ts)
				}
			}
			slices.Sort(written)
			slices.Sort(changed)
			if diff := cmp.Diff(changed, written); diff != "" {
				t.Errorf("written rows are not those that changed (-changed +written):\n%s", diff)
			}
			if len(written) < tc.min || len(written) > tc.max {
				t.Errorf("%d rows written, want %d to %d", len(written), tc.min, tc.max)
			}
			first := hours.Stamp(start + grid.Slot(tc.at)).Format("2006-01-02 15:04:05+00")
			if len(written) > 0 && written[0] != first {
				t.Errorf("rows from %s on are written, want from %s", written[0], first)
			}
			w.mustVerify(t, btc)
			fresh := newWorld(t, later)
			fresh.mustImport(t, enrich.ImportRequest{Symbol: btc, Timeframe: market.H1, Files: []string{writeCSV(t, bars)}})
			if diff := cmp.Diff(fresh.candles(t, btc, market.H1, "revision", "atr"), w.candles(t, btc, market.H1, "revision", "atr")); diff != "" {
				t.Errorf("the amended series is not the one that a fresh import gives (-fresh +amended):\n%s", diff)
			}
			t.Logf("%d rows written", len(written))
		})
	}
}
