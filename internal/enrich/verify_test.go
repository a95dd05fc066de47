package enrich_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/candlewright/candlewright/internal/enrich"
	"github.com/candlewright/candlewright/internal/fault"
	"github.com/candlewright/candlewright/internal/feature"
	"github.com/candlewright/candlewright/internal/grid"
	"github.com/candlewright/candlewright/internal/market"
	"github.com/candlewright/candlewright/internal/pipeline"
)

func (w *world) verify(t *testing.T, r enrich.VerifyRequest) enrich.Verification {
	t.Helper()
	if r.List == 0 {
		r.List = 10
	}
	v, err := w.Verify(t.Context(), r)
	if err != nil {
		t.Fatalf("verify %+v: %v", r, err)
	}
	return v
}

// mustVerify fails the test where a symbol's stored values do not follow from its
// candles, computed in both ways.
func (w *world) mustVerify(t *testing.T, sym market.Symbol) enrich.Verification {
	t.Helper()
	var v enrich.Verification
	for _, ahead := range []bool{true, false} {
		v = w.verify(t, enrich.VerifyRequest{Ticker: sym.Ticker, Class: &sym.Class, LookAhead: ahead})
		if v.Total != 0 {
			t.Errorf("look-ahead %v: %d differences, want none: %v\n%+v", ahead, v.Total, v.ByField, v.Differences)
		}
	}
	return v
}

func TestVerifyFindsNothingAfterImportsOfEveryKind(t *testing.T) {
	t.Parallel()
	for _, sym := range []market.Symbol{btc, aapl} {
		t.Run(string(sym.Class), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, later)
			for i, tf := range []market.Timeframe{market.H1, market.D1, market.M30, market.W1} {
				g := grid.New(sym.Class, tf)
				bars := walk(g, g.FirstFrom(time.Date(2015, 2, 3, 0, 0, 0, 0, time.UTC)), []int{2600, 500, 1300, 80}[i], uint64(i))
				rng := rand.New(rand.NewPCG(uint64(i), 7))
				bars = slices.DeleteFunc(bars, func(bar) bool { return rng.IntN(50) == 0 }) // gaps
				importPieces(t, w, sym, tf, bars, rng)
			}
			v := w.mustVerify(t, sym)
			if len(v.Series) != 4 || v.Days == 0 || v.Series[1].Candles < 2500 || v.Series[1].States < 2 {
				t.Errorf("verified %+v and %d days, want four series and their days", v.Series, v.Days)
			}
		})
	}
}

// TestVerifyKnowsFundingPayments has payments of which one is replaced later.
func TestVerifyKnowsFundingPayments(t *testing.T) {
	t.Parallel()
	w := newWorld(t, later)
	bars := walk(hours, start, 1500, 4)
	funding := func(rate float64) string {
		var b strings.Builder
		b.WriteString("ts,rate\n")
		for i := range 200 {
			r := float64(i%17) * 1e-5
			if i == 150 {
				r = rate
			}
			fmt.Fprintf(&b, "%s,%v\n", hours.Stamp(start).Add(time.Duration(i-40)*8*time.Hour).Format(time.RFC3339), r)
		}
		return writeText(t, b.String())
	}
	days := grid.New(market.Crypto, market.D1)
	w.mustImport(t, enrich.ImportRequest{
		Symbol: btc, Timeframe: market.D1, Files: []string{writeCSV(t, walk(days, days.FirstFrom(hours.Stamp(start)), 60, 4))}, Funding: funding(0.01),
	})
	req := enrich.ImportRequest{Symbol: btc, Timeframe: market.H1, Files: []string{writeCSV(t, bars)}, Funding: funding(0.01)}
	w.mustImport(t, req)
	before := w.mustVerify(t, btc).Series[0].Digest
	req.Funding = funding(0.02)
	w.mustImport(t, req)
	if after := w.mustVerify(t, btc).Series[0].Digest; after == before {
		t.Error("another funding rate gives the same digest")
	}
}

