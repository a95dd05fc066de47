package app_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/candlewright/candlewright/internal/source/sim"
)

// rewritten is a simulated provider whose JSON answers are changed on their way.
func rewritten(t *testing.T, next http.Handler, change func(body map[string]any)) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Header.Del("Accept-Encoding")
		whole := httptest.NewRecorder()
		next.ServeHTTP(whole, r)
		var body map[string]any
		if err := json.Unmarshal(whole.Body.Bytes(), &body); err == nil {
			change(body)
			whole.Body.Reset()
			_ = json.NewEncoder(whole.Body).Encode(body)
		}
		w.WriteHeader(whole.Code)
		_, _ = w.Write(whole.Body.Bytes())
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// quotes changes the rows of a Yahoo chart: each cell by its column and row, of
// so many rows.
func quotes(change func(column string, row, rows int, v float64) float64) func(map[string]any) {
	return func(body map[string]any) {
		eachChart(body, func(result, quote map[string]any) {
			for column, cells := range quote {
				list := cells.([]any)
				for i, v := range list {
					if x, ok := v.(float64); ok {
						list[i] = change(column, i, len(list), x)
					}
				}
			}
		})
	}
}

func eachChart(body map[string]any, do func(result, quote map[string]any)) {
	chart, _ := body["chart"].(map[string]any)
	results, _ := chart["result"].([]any)
	for _, r := range results {
		result := r.(map[string]any)
		do(result, result["indicators"].(map[string]any)["quote"].([]any)[0].(map[string]any))
	}
}

// aggregates changes each row of Polygon's aggregates.
func aggregates(change func(row map[string]any)) func(map[string]any) {
	return func(body map[string]any) {
		rows, _ := body["results"].([]any)
		for _, r := range rows {
			change(r.(map[string]any))
		}
	}
}

// reconciling are the arguments of a comparison with the two providers, one of
// which answers otherwise.
func reconciling(t *testing.T, provider string, change func(map[string]any), args ...string) []string {
	t.Helper()
	options := sim.Options{Market: sim.NewMarket(sim.Config{Seed: 7, Calm: true})}
	flags := []string{"--polygon-plan", "advanced", "--polygon-key-file", write(t, "key", "test"), "--retry-delays", "50ms", "--binance-futures-url", "off"}
	for name, p := range map[string]*sim.Provider{"binance": sim.Binance(options), "polygon": sim.Polygon(options), "yahoo": sim.Yahoo(options)} {
		alter := func(map[string]any) {}
		if name == provider {
			alter = change
		}
		if name == "binance" { // its answers are lists
			server := httptest.NewServer(p)
			t.Cleanup(server.Close)
			flags = append(flags, "--binance-url", server.URL)
			continue
		}
		flags = append(flags, "--"+name+"-url", rewritten(t, p, alter))
	}
	return slices.Concat([]string{"reconcile"}, args, flags)
}

func TestReconcileSourcesThatAgree(t *testing.T) {
	t.Parallel()
	for name, args := range map[string][]string{
		"stock 1d":          {"AAPL", "--timeframe", "1d", "--from", "2024-01-02", "--to", "2024-06-28"},
		"stock 1w":          {"AAPL", "--timeframe", "1w", "--from", "2024-01-02", "--to", "2024-06-28"},
		"crypto 1h":         {"BTC", "--asset-class", "crypto", "--timeframe", "1h", "--from", "2026-01-01", "--to", "2026-01-10"},
		"crypto, all but 1": {"ETH", "--asset-class", "crypto", "--timeframe", "1d", "--from", "2024-01-01", "--to", "2024-03-31", "--sources", "binance,yahoo"},
		"etf up to now":     {"SPY", "--asset-class", "etf", "--timeframe", "1d", "--from", "2026-01-02"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := runProgram(t, reconciling(t, "", nil, args...)...)
			if r.code != 0 || !strings.Contains(r.out, "agree on all") {
				t.Errorf("%+v, want exit code 0 and that they agree", r)
			}
		})
	}
}

// TestReconcileNamesWhatAProviderDoes plants in the answers of one provider what
// providers are known for.
func TestReconcileNamesWhatAProviderDoes(t *testing.T) {
	t.Parallel()
	daily := []string{"AAPL", "--timeframe", "1d", "--from", "2024-01-02", "--to", "2024-03-28"}
	coin := []string{"BTC", "--asset-class", "crypto", "--timeframe", "1d", "--from", "2024-01-01", "--to", "2024-02-29"}
	prices := func(f func(row, rows int) float64) func(map[string]any) {
		return quotes(func(column string, row, rows int, v float64) float64 {
			if column == "volume" {
				return v
			}
			return v * f(row, rows)
		})
	}
	for name, tc := range map[string]struct {
		provider string
		change   func(map[string]any)
		args     []string
		want     string
	}{
		"a split": {"yahoo", quotes(func(column string, row, _ int, v float64) float64 {
			switch {
			case row >= 40:
				return v
			case column == "volume":
				return v / 4
			}
			return v * 4
		}), daily, "split factor, 40 bars"},
		"hundredths": {"yahoo", prices(func(int, int) float64 { return 100 }), daily, "currency factor"},
		"a live quote": {"yahoo", prices(func(row, rows int) float64 {
			if row == rows-1 {
				return 1.013
			}
			return 1
		}), daily, "live quote, 1 bar"},
		"dates a session late": {"yahoo", func(body map[string]any) {
			eachChart(body, func(result, quote map[string]any) {
				stamps := result["timestamp"].([]any)
				result["timestamp"] = stamps[1:]
				for column, cells := range quote {
					quote[column] = cells.([]any)[:len(stamps)-1]
				}
			})
		}, daily, "session shift"},
		"trades after hours": {"polygon", aggregates(func(row map[string]any) { row["v"] = row["v"].(float64) * 1.07 }), daily, "extended hours"},
		"volume in coins where dollars are due": {"yahoo", quotes(func(column string, _, _ int, v float64) float64 {
			if column == "volume" {
				return v / 43_000
			}
			return v
		}), slices.Concat(coin, []string{"--sources", "binance,yahoo"}), "volume unit"},
		"dollars and tethers": {"polygon", aggregates(func(row map[string]any) {
			for _, column := range []string{"o", "h", "l", "c"} {
				row[column] = row[column].(float64) * 1.004
			}
			row["v"] = row["v"].(float64) * 1.9
		}), coin, "different market"},
		"rows that are not there": {"polygon", func(body map[string]any) {
			if rows, ok := body["results"].([]any); ok && len(rows) > 20 {
				body["results"] = slices.Delete(rows, 9, 11)
			}
		}, daily, "missing bar, 2 bars"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := runProgram(t, reconciling(t, tc.provider, tc.change, tc.args...)...)
			if r.code != 1 || !strings.Contains(r.out, tc.want) || !strings.Contains(r.out, "Likely causes") {
				t.Errorf("exit code %d, want 1 and %q:\n%s%s", r.code, tc.want, r.out, r.err)
			}
		})
	}
}

