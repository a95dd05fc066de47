package app_test

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/candlewright/candlewright/internal/postgres/pgtest"
)

// hourly is a file of n hours of a coin from 2024-03-01 on, without those named.
func hourly(n int, without ...int) string {
	var b strings.Builder
	b.WriteString("ts,open,high,low,close,volume\n")
	skip := map[int]bool{}
	for _, i := range without {
		skip[i] = true
	}
	for i := range n {
		if skip[i] {
			continue
		}
		price := 100 + float64(i*i%37)/8
		ts := time.Date(2024, 3, 1, i, 0, 0, 0, time.UTC).Format(time.RFC3339)
		fmt.Fprintf(&b, "%s,%v,%v,%v,%v,%v\n", ts, price, price+1, price-1, price+0.5, 1000+i%11)
	}
	return b.String()
}

// storedBTC is a database with 200 hours of a coin, three of them missing, and
// the commands on it.
func storedBTC(t *testing.T) (url string, run func(args ...string) result) {
	t.Helper()
	url = pgtest.NewURL(t)
	run = func(args ...string) result { return runProgram(t, append(args, "--database-url", url)...) }
	file := write(t, "btc.csv", hourly(200, 50, 51, 120))
	if r := run("import", file, "--ticker", "BTC", "--asset-class", "crypto", "--timeframe", "1h"); r.code != 0 {
		t.Fatalf("import: %+v", r)
	}
	return url, run
}

func TestCandlesInThreeFormats(t *testing.T) {
	t.Parallel()
	_, run := storedBTC(t)
	r := run("candles", "btc", "--timeframe", "1h")
	lines := strings.Split(strings.TrimSpace(r.out), "\n")
	if r.code != 0 || len(lines) != 21 || !strings.HasPrefix(lines[0], "TS (UTC)") || !strings.Contains(lines[20], "2024-03-09 07:00 ") {
		t.Errorf("table of the last 20: %+v", r)
	}
	r = run("candles", "BTC", "--timeframe", "1h", "--from", "2024-03-02", "--to", "2024-03-02", "--format", "csv")
	rows, err := csv.NewReader(strings.NewReader(r.out)).ReadAll()
	if err != nil || r.code != 0 || len(rows) != 25 || rows[0][0] != "ts" || rows[1][0] != "2024-03-02T00:00:00Z" || rows[24][0] != "2024-03-02T23:00:00Z" {
		t.Errorf("CSV of a day: %d rows, %v, %+v", len(rows), err, r)
	}
	r = run("candles", "BTC", "--timeframe", "1h", "--last", "2", "--format", "json")
	lines = strings.Split(strings.TrimSpace(r.out), "\n")
	var c struct {
		TS    time.Time `json:"ts"`
		End   time.Time `json:"bar_end"`
		Close float64   `json:"close"`
		ATR   *float64  `json:"atr"`
		OI    *float64  `json:"open_interest"`
		Notes []string  `json:"validation_notes"`
	}
	if err := json.Unmarshal([]byte(lines[1]), &c); err != nil || len(lines) != 2 || c.ATR == nil || c.OI != nil || c.Notes == nil || c.End.Sub(c.TS) != time.Hour {
		t.Errorf("JSON of the last two: %v, %+v", err, r)
	}
}

// TestCandlesAsCSVCanBeImported takes a series out and in again under another
// name: the digests are the same.
func TestCandlesAsCSVCanBeImported(t *testing.T) {
	t.Parallel()
	_, run := storedBTC(t)
	out := run("candles", "BTC", "--timeframe", "1h", "--last", "0", "--format", "csv")
	if r := run("import", write(t, "again.csv", out.out), "--ticker", "COPY", "--asset-class", "crypto", "--timeframe", "1h"); r.code != 0 || !strings.Contains(r.out, "197 inserted") {
		t.Fatalf("import: %+v", r)
	}
	digest := func(ticker string) string {
		r := run("digest", ticker)
		fields := strings.Fields(r.out)
		if r.code != 0 || len(fields) < 5 || len(fields[3]) != 64 || fields[4] != "197" {
			t.Fatalf("digest: %+v", r)
		}
		return fields[3]
	}
	if a, b := digest("BTC"), digest("COPY"); a != b {
		t.Errorf("digest %s of the series, %s of its copy", a, b)
	}
}

