package market

import (
	"fmt"
	"time"
)

// Timeframe is the length of a bar. It is a word and not a time.Duration: a
// daily bar lasts as long as its session does.
type Timeframe string

// The timeframes, finest first.
const (
	M5  Timeframe = "5m"
	M15 Timeframe = "15m"
	M30 Timeframe = "30m"
	H1  Timeframe = "1h"
	H4  Timeframe = "4h"
	D1  Timeframe = "1d"
	W1  Timeframe = "1w"
)

// Timeframes lists every timeframe, finest first.
func Timeframes() []Timeframe { return []Timeframe{M5, M15, M30, H1, H4, D1, W1} }

// ParseTimeframe reads the exact word of a timeframe ("1d", not "1D").
func ParseTimeframe(s string) (Timeframe, error) {
	switch t := Timeframe(s); t {
	case M5, M15, M30, H1, H4, D1, W1:
		return t, nil
	}
	return "", fmt.Errorf("unknown timeframe %q: want 5m, 15m, 30m, 1h, 4h, 1d or 1w", s)
}

// Intraday reports whether bars are shorter than a day.
func (t Timeframe) Intraday() bool { return t != D1 && t != W1 }

// Duration is the nominal length of an intraday bar (the last bar of a session
// may be shorter), 24 h for 1d and 7 × 24 h for 1w.
func (t Timeframe) Duration() time.Duration {
	switch t {
	case M5:
		return 5 * time.Minute
	case M15:
		return 15 * time.Minute
	case M30:
		return 30 * time.Minute
	case H1:
		return time.Hour
	case H4:
		return 4 * time.Hour
	case D1:
		return 24 * time.Hour
	case W1:
		return 7 * 24 * time.Hour
	}
	panic("market: no such timeframe: " + string(t))
}

// Order is the position of the timeframe in Timeframes, 0 for the finest.
func (t Timeframe) Order() int {
	for i, x := range Timeframes() {
		if x == t {
			return i
		}
	}
	panic("market: no such timeframe: " + string(t))
}
