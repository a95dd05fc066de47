package feature_test

import (
	"encoding/csv"
	"math"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/tools/txtar"

	"github.com/candlewright/candlewright/internal/feature"
	"github.com/candlewright/candlewright/internal/grid"
	"github.com/candlewright/candlewright/internal/market"
)

// The rules as text: each file in testdata says what bars come in and what
// features come out. See testdata/README.md for the form.
func TestRules(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no rules: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			t.Parallel()
			a, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			sections := map[string]string{}
			for _, f := range a.Files {
				sections[f.Name] = string(f.Data)
			}
			g, candles := ruleBars(t, sections)
			got, err := feature.Compute(g, candles, rulePayments(t, sections["payments"]))
			if err != nil {
				t.Fatal(err)
			}
			checkRule(t, parseTable(t, sections["want"]), got, candles)
		})
	}
}

func parseTable(t *testing.T, text string) table {
	t.Helper()
	r := csv.NewReader(strings.NewReader(text))
	r.FieldsPerRecord = -1
	r.TrimLeadingSpace = true
	rows, err := r.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	tab := table{columns: map[string]int{}}
	if len(rows) == 0 {
		return tab
	}
	for i, name := range rows[0] {
		tab.columns[strings.TrimSpace(name)] = i
	}
	for _, row := range rows[1:] {
		for i := range row {
			row[i] = strings.TrimSpace(row[i])
		}
		tab.rows = append(tab.rows, row)
	}
	return tab
}

// ruleBars reads the sections series and bars.
func ruleBars(t *testing.T, sections map[string]string) (grid.Grid, []market.Candle) {
	t.Helper()
	words := strings.Fields(sections["series"])
	if len(words) != 3 {
		t.Fatalf("the series is %q, want asset class, timeframe and first stamp", words)
	}
	g := grid.New(market.AssetClass(words[0]), market.Timeframe(words[1]))
	from, err := time.Parse(time.RFC3339, words[2])
	if err != nil {
		t.Fatal(err)
	}
	slot, ok := g.At(from)
	if !ok {
		t.Fatalf("%s is no slot of %s", words[2], g)
	}
	tab := parseTable(t, sections["bars"])
	var offered market.Fields
	for f := range market.Field(market.NumFields) {
		if tab.has(f.String()) {
			offered |= market.Offer(f)
		}
	}
	if _, ok := sections["payments"]; ok {
		offered |= market.FundingPayments
	}
	or := func(x, otherwise float64) float64 {
		if math.IsNaN(x) {
			return otherwise
		}
		return x
	}
	var candles []market.Candle
	for i, row := range tab.rows {
		if row[0] != "-" {
			c := market.Candle{TS: g.Stamp(slot), Close: tab.number(t, i, "close"), Offered: offered}
			c.Open, c.High, c.Low = or(tab.number(t, i, "open"), c.Close), or(tab.number(t, i, "high"), c.Close), or(tab.number(t, i, "low"), c.Close)
			c.Volume = or(tab.number(t, i, "volume"), 1)
			for f := range market.Field(market.NumFields) {
				c.Delivered[f] = tab.number(t, i, f.String())
			}
			candles = append(candles, c)
		}
		slot++
	}
	return g, candles
}

// rulePayments reads payments eight hours apart: the first line is the instant
// of the first, the others are rates, "rate x n" for n in a row.
func rulePayments(t *testing.T, text string) []market.Payment {
	t.Helper()
	var payments []market.Payment
	var at time.Time
	for i, line := range strings.Split(strings.TrimSpace(text), "\n") {
		if line == "" {
			continue
		}
		var err error
		if i == 0 {
			at, err = time.Parse(time.RFC3339, line)
		} else {
			rate, times, many := strings.Cut(line, " x ")
			n := 1
			if many {
				if n, err = strconv.Atoi(times); err != nil {
					t.Fatal(err)
				}
			}
			var r float64
			r, err = strconv.ParseFloat(rate, 64)
			for range n {
				payments = append(payments, market.Payment{At: at, Rate: r})
				at = at.Add(8 * time.Hour)
			}
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return payments
}

func checkRule(t *testing.T, want table, got []feature.Result, candles []market.Candle) {
	t.Helper()
	for row := range want.rows {
		ts := want.text(row, "ts")
		i := -1
		for k := range candles {
			if candles[k].TS.Format(time.RFC3339) == ts {
				i = k
			}
		}
		if i < 0 {
			t.Fatalf("there is no bar of %s", ts)
		}
		for column := range want.columns {
			r := &got[i]
			n, isFeature := feature.ParseName(column)
			switch {
			case column == "ts":
			case column == "expected":
				if w := want.text(row, column); strconv.Itoa(r.Expected.Len()) != w {
					t.Errorf("%s: %d features are expected (%v), want %s", ts, r.Expected.Len(), r.Expected.Names(), w)
				}
			case column == "insane":
				if w := want.text(row, column); strconv.FormatBool(r.Insane) != w {
					t.Errorf("%s: insane is %t, want %s", ts, r.Insane, w)
				}
			case !isFeature:
				t.Fatalf("%s is no feature", column)
			case n == feature.TrendDirection || n == feature.MarketStructure:
				if w, g := want.text(row, column), string(r.Values.Trend); n == feature.TrendDirection && g != w {
					t.Errorf("%s: %s is %q, want %q", ts, n, g, w)
				}
				if w, g := want.text(row, column), string(r.Values.Structure); n == feature.MarketStructure && g != w {
					t.Errorf("%s: %s is %q, want %q", ts, n, g, w)
				}
			default:
				if w, g := want.number(t, row, column), r.Values.Num[n]; !agree(n, g, w, candles[i].Volume) {
					t.Errorf("%s: %s is %v, want %v", ts, n, g, w)
				}
			}
		}
	}
}
