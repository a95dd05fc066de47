package file

import (
	"encoding/csv"
	"encoding/json"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/candlewright/candlewright/internal/market"
)

// sharedPath is a file of the data folder that lies beside the repository; the
// test is skipped where there is none.
func sharedPath(tb testing.TB, parts ...string) string {
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
			tb.Fatal("no go.mod above the working directory")
		}
		dir = filepath.Dir(dir)
	}
	shared := filepath.Join(filepath.Dir(dir), "shared")
	if _, err := os.Stat(shared); err != nil {
		tb.Skip("no folder with real data beside the repository")
	}
	return filepath.Join(append([]string{shared}, parts...)...)
}

func readFile(tb testing.TB, path string, o Options) (rows []Row, offered market.Fields, form Form) {
	tb.Helper()
	r, err := Open(path, o)
	if err != nil {
		tb.Fatal(err)
	}
	defer r.Close()
	for {
		row, err := r.Next()
		if errors.Is(err, io.EOF) {
			return rows, r.Offered(), r.Form()
		}
		if err != nil {
			tb.Fatal(err)
		}
		rows = append(rows, row)
	}
}

// TestRealFiles opens every candle file of the data folder that has a form of
// ours. Rows, first and last stamp are those of its list of sources (first and
// last in time order there, in file order here).
func TestRealFiles(t *testing.T) {
	t.Parallel()
	const stock, etf, crypto = market.Stock, market.ETF, market.Crypto
	buys := market.Offer(market.TakerBuyVolume, market.TakerSellVolume)
	tests := []struct {
		name        string
		class       market.AssetClass
		interval    Interval
		form        Form
		offered     market.Fields
		rows, noTS  int
		first, last string
	}{
		{"binance_ADABTC_1m_20211127_klines.csv", crypto, "1m", FormKlines, buys, 10, 0, "2021-11-27T00:00:00Z", "2021-11-27T00:09:00Z"},
		{"bt2_2006-min-005.txt", stock, "5m", FormCSV, 0, 2142, 0, "2006-01-02T14:05:00Z", "2006-01-30T22:30:00Z"},
		{"bt2_2006-week-001.txt", stock, "1w", FormCSV, 0, 52, 0, "2006-01-06T00:00:00Z", "2006-12-29T00:00:00Z"},
		{"bt2_daily-PEP.csv", stock, "1d", FormCSV, 0, 356, 0, "1997-01-02T00:00:00Z", "1998-06-01T00:00:00Z"},
		{"bt2_nvda-1999-2014.txt", stock, "1d", FormCSV, 0, 4012, 0, "1999-01-22T00:00:00Z", "2014-12-31T00:00:00Z"},
		{"bt_GOOG_1d_2004-2013.csv", stock, "1d", FormCSV, 0, 2148, 0, "2004-08-19T00:00:00Z", "2013-03-01T00:00:00Z"},
		{"cinar_BRK-B_1d.csv", stock, "1d", FormCSV, 0, 251, 0, "2022-11-30T00:00:00Z", "2023-11-29T00:00:00Z"},
		{"cryptodatadownload_Coinbase_BTCUSD_1d_2014-2019.csv", crypto, "1d", FormCSV, 0, 1770, 0, "2019-10-17T00:00:00Z", "2014-12-01T00:00:00Z"},
		{"cryptodatadownload_Coinbase_BTCUSD_1h_2017-2019.csv", crypto, "1h", FormCSV, 0, 20111, 0, "2019-10-17T09:00:00Z", "2017-07-01T11:00:00Z"},
		{"ds_bad_SPY_1d_defects.csv", etf, "1d", FormCSV, 0, 502, 50, "2017-01-03T00:00:00Z", "2018-12-31T00:00:00Z"},
		{"ds_bitcoin_1d_2017-2021.csv", crypto, "1d", FormCSV, 0, 1246, 0, "2017-08-16T00:00:00Z", "2021-01-12T00:00:00Z"},
		{"ds_default_SPY_1d_2017-2018.csv", etf, "1d", FormCSV, 0, 502, 0, "2017-01-03T00:00:00Z", "2018-12-31T00:00:00Z"},
		{"ds_intraday_SPY_1m_2020-12-15_18.csv", etf, "1m", FormCSV, 0, 1564, 0, "2020-12-15T14:30:00Z", "2020-12-18T21:00:00Z"},
		{"ds_issue1127_revisit_1d_2022-2025.csv", stock, "1d", FormCSV, 0, 749, 0, "2022-12-12T00:00:00Z", "2025-12-05T00:00:00Z"},
		{"ds_longish_SP500_1d_1999-2020.csv", etf, "1d", FormCSV, 0, 5285, 0, "1999-09-07T00:00:00Z", "2020-09-04T00:00:00Z"},
		{"ds_penny_stock_1d_2018-2021.csv", stock, "1d", FormCSV, 0, 533, 0, "2018-12-21T00:00:00Z", "2021-02-03T00:00:00Z"},
		{"freqtrade_ETH_BTC-5m.json", crypto, "5m", FormJSON, 0, 5760, 0, "2018-01-10T04:55:00Z", "2018-01-30T04:50:00Z"},
		{"freqtrade_UNITTEST_BTC-1m.json", crypto, "1m", FormJSON, 0, 13681, 0, "2017-11-04T23:02:00Z", "2017-11-14T22:59:00Z"},
		{"freqtrade_UNITTEST_BTC-30m.json", crypto, "30m", FormJSON, 0, 1920, 0, "2017-12-03T13:00:00Z", "2018-01-12T12:30:00Z"},
		{"freqtrade_XRP_ETH-5m.json", crypto, "5m", FormJSON, 0, 712, 0, "2019-10-11T00:00:00Z", "2019-10-13T11:15:00Z"},
		{"freqtrade_XRP_USDT_USDT-1h-futures.json", crypto, "1h", FormJSON, 0, 100, 0, "2021-11-17T01:00:00Z", "2021-11-21T04:00:00Z"},
		{"lean_SPY_1d_raw_1998-2021.csv", etf, "1d", FormLEAN, 0, 5849, 0, "1998-01-02T00:00:00Z", "2021-03-31T00:00:00Z"},
		{"lean_SPY_1h_raw.csv", etf, "1h", FormLEAN, 0, 40832, 0, "1998-01-02T14:00:00Z", "2021-03-31T19:00:00Z"},
		{"lean_binance_BTCUSDT_1h_2018-05.csv", crypto, "1h", FormLEAN, 0, 120, 0, "2018-05-01T00:00:00Z", "2018-05-05T23:00:00Z"},
		{"mpf_yahoofinance-AAPL-20040819-20180120.csv", stock, "1d", FormCSV, 0, 3379, 0, "2004-08-19T00:00:00Z", "2018-01-19T00:00:00Z"},
		{"mpf_yahoofinance-SPY-20200901-20210113.csv", etf, "1d", FormCSV, 0, 92, 0, "2020-09-01T00:00:00Z", "2021-01-12T00:00:00Z"},
		{"ta4j_Binance-ETH-USD-PT5M-20230313_20230315.json", crypto, "5m", FormJSON, 0, 580, 0, "2023-03-13T18:00:00Z", "2023-03-15T18:15:00Z"},
		{"ta4j_Coinbase-BTC-USD-PT1D-20230616_20231011.json", crypto, "1d", FormJSON, 0, 118, 0, "2023-10-11T00:00:00Z", "2023-06-16T00:00:00Z"},
		{"ta4j_Coinbase-BTC-USD-PT4H-20160518_20251028.json", crypto, "4h", FormJSON, 0, 20695, 0, "2016-05-18T04:00:00Z", "2025-10-28T00:00:00Z"},
		{"ta4j_TradingView-INDEX_BTCUSD-PT1D-20091005_20260306.json", crypto, "1d", FormJSON, 0, 5905, 0, "2009-10-05T00:00:00Z", "2026-03-06T00:00:00Z"},
		{"yf_4063-T-1d-bad-stock-split-fixed.csv", stock, "1d", FormCSV, 0, 22, 0, "2023-04-14T00:00:00Z", "2023-03-15T00:00:00Z"},
		{"yf_4063-T-1d-bad-stock-split.csv", stock, "1d", FormCSV, 0, 22, 0, "2023-04-14T00:00:00Z", "2023-03-15T00:00:00Z"},
		{"yf_8TRA-DE-1d-missing-div-adjust-fixed.csv", stock, "1d", FormCSV, 0, 5, 0, "2023-05-30T00:00:00Z", "2023-06-06T00:00:00Z"},
		{"yf_8TRA-DE-1d-missing-div-adjust.csv", stock, "1d", FormCSV, 0, 5, 0, "2023-05-30T00:00:00Z", "2023-06-06T00:00:00Z"},
		{"yf_AET-L-1d-100x-error-fixed.csv", stock, "1d", FormCSV, 0, 23, 0, "2022-06-06T00:00:00Z", "2022-05-03T00:00:00Z"},
		{"yf_AET-L-1d-100x-error.csv", stock, "1d", FormCSV, 0, 23, 0, "2022-06-06T00:00:00Z", "2022-05-03T00:00:00Z"},
		{"yf_EA-15m-no-bad-divs.csv", stock, "15m", FormCSV, 0, 319, 0, "2026-05-26T08:00:00Z", "2026-06-03T18:15:00Z"},
		{"yf_MOB-ST-1d-bad-stock-split-fixed.csv", stock, "1d", FormCSV, 0, 16, 0, "2023-05-08T00:00:00Z", "2023-05-30T00:00:00Z"},
		{"yf_MOB-ST-1d-bad-stock-split.csv", stock, "1d", FormCSV, 0, 16, 0, "2023-05-08T00:00:00Z", "2023-05-30T00:00:00Z"},
		{"yf_SAND-1d-bad-div-fixed.csv", stock, "1d", FormCSV, 0, 662, 0, "2022-01-03T00:00:00Z", "2024-08-21T00:00:00Z"},
		{"yf_SAND-1d-bad-div.csv", stock, "1d", FormCSV, 0, 662, 0, "2022-01-03T00:00:00Z", "2024-08-21T00:00:00Z"},
		{"zipline_AAPL_1d_2012-2014.csv", stock, "1d", FormCSV, 0, 754, 0, "2012-01-03T00:00:00Z", "2014-12-31T00:00:00Z"},
		{"zipline_MSFT_1d_2012-2014.csv", stock, "1d", FormCSV, 0, 754, 0, "2012-01-03T00:00:00Z", "2014-12-31T00:00:00Z"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			rows, offered, form := readFile(t, sharedPath(t, "data", "ohlcv", tt.name), Options{Class: tt.class, Interval: tt.interval})
			noTS := 0
			for _, row := range rows {
				if !row.HasTS {
					noTS++
				}
			}
			if len(rows) != tt.rows || noTS != tt.noTS || offered != tt.offered || form != tt.form {
				t.Errorf("%d rows, %d of them without stamp, offered %b, %s; want %d, %d, %b, %s",
					len(rows), noTS, offered, form, tt.rows, tt.noTS, tt.offered, tt.form)
			}
			first, last := rows[0].Candle.TS.Format(time.RFC3339), rows[len(rows)-1].Candle.TS.Format(time.RFC3339)
			if first != tt.first || last != tt.last {
				t.Errorf("from %s to %s, want %s to %s", first, last, tt.first, tt.last)
			}
		})
	}
}