// planted is a fault that somebody puts into the database.
type planted struct {
	name string
	sql  string
	want []string // kind and field, with the number of differences
}

var at1200 = hours.Stamp(start + 1200).Format("'2006-01-02T15:04:05Z'")

var faults = []planted{
	{"a feature", `UPDATE market_data SET atr = atr * 1.00000001 WHERE ts = ` + at1200, []string{"candle atr 1"}},
	{"a feature that is missing", `UPDATE market_data SET volatility_20 = NULL WHERE ts = ` + at1200, []string{"candle volatility_20 1"}},
	{"a word", `UPDATE market_data SET trend_direction = CASE trend_direction WHEN 'up' THEN 'down' ELSE 'up' END WHERE ts = ` + at1200, []string{"candle trend_direction 1"}},
	{"a flag", `UPDATE market_data SET anomaly = NOT anomaly WHERE ts = ` + at1200, []string{"candle anomaly 1"}},
	{"a score", `UPDATE market_data SET quality_score = 0.5 WHERE ts = ` + at1200, []string{"candle quality_score 1"}},
	{"a part of a score", `UPDATE market_data SET checks_made = checks_made + 1 WHERE ts = ` + at1200, []string{"candle checks_made 1"}},
	{"whether it is validated", `UPDATE market_data SET validated = NOT validated WHERE ts = ` + at1200, []string{"candle validated 1"}},
	{"a note", `UPDATE market_data SET validation_notes = '{ohlc_order}' WHERE ts = ` + at1200, []string{"candle validation_notes 1"}},
	{"a basis", `UPDATE market_data SET basis = 3 WHERE ts = ` + at1200, []string{"candle basis 1"}},
	{"a price", `UPDATE market_data SET close = close * 1.001, high = high * 1.002 WHERE ts = ` + at1200, []string{
		"candle atr", "candle volatility_20 21", "candle volatility_50 51", "candle return_1h 2", "candle return_1d 2",
		"series digest 1",
	}},
	{"a candle that is gone", `DELETE FROM market_data WHERE ts = ` + at1200, []string{"series records 1", "series digest 1", "day metrics total_records 1", "day metrics gaps_detected 1"}},
	{"a candle off the grid", `INSERT INTO market_data SELECT (jsonb_populate_record(m, '{"ts": "2024-04-01T00:17:00Z"}')).* FROM market_data m WHERE ts = ` + at1200, []string{"candle ts 1"}},
	{"the count of a series", `UPDATE series SET records = records + 1`, []string{"series records 1"}},
	{"an end of a series", `UPDATE series SET last_ts = last_ts + interval '1 hour'`, []string{"series last_ts 1"}},
	{"a digest", `UPDATE series SET digest = decode(repeat('ab', 32), 'hex')`, []string{"series digest 1"}},
	{"a state of another bar", `UPDATE series_state s SET state = (SELECT state FROM series_state ORDER BY ts LIMIT 1) WHERE ts = (SELECT max(ts) FROM series_state)`, []string{"saved state state 1"}},
	{"a state that cannot be read", `UPDATE series_state SET state = '\x00' WHERE ts = (SELECT max(ts) FROM series_state)`, []string{"saved state state 1"}},
	{"a state without its candle", `UPDATE series_state SET ts = ts + interval '30 minutes' WHERE ts = (SELECT min(ts) FROM series_state)`, []string{"saved state ts 1"}},
	{"no newest state", `DELETE FROM series_state WHERE ts = (SELECT max(ts) FROM series_state)`, []string{"saved state ts 1"}},
	{"the metrics of a day", `UPDATE data_quality_metrics SET gaps_detected = 2, checks_failed = '{"unique": 3}' WHERE metric_date = '2024-04-05'`, []string{"day metrics gaps_detected 1", "day metrics checks_failed.unique 1"}},
	{"a sum of scores", `UPDATE data_quality_metrics SET score_sum = score_sum - 0.001 WHERE metric_date = '2024-04-05'`, []string{"day metrics score_sum 1"}},
	{"a day that is gone", `DELETE FROM data_quality_metrics WHERE metric_date = '2024-04-05'`, []string{"day metrics metric_date 1"}},
	{"a day too many", `UPDATE data_quality_metrics SET metric_date = '2023-01-05' WHERE metric_date = '2024-03-01'`, []string{"day metrics metric_date 2"}},
	{"a status", `UPDATE enrichment_status SET window_validated = window_validated - 1, records_available = 5`, []string{"status window_validated 1", "status records_available 1"}},
}

