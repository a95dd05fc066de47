package pipeline_test

import (
	"compress/gzip"
	"encoding/csv"
	"encoding/json"
	"io"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/candlewright/candlewright/internal/market"
)

// oracleDir is the folder with what a separate, slow implementation of the
// rules made of real deliveries; the test is skipped where it is not beside the
// repository.
func oracleDir(tb testing.TB) string {
	tb.Helper()
	dir, err := os.Getwd()
	if err != nil {
		tb.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			break
		}
		if dir == filepath.Dir(dir) {
			tb.Skip("no go.mod above the working directory")
		}
		dir = filepath.Dir(dir)
	}
	dir = filepath.Join(filepath.Dir(dir), "shared", "data", "expected", "oracle")
	if _, err := os.Stat(dir); err != nil {
		tb.Skipf("the oracle's data are not here: %v", err)
	}
	return dir
}

func readFile(tb testing.TB, path string) []byte {
	tb.Helper()
	f, err := os.Open(path)
	if err != nil {
		tb.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	var r io.Reader = f
	if strings.HasSuffix(path, ".gz") {
		if r, err = gzip.NewReader(f); err != nil {
			tb.Fatal(err)
		}
	}
	b, err := io.ReadAll(r)
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

func readJSON(tb testing.TB, path string, into any) {
	tb.Helper()
	if err := json.Unmarshal(readFile(tb, path), into); err != nil {
		tb.Fatalf("%s: %v", path, err)
	}
}

// table is a CSV file with a heading.
type table struct {
	columns map[string]int
	rows    [][]string
}

func readTable(tb testing.TB, path string) table {
	tb.Helper()
	rows, err := csv.NewReader(strings.NewReader(string(readFile(tb, path)))).ReadAll()
	if err != nil {
		tb.Fatalf("%s: %v", path, err)
	}
	tab := table{columns: map[string]int{}, rows: rows[1:]}
	for i, name := range rows[0] {
		tab.columns[name] = i
	}
	return tab
}

func (tab table) text(row int, column string) string {
	i, ok := tab.columns[column]
	if !ok {
		return ""
	}
	return tab.rows[row][i]
}

// number is a cell, NaN where it is empty or no number.
func (tab table) number(row int, column string) float64 {
	x, err := strconv.ParseFloat(tab.text(row, column), 64)
	if err != nil {
		return math.NaN()
	}
	return x
}

func (tab table) time(row int, column string) (time.Time, bool) {
	x, err := time.Parse(time.RFC3339Nano, tab.text(row, column))
	return x, err == nil
}

// readCandles reads a delivery as a file adapter does; rows without a readable
// stamp are only counted.
func readCandles(tb testing.TB, path string, source market.SourceName, quote, payments bool) (rows []market.Candle, offered market.Fields, unreadable int) {
	tb.Helper()
	tab := readTable(tb, path)
	for f := range market.Field(market.NumFields) {
		if _, ok := tab.columns[f.String()]; ok {
			offered |= market.Offer(f)
		}
	}
	deriveSells := offered.Has(market.TakerBuyVolume) && !offered.Has(market.TakerSellVolume)
	if deriveSells {
		offered |= market.Offer(market.TakerSellVolume)
	}
	if payments {
		offered |= market.Offer(market.FundingRate) | market.FundingPayments
	}
	for i := range tab.rows {
		ts, ok := tab.time(i, "ts")
		if !ok {
			unreadable++
			continue
		}
		c := market.Candle{
			TS: ts, Open: tab.number(i, "open"), High: tab.number(i, "high"), Low: tab.number(i, "low"),
			Close: tab.number(i, "close"), Volume: tab.number(i, "volume"), Offered: offered, Source: source,
		}
		for f := range market.Field(market.NumFields) {
			c.Delivered[f] = tab.number(i, f.String())
		}
		if deriveSells {
			c.Delivered[market.TakerSellVolume] = c.Volume - c.Delivered[market.TakerBuyVolume]
		}
		if quote {
			c.Volume /= (c.High + c.Low + c.Close) / 3
			c.VolumeEstimated = true
		}
		rows = append(rows, c)
	}
	return rows, offered, unreadable
}

func readPayments(tb testing.TB, path string) []market.Payment {
	tb.Helper()
	tab := readTable(tb, path)
	payments := make([]market.Payment, len(tab.rows))
	for i := range tab.rows {
		at, ok := tab.time(i, "ts")
		if !ok {
			tb.Fatalf("%s: row %d has no stamp", path, i)
		}
		payments[i] = market.Payment{At: at, Rate: tab.number(i, "rate")}
	}
	return payments
}