// TestOracleInputs reads every delivery of the oracle and compares it with a
// reading by encoding/csv and strconv, the number of rows with the oracle's.
func TestOracleInputs(t *testing.T) {
	t.Parallel()
	dir := sharedPath(t, "data", "expected", "oracle")
	type series struct{ Input, Funding string }
	var index map[string]struct {
		series
		Class     market.AssetClass `json:"asset_class"`
		Timeframe string
		Unit      VolumeUnit `json:"volume_unit"`
		Series    map[string]series
	}
	body, err := os.ReadFile(filepath.Join(dir, "index.json"))
	if err == nil {
		err = json.Unmarshal(body, &index)
	}
	if err != nil {
		t.Fatal(err)
	}
	for name, set := range index {
		if set.Series == nil {
			set.Series = map[string]series{set.Timeframe: set.series}
		}
		for timeframe, files := range set.Series {
			t.Run(name+"_"+timeframe, func(t *testing.T) {
				t.Parallel()
				o := Options{Class: set.Class, Interval: Interval(timeframe), VolumeUnit: set.Unit}
				path := filepath.Join(dir, files.Input)
				if timeframe == "5m" && name == "multi_etf" {
					if _, err := Open(path, o); !errors.Is(err, ErrNoRows) {
						t.Errorf("a header alone: %v", err)
					}
					return
				}
				rows, _, _ := readFile(t, path, o)
				compare(t, rows, path, o)
				if files.Funding != "" {
					comparePayments(t, filepath.Join(dir, files.Funding))
				}
			})
		}
	}
}

