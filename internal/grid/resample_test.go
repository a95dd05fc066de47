package grid

import (
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/candlewright/candlewright/internal/market"
)

var nan = market.Missing()

// row is a row without crypto fields.
func row(ts time.Time, o, h, l, c, v float64) market.Candle {
	return market.Candle{TS: ts, Open: o, High: h, Low: l, Close: c, Volume: v, Delivered: market.NoFields(), Source: market.Polygon}
}

// randomRows are rows of one length in every place of the sessions of some days
// but for some that are missing, with crypto fields that are missing here and there.
func randomRows(rnd *rand.Rand, class market.AssetClass, part time.Duration, from market.Date, days int) []market.Candle {
	var rows []market.Candle
	price := 100.0
	for d := range CalendarOf(class).Dates(from, from+market.Date(days)) {
		open, end, _ := CalendarOf(class).Hours(d)
		if part == 24*time.Hour {
			open, end = d.Time(), d.Time().Add(part)
		}
		for ts := open; ts.Before(end); ts = ts.Add(part) {
			if rnd.IntN(5) == 0 {
				continue
			}
			o, c := price, price*(1+0.01*rnd.NormFloat64())
			price = c
			r := row(ts, o, max(o, c)*(1+0.01*rnd.Float64()), min(o, c)*(1-0.01*rnd.Float64()), c, 1e4*rnd.ExpFloat64())
			if class == market.Crypto {
				r.Offered = market.Offer(market.OpenInterest, market.TakerBuyVolume, market.LiquidationsLong, market.LongShortRatio)
				for f := range market.Field(market.NumFields) {
					if r.Offered.Has(f) && rnd.IntN(100) != 0 {
						r.Delivered[f] = rnd.Float64()
					}
				}
			}
			rows = append(rows, r)
		}
	}
	return rows
}

func resample(t *testing.T, part time.Duration, g Grid, rows []market.Candle) []market.Candle {
	t.Helper()
	bars, err := Resample(part, g, rows)
	if err != nil {
		t.Fatal(err)
	}
	return bars
}

func TestResampledBar(t *testing.T) {
	t.Parallel()
	const (
		oi, rate, long, short = market.OpenInterest, market.FundingRate, market.LiquidationsLong, market.LiquidationsShort
		buy, sell, ratio, in  = market.TakerBuyVolume, market.TakerSellVolume, market.LongShortRatio, market.ExchangeInflow
	)
	open := at(t, "2024-03-10 12:00")
	a := row(open.Add(5*time.Minute), 10, 12, 9, 11, 100) // the first five minutes have no row
	a.Delivered = [market.NumFields]float64{oi: 50, rate: 0.01, long: 1, short: 2, buy: 60, sell: 40, ratio: 1.5, in: 7}
	a.Offered = market.Offer(oi, rate, long, short, buy, sell, ratio, in)
	b := row(open.Add(20*time.Minute), 11, 11.5, 8, 8.5, 50)
	b.Delivered = [market.NumFields]float64{oi: nan, rate: nan, long: 3, short: nan, buy: 10, sell: 40, ratio: 1.25, in: nan}
	b.Offered = a.Offered
	c := row(open.Add(55*time.Minute), 8.5, 13, 8.5, 13, 25)
	c.Delivered = [market.NumFields]float64{oi: 55, rate: nan, long: 0, short: 1, buy: 25, sell: 0, ratio: nan, in: nan}
	c.VolumeEstimated = true

	want := row(open, 10, 13, 8, 13, 175)
	want.Delivered = [market.NumFields]float64{oi: 55, rate: 0.01, long: 4, short: nan, buy: 95, sell: 80, ratio: 1.25, in: 7}
	want.Offered, want.VolumeEstimated = a.Offered, true
	got := resample(t, 5*time.Minute, New(market.Crypto, market.H1), []market.Candle{a, b, c})
	if diff := cmp.Diff([]market.Candle{want}, got, cmpopts.EquateNaNs()); diff != "" {
		t.Errorf("bar (-want +got):\n%s", diff)
	}
}

