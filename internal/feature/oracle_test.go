package feature_test

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/candlewright/candlewright/internal/feature"
	"github.com/candlewright/candlewright/internal/grid"
	"github.com/candlewright/candlewright/internal/market"
)

// oracleSet is an entry of the oracle's index: one delivery and what a separate,
// slow implementation of the rules made of it.
type oracleSet struct {
	Class    market.AssetClass `json:"asset_class"`
	TF       market.Timeframe  `json:"timeframe"`
	Input    string            `json:"input"`
	Expected string            `json:"expected"`
	Funding  string            `json:"funding"`
	Series   map[market.Timeframe]struct {
		Input    string `json:"input"`
		Expected string `json:"expected"`
	} `json:"series"`
}

// oracleSets reads the index; a set of several series becomes as many.
func oracleSets(tb testing.TB) map[string]oracleSet {
	tb.Helper()
	b, err := os.ReadFile(shared(tb, "expected", "oracle", "index.json"))
	if err != nil {
		tb.Fatal(err)
	}
	var index map[string]oracleSet
	if err := json.Unmarshal(b, &index); err != nil {
		tb.Fatal(err)
	}
	sets := map[string]oracleSet{}
	for name, set := range index {
		for tf, s := range set.Series {
			sets[name+"_"+string(tf)] = oracleSet{Class: set.Class, TF: tf, Input: s.Input, Expected: s.Expected}
		}
		if len(set.Series) == 0 {
			sets[name] = set
		}
	}
	for name, set := range sets {
		if set.Expected == "" {
			delete(sets, name) // nothing was stored
		}
	}
	return sets
}

// stored reads the candles that the oracle stored, with the delivered fields as
// stored. What is offered follows from the columns of the input.
func (set oracleSet) stored(tb testing.TB, want table) ([]market.Candle, []market.Payment) {
	tb.Helper()
	input := readTable(tb, shared(tb, "expected", "oracle", set.Input))
	var offered market.Fields
	for f := range market.Field(market.NumFields) {
		if input.has(f.String()) {
			offered |= market.Offer(f)
		}
	}
	var payments []market.Payment
	if set.Funding != "" {
		offered |= market.FundingPayments
		tab := readTable(tb, shared(tb, "expected", "oracle", set.Funding))
		for i := range tab.rows {
			payments = append(payments, market.Payment{At: tab.time(tb, i, "ts"), Rate: tab.number(tb, i, "rate")})
		}
	}
	candles := make([]market.Candle, len(want.rows))
	for i := range candles {
		c := &candles[i]
		c.TS, c.Offered, c.Delivered = want.time(tb, i, "ts"), offered, market.NoFields()
		c.Open, c.High, c.Low = want.number(tb, i, "open"), want.number(tb, i, "high"), want.number(tb, i, "low")
		c.Close, c.Volume = want.number(tb, i, "close"), want.number(tb, i, "volume")
		for f := range market.Field(market.NumFields) {
			c.Delivered[f] = want.number(tb, i, f.String())
		}
		if set.Funding != "" {
			c.Delivered[market.FundingRate] = math.NaN() // comes from the payments
		}
	}
	return candles, payments
}

func TestEveryOracleSetIsMet(t *testing.T) {
	t.Parallel()
	for name, set := range oracleSets(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			want := readTable(t, shared(t, "expected", "oracle", filepath.Base(set.Expected)))
			candles, payments := set.stored(t, want)
			got, err := feature.Compute(grid.New(set.Class, set.TF), candles, payments)
			if err != nil {
				t.Fatal(err)
			}
			for i := range got {
				compareWithOracle(t, want, i, &candles[i], &got[i])
			}
		})
	}
}

func compareWithOracle(t *testing.T, want table, row int, c *market.Candle, got *feature.Result) {
	t.Helper()
	ts := want.text(row, "ts")
	for _, n := range feature.Names() {
		if !want.has(n.String()) {
			if got.Values.Has(n) || got.Expected.Has(n) {
				t.Errorf("%s: %s is there, want none for this asset class", ts, n)
			}
			continue
		}
		switch n {
		case feature.TrendDirection:
			if w := want.text(row, n.String()); string(got.Values.Trend) != w {
				t.Errorf("%s: %s is %q, want %q", ts, n, got.Values.Trend, w)
			}
		case feature.MarketStructure:
			if w := want.text(row, n.String()); string(got.Values.Structure) != w {
				t.Errorf("%s: %s is %q, want %q", ts, n, got.Values.Structure, w)
			}
		default:
			if w, g := want.number(t, row, n.String()), got.Values.Num[n]; !agree(n, g, w, c.Volume) {
				t.Errorf("%s: %s is %v, want %v", ts, n, g, w)
			}
		}
	}
	if insane := slices.Contains(strings.Split(want.text(row, "validation_notes"), ";"), "feature_sane"); got.Insane != insane {
		t.Errorf("%s: insane is %t, want %t", ts, got.Insane, insane)
	}
	valid, expected := (got.Values.Present() & got.Expected).Len(), got.Expected.Len()
	if w := int(want.number(t, row, "features_valid")); valid != w {
		t.Errorf("%s: %d expected features have a value, want %d", ts, valid, w)
	}
	if w := int(want.number(t, row, "features_expected")); expected != w {
		t.Errorf("%s: %d features are expected (%v), want %d", ts, expected, got.Expected.Names(), w)
	}
}

// agree is the tolerance of the rules: 1e-9 relative or 1e-12 absolute, of atr
// relative only, of delta 1e-9 of the volume. Missing agrees with missing alone.
func agree(n feature.Name, got, want, volume float64) bool {
	if math.IsNaN(got) || math.IsNaN(want) {
		return math.IsNaN(got) && math.IsNaN(want)
	}
	diff, relative := math.Abs(got-want), 1e-9*max(math.Abs(got), math.Abs(want))
	switch n {
	case feature.ATR:
		return diff <= relative
	case feature.Delta:
		return diff <= 1e-9*volume || diff <= relative
	default:
		return diff <= relative || diff <= 1e-12
	}
}
