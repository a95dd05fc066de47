package file

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/candlewright/candlewright/internal/market"
)

func at(s string) time.Time {
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		panic(err)
	}
	return t
}

func TestReadFunding(t *testing.T) {
	t.Parallel()
	first := market.Payment{At: at("2018-05-12T08:00:00Z"), Rate: 0.0001}
	second := market.Payment{At: at("2018-05-12T16:00:00Z"), Rate: -0.00025}
	both := []market.Payment{first, second}
	berlin, err := ParseZone("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name, in string
		o        Options
		want     Funding
	}{
		{"plain", "ts,rate\n2018-05-12T08:00:00Z,0.0001\n2018-05-12T16:00:00Z,-0.00025\n", Options{}, Funding{Payments: both, Rows: 2}},
		{"jitter, any order", "fundingTime;symbol;fundingRate\n1526140800002;BTC;-0.00025\n1526111999998;BTC;1e-4\n", Options{}, Funding{Payments: both, Rows: 2}},
		{"Binance's archive", "calc_time,funding_interval_hours,last_funding_rate\n1526112000000,8,0.0001\n1526140800000,8,-0.00025\n", Options{}, Funding{Payments: both, Rows: 2}},
		{"JSON of Binance's API", `[{"fundingTime": 1526112000000, "fundingRate": "0.0001"}, {"fundingTime": 1526140800000, "fundingRate": "-0.00025"}]`, Options{}, Funding{Payments: both, Rows: 2}},
		{"naive in UTC", "ts,rate\n2018-05-12 08:00,0.0001\n2018-05-12 16:00,-0.00025\n", Options{}, Funding{Payments: both, Rows: 2}},
		{"naive elsewhere", "ts,rate\n2018-05-12 10:00,0.0001\n2018-05-12 18:00,-0.00025\n", Options{Zone: berlin}, Funding{Payments: both, Rows: 2}},
		{"the last of a second counts", "ts,rate\n2018-05-12T08:00:00Z,0.5\n2018-05-12T16:00:00Z,-0.00025\n2018-05-12T08:00:00.3Z,0.0001\n", Options{}, Funding{Payments: both, Rows: 3}},
		{"no rates", "ts,rate\n2018-05-12T00:00:00Z,1.5\n2018-05-12T01:00:00Z,-1.0001\n2018-05-12T02:00:00Z,\n2018-05-12T03:00:00Z,inf\n,0.1\n2018-05-12T08:00:00Z,0.0001\n2018-05-12T16:00:00Z,-0.00025\n", Options{}, Funding{Payments: both, Rows: 7, TooLarge: 2, Missing: 3}},
		{"a rate of 1 is one", "ts,rate\n2018-05-12T08:00:00Z,1\n", Options{}, Funding{Payments: []market.Payment{{At: first.At, Rate: 1}}, Rows: 1}},
		{"skipping", "ts,rate\n2018-05-12T08:00:00Z,0.0001\nnoon,1\n2018-05-12T16:00:00Z,-0.00025\n2018-05-13T00:00:00Z,x\n", Options{SkipBadRows: true}, Funding{Payments: both, Rows: 2, Skipped: 2}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			tt.o.Class = market.Crypto
			for _, dress := range dresses {
				path := filepath.Join(t.TempDir(), "funding")
				if err := os.WriteFile(path, dress.put(t, []byte(tt.in)), 0o600); err != nil {
					t.Fatal(err)
				}
				got, err := ReadFunding(path, tt.o)
				if err != nil {
					t.Fatalf("%s: %v", dress.name, err)
				}
				if diff := cmp.Diff(tt.want, got); diff != "" {
					t.Errorf("%s (-want +got):\n%s", dress.name, diff)
				}
			}
		})
	}
}

func TestBadFunding(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, in, want string }{
		{"empty", "", "in: no rows: want at least one"},
		{"no rate", "ts,price\n1526112000000,1\n", `in: no columns for time and rate among "ts,price": want ts and rate`},
		{"no time", "rate,symbol\n1,BTC\n", `in: no columns for time and rate among "rate,symbol": want ts and rate`},
		{"two rates", "ts,rate,rate\n1526112000000,1,2\n", `in: two columns are named "rate" (number 2 and 3): want one`},
		{"text", "ts,rate\n1526112000000,high\n", `in:2: rate "high": want a number with a decimal point, nothing, NaN, null or inf`},
		{"mixed zones", "ts,rate\n2018-05-12 08:00,0.1\n2018-05-12T16:00:00Z,0.1\n", `in:3: mixed zones: "2018-05-12T16:00:00Z" names its offset from UTC, "2018-05-12 08:00" in line 2 does not: want the stamps of a file alike`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := ReadFundingFrom("in", strings.NewReader(tt.in), Options{Class: market.Crypto})
			if err == nil || err.Error() != tt.want {
				t.Errorf("got %v, want %s", err, tt.want)
			}
		})
	}
	_, err := ReadFundingFrom("in", strings.NewReader("ts,rate\n1,1\n"), Options{Class: market.Stock})
	want := "in: funding payments of asset class stock: want crypto, whose perpetuals pay them"
	if err == nil || err.Error() != want {
		t.Errorf("of a stock: %v, want %s", err, want)
	}
}