func TestReconcileForPrograms(t *testing.T) {
	t.Parallel()
	r := runProgram(t, reconciling(t, "yahoo", quotes(func(_ string, row, _ int, v float64) float64 {
		if row == 5 {
			return v * 2
		}
		return v
	}), "AAPL", "--timeframe", "1d", "--from", "2024-01-02", "--to", "2024-02-29", "--format", "json")...)
	var report struct {
		Agree       bool     `json:"agree"`
		Sources     []string `json:"sources"`
		Compared    int      `json:"bars_compared"`
		Differences []struct {
			TS     string                        `json:"ts"`
			Bars   map[string]map[string]float64 `json:"bars"`
			Causes []string                      `json:"causes"`
		} `json:"differences"`
	}
	if err := json.Unmarshal([]byte(r.out), &report); err != nil || r.code != 1 {
		t.Fatalf("exit code %d, %v: %s%s", r.code, err, r.out, r.err)
	}
	if report.Agree || report.Compared != 41 || len(report.Differences) != 1 || !slices.Equal(report.Sources, []string{"polygon", "yahoo"}) {
		t.Fatalf("%+v", report)
	}
	d := report.Differences[0]
	if d.TS != "2024-01-09T00:00:00Z" || d.Bars["yahoo"]["close"] != 2*d.Bars["polygon"]["close"] || d.Causes[0] != "split_factor" {
		t.Errorf("%+v", d)
	}
}

func TestReconcileThatCannotCompare(t *testing.T) {
	t.Parallel()
	ok := []string{"AAPL", "--timeframe", "1d", "--from", "2024-01-02", "--to", "2024-03-28"}
	for name, tc := range map[string]struct {
		args []string
		want string
	}{
		"an unknown ticker":     {[]string{"NOPE", "--timeframe", "1d", "--from", "2024-01-02"}, "does not know NOPE (stock)"},
		"one source":            {slices.Concat(ok, []string{"--sources", "polygon"}), "want two of"},
		"one source twice":      {slices.Concat(ok, []string{"--sources", "polygon,polygon"}), "want two of"},
		"a source of coins":     {slices.Concat(ok, []string{"--sources", "binance,yahoo"}), "binance cannot be asked for 1d of a stock"},
		"a range backwards":     {[]string{"AAPL", "--timeframe", "1d", "--from", "2024-03-02", "--to", "2024-01-01"}, "is empty"},
		"no bar is due":         {[]string{"AAPL", "--timeframe", "1d", "--from", "2024-03-30", "--to", "2024-03-31"}, "no 1d bar is due"},
		"before the calendar":   {[]string{"AAPL", "--timeframe", "1d", "--from", "1990-01-01", "--to", "2024-03-31"}, "1998"},
		"out of reach":          {[]string{"AAPL", "--timeframe", "5m", "--from", "2020-01-02", "--to", "2020-01-31"}, "history of yahoo reaches back"},
		"a tolerance of 2":      {slices.Concat(ok, []string{"--tolerance", "2"}), "want a share"},
		"before a coin's birth": {[]string{"SOL", "--asset-class", "crypto", "--timeframe", "1d", "--from", "2018-01-01", "--to", "2018-01-31"}, "nothing to compare"},
		"a word for a moment":   {[]string{"AAPL", "--timeframe", "1d", "--from", "yesterday"}, "YYYY-MM-DD"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := runProgram(t, reconciling(t, "", nil, tc.args...)...)
			if r.code != 2 || !strings.Contains(r.err, tc.want) || r.out != "" {
				t.Errorf("%+v, want exit code 2 and %q", r, tc.want)
			}
		})
	}
}

func TestReconcileWithOneSourceSwitchedOn(t *testing.T) {
	t.Parallel()
	r := runProgram(t, "reconcile", "AAPL", "--timeframe", "1d", "--from", "2024-01-02", "--binance-url", "off", "--binance-futures-url", "off")
	if r.code != 2 || !strings.Contains(r.err, "those switched on are: yahoo") {
		t.Errorf("%+v, want exit code 2 and what is switched on", r)
	}
}
