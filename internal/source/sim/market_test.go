package sim_test

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/candlewright/candlewright/internal/grid"
	"github.com/candlewright/candlewright/internal/market"
	"github.com/candlewright/candlewright/internal/source/sim"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var (
	aapl = market.Symbol{Ticker: "AAPL", Class: market.Stock}
	btc  = market.Symbol{Ticker: "BTC", Class: market.Crypto}
	now  = time.Date(2024, 11, 13, 15, 47, 30, 0, time.UTC)
)

func date(s string) time.Time {
	d, err := market.ParseDate(s)
	if err != nil {
		panic(err)
	}
	return d.Time()
}

func TestSameSeedSameMarket(t *testing.T) {
	t.Parallel()
	a, b, c := sim.NewMarket(sim.Config{Seed: 1}), sim.NewMarket(sim.Config{Seed: 1}), sim.NewMarket(sim.Config{Seed: 2})
	from := now.AddDate(0, 0, -20)
	want := a.Bars(btc, market.H1, from, now, now)
	if diff := cmp.Diff(want, b.Bars(btc, market.H1, from, now, now)); diff != "" {
		t.Errorf("the same seed made another market:\n%s", diff)
	}
	if cmp.Equal(want, c.Bars(btc, market.H1, from, now, now)) {
		t.Error("another seed made the same market")
	}
}

func TestEveryRangeShowsTheSameBars(t *testing.T) {
	t.Parallel()
	m := sim.NewMarket(sim.Config{Seed: 1})
	for _, sym := range []market.Symbol{aapl, btc} {
		for _, tf := range market.Timeframes() {
			whole := m.Bars(sym, tf, now.AddDate(0, 0, -60), now, now)
			for i := 0; i+4 < len(whole); i += 1 + len(whole)/7 {
				got := m.Bars(sym, tf, whole[i].TS, whole[i+3].TS, now)
				if diff := cmp.Diff(whole[i:i+3], got); diff != "" {
					t.Fatalf("%s %s: bars differ by range:\n%s", sym, tf, diff)
				}
			}
		}
	}
}

// TestCoarseBarsAreSumsOfFineOnes in the words of the grid, which knows nothing
// of this package.
func TestCoarseBarsAreSumsOfFineOnes(t *testing.T) {
	t.Parallel()
	m := sim.NewMarket(sim.Config{Seed: 3})
	from := date("2024-07-01")
	for _, sym := range []market.Symbol{aapl, btc} {
		fine := candles(m.Bars(sym, market.M5, from, now, now))
		days := candles(m.Bars(sym, market.D1, from, now, now))
		for _, tf := range market.Timeframes()[1:] {
			parts, length := fine, 5*time.Minute
			switch tf {
			case market.D1:
				continue
			case market.W1:
				parts, length = days, 24*time.Hour
			default:
			}
			want, err := grid.Resample(length, grid.New(sym.Class, tf), parts)
			if err != nil {
				t.Fatal(err)
			}
			got := m.Bars(sym, tf, from, now, now)
			if len(got) != len(want) {
				t.Fatalf("%s %s: %d bars, want %d", sym, tf, len(got), len(want))
			}
			for i, b := range got {
				w := want[i]
				if !b.TS.Equal(w.TS) || b.Open != w.Open || b.High != w.High || b.Low != w.Low || b.Close != w.Close || b.Volume-w.Volume > 1e-9*w.Volume {
					t.Fatalf("%s %s: bar %+v, want %+v", sym, tf, b, w)
				}
			}
		}
		for _, d := range days {
			var high, volume float64
			for _, f := range fine {
				if market.DateOf(f.TS) == market.DateOf(d.TS) {
					high, volume = max(high, f.High), volume+f.Volume
				}
			}
			if high != d.High || volume-d.Volume > 1e-9*d.Volume {
				t.Fatalf("%s: the day %+v has a high of %v and a volume of %v in its parts", sym, d, high, volume)
			}
		}
	}
}

func candles(bars []sim.Bar) []market.Candle {
	out := make([]market.Candle, len(bars))
	for i, b := range bars {
		out[i] = market.Candle{TS: b.TS, Open: b.Open, High: b.High, Low: b.Low, Close: b.Close, Volume: b.Volume, Delivered: market.NoFields()}
	}
	return out
}

func TestBarsAreSane(t *testing.T) {
	t.Parallel()
	m := sim.NewMarket(sim.Config{Seed: 1})
	for _, sym := range append(sim.Symbols(), market.Symbol{Ticker: "ZZTOP", Class: market.Stock}, market.Symbol{Ticker: "WAGMI", Class: market.Crypto}) {
		for _, tf := range []market.Timeframe{market.M5, market.D1} {
			from := now.AddDate(0, 0, -15)
			if tf == market.D1 {
				from = now.AddDate(-8, 0, 0)
			}
			n := 0
			for b := range m.Walk(sym, tf, from, now, now) {
				n++
				if b.High < max(b.Open, b.Close) || b.Low > min(b.Open, b.Close) || b.Low <= 0 || b.Volume <= 0 || b.TakerBuy < 0 || b.TakerBuy > b.Volume {
					t.Fatalf("%s %s: %+v", sym, tf, b)
				}
				for _, p := range []float64{b.Open, b.High, b.Low, b.Close} {
					s := strconv.FormatFloat(p, 'e', -1, 64)
					if digits := strings.Index(s, "e"); digits > 7 || strconv.FormatFloat(float64(float32(p)), 'g', -1, 32) != strconv.FormatFloat(p, 'g', -1, 64) {
						t.Fatalf("%s %s: the price %s has more than 6 digits, or a float32 loses some", sym, tf, s)
					}
				}
			}
			if n == 0 {
				t.Errorf("%s %s has no bars", sym, tf)
			}
		}
	}
}