func readCSV(t *testing.T, path string) (names []string, rows [][]string) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	plain, err := text(path, f)
	if err != nil {
		t.Fatal(err)
	}
	all, err := csv.NewReader(plain).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return all[0], all[1:]
}

func float(t *testing.T, cell string) float64 {
	t.Helper()
	if cell == "" {
		return math.NaN()
	}
	v, err := strconv.ParseFloat(cell, 64)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func compare(t *testing.T, rows []Row, path string, o Options) {
	t.Helper()
	names, cells := readCSV(t, path)
	if len(rows) != len(cells) {
		t.Fatalf("%d rows, want %d", len(rows), len(cells))
	}
	for i, cells := range cells {
		row := Row{Line: i + 2, Candle: market.Candle{Delivered: market.NoFields(), Source: market.CSV, VolumeEstimated: o.VolumeUnit == Quote}}
		c := &row.Candle
		numbers := map[string]*float64{"open": &c.Open, "high": &c.High, "low": &c.Low, "close": &c.Close, "volume": &c.Volume}
		for j, name := range names {
			if f, ok := market.ParseField(name); ok {
				c.Delivered[f] = float(t, cells[j])
				c.Offered |= market.Offer(f)
			} else if to := numbers[name]; to != nil {
				*to = float(t, cells[j])
			} else if cells[j] != "" {
				row.HasTS, c.TS = true, at(cells[j])
			}
		}
		if o.VolumeUnit == Quote && !math.IsNaN(c.High) {
			c.Volume /= (c.High + c.Low + c.Close) / 3
		}
		if c.Offered.Has(market.TakerBuyVolume) && !c.Offered.Has(market.TakerSellVolume) {
			c.Offered |= market.Offer(market.TakerSellVolume)
			c.Delivered[market.TakerSellVolume] = c.Volume - c.Delivered[market.TakerBuyVolume]
		}
		if diff := cmp.Diff(row, rows[i], cmp.Comparer(sameFloat)); diff != "" {
			t.Fatalf("row %d (-want +got):\n%s", i, diff)
		}
	}
}

func sameFloat(a, b float64) bool { return a == b || math.IsNaN(a) && math.IsNaN(b) }

func comparePayments(t *testing.T, path string) {
	t.Helper()
	_, cells := readCSV(t, path)
	want := Funding{Rows: len(cells)}
	for _, row := range cells {
		if rate := float(t, row[1]); math.Abs(rate) <= 1 {
			want.Payments = append(want.Payments, market.Payment{At: at(row[0]), Rate: rate})
		} else {
			want.TooLarge++
		}
	}
	got, err := ReadFunding(path, Options{Class: market.Crypto})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", strings.TrimPrefix(path, "data"), diff)
	}
}

// TestQuoteVolumeAgreesWithTheOracle: the volumes that the oracle stored.
func TestQuoteVolumeAgreesWithTheOracle(t *testing.T) {
	t.Parallel()
	dir := sharedPath(t, "data", "expected", "oracle")
	rows, _, _ := readFile(t, filepath.Join(dir, "quote_crypto_1d.input.csv"), Options{Class: market.Crypto, Interval: "1d", VolumeUnit: Quote})
	volumes := map[time.Time]float64{} // a copy with another volume comes later and counts
	for _, row := range rows {
		if !math.IsNaN(row.Candle.High) {
			volumes[row.Candle.TS] = row.Candle.Volume
		}
	}
	names, cells := readCSV(t, filepath.Join(dir, "quote_crypto_1d.expected.csv"))
	if names[0] != "ts" || names[7] != "volume" {
		t.Fatalf("the oracle's columns are %v", names)
	}
	for _, row := range cells {
		want, got := float(t, row[7]), volumes[at(row[0])]
		if math.Abs(got-want) > 1e-12*want {
			t.Errorf("%s: volume %v, want %v", row[0], got, want)
		}
	}
}
