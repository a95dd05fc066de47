package enrich_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/candlewright/candlewright/internal/market"
	"github.com/candlewright/candlewright/internal/source/sim"
)

var fundingNow = time.Date(2024, time.November, 13, 10, 31, 0, 0, time.UTC)

func TestRunBringsWhatThePerpetualTells(t *testing.T) {
	t.Parallel()
	w := newSimulated(t, fundingNow, simOptions{market: sim.NewMarket(sim.Config{Seed: 3, Calm: true})})
	w.enrich(t, btc, fundingNow.AddDate(0, 0, -60).Truncate(24*time.Hour), market.D1, market.H1)

	missing := w.texts(t, `SELECT concat_ws(' ', timeframe, ts) FROM market_data
		WHERE funding_rate IS NULL OR funding_rate_percentile IS NULL
		   OR ts > $1 AND (open_interest IS NULL OR long_short_ratio IS NULL OR open_interest_change IS NULL)
		ORDER BY 1`, fundingNow.AddDate(0, 0, -28))
	if len(missing) > 0 {
		t.Errorf("%d candles lack a feature of the perpetual, such as %s", len(missing), missing[0])
	}
	logs := w.texts(t, `SELECT concat_ws(' | ', timeframe, source, records_fetched, records_inserted, records_updated, success, detail)
		FROM enrichment_fetch_log WHERE detail LIKE 'funding%' AND range_from IS NULL AND range_to IS NULL`)
	want := []string{"1d | binance | 273 | 273 | 0 | t | funding payments from 2024-08-14T16:00:00Z to 2024-11-13T10:31:00Z"}
	if diff := cmp.Diff(want, logs); diff != "" {
		t.Errorf("fetch log of the payments (-want +got):\n%s", diff)
	}
	w.enrich(t, btc, fundingNow.AddDate(0, 0, -60).Truncate(24*time.Hour), market.D1)
	again := w.texts(t, `SELECT concat_ws(' ', records_fetched, records_inserted, records_updated) FROM enrichment_fetch_log
		WHERE detail LIKE 'funding%' ORDER BY id DESC LIMIT 1`)
	if diff := cmp.Diff([]string{"273 0 0"}, again); diff != "" {
		t.Errorf("the same payments again (-want +got):\n%s", diff)
	}
}

// TestPaymentsThatComeLaterChangeWhatIsStored has the futures be away at first.
func TestPaymentsThatComeLaterChangeWhatIsStored(t *testing.T) {
	t.Parallel()
	m := sim.NewMarket(sim.Config{Seed: 3, Calm: true})
	from := fundingNow.AddDate(0, 0, -90).Truncate(24 * time.Hour)
	away := true
	w := newSimulated(t, fundingNow, simOptions{market: m, faults: map[market.SourceName]sim.Schedule{
		market.Binance: func(r *http.Request, _ int) sim.Fault {
			if away && strings.HasPrefix(r.URL.Path, "/fapi/v1/fundingRate") {
				return sim.Fault{Kind: sim.ServerError}
			}
			return sim.Fault{}
		},
	}})
	w.enrich(t, btc, from, market.H4, market.D1)
	if n := len(w.texts(t, `SELECT 'x' FROM market_data WHERE funding_rate IS NOT NULL`)); n > 0 {
		t.Fatalf("%d candles have a rate that nobody delivered", n)
	}
	failed := w.texts(t, `SELECT concat_ws(' | ', error_code, detail) FROM enrichment_fetch_log WHERE NOT success`)
	if len(failed) != 4 || !strings.HasPrefix(failed[0], "UNAVAILABLE | funding payments from") {
		t.Errorf("the failed attempts are logged as %q, want 4", failed)
	}
	away = false
	w.verified(t, btc)
	w.enrich(t, btc, from, market.D1) // 4h is no timeframe of this run, but the payments are the symbol's

	fresh := newSimulated(t, fundingNow, simOptions{market: m})
	fresh.enrich(t, btc, from, market.H4, market.D1)
	w.verified(t, btc)
	if diff := cmp.Diff(fresh.rows(t), w.rows(t)); diff != "" {
		t.Errorf("candles (-payments first +payments later):\n%.3000s", diff)
	}
}

func TestFuturesThatComeLaterAreBelieved(t *testing.T) {
	t.Parallel()
	m := sim.NewMarket(sim.Config{Seed: 3, Calm: true})
	from := fundingNow.AddDate(0, 0, -60).Truncate(24 * time.Hour)
	without := newSimulated(t, fundingNow, simOptions{market: m, noFutures: true})
	without.enrich(t, btc, from, market.D1)
	w := simulatedOn(t, without.pool, without.clock, simOptions{market: m})
	w.enrich(t, btc, from, market.D1)

	fresh := newSimulated(t, fundingNow, simOptions{market: m})
	fresh.enrich(t, btc, from, market.D1)
	if diff := cmp.Diff(fresh.rows(t), w.rows(t)); diff != "" {
		t.Errorf("candles (-with futures +with futures since the second run):\n%.3000s", diff)
	}
}

// TestPaymentsOfEarlierYears has a run reach further back than the one before:
// the bars up to the 90th payment after the new ones see them.
func TestPaymentsOfEarlierYears(t *testing.T) {
	t.Parallel()
	m := sim.NewMarket(sim.Config{Seed: 3, Calm: true})
	early, late := fundingNow.AddDate(-1, 0, 0).Truncate(24*time.Hour), fundingNow.AddDate(0, 0, -60).Truncate(24*time.Hour)
	w := newSimulated(t, fundingNow, simOptions{market: m})
	w.enrich(t, btc, late, market.H4)
	w.enrich(t, btc, early, market.H4)
	fresh := newSimulated(t, fundingNow, simOptions{market: m})
	fresh.enrich(t, btc, early, market.H4)
	w.verified(t, btc)
	if diff := cmp.Diff(fresh.rows(t), w.rows(t)); diff != "" {
		t.Errorf("candles (-at once +in two runs):\n%.3000s", diff)
	}
}
