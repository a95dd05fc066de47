package enrich_test

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/candlewright/candlewright/internal/enrich"
	"github.com/candlewright/candlewright/internal/fault"
	"github.com/candlewright/candlewright/internal/market"
	"github.com/candlewright/candlewright/internal/source/sim"
)

func TestARefusedImportLeavesNoTrace(t *testing.T) {
	t.Parallel()
	w := newWorld(t, later)
	sym, err := w.Track(t.Context(), enrich.TrackRequest{Symbol: btc, Timeframes: []market.Timeframe{market.D1}})
	must(t, err)
	unlock, ok, err := w.store.TryLockSeries(t.Context(), sym.ID, market.H1)
	if err != nil || !ok {
		t.Fatal(ok, err)
	}
	r := enrich.ImportRequest{Symbol: btc, Timeframe: market.H1, Files: []string{writeCSV(t, walk(hours, start, 10, 1))}, RequestedBy: "test"}
	if _, err := w.Import(t.Context(), r); !fault.Is(err, fault.Conflict) {
		t.Errorf("error %v, want a conflict", err)
	}
	after, err := w.store.Symbol(t.Context(), btc)
	must(t, err)
	if diff := cmp.Diff(sym, after); diff != "" {
		t.Errorf("the symbol (-before +after):\n%s", diff)
	}
	unlock()
	w.mustImport(t, r)
	if after, err = w.store.Symbol(t.Context(), btc); err != nil || len(after.Timeframes) != 2 {
		t.Errorf("timeframes %v, %v; want the new one too", after.Timeframes, err)
	}
}

func TestTheRangeOfAnImportHoldsItsLastRow(t *testing.T) {
	t.Parallel()
	w := newWorld(t, later)
	w.mustImport(t, enrich.ImportRequest{Symbol: btc, Timeframe: market.H1, Files: []string{writeCSV(t, walk(hours, start, 10, 1))}})
	var from, to time.Time
	must(t, w.pool.QueryRow(t.Context(), `SELECT range_from, range_to FROM enrichment_runs`).Scan(&from, &to))
	if first, last := hours.Stamp(start), hours.Stamp(start+9); !from.Equal(first) || !to.Equal(last.Add(time.Microsecond)) {
		t.Errorf("range from %v to %v, want from %v to just after %v", from, to, first, last)
	}
}

// failing has the database refuse a change, the first n times that it is asked.
func failing(t *testing.T, pool *pgxpool.Pool, change, code string, n int) {
	t.Helper()
	for _, sql := range []string{
		`CREATE SEQUENCE asked`, // sequences go on when a transaction is rolled back
		`CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
		BEGIN
			IF nextval('asked') <= TG_ARGV[0]::bigint THEN RAISE EXCEPTION USING ERRCODE = TG_ARGV[1], MESSAGE = 'refused by the test'; END IF;
			RETURN NEW;
		END $$`,
		"CREATE TRIGGER refuse BEFORE " + change + " FOR EACH ROW EXECUTE FUNCTION refuse(" + strconv.Itoa(n) + ", '" + code + "')",
	} {
		_, err := pool.Exec(t.Context(), sql)
		must(t, err)
	}
}

// TestARepeatedCommitCountsOnce has the database fail commits as it does when two
// transactions clash, which repeats them.
func TestARepeatedCommitCountsOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, later)
	failing(t, w.pool, "UPDATE OF records_done ON enrichment_runs", "40001", 3)
	done := w.mustImport(t, enrich.ImportRequest{Symbol: btc, Timeframe: market.H1, Files: []string{writeCSV(t, walk(hours, start, 100, 1))}, ChunkRows: 50})
	if f := done.Files[0]; f.Inserted != 100 || f.Candles != 100 {
		t.Errorf("%+v, want 100 inserted", f)
	}
	var rows, features int
	must(t, w.pool.QueryRow(t.Context(), `SELECT r.records_done, c.features_computed FROM enrichment_runs r JOIN enrichment_compute_log c ON c.run_id = r.id`).Scan(&rows, &features))
	calm := newWorld(t, later)
	calm.mustImport(t, enrich.ImportRequest{Symbol: btc, Timeframe: market.H1, Files: []string{writeCSV(t, walk(hours, start, 100, 1))}, ChunkRows: 50})
	var want int
	must(t, calm.pool.QueryRow(t.Context(), `SELECT features_computed FROM enrichment_compute_log`).Scan(&want))
	if rows != 100 || features != want {
		t.Errorf("%d rows and %d features, want 100 and %d", rows, features, want)
	}
}