func TestVerifyFindsWhatIsPlanted(t *testing.T) {
	t.Parallel()
	for _, f := range faults {
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, later)
			w.mustImport(t, enrich.ImportRequest{Symbol: btc, Timeframe: market.H1, Files: []string{writeCSV(t, walk(hours, start, 2500, 1))}})
			if _, err := w.pool.Exec(t.Context(), f.sql); err != nil {
				t.Fatal(err)
			}
			v := w.verify(t, enrich.VerifyRequest{Ticker: "btc", List: 3})
			if v.Total == 0 || len(v.Differences) != int(min(v.Total, 3)) {
				t.Errorf("%d differences, %d of them listed", v.Total, len(v.Differences))
			}
			var got []string
			for kind, n := range v.ByField {
				got = append(got, kind, fmt.Sprintf("%s %d", kind, n))
			}
			for _, want := range f.want {
				if !slices.Contains(got, want) {
					t.Errorf("found %v, want %q", v.ByField, want)
				}
			}
			if len(f.want) == 1 && len(v.ByField) != 1 {
				t.Errorf("found %v, want %v alone", v.ByField, f.want)
			}
		})
	}
}

// TestVerifyFindsALeakOfOneBar plants values that only somebody can have who knew
// the next bar.
func TestVerifyFindsALeakOfOneBar(t *testing.T) {
	t.Parallel()
	for name, f := range map[string]struct{ sql, field, note string }{
		"a column that slipped by a row": {
			`UPDATE market_data m SET volatility_20 = n.volatility_20 FROM market_data n WHERE m.ts = ` + at1200 + ` AND n.ts = m.ts + interval '1 hour'`,
			"volatility_20", "value of the next bar",
		},
		"the next close": {
			`UPDATE market_data m SET return_1h = n.close / p.close - 1 FROM market_data n, market_data p
				WHERE m.ts = ` + at1200 + ` AND n.ts = m.ts + interval '1 hour' AND p.ts = m.ts - interval '1 hour'`,
			"return_1h", "next bar's close",
		},
		"a swing point that is not known yet": {
			`UPDATE market_data m SET market_structure = n.market_structure FROM market_data n WHERE n.ts = m.ts + interval '1 hour'
				AND m.ts = (SELECT a.ts FROM market_data a, market_data b WHERE b.ts = a.ts + interval '1 hour' AND a.market_structure <> b.market_structure ORDER BY a.ts LIMIT 1)`,
			"market_structure", "value of the next bar",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, later)
			w.mustImport(t, enrich.ImportRequest{Symbol: btc, Timeframe: market.H1, Files: []string{writeCSV(t, walk(hours, start, 2500, 1))}})
			if tag, err := w.pool.Exec(t.Context(), f.sql); err != nil || tag.RowsAffected() != 1 {
				t.Fatal(tag, err)
			}
			v := w.verify(t, enrich.VerifyRequest{Ticker: "BTC", LookAhead: true})
			if v.Total != 1 || v.Differences[0].Field != f.field || !strings.Contains(v.Differences[0].Note, f.note) {
				t.Errorf("found %+v, want %s alone with the note %q", v.Differences, f.field, f.note)
			}
		})
	}
}