func TestStocksKeepTheCalendar(t *testing.T) {
	t.Parallel()
	m := sim.NewMarket(sim.Config{Seed: 1, Calm: true})
	for day, want := range map[string]int{"2024-11-27": 78, "2024-11-28": 0, "2024-11-29": 42, "2024-11-30": 0} {
		from := date(day)
		if got := len(m.Bars(aapl, market.M5, from, from.AddDate(0, 0, 1), from.AddDate(0, 1, 0))); got != want {
			t.Errorf("%s has %d bars of 5m, want %d", day, got, want)
		}
	}
	if got := len(m.Bars(aapl, market.D1, date("2023-01-01"), date("2024-01-01"), now)); got != 250 {
		t.Errorf("2023 has %d sessions, want 250", got)
	}
}

func TestSomeBarsAreAmendedOnce(t *testing.T) {
	t.Parallel()
	m := sim.NewMarket(sim.Config{Seed: 1})
	amended := 0
	for d := date("2024-09-02"); d.Before(date("2024-10-02")); d = d.AddDate(0, 0, 1) {
		end := d.AddDate(0, 0, 1)
		first := m.Bars(btc, market.D1, d, end, end)
		later := m.Bars(btc, market.D1, d, end, end.AddDate(0, 0, 3))
		final := m.Bars(btc, market.D1, d, end, end.AddDate(0, 0, 30))
		if diff := cmp.Diff(later, final); diff != "" {
			t.Errorf("%v changed after three days:\n%s", d, diff)
		}
		if first[0].Open != final[0].Open || first[0].Close != final[0].Close {
			t.Errorf("%v changed in more than volume and wicks", d)
		}
		if first[0] != final[0] {
			amended++
		}
	}
	if amended < 1 || amended > 12 {
		t.Errorf("%d of 30 days were amended, want some", amended)
	}
}

func TestHaltsLeaveHoles(t *testing.T) {
	t.Parallel()
	g := grid.New(market.Crypto, market.M5)
	from := now.AddDate(-1, 0, 0)
	m := sim.NewMarket(sim.Config{Seed: 1})
	holes := g.Count(from, now) - int64(len(m.Bars(btc, market.M5, from, now, now)))
	if holes < 12 || holes > 500 {
		t.Errorf("%d slots of a year are empty, want some hours", holes)
	}
	calm := sim.NewMarket(sim.Config{Seed: 1, Calm: true})
	if n := int64(len(calm.Bars(btc, market.M5, from, now, now))); n != g.Count(from, now)-1+1 {
		t.Errorf("a calm market has %d bars of %d", n, g.Count(from, now))
	}
}

func TestASplitRewritesThePast(t *testing.T) {
	t.Parallel()
	split := sim.Split{Symbol: aapl, Date: market.DateOf(date("2024-11-11")), To: 4, From: 1}
	m := sim.NewMarket(sim.Config{Seed: 1, Calm: true, Splits: []sim.Split{split}})
	plain := sim.NewMarket(sim.Config{Seed: 1, Calm: true})
	from, to := date("2024-10-01"), date("2024-11-08")
	want := plain.Bars(aapl, market.D1, from, to, now)
	if diff := cmp.Diff(want, m.Bars(aapl, market.D1, from, to, now)); diff != "" {
		t.Errorf("after the split the past is not adjusted:\n%s", diff)
	}
	for i, b := range m.Bars(aapl, market.D1, from, to, date("2024-11-09")) {
		if r := b.Close / want[i].Close; r < 3.99 || r > 4.01 {
			t.Errorf("before the split %v closed at %v times the adjusted price, want 4", b.TS, r)
		}
		if r := want[i].Volume / b.Volume; r < 3.99 || r > 4.01 {
			t.Errorf("before the split %v had a %v-th of the adjusted volume, want a fourth", b.TS, r)
		}
	}
}

func TestUnknownTickers(t *testing.T) {
	t.Parallel()
	m := sim.NewMarket(sim.Config{Seed: 1})
	for ticker, want := range map[string]bool{"AAPL": true, "ANYTHING": true, "NOPE": false, "UNKNOWN1": false, "": false, "lower": true} {
		if _, got := m.Listing(market.Symbol{Ticker: ticker, Class: market.Stock}); got != want {
			t.Errorf("%q is known: %v, want %v", ticker, got, want)
		}
	}
	if n := len(m.Bars(market.Symbol{Ticker: "NOPE", Class: market.Stock}, market.D1, now.AddDate(-1, 0, 0), now, now)); n != 0 {
		t.Errorf("an unknown ticker has %d bars", n)
	}
	if n := len(sim.Symbols()); n < 12 {
		t.Errorf("%d symbols of usual size, want 12 and more", n)
	}
}

func BenchmarkWalk(b *testing.B) {
	m := sim.NewMarket(sim.Config{Seed: 1})
	for _, c := range []struct {
		name string
		sym  market.Symbol
		tf   market.Timeframe
	}{{"stock/1d", aapl, market.D1}, {"crypto/1d", btc, market.D1}, {"crypto/5m", btc, market.M5}} {
		b.Run(c.name+"/year", func(b *testing.B) {
			b.ReportAllocs()
			n := 0
			for b.Loop() {
				for range m.Walk(c.sym, c.tf, now.AddDate(-1, 0, 0), now, now) {
					n++
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(n), "ns/bar")
		})
	}
}
