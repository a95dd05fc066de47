package grid

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"testing"
	"time"

	"github.com/candlewright/candlewright/internal/market"
)

type oracleSet struct {
	Class    market.AssetClass `json:"asset_class"`
	TF       market.Timeframe  `json:"timeframe"`
	Expected string
	Summary  string
	Series   map[market.Timeframe]oracleSet // of a set with several
}

type oracleSummary struct {
	Now    time.Time
	Gaps   int64         `json:"gaps_detected"`
	Behind *int64        `json:"bars_behind"`
	Lag    *float64      `json:"lag_seconds"`
	Metric []oracleDaily `json:"daily_metrics"`
	Series map[market.Timeframe]oracleSummary
}

type oracleDaily struct {
	Date  string
	Total int64 `json:"total_records"`
	Gaps  int64 `json:"gaps_detected"`
}

// What a separate implementation of the rules found in whole deliveries: ends
// and session dates of the stored candles, the returns (and so the slots that
// they refer to), gaps in all and by date, bars behind and lag.
func TestGridAgreesWithTheExpectedValues(t *testing.T) {
	t.Parallel()
	var index map[string]oracleSet
	readOracle(t, "index.json", &index)
	for name, set := range index {
		var summary oracleSummary
		readOracle(t, set.Summary, &summary)
		if set.Series == nil {
			set.Series = map[market.Timeframe]oracleSet{set.TF: set}
			summary.Series = map[market.Timeframe]oracleSummary{set.TF: summary}
		}
		for tf, series := range set.Series {
			if series.Expected == "" {
				continue // nothing is stored
			}
			t.Run(fmt.Sprint(name, "/", tf), func(t *testing.T) {
				t.Parallel()
				checkOracle(t, New(set.Class, tf), oracleRows(t, series.Expected), summary.Series[tf])
			})
		}
	}
}

func readOracle(t *testing.T, name string, into any) {
	t.Helper()
	if err := json.NewDecoder(sharedFile(t, "expected/oracle/"+name)).Decode(into); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
}

// oracleRows are the lines of a CSV file as cells by the names of its header.
func oracleRows(t *testing.T, name string) []map[string]string {
	t.Helper()
	lines, err := csv.NewReader(sharedFile(t, "expected/oracle/"+name)).ReadAll()
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	var rows []map[string]string
	for _, line := range lines[1:] {
		row := map[string]string{}
		for i, cell := range line {
			row[lines[0][i]] = cell
		}
		rows = append(rows, row)
	}
	return rows
}

func checkOracle(t *testing.T, g Grid, rows []map[string]string, want oracleSummary) {
	t.Helper()
	closes := map[Slot]float64{}
	stored := map[market.Date]int64{}
	var first, last Slot
	for i, row := range rows {
		s, ok := g.At(at(t, row["ts"]))
		if !ok || !g.End(s).Equal(at(t, row["end"])) || g.SessionOf(s) != date(t, row["session"]) {
			t.Fatalf("slot of %s is %t, ends at %v, is of %s; want %s, %s", row["ts"], ok, g.End(s), g.SessionOf(s), row["end"], row["session"])
		}
		if i == 0 {
			first = s
		} else if s <= last {
			t.Fatalf("slot of %s does not follow the one before", row["ts"])
		}
		last = s
		closing, err := strconv.ParseFloat(row["close"], 64)
		if err != nil {
			t.Fatal(err)
		}
		closes[s] = closing
		stored[g.SessionOf(s)]++
		checkReturn(t, row, "return_1h", closes, s, g.HourBefore)
		checkReturn(t, row, "return_1d", closes, s, g.DayBefore)
	}
	if got := int64(last-first) + 1 - int64(len(rows)); got != want.Gaps {
		t.Errorf("%d gaps, want %d", got, want.Gaps)
	}
	if got := g.Behind(last, want.Now); want.Behind != nil && got != *want.Behind {
		t.Errorf("%d bars behind, want %d", got, *want.Behind)
	}
	if got := g.Lag(last, want.Now, 0).Seconds(); want.Lag != nil && got != *want.Lag {
		t.Errorf("lag %v s, want %v", got, *want.Lag)
	}
	for _, m := range want.Metric {
		from, end := g.SessionSlots(date(t, m.Date))
		gaps := int64(min(end, last+1)-max(from, first)) - stored[date(t, m.Date)]
		if stored[date(t, m.Date)] != m.Total || gaps != m.Gaps {
			t.Errorf("%s has %d records and %d gaps, want %d and %d", m.Date, stored[date(t, m.Date)], gaps, m.Total, m.Gaps)
		}
	}
}

// checkReturn compares a return with that to the close of the reference slot;
// the expected one is missing too where the rules find the value insane.
func checkReturn(t *testing.T, row map[string]string, name string, closes map[Slot]float64, s Slot, ref func(Slot) (Slot, bool)) {
	t.Helper()
	before := math.NaN()
	if r, ok := ref(s); ok {
		if c, ok := closes[r]; ok {
			before = c
		}
	}
	got := closes[s]/before - 1
	if math.IsNaN(got) || got < -1 || got > 5 {
		if row[name] != "" {
			t.Errorf("%s of %s is %v, want %s", name, row["ts"], got, row[name])
		}
		return
	}
	want, err := strconv.ParseFloat(row[name], 64)
	if err != nil || math.Abs(got-want) > 1e-12+1e-9*math.Abs(want) {
		t.Errorf("%s of %s is %v, want %q", name, row["ts"], got, row[name])
	}
}