// TestVerifyFindsARuleThatLooksAhead has a rule of its own that asks the next bar
// of its stretch: what it stores differs from the prefix's values, and the two
// ways of computing differ from each other.
func TestVerifyFindsARuleThatLooksAhead(t *testing.T) {
	t.Parallel()
	w := newWorld(t, later)
	w.mustImport(t, enrich.ImportRequest{Symbol: btc, Timeframe: market.H1, Files: []string{writeCSV(t, walk(hours, start, 300, 1))}})
	leaky := func(in pipeline.Input) pipeline.Output {
		out := pipeline.Process(in)
		for i := range len(in.Bars) - 1 {
			if in.Bars[i+1].Candle.Close > in.Bars[i].Candle.Close {
				out.Candles[i].Features.Trend = feature.Up
			}
		}
		return out
	}
	v := w.verify(t, enrich.VerifyRequest{Ticker: "BTC"})
	if v.Total != 0 {
		t.Fatalf("%v before", v.ByField)
	}
	v = w.verify(t, enrich.VerifyBy(enrich.VerifyRequest{Ticker: "BTC", LookAhead: true}, leaky))
	if n := v.ByField["candle trend_direction"]; n < 50 || n != v.Total {
		t.Errorf("found %v, want many of trend_direction alone", v.ByField)
	}
	if !strings.Contains(v.Differences[0].Note, "the rule itself looks ahead") {
		t.Errorf("note %q", v.Differences[0].Note)
	}
}

func TestVerifyOneSeries(t *testing.T) {
	t.Parallel()
	w := newWorld(t, later)
	days := grid.New(market.Crypto, market.D1)
	w.mustImport(t, enrich.ImportRequest{Symbol: btc, Timeframe: market.H1, Files: []string{writeCSV(t, walk(hours, start, 50, 1))}})
	w.mustImport(t, enrich.ImportRequest{Symbol: btc, Timeframe: market.D1, Files: []string{writeCSV(t, walk(days, days.FirstFrom(later)-70, 60, 1))}})
	if _, err := w.pool.Exec(t.Context(), `UPDATE market_data SET atr = 7 WHERE timeframe = '1d' AND ts = (SELECT max(ts) FROM market_data); UPDATE enrichment_status SET window_records = 0`); err != nil {
		t.Fatal(err)
	}
	if v := w.verify(t, enrich.VerifyRequest{Ticker: "BTC", Timeframe: market.H1}); v.Total != 0 || len(v.Series) != 1 {
		t.Errorf("1h: %+v", v)
	}
	if v := w.verify(t, enrich.VerifyRequest{Ticker: "BTC", Timeframe: market.D1}); v.Total != 1 {
		t.Errorf("1d: %+v", v)
	}
	if v := w.verify(t, enrich.VerifyRequest{Ticker: "BTC"}); v.Total != 2 {
		t.Errorf("all: %+v", v)
	}
}

func TestVerifyNeedsASymbol(t *testing.T) {
	t.Parallel()
	w := newWorld(t, later)
	for _, class := range []market.AssetClass{market.Crypto, market.ETF} {
		g := grid.New(class, market.D1)
		w.mustImport(t, enrich.ImportRequest{Symbol: market.Symbol{Ticker: "BTC", Class: class}, Timeframe: market.D1, Files: []string{writeCSV(t, walk(g, g.FirstFrom(later)-20, 10, 1))}})
	}
	stock, crypto := market.Stock, market.Crypto
	for name, c := range map[string]struct {
		r    enrich.VerifyRequest
		code fault.Code
		want string
	}{
		"unknown":             {enrich.VerifyRequest{Ticker: "nope"}, fault.SymbolNotFound, "no symbol NOPE is known"},
		"of another class":    {enrich.VerifyRequest{Ticker: "BTC", Class: &stock}, fault.SymbolNotFound, "no stock BTC is known"},
		"no ticker":           {enrich.VerifyRequest{Ticker: "a b"}, fault.BadUserInput, "invalid ticker"},
		"of several classes":  {enrich.VerifyRequest{Ticker: "BTC"}, fault.AmbiguousSymbol, "BTC"},
		"without that series": {enrich.VerifyRequest{Ticker: "BTC", Class: &crypto, Timeframe: market.M5}, fault.NotFound, "no series of 5m bars"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := w.Verify(t.Context(), c.r)
			if !fault.Is(err, c.code) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want %s with %q", err, c.code, c.want)
			}
		})
	}
}
