package app_test

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/candlewright/candlewright/internal/postgres/pgtest"
	"github.com/candlewright/candlewright/internal/source/sim"
)

// marketOf starts the three providers, of which Polygon and Binance have faults,
// and gives the flags that lead to them.
func marketOf(t *testing.T, faults sim.Schedule) (flags []string, polygon *sim.Server) {
	t.Helper()
	calm := sim.Options{Market: sim.NewMarket(sim.Config{Seed: 7, Calm: true})}
	faulty := calm
	faulty.Faults = faults
	flags = []string{"--polygon-plan", "advanced", "--polygon-key-file", write(t, "key", "test"), "--retry-delays", "10ms", "--binance-futures-url", "off"}
	for flag, p := range map[string]*sim.Provider{
		"--binance-url": sim.Binance(faulty), "--polygon-url": sim.Polygon(faulty), "--yahoo-url": sim.Yahoo(calm),
	} {
		server, err := sim.Serve(p)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = server.Close(context.WithoutCancel(t.Context())) })
		if flag == "--polygon-url" {
			polygon = server
		}
		flags = append(flags, flag, server.URL)
	}
	return flags, polygon
}

func atoi(t *testing.T, s string) int {
	t.Helper()
	n, err := strconv.Atoi(s)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// rows counts by a query.
func rows(t *testing.T, url, query string) (n int) {
	t.Helper()
	if err := connect(t, url).QueryRow(t.Context(), query).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestBackfillPlansQueuesAndFollows(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	paths := map[string]int{}
	flags, polygon := marketOf(t, func(r *http.Request, _ int) sim.Fault {
		mu.Lock()
		defer mu.Unlock()
		paths[strings.Join(strings.Split(r.URL.Path, "/")[:4], "/")]++
		return sim.Fault{}
	})
	url := pgtest.NewURL(t)
	args := slices.Concat([]string{
		"backfill", "--symbols", "AAPL,MSFT,brk.b", "--asset-class", "stock", "--timeframes", "1d,1h", "--from", "2018-01-01", "--to", "2024-06-28", "--database-url", url,
	}, flags)
	r := runProgram(t, append(slices.Clone(args), "--dry-run")...)
	// 2 years a run: 2018-19, 2020-21, 2022-23, 2024 of each symbol.
	if r.code != 0 || !strings.Contains(r.out, "12 runs with") || !strings.Contains(r.out, "Nothing was queued") {
		t.Fatalf("dry run: %+v", r)
	}
	if n := rows(t, url, `SELECT count(*) FROM enrichment_runs`); n != 0 || polygon.Requests() != 0 {
		t.Errorf("a dry run left %d runs and made %d calls", n, polygon.Requests())
	}
	calls := regexp.MustCompile(`polygon +(\d+) +(\d+)`).FindStringSubmatch(r.out)
	if calls == nil {
		t.Fatalf("no calls to polygon in the plan:\n%s", r.out)
	}

	r = runProgram(t, args...)
	if r.code != 0 || !strings.Contains(r.out, "Queued: 12 new, 0 resumed, 0 were waiting.") || !strings.Contains(r.out, "12 runs completed, 0 failed") {
		t.Fatalf("backfill: %+v", r)
	}
	// A run whose range does not meet what is stored asks for a bar of that too, to see one price basis.
	if planned, made := atoi(t, calls[2]), paths["/v2/aggs/ticker"]; made < planned || made > planned+12*2 {
		t.Errorf("%d calls were planned and %d made", planned, made)
	}
	if want, got := atoi(t, calls[1]), rows(t, url, `SELECT count(*) FROM market_data`); want != got {
		t.Errorf("%d bars were planned and %d stored", want, got)
	}
	if n := rows(t, url, `SELECT count(*) FROM enrichment_runs a JOIN enrichment_runs b USING (symbol_id) WHERE a.range_from > b.range_from AND a.finished_at > b.started_at`); n != 0 {
		t.Errorf("%d runs began before one of newer bars had ended", n)
	}
	if n := rows(t, url, `SELECT sum(gaps_detected) FROM data_quality_metrics`); n != 0 {
		t.Errorf("%d gaps between the runs", n)
	}
	var order []string
	conn := connect(t, url)
	q, err := conn.Query(t.Context(), `SELECT extract(year FROM range_from)::text FROM enrichment_runs ORDER BY id`)
	if err != nil {
		t.Fatal(err)
	}
	for q.Next() {
		var year string
		if err := q.Scan(&year); err != nil {
			t.Fatal(err)
		}
		order = append(order, year)
	}
	if want := strings.Fields("2024 2024 2024 2022 2022 2022 2020 2020 2020 2018 2018 2018"); !slices.Equal(order, want) {
		t.Errorf("runs were queued in the order %v, want %v", order, want)
	}
	if r = runProgram(t, args...); r.code != 0 || !strings.Contains(r.out, "12 runs are left out") || !strings.Contains(r.out, "Nothing is left to do") {
		t.Errorf("the same command again: %+v", r)
	}
}

// TestBackfillOfNewestFirstEqualsOneRun holds the store of many runs against
// that of a single one.
func TestBackfillOfNewestFirstEqualsOneRun(t *testing.T) {
	t.Parallel()
	flags, _ := marketOf(t, nil)
	parts, whole := pgtest.NewURL(t), pgtest.NewURL(t)
	r := runProgram(t, slices.Concat([]string{
		"backfill", "--symbols", "AAPL", "--asset-class", "stock", "--timeframes", "1w,1d,4h,1h", "--from", "2021-05-01", "--to", "2024-06-28", "--database-url", parts,
	}, flags)...)
	if r.code != 0 || !strings.Contains(r.out, "4 runs completed") && !strings.Contains(r.out, "3 runs completed") {
		t.Fatalf("backfill: %+v", r)
	}
	if r := runProgram(t, slices.Concat([]string{
		"enrich", "AAPL", "--timeframes", "1w,1d,4h,1h", "--from", "2021-05-01", "--to", "2024-06-28", "--database-url", whole,
	}, flags)...); r.code != 0 {
		t.Fatalf("enrich: %+v", r)
	}
	const values = `SELECT md5(string_agg(x::text, ',' ORDER BY x.timeframe, x.ts)) FROM (SELECT timeframe, ts, open, high, low, close, volume, source FROM market_data) x`
	var a, b string
	if err := connect(t, parts).QueryRow(t.Context(), values).Scan(&a); err != nil {
		t.Fatal(err)
	}
	if err := connect(t, whole).QueryRow(t.Context(), values).Scan(&b); err != nil {
		t.Fatal(err)
	}
	if a != b {
		t.Error("the candles differ")
	}
	if a, b := features(t, parts), features(t, whole); !slices.Equal(a, b) {
		t.Errorf("the features of %d of %d candles differ (-parts +whole):\n%s", different(a, b), len(b), firstDifference(a, b))
	}
}

// features are those of each candle, rounded to what the rules promise.
func features(t *testing.T, url string) (list []string) {
	t.Helper()
	q, err := connect(t, url).Query(t.Context(), `SELECT concat_ws(' ', timeframe, ts, round(volatility_20::numeric, 9), round(volatility_50::numeric, 9),
		round(atr::numeric, 6), trend_direction, market_structure, round(return_1d::numeric, 9)) FROM market_data ORDER BY timeframe, ts`)
	if err != nil {
		t.Fatal(err)
	}
	for q.Next() {
		var line string
		if err := q.Scan(&line); err != nil {
			t.Fatal(err)
		}
		list = append(list, line)
	}
	return list
}

func different(a, b []string) (n int) {
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			n++
		}
	}
	return n + max(len(a), len(b)) - min(len(a), len(b))
}