func TestAFileThatWasNotStoredIsNoSuccess(t *testing.T) {
	t.Parallel()
	w := newWorld(t, later)
	failing(t, w.pool, "INSERT ON market_data", "P0001", 9)
	_, err := w.Import(t.Context(), enrich.ImportRequest{Symbol: btc, Timeframe: market.H1, Files: []string{writeCSV(t, walk(hours, start, 10, 1))}, RequestedBy: "test"})
	if err == nil {
		t.Fatal("the import succeeded")
	}
	var success bool
	var why string
	must(t, w.pool.QueryRow(t.Context(), `SELECT success, error_message FROM enrichment_fetch_log`).Scan(&success, &why))
	if success || why == "" {
		t.Errorf("log: success %v, %q; want a failure and why", success, why)
	}
}

func TestMetricsThatWereNotStoredAreNoSuccess(t *testing.T) {
	t.Parallel()
	w := newSimulated(t, fundingNow, simOptions{market: sim.NewMarket(sim.Config{Seed: 3, Calm: true})})
	since := fundingNow.AddDate(0, 0, -60).Truncate(24 * time.Hour)
	w.enrich(t, btc, since, market.H4)
	failing(t, w.pool, "UPDATE ON market_data", "P0001", 9)
	day := since.AddDate(0, 0, 10)
	r := enrich.MetricsRequest{Symbol: btc, Timeframe: market.H4, Files: []string{metricsFile(t, "BTCUSDT", day, 2)}, RequestedBy: "test"}
	if _, err := w.ImportMetrics(t.Context(), r); err == nil {
		t.Fatal("the import succeeded")
	}
	got := w.texts(t, `SELECT success::text || ' ' || (error_message <> '')::text FROM enrichment_fetch_log WHERE source = 'csv'`)
	if diff := cmp.Diff([]string{"false true"}, got); diff != "" {
		t.Errorf("logs (-want +got):\n%s", diff)
	}
}

// TestMetricsThatCannotBeTrueFillNothing holds the archive to microstructure_sane.
func TestMetricsThatCannotBeTrueFillNothing(t *testing.T) {
	t.Parallel()
	w := newSimulated(t, fundingNow, simOptions{market: sim.NewMarket(sim.Config{Seed: 3, Calm: true})})
	since := fundingNow.AddDate(0, 0, -60).Truncate(24 * time.Hour)
	w.enrich(t, btc, since, market.H4)
	before := w.rows(t)
	var b strings.Builder
	b.WriteString("create_time,symbol,sum_open_interest,count_long_short_ratio\n")
	for i, cells := range []string{"-5,-1", "-0.1,0", "-1e300,-Inf", "Inf,NaN"} {
		b.WriteString(since.AddDate(0, 0, 10).Add(time.Duration(4*i)*time.Hour).Format(time.DateTime) + ",BTCUSDT," + cells + "\n")
	}
	r := enrich.MetricsRequest{Symbol: btc, Timeframe: market.H4, Files: []string{writeText(t, b.String())}, RequestedBy: "test"}
	if done, err := w.ImportMetrics(t.Context(), r); err != nil || done.Readings != 4 || done.Filled != 0 {
		t.Errorf("%+v, %v; want 4 readings that fill nothing", done, err)
	}
	if diff := cmp.Diff(before, w.rows(t)); diff != "" {
		t.Errorf("candles (-before +after):\n%.2000s", diff)
	}
}
