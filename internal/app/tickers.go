package app

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/candlewright/candlewright/internal/market"
)

// maxTickerFile bounds a file of tickers, in bytes.
const maxTickerFile = 4 << 20

// readTickers reads tickers separated by commas, or a file of them: what is the
// name of a file, and what looks like one, is one.
func readTickers(s string) ([]string, error) {
	info, err := os.Stat(s)
	switch {
	case err == nil && info.IsDir():
		if strings.ContainsAny(s, `/\`) {
			return nil, fmt.Errorf("%s is a folder, want a file or tickers", s)
		}
	case err == nil:
		return tickerFile(s)
	case strings.ContainsAny(s, `/\`) || strings.EqualFold(filepath.Ext(s), ".txt") || strings.EqualFold(filepath.Ext(s), ".csv"):
		if errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("there is no file %s", s)
		}
		return nil, err
	}
	return tickers(s, "")
}

func tickerFile(path string) ([]string, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxTickerFile+1))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	if len(text) > maxTickerFile {
		return nil, fmt.Errorf("%s has more than %d MiB: want a list of tickers", path, maxTickerFile>>20)
	}
	var all []string
	lines := bufio.NewScanner(bytes.NewReader(bytes.TrimPrefix(text, []byte("\ufeff"))))
	lines.Buffer(nil, maxTickerFile)
	for n := 1; lines.Scan(); n++ {
		line, _, _ := strings.Cut(lines.Text(), "#")
		list, err := tickers(line, fmt.Sprintf("%s, line %d: ", path, n))
		if err != nil {
			return nil, err
		}
		all = append(all, list...)
	}
	return all, lines.Err()
}

// tickers reads those of a line; where says where it stands.
func tickers(line, where string) ([]string, error) {
	var list []string
	for _, word := range strings.FieldsFunc(line, func(r rune) bool { return r == ',' || r == ' ' || r == '\t' || r == ';' || r == '\r' }) {
		t, err := market.ParseTicker(word)
		if err != nil {
			return nil, fmt.Errorf("%s%w", where, err)
		}
		list = append(list, t)
	}
	return list, nil
}