func TestCandlesAsTheyWereKnown(t *testing.T) {
	t.Parallel()
	url, run := storedBTC(t)
	if _, err := connect(t, url).Exec(t.Context(), `UPDATE market_data SET first_stored_at = '2024-04-01'`); err != nil {
		t.Fatal(err)
	}
	changed := strings.Replace(hourly(200, 50, 51, 120), "\n2024-03-09T07:00:00Z,", "\n2024-03-09T07:00:00Z,9", 1)
	if r := run("import", write(t, "b.csv", changed), "--ticker", "BTC", "--asset-class", "crypto", "--timeframe", "1h"); !strings.Contains(r.out, "1 updated") {
		t.Fatalf("import: %+v", r)
	}
	last := func(args ...string) string {
		r := run(append([]string{"candles", "BTC", "--timeframe", "1h", "--last", "1", "--format", "csv"}, args...)...)
		lines := strings.Split(strings.TrimSpace(r.out), "\n")
		if r.code != 0 || len(lines) != 2 {
			t.Fatalf("candles: %+v", r)
		}
		return strings.Split(lines[1], ",")[1]
	}
	now, then := last(), last("--as-of", "2024-04-02")
	if now != "9"+then {
		t.Errorf("open %s now and %s then", now, then)
	}
	if r := run("candles", "BTC", "--timeframe", "1h", "--as-of", "2024-03-30"); r.code != 0 || !strings.Contains(r.err, "no such candles") {
		t.Errorf("before anything was stored: %+v", r)
	}
}

func TestGapsOfASeries(t *testing.T) {
	t.Parallel()
	_, run := storedBTC(t)
	r := run("gaps", "BTC", "--timeframe", "1h")
	for _, want := range []string{
		"2024-03-03 02:00 ", "2024-03-03 03:00 ", "source_empty", "csv", "197 of 200 bars are stored. Missing: 3 source_empty.",
		"Completeness 0.99; 1.00 without",
	} {
		if !strings.Contains(r.out, want) {
			t.Errorf("gaps lack %q: %+v", want, r)
		}
	}
	if r := run("gaps", "BTC", "--timeframe", "1h", "--list", "1"); !strings.Contains(r.out, "… and 1 gap more") {
		t.Errorf("one gap of two: %+v", r)
	}
	if r := run("gaps", "BTC", "--timeframe", "1h", "--format", "json", "--from", "2024-03-06"); strings.Count(r.out, "\n") != 1 || !strings.Contains(r.out, `"slots":1,"cause":"source_empty","tries":1`) {
		t.Errorf("as JSON: %+v", r)
	}
	if r := run("gaps", "BTC", "--timeframe", "1h", "--to", "2024-03-02"); !strings.Contains(r.out, "48 of 48 bars are stored. There is no gap.") {
		t.Errorf("no gap: %+v", r)
	}
}

func TestExplainACandle(t *testing.T) {
	t.Parallel()
	_, run := storedBTC(t)
	r := run("explain", "BTC", "--timeframe", "1h", "--ts", "2024-03-03T04:00:00Z")
	for _, want := range []string{
		"BTC (crypto) 1h bar of 2024-03-03 04:00:00Z, ended 2024-03-03 05:00:00Z", "Score 0.", "Validated: ",
		"return_1h                MISSING       the slot that it refers to, 2024-03-03T03:00:00Z, has no stored bar",
		"open_interest            not expected  csv does not offer it for this bar",
		"microstructure_sane      not made      no crypto field is offered", "last computed by run ",
	} {
		if !strings.Contains(r.out, want) {
			t.Errorf("the explanation lacks %q:\n%s", want, r.out)
		}
	}
	if r := run("explain", "BTC", "--timeframe", "1h", "--ts", "2024-03-03T03:00:00Z"); r.code != 1 || !strings.Contains(r.err, "a gap, cause source_empty, asked for once") {
		t.Errorf("a gap: %+v", r)
	}
}