func firstDifference(a, b []string) string {
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return cmp.Diff(a[i], b[i])
		}
	}
	return "one has more"
}

func TestBackfillThatFailsSaysWhatIsMissingAndIsResumed(t *testing.T) {
	t.Parallel()
	var mended atomic.Bool
	flags, _ := marketOf(t, func(r *http.Request, _ int) sim.Fault {
		if !mended.Load() && strings.Contains(r.URL.Path, "/ticker/MSFT/") {
			return sim.Fault{Kind: sim.ServerError}
		}
		return sim.Fault{}
	})
	url := pgtest.NewURL(t)
	args := slices.Concat([]string{
		"backfill", "--symbols", write(t, "list.txt", "# two\nAAPL\nMSFT, AAPL\n"), "--asset-class", "stock", "--timeframes", "1d", "--from", "2021-01-04", "--to", "2023-12-29",
		"--database-url", url,
	}, flags, []string{"--yahoo-url", "off"})
	r := runProgram(t, args...)
	if r.code != 1 || !strings.Contains(r.out, "1 symbol is named more than once") || !strings.Contains(r.out, "1 failed") ||
		!strings.Contains(r.out, "MSFT (stock) 1d, 2021-01-04 up to 2023-12-30") {
		t.Fatalf("%+v, want exit code 1 and what is missing", r)
	}
	id := regexp.MustCompile(`candlewright runs retry (\S+)`).FindStringSubmatch(r.out)
	if id == nil {
		t.Fatalf("no word on how to resume:\n%s", r.out)
	}
	show := runProgram(t, "runs", "show", id[1], "--database-url", url)
	for _, want := range []string{"MSFT (stock)", "failed", "UNAVAILABLE", "another try may succeed", "polygon", "none"} {
		if !strings.Contains(show.out, want) {
			t.Errorf("runs show: no %q in\n%s%s", want, show.out, show.err)
		}
	}
	mended.Store(true)
	if r = runProgram(t, args...); r.code != 0 || !strings.Contains(r.out, "Queued: 0 new, 1 resumed") || !strings.Contains(r.out, "1 run completed") {
		t.Errorf("the same command again: %+v", r)
	}
}

