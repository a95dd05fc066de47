package quality_test

import (
	"bufio"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"github.com/candlewright/candlewright/internal/grid"
	"github.com/candlewright/candlewright/internal/market"
	"github.com/candlewright/candlewright/internal/quality"
)

// The scripts in testdata are rules as text. Each is one delivery:
//
//	series     class and timeframe, on a second line the moment of the fetch
//	rows       a heading of column names, then the rows as delivered; - is a missing
//	           cell. A crypto column is offered if the heading has it.
//	stored     what is expected to be stored, in time order: the row's number from 1,
//	           its stamp, its notes (- for none) and the crypto fields that became null
//	failures   stamp and check
//	counts     what became of the rows that are not stored, by name, other than 0
//	error      the text of the error that refuses the delivery; then nothing else
func TestRules(t *testing.T) {
	t.Parallel()
	scripts, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(scripts) == 0 {
		t.Fatal("no scripts", err)
	}
	for _, path := range scripts {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			t.Parallel()
			script, err := txtar.ParseFile(path)
			if err != nil {
				t.Fatal(err)
			}
			want := map[string]string{}
			for _, f := range script.Files {
				want[f.Name] = tidy(string(f.Data))
			}
			g, now := parseSeries(t, want["series"])
			rows := parseRows(t, want["rows"])
			delete(want, "series")
			delete(want, "rows")
			got := arrange(g, rows, now)
			for _, section := range []string{"stored", "failures", "counts"} {
				if _, ok := want[section]; !ok && want["error"] == "" {
					want[section] = "" // an empty section may be left out
				}
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func parseSeries(t *testing.T, s string) (grid.Grid, time.Time) {
	t.Helper()
	f := strings.Fields(s)
	if len(f) != 3 {
		t.Fatalf("series is %q, want class, timeframe and moment", s)
	}
	class, err := market.ParseAssetClass(f[0])
	if err != nil {
		t.Fatal(err)
	}
	tf, err := market.ParseTimeframe(f[1])
	if err != nil {
		t.Fatal(err)
	}
	return grid.New(class, tf), instant(t, f[2])
}

func parseRows(t *testing.T, s string) []market.Candle {
	t.Helper()
	var (
		rows    []market.Candle
		columns []string
		offered market.Fields
	)
	for lines := bufio.NewScanner(strings.NewReader(s)); lines.Scan(); {
		cells := strings.Fields(lines.Text())
		if columns == nil {
			columns = cells
			for _, name := range columns {
				if f, ok := market.ParseField(name); ok {
					offered |= market.Offer(f)
				}
			}
			continue
		}
		if len(cells) != len(columns) {
			t.Fatalf("row %q has %d cells, want %d", lines.Text(), len(cells), len(columns))
		}
		c := market.Candle{Delivered: market.NoFields(), Offered: offered, Source: market.CSV}
		for i, name := range columns {
			if name == "ts" {
				c.TS = instant(t, cells[i])
				continue
			}
			x := math.NaN()
			if cells[i] != "-" {
				var err error
				if x, err = strconv.ParseFloat(cells[i], 64); err != nil {
					t.Fatal(err)
				}
			}
			if f, ok := market.ParseField(name); ok {
				c.Delivered[f] = x
				continue
			}
			*map[string]*float64{"open": &c.Open, "high": &c.High, "low": &c.Low, "close": &c.Close, "volume": &c.Volume}[name] = x
		}
		rows = append(rows, c)
	}
	return rows
}

// arrange runs the checks and writes what they found as a script does.
func arrange(g grid.Grid, rows []market.Candle, now time.Time) map[string]string {
	for i := range rows {
		rows[i].Source = market.SourceName(strconv.Itoa(i + 1)) // to tell rows apart afterwards
	}
	delivered := slices.Clone(rows)
	d, err := quality.Arrange(g, rows, now)
	if err != nil {
		return map[string]string{"error": err.Error()}
	}
	var stored, failures strings.Builder
	for i := range d.Rows {
		c, v := &d.Rows[i].Candle, quality.Verdict{Failed: d.Rows[i].Failed}
		notes := strings.Join(v.Notes(false), ";")
		fmt.Fprintf(&stored, "%s %s %s", c.Source, c.TS.Format(time.RFC3339), orDash(notes))
		n, _ := strconv.Atoi(string(c.Source))
		for f, before := range delivered[n-1].Delivered {
			if !math.IsNaN(before) && math.IsNaN(c.Delivered[f]) {
				fmt.Fprintf(&stored, " %s", market.Field(f))
			}
		}
		stored.WriteByte('\n')
	}
	for _, f := range d.Failures {
		fmt.Fprintln(&failures, f.TS.Format(time.RFC3339Nano), f.Check)
	}
	var counts []string
	for name, n := range map[string]int{
		"no_row": d.Counts.NoRow, "outside_session": d.Counts.OutsideSession, "not_future": d.Counts.NotFuture,
		"rejected": d.Counts.Rejected, "copies": d.Counts.Copies,
	} {
		if n > 0 {
			counts = append(counts, fmt.Sprintf("%s %d", name, n))
		}
	}
	slices.Sort(counts)
	return map[string]string{"stored": tidy(stored.String()), "failures": tidy(failures.String()), "counts": strings.Join(counts, "\n")}
}

func instant(tb testing.TB, s string) time.Time {
	tb.Helper()
	x, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		tb.Fatal(err)
	}
	return x
}

// tidy makes lines comparable: single spaces, no empty lines.
func tidy(s string) string {
	var lines []string
	for line := range strings.Lines(s) {
		if f := strings.Fields(line); len(f) > 0 {
			lines = append(lines, strings.Join(f, " "))
		}
	}
	return strings.Join(lines, "\n")
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}
