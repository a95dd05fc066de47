package market

import (
	"slices"
	"strings"
	"testing"
	"time"
)

func TestTimeframes(t *testing.T) {
	t.Parallel()
	want := []struct {
		tf       Timeframe
		duration time.Duration
		intraday bool
	}{
		{"5m", 5 * time.Minute, true},
		{"15m", 15 * time.Minute, true},
		{"30m", 30 * time.Minute, true},
		{"1h", time.Hour, true},
		{"4h", 4 * time.Hour, true},
		{"1d", 24 * time.Hour, false},
		{"1w", 168 * time.Hour, false},
	}
	if len(want) != len(Timeframes()) {
		t.Errorf("timeframes are %v", Timeframes())
	}
	for i, w := range want {
		got, err := ParseTimeframe(string(w.tf))
		if err != nil || got != w.tf || Timeframes()[i] != w.tf {
			t.Errorf("ParseTimeframe(%q) = %q, %v; number %d is %q", w.tf, got, err, i, Timeframes()[i])
		}
		if got.Order() != i || got.Duration() != w.duration || got.Intraday() != w.intraday {
			t.Errorf("%s: order %d, %v, intraday %t", got, got.Order(), got.Duration(), got.Intraday())
		}
	}
	if !slices.IsSortedFunc(Timeframes(), func(a, b Timeframe) int { return int(a.Duration() - b.Duration()) }) {
		t.Error("timeframes are not finest first")
	}
}

func TestParseTimeframeRefuses(t *testing.T) {
	t.Parallel()
	for _, in := range []string{"", "1D", "1H", "2h", "60m", "1m", " 1d", "1d ", "1month", "day", "\xff"} {
		if got, err := ParseTimeframe(in); err == nil || got != "" || !strings.Contains(err.Error(), "want 5m, 15m, 30m, 1h, 4h, 1d or 1w") {
			t.Errorf("ParseTimeframe(%q) = %q, %v", in, got, err)
		}
	}
}

func TestUnknownTimeframePanics(t *testing.T) {
	t.Parallel()
	for name, call := range map[string]func(){
		"Duration": func() { Timeframe("2h").Duration() },
		"Order":    func() { Timeframe("2h").Order() },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s of an unknown timeframe does not panic", name)
				}
			}()
			call()
		}()
	}
}

func FuzzParseTimeframe(f *testing.F) {
	f.Add("1d")
	f.Add("1D")
	f.Fuzz(func(t *testing.T, s string) {
		if tf, err := ParseTimeframe(s); err == nil && (string(tf) != s || !slices.Contains(Timeframes(), tf)) {
			t.Errorf("ParseTimeframe(%q) = %q", s, tf)
		}
	})
}