func TestBackfillThatIsRefusedQueuesNothing(t *testing.T) {
	t.Parallel()
	url := pgtest.NewURL(t)
	flags, _ := marketOf(t, nil)
	many := &strings.Builder{}
	for i := range 10_001 {
		fmt.Fprintf(many, "T%d\n", i)
	}
	for name, tc := range map[string]struct {
		args []string
		code int
		want string
	}{
		"from after to":       {[]string{"--symbols", "AAPL", "--from", "2024-02-01", "--to", "2024-01-01"}, 1, "--from: the start 2024-02-01 does not lie before the end"},
		"a future start":      {[]string{"--symbols", "AAPL", "--from", "2030-01-01"}, 1, "lies in the future"},
		"a future end":        {[]string{"--symbols", "AAPL", "--from", "2020-01-01", "--to", "2030-01-01"}, 1, "lies in the future"},
		"a timeframe twice":   {[]string{"--symbols", "AAPL", "--from", "2020-01-01", "--timeframes", "1d,1h,1d"}, 1, "1d stands there twice"},
		"10,001 symbols":      {[]string{"--symbols", write(t, "many.txt", many.String()), "--from", "2020-01-01"}, 1, "want at most 10000"},
		"no symbol":           {[]string{"--symbols", write(t, "none.txt", "# nobody\n\n"), "--from", "2020-01-01"}, 1, "no symbol is named"},
		"no such file":        {[]string{"--symbols", "missing.txt", "--from", "2020-01-01"}, 1, "there is no file missing.txt"},
		"a bad line":          {[]string{"--symbols", write(t, "bad.txt", "AAPL\nwhat?\n"), "--from", "2020-01-01"}, 1, "line 2: invalid ticker"},
		"before the calendar": {[]string{"--symbols", "AAPL", "--from", "1990-01-01"}, 1, "1998 to 2030"},
		"no start":            {[]string{"--symbols", "AAPL"}, 2, "--from"},
	} {
		r := runProgram(t, slices.Concat([]string{"backfill", "--asset-class", "stock", "--database-url", url}, tc.args, flags)...)
		if r.code != tc.code || !strings.Contains(r.err, tc.want) {
			t.Errorf("%s: %+v, want exit code %d and %q", name, r, tc.code, tc.want)
		}
	}
	if n := rows(t, url, `SELECT count(*) FROM enrichment_runs`); n != 0 {
		t.Errorf("%d runs were queued", n)
	}
}

