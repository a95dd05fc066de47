package market

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestParseTicker(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ in, want string }{
		{"AAPL", "AAPL"},
		{"aapl", "AAPL"},
		{"brk.b", "BRK.B"},
		{"BTC-USD", "BTC-USD"},
		{"X:BTCUSD", "X:BTCUSD"},
		{"^gspc", "^GSPC"},
		{"ES=F", "ES=F"},
		{"1INCHUSDT", "1INCHUSDT"},
		{"A_B", "A_B"},
		{strings.Repeat("a", MaxTicker), strings.Repeat("A", MaxTicker)},
		{"ſpy", "SPY"}, // the long s has the upper case S
	} {
		got, err := ParseTicker(c.in)
		if err != nil || got != c.want {
			t.Errorf("ParseTicker(%q) = %q, %v; want %q", c.in, got, err, c.want)
		}
	}
}

func TestParseTickerRefuses(t *testing.T) {
	t.Parallel()
	for _, in := range []string{
		"", " ", "A B", " AAPL", "AAPL ", "AAPL\n", ".A", "-A", "=A", ":A", "_A", "A/B", "A%", "A\x00B", "É", "straße", "\xff", "A\xff",
		"AAPL;DROP TABLE", strings.Repeat("A", MaxTicker+1), strings.Repeat("A", 5000),
	} {
		got, err := ParseTicker(in)
		if err == nil {
			t.Errorf("ParseTicker(%q) = %q, want an error", in, got)
			continue
		}
		if got != "" {
			t.Errorf("ParseTicker(%q) = %q beside an error", in, got)
		}
		for _, word := range []string{"invalid ticker", "1 to 20 characters", "start with a letter, a digit or ^"} {
			if !strings.Contains(err.Error(), word) {
				t.Errorf("ParseTicker(%q): %v, want %q in it", in, err, word)
			}
		}
		if len(err.Error()) > 300 {
			t.Errorf("ParseTicker of %d bytes: an error of %d", len(in), len(err.Error()))
		}
	}
}

func TestUpperTicker(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"":       "",
		"btc":    "BTC",
		"é":      "É",
		"straße": "STRAßE",
		"a\xffb": "A\ufffdB",
		"ﬁ":      "ﬁ",
	} {
		if got := UpperTicker(in); got != want {
			t.Errorf("UpperTicker(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestParseAssetClass(t *testing.T) {
	t.Parallel()
	for _, c := range AssetClasses() {
		if got, err := ParseAssetClass(string(c)); err != nil || got != c {
			t.Errorf("ParseAssetClass(%q) = %q, %v", c, got, err)
		}
	}
	for _, in := range []string{"", "Stock", "STOCK", "etfs", " etf", "forex"} {
		if got, err := ParseAssetClass(in); err == nil || got != "" || !strings.Contains(err.Error(), "want stock, crypto or etf") {
			t.Errorf("ParseAssetClass(%q) = %q, %v", in, got, err)
		}
	}
}

func TestSymbolsOfTwoClassesDiffer(t *testing.T) {
	t.Parallel()
	coin, fund := Symbol{"BTC", Crypto}, Symbol{"BTC", ETF}
	if coin == fund {
		t.Error("the coin is the fund")
	}
	if got := (Series{coin, H1}).String(); got != "BTC (crypto) 1h" {
		t.Errorf("series is %q", got)
	}
}

func FuzzParseTicker(f *testing.F) {
	for _, s := range []string{"AAPL", "btc-usd", "^GSPC", "", "ß", "\xff", "a\x00", strings.Repeat("x", 30)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if !utf8.ValidString(UpperTicker(s)) {
			t.Errorf("UpperTicker(%q) is not UTF-8", s)
		}
		ticker, err := ParseTicker(s)
		if err != nil {
			if ticker != "" {
				t.Errorf("%q beside %v", ticker, err)
			}
			return
		}
		if len(ticker) < 1 || len(ticker) > MaxTicker || strings.Trim(ticker, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._:^=-") != "" {
			t.Errorf("ParseTicker(%q) = %q", s, ticker)
		}
		if strings.IndexByte("._:=-", ticker[0]) >= 0 {
			t.Errorf("ParseTicker(%q) = %q", s, ticker)
		}
		for _, again := range []string{ticker, strings.ToLower(ticker)} {
			if got, err := ParseTicker(again); err != nil || got != ticker {
				t.Errorf("ParseTicker(%q) = %q, but of %q it is %q, %v", s, ticker, again, got, err)
			}
		}
	})
}