func TestVerifyOnATerminal(t *testing.T) {
	t.Parallel()
	url, run := storedBTC(t)
	if r := run("verify", "BTC", "--lookahead"); r.code != 0 || !strings.Contains(r.out, "197 candles, 1 saved state, digest ") || !strings.Contains(r.out, "No difference: ") {
		t.Errorf("a sound database: %+v", r)
	}
	if _, err := connect(t, url).Exec(t.Context(), `
		UPDATE market_data m SET volatility_20 = n.volatility_20 FROM market_data n
		WHERE m.ts = '2024-03-07' AND n.ts = m.ts + interval '1 hour'`); err != nil {
		t.Fatal(err)
	}
	r := run("verify", "BTC", "--lookahead")
	if r.code != 1 || !strings.Contains(r.out, "1 difference:") || !strings.Contains(r.out, "candle 1h 2024-03-07: volatility_20 is ") || !strings.Contains(r.out, "value of the next bar") {
		t.Errorf("a leak: %+v", r)
	}
	if r := run("verify", "BTC", "--timeframe", "1h", "--list", "0"); r.code != 1 || !strings.Contains(r.out, "… and 1 more") || !strings.Contains(r.out, "1  candle volatility_20") {
		t.Errorf("counted only: %+v", r)
	}
}

func TestReadingCommandsSayWhatIsWanted(t *testing.T) {
	t.Parallel()
	_, run := storedBTC(t)
	if r := run("import", write(t, "a.csv", csvFile), "--ticker", "BTC", "--asset-class", "etf", "--timeframe", "1d"); r.code != 0 {
		t.Fatalf("import: %+v", r)
	}
	for name, tc := range map[string]struct {
		args []string
		code int
		want string
	}{
		"an unknown ticker":     {[]string{"verify", "nope"}, 1, "no symbol NOPE is known"},
		"a ticker that is none": {[]string{"digest", "a/b"}, 1, "invalid ticker"},
		"an ambiguous ticker":   {[]string{"verify", "BTC"}, 1, "want the asset class too, one of CRYPTO, ETF (--asset-class)"},
		"of no such class":      {[]string{"gaps", "BTC", "--asset-class", "stock", "--timeframe", "1h"}, 1, "no stock BTC is known"},
		"a class that is none":  {[]string{"verify", "BTC", "--asset-class", "bond"}, 2, "--asset-class must be one of"},
		"no such series":        {[]string{"candles", "BTC", "--asset-class", "etf", "--timeframe", "5m"}, 1, "BTC (etf) has no candle of 5m"},
		"no timeframe":          {[]string{"candles", "BTC"}, 2, "--timeframe"},
		"a moment that is none": {[]string{"explain", "BTC", "--asset-class", "etf", "--timeframe", "1d", "--ts", "noon"}, 1, "YYYY-MM-DD"},
		"no such bar":           {[]string{"explain", "BTC", "--asset-class", "etf", "--timeframe", "1d", "--ts", "2024-01-06"}, 1, "2024-01-05T00:00:00Z and 2024-01-08T00:00:00Z"},
		"a future":              {[]string{"candles", "BTC", "--asset-class", "etf", "--timeframe", "1d", "--as-of", "2999-01-01"}, 1, "is not known yet"},
		"a range that is none":  {[]string{"gaps", "BTC", "--asset-class", "etf", "--timeframe", "1d", "--from", "2024-02-01", "--to", "2024-01-01"}, 1, "is empty"},
		"too many":              {[]string{"candles", "BTC", "--asset-class", "etf", "--timeframe", "1d", "--last", "9999999"}, 1, "want 1 to 1000000"},
		"less than none":        {[]string{"verify", "BTC", "--asset-class", "etf", "--list=-3"}, 1, "want 0 or more"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := run(tc.args...)
			if r.code != tc.code || !strings.Contains(r.err, tc.want) || strings.Contains(r.err, "panic") || strings.Contains(r.err, "_INPUT") {
				t.Errorf("%+v, want exit code %d and %q", r, tc.code, tc.want)
			}
		})
	}
}

// TestReadingSimulatedCandles: a command that asks no source reads a database of
// either kind, and says of which.
func TestReadingSimulatedCandles(t *testing.T) {
	t.Parallel()
	url, run := storedBTC(t)
	if _, err := connect(t, url).Exec(t.Context(), `UPDATE installation SET kind = 'simulated'`); err != nil {
		t.Fatal(err)
	}
	if r := run("digest", "BTC"); r.code != 0 || !strings.Contains(r.err, "are simulated") {
		t.Errorf("%+v", r)
	}
}