// TestCtrlCEndsTheFollowingAndNotTheRuns interrupts a backfill whose source does
// not answer, and has the same command follow it to its end.
func TestCtrlCEndsTheFollowingAndNotTheRuns(t *testing.T) {
	t.Parallel()
	asked := make(chan struct{}, 1)
	var quick atomic.Bool
	flags, _ := marketOf(t, func(*http.Request, int) sim.Fault {
		if quick.Load() {
			return sim.Fault{}
		}
		select {
		case asked <- struct{}{}:
		default:
		}
		return sim.Fault{Kind: sim.Slow}
	})
	url := pgtest.NewURL(t)
	args := slices.Concat([]string{
		"backfill", "--symbols", "AAPL,MSFT", "--asset-class", "stock", "--from", "2020-01-01", "--to", "2023-12-29", "--grace", "100ms", "--database-url", url,
	}, flags)
	cmd := program(t.Context(), args...)
	var out, errOut bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errOut
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	<-asked
	_ = cmd.Process.Signal(syscall.SIGINT)
	_ = cmd.Wait()
	if cmd.ProcessState.ExitCode() != 1 || !strings.Contains(errOut.String(), "Stopped following: 0 of 2 runs have ended") {
		t.Errorf("exit code %d: %s%s", cmd.ProcessState.ExitCode(), out.String(), errOut.String())
	}
	if n := openRuns(t, url); n != 2 {
		t.Errorf("%d runs are open after Ctrl-C, want 2", n)
	}
	quick.Store(true)
	if r := runProgram(t, args...); r.code != 0 || !strings.Contains(r.out, "2 were waiting") || !strings.Contains(r.out, "2 runs completed") {
		t.Errorf("the same command again: %+v", r)
	}
}

func TestBackfillPlanOfCoinsAndOfWhatNobodyHas(t *testing.T) {
	t.Parallel()
	var klines atomic.Int64
	flags, _ := marketOf(t, func(r *http.Request, _ int) sim.Fault {
		if r.URL.Path == "/api/v3/klines" {
			klines.Add(1)
		}
		return sim.Fault{}
	})
	url := pgtest.NewURL(t)
	r := runProgram(t, slices.Concat([]string{
		"backfill", "--symbols", "BTC", "--asset-class", "crypto", "--timeframes", "1d,1h", "--from", "2022-01-01", "--to", "2023-12-31", "--database-url", url,
	}, flags)...)
	calls := regexp.MustCompile(`binance +\d+ +(\d+)`).FindStringSubmatch(r.out)
	if r.code != 0 || calls == nil || !strings.Contains(r.out, "2 runs completed") {
		t.Fatalf("%+v", r)
	}
	if planned, made := atoi(t, calls[1]), int(klines.Load()); made < planned || made > planned+2*2 {
		t.Errorf("%d calls were planned and %d made", planned, made)
	}
	r = runProgram(t, slices.Concat([]string{
		"backfill", "--symbols", "AAPL", "--asset-class", "stock", "--timeframes", "5m", "--from", "2024-01-01", "--to", "2024-01-31", "--dry-run", "--database-url", url,
	}, flags, []string{"--polygon-url", "off"})...)
	if r.code != 0 || !strings.Contains(r.out, "1638 bars are older than the history of every source") || !strings.Contains(r.out, "as in the last 2 runs") {
		t.Errorf("a plan of what nobody has: %+v", r)
	}
}
