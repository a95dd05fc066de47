package enrich_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/candlewright/candlewright/internal/enrich"
	"github.com/candlewright/candlewright/internal/fault"
	"github.com/candlewright/candlewright/internal/market"
	"github.com/candlewright/candlewright/internal/source/sim"
)

// metricsFile is readings of every 5 minutes of some days.
func metricsFile(t *testing.T, symbol string, from time.Time, days int) string {
	t.Helper()
	var b strings.Builder
	b.WriteString("create_time,symbol,sum_open_interest,sum_open_interest_value,count_toptrader_long_short_ratio,sum_toptrader_long_short_ratio,count_long_short_ratio,sum_taker_long_short_vol_ratio\n")
	for at := from; at.Before(from.AddDate(0, 0, days)); at = at.Add(5 * time.Minute) {
		fmt.Fprintf(&b, "%s,%s,%d,1,1,1,1.%04d,1\n", at.Format(time.DateTime), symbol, 1000+at.Hour()*60+at.Minute(), at.Hour()*60+at.Minute())
	}
	path := filepath.Join(t.TempDir(), symbol+"-metrics.csv")
	if err := os.WriteFile(path, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestMetricsFillWhatTheInterfaceForgets(t *testing.T) {
	t.Parallel()
	w := newSimulated(t, fundingNow, simOptions{market: sim.NewMarket(sim.Config{Seed: 3, Calm: true})})
	since := fundingNow.AddDate(0, 0, -60).Truncate(24 * time.Hour)
	w.enrich(t, btc, since, market.H4)
	recent := `SELECT to_jsonb(m)::text FROM market_data m WHERE ts > $1 ORDER BY ts`
	before := w.texts(t, recent, fundingNow.AddDate(0, 0, -28))

	day := since.AddDate(0, 0, 10)
	r := enrich.MetricsRequest{Symbol: btc, Timeframe: market.H4, Files: []string{metricsFile(t, "BTCUSDT", day, 2)}, RequestedBy: "test"}
	done, err := w.ImportMetrics(t.Context(), r)
	must(t, err)
	// Readings from 00:00 of one day to 23:55 of the next: the bar that ends at the first one sees it, and
	// the ratio of the last is too old for the last bar of the day after.
	if done.Readings != 576 || done.Candles != 19 || done.Filled != 18 {
		t.Errorf("%+v, want 18 of 19 candles filled from 576 readings", done)
	}
	got := w.texts(t, `SELECT concat_ws(' ', to_char(ts, 'DD HH24'), coalesce(open_interest::text, '-'), long_short_ratio, revision, source, coalesce(round(open_interest_change::numeric, 4)::text, '-'))
		FROM market_data WHERE long_short_ratio IS NOT NULL AND ts < $1 ORDER BY ts LIMIT 4`, fundingNow.AddDate(0, 0, -40))
	want := []string{"23 20 1000 1 1 binance -", "24 00 1240 1.024 1 binance 0.2400", "24 04 1480 1.048 1 binance 0.1935", "24 08 1720 1.072 1 binance 0.1622"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("candles (-want +got):\n%s", diff)
	}
	if n := w.texts(t, `SELECT count(*)::text FROM data_corrections`); n[0] != "0" {
		t.Errorf("%s corrections, a fill is none", n[0])
	}
	if diff := cmp.Diff(before, w.texts(t, recent, fundingNow.AddDate(0, 0, -28))); diff != "" {
		t.Errorf("recent candles (-before +after):\n%.2000s", diff)
	}
	w.verified(t, btc)
	stored := w.rows(t)
	if again, err := w.ImportMetrics(t.Context(), r); err != nil || again.Filled != 0 {
		t.Errorf("the same file again: %+v, error %v", again, err)
	}
	w.enrich(t, btc, since, market.H4) // which no longer has them, and takes nothing away
	if diff := cmp.Diff(stored, w.rows(t)); diff != "" {
		t.Errorf("candles (-after the import +after another run):\n%.2000s", diff)
	}
}

func TestMetricsOfAnotherCoinAreRefused(t *testing.T) {
	t.Parallel()
	w := newSimulated(t, fundingNow, simOptions{market: sim.NewMarket(sim.Config{Seed: 3})})
	for name, r := range map[string]enrich.MetricsRequest{
		"another coin": {Symbol: btc, Files: []string{metricsFile(t, "ETHUSDT", fundingNow, 1)}},
		"a stock":      {Symbol: aapl, Files: []string{metricsFile(t, "AAPLUSDT", fundingNow, 1)}},
		"no file":      {Symbol: btc, Files: []string{filepath.Join(t.TempDir(), "none.csv")}},
		"no reading":   {Symbol: btc, Files: []string{metricsFile(t, "BTCUSDT", fundingNow, 0)}},
	} {
		r.Timeframe = market.H4
		if _, err := w.ImportMetrics(t.Context(), r); !fault.Is(err, fault.BadUserInput) {
			t.Errorf("%s: %v", name, err)
		}
	}
	_, err := w.ImportMetrics(t.Context(), enrich.MetricsRequest{Symbol: btc, Timeframe: market.H4, Files: []string{metricsFile(t, "BTCUSDT", fundingNow, 1)}})
	if !fault.Is(err, fault.SymbolNotFound) {
		t.Errorf("a symbol that is not tracked: %v", err)
	}
}