func TestResamplePlacesRows(t *testing.T) {
	t.Parallel()
	const half = 30 * time.Minute
	for _, c := range []struct {
		name  string
		class market.AssetClass
		part  time.Duration
		tf    market.Timeframe
		rows  []string
		want  []string
	}{
		{
			"hours in pairs from the open", market.Stock, half, market.H1,
			[]string{"2024-07-02 13:30", "2024-07-02 14:00", "2024-07-02 15:00", "2024-07-02 19:30"},
			[]string{"2024-07-02 13:30", "2024-07-02 14:30", "2024-07-02 19:30"},
		},
		{
			"before, after and between sessions", market.ETF, half, market.H4,
			[]string{"2024-07-02 13:00", "2024-07-02 20:00", "2024-07-03 13:30", "2024-07-03 16:30", "2024-07-03 17:00", "2024-07-04 14:00", "2024-07-06 14:00"},
			[]string{"2024-07-03 13:30"},
		},
		{
			"an hour that starts before the open", market.Stock, time.Hour, market.H4,
			[]string{"2024-07-02 13:00"},
			nil,
		},
		{
			"the session's last hour is nominal only", market.Stock, time.Hour, market.H4,
			[]string{"2024-07-02 18:30", "2024-07-02 19:30", "2024-07-03 16:30"},
			[]string{"2024-07-02 17:30", "2024-07-03 13:30"},
		},
		{
			"rows off their own grid", market.Stock, 5 * time.Minute, market.M15,
			[]string{"2024-07-02T13:30:00.5Z", "2024-07-02 13:32", "2024-07-02 13:35"},
			[]string{"2024-07-02 13:30"},
		},
		{
			"rows of the bar's own length", market.Stock, time.Hour, market.H1,
			[]string{"2024-07-02 13:30", "2024-07-02 14:30"},
			[]string{"2024-07-02 13:30", "2024-07-02 14:30"},
		},
		{
			"weeks of a stock", market.Stock, 24 * time.Hour, market.W1,
			[]string{
				"2024-05-24", "2024-05-27", "2024-05-28", "2024-05-31", // the 27th is Memorial Day
				"2024-06-01", "2024-06-03T05:00:00Z", "2024-06-10",
			},
			[]string{"2024-05-20", "2024-05-27", "2024-06-10"},
		},
		{
			"weeks of a coin", market.Crypto, 24 * time.Hour, market.W1,
			[]string{"2024-03-10", "2024-03-11", "2024-03-17"},
			[]string{"2024-03-04", "2024-03-11"},
		},
		{"nothing", market.Crypto, time.Minute, market.M5, nil, nil},
	} {
		var rows []market.Candle
		for _, ts := range c.rows {
			rows = append(rows, row(at(t, ts), 1, 1, 1, 1, 1))
		}
		bars, err := Resample(c.part, New(c.class, c.tf), rows)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		var got, want []time.Time
		for _, b := range bars {
			got = append(got, b.TS)
		}
		for _, ts := range c.want {
			want = append(want, at(t, ts))
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
	}
}

func TestResampleRefuses(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		g    Grid
		part time.Duration
		rows []string
		want string
		is   error
	}{
		{
			"hours that start at the full hour", New(market.Stock, market.H1), time.Hour,
			[]string{"2024-07-02 13:00", "2024-07-02 14:00"},
			"resample to stock 1h: row straddles slots: the one of 2024-07-02T14:00:00Z lasts 1h0m0s, the slot ends at 2024-07-02T14:30:00Z; fetch a finer interval",
			ErrStraddles,
		},
		{
			"a coin's hours off the hour", New(market.Crypto, market.H4), time.Hour,
			[]string{"2024-07-02 03:30"},
			"resample to crypto 4h: row straddles slots: the one of 2024-07-02T03:30:00Z lasts 1h0m0s, the slot ends at 2024-07-02T04:00:00Z; fetch a finer interval",
			ErrStraddles,
		},
		{
			"a stamp twice", New(market.Crypto, market.H1), time.Minute,
			[]string{"2024-07-02 03:30", "2024-07-02 03:30"},
			"resample to crypto 1h: the row of 2024-07-02T03:30:00Z comes after that of 2024-07-02T03:30:00Z; sort the rows and keep one per stamp", nil,
		},
		{
			"a row of an earlier slot", New(market.Crypto, market.H1), time.Minute,
			[]string{"2024-07-02 03:00", "2024-07-02 02:00"},
			"resample to crypto 1h: the row of 2024-07-02T02:00:00Z comes after that of 2024-07-02T03:00:00Z; sort the rows and keep one per stamp", nil,
		},
		{
			"a year that the calendar does not know", New(market.Stock, market.M15), time.Minute,
			[]string{"1997-07-02 14:00"},
			"resample to stock 15m: calendar unknown: 1997-07-02 is outside 1998 to 2030; cut the range with --from and --to", ErrUnknown,
		},
		{
			"a week that ends beyond the calendar", New(market.Stock, market.W1), 24 * time.Hour,
			[]string{"2030-12-31"},
			"resample to stock 1w: calendar unknown: the week of 2030-12-30 ends outside 1998 to 2030; cut the range with --from and --to", ErrUnknown,
		},
		{"days from anything", New(market.Crypto, market.D1), time.Hour, nil, "resample to 1d: take the source's daily bars, intraday rows lack the closing auction", nil},
		{"weeks from hours", New(market.Crypto, market.W1), time.Hour, nil, "resample to 1w: rows are 1h0m0s long, want the source's daily bars", nil},
		{"longer rows", New(market.Crypto, market.M5), time.Hour, nil, "resample to 5m: rows are 1h0m0s long, want whole minutes that divide the bar", nil},
		{"rows that do not divide the bar", New(market.Crypto, market.M5), 2 * time.Minute, nil, "resample to 5m: rows are 2m0s long, want whole minutes that divide the bar", nil},
		{"rows without length", New(market.Crypto, market.M5), 0, nil, "resample to 5m: rows are 0s long, want whole minutes that divide the bar", nil},
	} {
		var rows []market.Candle
		for _, ts := range c.rows {
			rows = append(rows, row(at(t, ts), 1, 1, 1, 1, 1))
		}
		bars, err := Resample(c.part, c.g, rows)
		if err == nil || err.Error() != c.want {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
		if c.is != nil && !errors.Is(err, c.is) {
			t.Errorf("%s: is not %v", c.name, c.is)
		}
		if bars != nil {
			t.Errorf("%s: bars beside an error", c.name)
		}
	}
}

// A row that cannot be placed leaves the Resampler as it was.
func TestResamplerGoesOnAfterARefusedRow(t *testing.T) {
	t.Parallel()
	r, err := NewResampler(time.Hour, New(market.Crypto, market.H4))
	if err != nil {
		t.Fatal(err)
	}
	for _, ts := range []string{"2024-07-02 00:00", "2024-07-02 03:30", "2024-07-02 03:00"} {
		if _, ok, err := r.Push(row(at(t, ts), 1, 1, 1, 1, 1)); ok || (err != nil) != (ts == "2024-07-02 03:30") {
			t.Errorf("%s: bar %t, error %v", ts, ok, err)
		}
	}
	if bar, ok := r.Flush(); !ok || bar.Volume != 2 || !bar.TS.Equal(at(t, "2024-07-02")) {
		t.Errorf("bar %+v %t, want both rows of the slot", bar, ok)
	}
	if bar, ok := r.Flush(); ok {
		t.Errorf("a second bar: %+v", bar)
	}
}

// closeTo compares candles whose sums may have been added up in another order.
var closeTo = cmp.Comparer(func(a, b float64) bool {
	return a == b || math.IsNaN(a) && math.IsNaN(b) || math.Abs(a-b) <= 1e-12*max(math.Abs(a), math.Abs(b))
})

// Bars made in two steps are those made in one.
func TestResamplingInStepsChangesNothing(t *testing.T) {
	t.Parallel()
	for seed := range uint64(6) {
		rnd := rand.New(rand.NewPCG(seed, 0))
		for _, class := range market.AssetClasses() {
			from := market.NewDate(2024, time.June, 20) + market.Date(rnd.IntN(200))
			rows := randomRows(rnd, class, time.Minute, from, 8)
			for _, steps := range [][]market.Timeframe{
				{market.M5, market.H1},
				{market.M5, market.M15, market.M30, market.H1, market.H4},
				{market.M30, market.H4},
			} {
				last := steps[len(steps)-1]
				want := resample(t, time.Minute, New(class, last), rows)
				got, part := rows, time.Minute
				for _, tf := range steps {
					got = resample(t, part, New(class, tf), got)
					part = tf.Duration()
				}
				if diff := cmp.Diff(want, got, closeTo); diff != "" {
					t.Fatalf("seed %d, %s by %v (-one step +many):\n%s", seed, class, steps, diff)
				}
			}
		}
	}
}

// Bars are what the words of the rules give for the rows of their slot.
func TestResamplingAgreesWithTheRules(t *testing.T) {
	t.Parallel()
	rnd := rand.New(rand.NewPCG(7, 7))
	for _, class := range market.AssetClasses() {
		for _, c := range []struct {
			part time.Duration
			tf   market.Timeframe
		}{
			{time.Minute, market.M5},
			{5 * time.Minute, market.M15},
			{15 * time.Minute, market.M30},
			{30 * time.Minute, market.H1},
			{time.Hour, market.H4},
			{24 * time.Hour, market.W1},
		} {
			days := 10
			if c.tf == market.W1 {
				days = 400
			}
			g := New(class, c.tf)
			rows := randomRows(rnd, class, c.part, market.NewDate(2022, time.November, 1), days)
			var want []market.Candle
			slots := map[Slot][]market.Candle{}
			for _, r := range rows {
				s, ok := g.Containing(r.TS)
				if !ok {
					t.Fatalf("%s: row %v lies in no slot", g, r.TS)
				}
				slots[s] = append(slots[s], r)
			}
			for s, parts := range slots {
				want = append(want, byTheRules(g.Stamp(s), parts))
			}
			slices.SortFunc(want, func(a, b market.Candle) int { return a.TS.Compare(b.TS) })
			if diff := cmp.Diff(want, resample(t, c.part, g, rows), closeTo); diff != "" {
				t.Errorf("%s (-rules +got):\n%s", g, diff)
			}
		}
	}
}

func byTheRules(ts time.Time, parts []market.Candle) market.Candle {
	bar := row(ts, parts[0].Open, math.Inf(-1), math.Inf(1), parts[len(parts)-1].Close, 0)
	bar.Offered = parts[0].Offered
	for _, p := range parts {
		bar.High, bar.Low, bar.Volume = math.Max(bar.High, p.High), math.Min(bar.Low, p.Low), bar.Volume+p.Volume
	}
	for _, f := range []market.Field{market.LiquidationsLong, market.LiquidationsShort, market.TakerBuyVolume, market.TakerSellVolume} {
		bar.Delivered[f] = 0
		for _, p := range parts {
			bar.Delivered[f] += p.Delivered[f]
		}
	}
	for _, f := range []market.Field{market.OpenInterest, market.FundingRate, market.LongShortRatio, market.ExchangeInflow} {
		for _, p := range parts {
			if !math.IsNaN(p.Delivered[f]) {
				bar.Delivered[f] = p.Delivered[f]
			}
		}
	}
	return bar
}

// The minutes of SPY before, in and after a session become the session's bars.
func TestResamplingMinutesOfSPY(t *testing.T) {
	t.Parallel()
	midnight := at(t, "2013-10-07T04:00:00Z") // in New York
	var rows []market.Candle
	var volume float64
	for _, cells := range sharedRows(t, "ohlcv/lean_SPY_1m_raw_20131007.csv") {
		var n [6]float64
		for i, cell := range cells {
			v, err := strconv.ParseFloat(cell, 64)
			if err != nil {
				t.Fatal(err)
			}
			n[i] = v
		}
		ts := midnight.Add(time.Duration(n[0]) * time.Millisecond)
		rows = append(rows, row(ts, n[1]/1e4, n[2]/1e4, n[3]/1e4, n[4]/1e4, n[5]))
		if CalendarOf(market.ETF).Open(ts) {
			volume += n[5]
		}
	}
	for tf, want := range map[market.Timeframe]int{market.M5: 78, market.M15: 26, market.M30: 13, market.H1: 7, market.H4: 2} {
		bars := resample(t, time.Minute, New(market.ETF, tf), rows)
		var sum float64
		for _, b := range bars {
			sum += b.Volume
		}
		if len(bars) != want || sum != volume {
			t.Errorf("%s: %d bars with volume %v, want %d with %v", tf, len(bars), sum, want, volume)
		}
	}
}

// Whatever the stamps, a Resampler gives ascending slots of its grid or an error.
func FuzzResampler(f *testing.F) {
	f.Add(int64(1720013400), uint8(2), uint8(1), []byte{1, 1, 5, 60})
	f.Add(int64(-86400), uint8(6), uint8(5), []byte{1, 1, 7})
	parts := []time.Duration{time.Minute, 5 * time.Minute, 15 * time.Minute, 30 * time.Minute, time.Hour, 24 * time.Hour}
	f.Fuzz(func(t *testing.T, start int64, tf, part uint8, steps []byte) {
		length := parts[int(part)%len(parts)]
		for _, class := range market.AssetClasses() {
			g := New(class, market.Timeframes()[tf%7])
			r, err := NewResampler(length, g)
			if err != nil {
				return
			}
			last := Slot(math.MinInt64)
			check := func(bar market.Candle, ok bool) {
				if !ok {
					return
				}
				s, isSlot := g.At(bar.TS)
				if !isSlot || s <= last {
					t.Errorf("%s: bar of %v, slot %d %t after %d", g, bar.TS, s, isSlot, last)
				}
				last = s
			}
			ts := time.Unix(start%1e11, 0)
			for _, step := range steps {
				ts = ts.Add(time.Duration(int8(step)) * length)
				bar, ok, err := r.Push(row(ts, 1, 1, 1, 1, 1))
				if err != nil && ok {
					t.Errorf("%s: a bar beside %v", g, err)
				}
				check(bar, ok)
			}
			check(r.Flush())
		}
	})
}
