package file

import (
	"archive/zip"
	"bufio"
	"bytes"
	"cmp"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Metrics is what a file of Binance's archive tells of a perpetual beside its
// candles (data/futures/um/daily/metrics): readings of every 5 minutes, from
// 2020-09 on.
type Metrics struct {
	Symbol   string    // of the perpetual, BTCUSDT
	Readings []Reading // ascending, one per instant: of several the last in the file counts
	Rows     int
	Bad      int // rows without a readable time
}

// Reading is one row; what is missing, no number or below 0 is NaN.
type Reading struct {
	At             time.Time
	OpenInterest   float64 // the contract's units
	LongShortRatio float64 // long accounts over short accounts, of all accounts
}

// The columns that are read. The ratio's has had two names.
const (
	metricsTime     = "create_time"
	metricsSymbol   = "symbol"
	metricsInterest = "sum_open_interest"
	metricsRatio    = "count_long_short_ratio"
	metricsRatioOld = "long_short_ratio"
)

// IsMetrics reports whether a file, zipped as the archive gives it or not, is one
// of metrics.
func IsMetrics(path string) (bool, error) {
	r, err := openMetrics(path)
	if err != nil {
		return false, err
	}
	defer func() { _ = r.Close() }() // it was only read
	line, err := bufio.NewReader(io.LimitReader(r, 4096)).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return false, nil // no text file: whoever reads it says so
	}
	names := strings.Split(strings.TrimSpace(strings.TrimPrefix(line, "\ufeff")), ",")
	return slices.Contains(names, metricsTime) && slices.Contains(names, metricsInterest), nil
}

// ReadMetrics reads a file of metrics.
func ReadMetrics(path string) (Metrics, error) {
	r, err := openMetrics(path)
	if err != nil {
		return Metrics{}, err
	}
	defer func() { _ = r.Close() }() // it was only read
	m, err := readMetrics(r)
	if err != nil {
		return Metrics{}, fmt.Errorf("%s: %w", shownName(path), err)
	}
	return m, nil
}

// openMetrics opens a file, of a zip archive the one that it holds.
func openMetrics(path string) (io.ReadCloser, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	head := make([]byte, 4)
	if _, err := io.ReadFull(f, head); err != nil || !bytes.Equal(head, []byte("PK\x03\x04")) {
		_, err := f.Seek(0, io.SeekStart)
		return f, err
	}
	_ = f.Close() // zip opens it itself
	z, err := zip.OpenReader(path)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", shownName(path), err)
	}
	if len(z.File) != 1 {
		_ = z.Close()
		return nil, fmt.Errorf("%s: the archive holds %d files: want one table of metrics", shownName(path), len(z.File))
	}
	in, err := z.File[0].Open()
	if err != nil {
		_ = z.Close()
		return nil, fmt.Errorf("%s: %w", shownName(path), err)
	}
	return entry{in, z}, nil
}

// entry is a file within an archive.
type entry struct {
	io.ReadCloser
	archive io.Closer
}

// Close closes both.
func (z entry) Close() error { return errors.Join(z.ReadCloser.Close(), z.archive.Close()) }

func readMetrics(r io.Reader) (Metrics, error) {
	in := csv.NewReader(r)
	in.ReuseRecord = true
	header, err := in.Read()
	if err != nil {
		return Metrics{}, fmt.Errorf("read the header: %w", err)
	}
	place := map[string]int{}
	for i, name := range header {
		place[strings.TrimSpace(strings.TrimPrefix(name, "\ufeff"))] = i
	}
	for _, name := range []string{metricsTime, metricsSymbol, metricsInterest} {
		if _, ok := place[name]; !ok {
			return Metrics{}, fmt.Errorf("there is no column %s: want a file of Binance's archive of metrics", name)
		}
	}
	ratio, ok := place[metricsRatio]
	if !ok {
		if ratio, ok = place[metricsRatioOld]; !ok {
			return Metrics{}, fmt.Errorf("there is no column %s: want a file of Binance's archive of metrics", metricsRatio)
		}
	}
	var m Metrics
	for {
		rec, err := in.Read()
		if errors.Is(err, io.EOF) {
			m.Readings = lastReadings(m.Readings)
			return m, nil
		}
		if err != nil {
			return m, err
		}
		m.Rows++
		symbol := strings.TrimSpace(rec[place[metricsSymbol]])
		if m.Symbol == "" {
			m.Symbol = symbol
		}
		if symbol != m.Symbol {
			return m, fmt.Errorf("row %d is of %s, those before of %s: want one perpetual a file", m.Rows, symbol, m.Symbol)
		}
		at, ok := parseStamp([]byte(strings.TrimSpace(rec[place[metricsTime]])))
		if !ok {
			m.Bad++
			continue
		}
		m.Readings = append(m.Readings, Reading{
			At: at.instant(), OpenInterest: reading(rec[place[metricsInterest]]), LongShortRatio: reading(rec[ratio]),
		})
	}
}

// reading is a number above 0, NaN where there is none. No open interest at all
// and a ratio of 0 are how the archive writes an outage.
func reading(s string) float64 {
	v, err := strconv.ParseFloat(strings.TrimSpace(s), 64)
	if err != nil || !(v > 0) || math.IsInf(v, 0) {
		return math.NaN()
	}
	return v
}

// lastReadings sorts readings and keeps the last of each instant.
func lastReadings(rs []Reading) []Reading {
	slices.SortStableFunc(rs, func(a, b Reading) int { return cmp.Compare(a.At.UnixNano(), b.At.UnixNano()) })
	kept := rs[:0]
	for i, r := range rs {
		if i+1 < len(rs) && rs[i+1].At.Equal(r.At) {
			continue
		}
		kept = append(kept, r)
	}
	return kept
}
