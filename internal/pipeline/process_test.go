package pipeline_test

import (
	"bytes"
	"slices"
	"testing"

	"github.com/candlewright/candlewright/internal/feature"
	"github.com/candlewright/candlewright/internal/grid"
	"github.com/candlewright/candlewright/internal/market"
	"github.com/candlewright/candlewright/internal/pipeline"
	"github.com/candlewright/candlewright/internal/quality"
)

var hours = grid.New(market.Crypto, market.H1)

// computed is a series of hours as it is stored, seen from behind bars back.
func computed(tb testing.TB, rows []market.Candle, behind int64) []pipeline.Candle {
	tb.Helper()
	return pipeline.Process(pipeline.Input{Grid: hours, Bars: barsOf(tb, hours, rows), Payments: paymentsFor(rows), Behind: behind}).Candles
}

// redeliver merges rows into a stored series and computes it from its start.
func redeliver(tb testing.TB, stored []pipeline.Candle, rows []market.Candle, behind int64) (pipeline.Merged, pipeline.Output) {
	tb.Helper()
	d, err := quality.Arrange(hours, rows, stored[len(stored)-1].TS.AddDate(1, 0, 0))
	if err != nil {
		tb.Fatal(err)
	}
	m := pipeline.MergePage(stored, d.Rows, nil)
	return m, pipeline.Process(pipeline.Input{Grid: hours, Bars: m.Bars, Payments: paymentsFor(rows), Behind: behind})
}

func TestTheSameDeliveryAgainChangesNothing(t *testing.T) {
	t.Parallel()
	rows := func() []market.Candle { return spoil(walk(hours, 300, everyField, 3), 3) }
	stored := computed(t, rows(), 2)
	m, out := redeliver(t, stored, shuffle(rows(), 4), 0) // even late, even fresher
	if m.Inserted+m.Amended+m.Filled > 0 || len(m.Corrections) > 0 {
		t.Errorf("%d inserted, %d amended, %d filled, %d corrections", m.Inserted, m.Amended, m.Filled, len(m.Corrections))
	}
	if out.Changed || slices.Contains(out.Dirty, true) || len(out.Failures) > 0 {
		t.Errorf("changed %v, to write: %v, failures %v", out.Changed, slices.Index(out.Dirty, true), out.Failures)
	}
	compareToTheBit(t, stored, out.Candles)
}

func TestOnlyBarsFromTheFirstChangeOnAreComputedAnew(t *testing.T) {
	t.Parallel()
	rows := func() []market.Candle { return walk(hours, 300, 0, 3) }
	stored := computed(t, rows(), 0)
	changed := rows()
	changed[120].Close *= 1.001
	_, out := redeliver(t, stored, changed, 4)
	if !out.Changed {
		t.Error("nothing changed")
	}
	compareToTheBit(t, stored[:120], out.Candles[:120])
	for i := range out.Candles {
		freshness := 1.0
		if i >= 120 {
			freshness = quality.Freshness(4)
		}
		if got := out.Candles[i].Verdict.Parts.Freshness; got != freshness || out.Dirty[i] != (i >= 120) {
			t.Errorf("bar %d: freshness %v, want %v; to write: %v", i, got, freshness, out.Dirty[i])
		}
	}
}

func TestOnlyCandlesThatDifferAreToBeWritten(t *testing.T) {
	t.Parallel()
	rows := func() []market.Candle { return walk(hours, 900, 0, 3) }
	stored := computed(t, rows(), 0)
	changed := rows()
	changed[120].Volume *= 1.001 // no price: forgotten after 20 bars
	_, out := redeliver(t, stored, changed, 0)
	for i, dirty := range out.Dirty {
		if want := i >= 120 && i <= 140; dirty != want {
			t.Errorf("bar %d: to write: %v", i, dirty)
		}
	}
}

func TestFeatureSaneIsFoundAnewAndOtherNotesStay(t *testing.T) {
	t.Parallel()
	rows := walk(hours, 60, 0, 3)
	rows[30].Close *= 20 // the bar itself rises 1900 %, the bar after falls 95 %
	rows[30].High = rows[30].Close
	rows[40].Volume = 0
	rows[50], rows[51] = rows[51], rows[50]
	stored := computed(t, slices.Clone(rows), 0)
	notes := func(cs []pipeline.Candle) map[int][]string {
		all := map[int][]string{}
		for i := range cs {
			if n := cs[i].Verdict.Notes(false); len(n) > 0 {
				all[i] = n
			}
		}
		return all
	}
	want := map[int][]string{30: {"feature_sane"}, 40: {"volume_positive"}, 50: {"monotonic"}}
	if got := notes(stored); !equalNotes(got, want) {
		t.Fatalf("stored notes are %v", got)
	}
	right := walk(hours, 60, 0, 3)[30:31]
	m, out := redeliver(t, stored, right, 0)
	if m.Amended != 1 {
		t.Fatalf("%d amended", m.Amended)
	}
	delete(want, 30)
	if got := notes(out.Candles); !equalNotes(got, want) {
		t.Errorf("after the amendment the notes are %v", got)
	}
	if len(out.Failures) > 0 {
		t.Errorf("new failures %v", out.Failures)
	}
}

func equalNotes(a, b map[int][]string) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if !slices.Equal(a[i], b[i]) {
			return false
		}
	}
	return true
}

func TestChangedPaymentsChangeTheirFeaturesAlone(t *testing.T) {
	t.Parallel()
	rows := walk(hours, 200, market.Offer(market.FundingRate)|market.FundingPayments, 3)
	stored := computed(t, rows, 0)
	payments := paymentsFor(rows)
	k := slices.IndexFunc(payments, func(p market.Payment) bool { return p.At.After(rows[50].TS) })
	payments[k].Rate = 0.5

	bars := make([]pipeline.Bar, len(stored))
	for i := range stored {
		bars[i].Candle = stored[i]
	}
	out := pipeline.Process(pipeline.Input{Grid: hours, Bars: bars, Payments: payments, Recompute: true})
	written := 0
	for i := range out.Candles {
		a, b := stored[i], out.Candles[i]
		if out.Dirty[i] {
			written++
		}
		if rate := b.Delivered[market.FundingRate]; rate != b.Features.Num[feature.FundingRate] {
			t.Errorf("bar %d: stored rate %v, feature %v", i, rate, b.Features.Num[feature.FundingRate])
		}
		for _, c := range []*pipeline.Candle{&a, &b} {
			c.Delivered[market.FundingRate] = 0
			c.Features.Num[feature.FundingRate], c.Features.Num[feature.FundingRatePercentile] = 0, 0
		}
		if comparable(a) != comparable(b) {
			t.Errorf("bar %d: more than the payments' features changed", i)
		}
	}
	if written == 0 || written == len(stored) || out.Dirty[0] {
		t.Errorf("%d of %d candles to write", written, len(stored))
	}
}

func TestKeptBarsBeforeAChangeComeOutAsStored(t *testing.T) {
	t.Parallel()
	rows := walk(hours, 100, market.Offer(market.FundingRate)|market.FundingPayments, 3)
	stored := computed(t, rows, 0)
	bars := make([]pipeline.Bar, len(stored))
	for i := range stored {
		bars[i].Candle = stored[i]
	}
	// without the payments that the stored rates came from
	out := pipeline.Process(pipeline.Input{Grid: hours, Bars: bars})
	compareToTheBit(t, stored, out.Candles)
}

func TestStatesConvergeInFeaturesAndAnomalies(t *testing.T) {
	t.Parallel()
	states := func(edit func(rows []market.Candle)) (a, b *pipeline.State) {
		rows := walk(hours, 700, 0, 3)
		edited := slices.Clone(rows)
		edit(edited)
		a = pipeline.Process(pipeline.Input{Grid: hours, Bars: barsOf(t, hours, rows)}).State
		b = pipeline.Process(pipeline.Input{Grid: hours, Bars: barsOf(t, hours, edited)}).State
		return a, b
	}
	for name, c := range map[string]struct {
		edit func(rows []market.Candle)
		want bool
	}{
		"nothing":                       {func([]market.Candle) {}, true},
		"a price 650 bars ago":          {func(rows []market.Candle) { rows[50].Close *= 1.001 }, true},
		"a volume 100 bars ago":         {func(rows []market.Candle) { rows[600].Volume *= 2 }, false}, // of the anomalies' window alone
		"a volume 101 bars ago":         {func(rows []market.Candle) { rows[599].Volume *= 2 }, true},
		"a high that the ATR remembers": {func(rows []market.Candle) { rows[690].High *= 1.001 }, false},
	} {
		a, b := states(c.edit)
		if a.Converged(b) != c.want || b.Converged(a) != c.want {
			t.Errorf("%s differs: converged is %v", name, !c.want)
		}
	}
}

func TestProcessChangesNothingOfItsInput(t *testing.T) {
	t.Parallel()
	rows := walk(hours, 200, everyField|market.FundingPayments, 3)
	bars := barsOf(t, hours, rows)
	prior := pipeline.Process(pipeline.Input{Grid: hours, Bars: bars[:100]}).State
	before, saved := slices.Clone(bars), save(t, prior)
	pipeline.Process(pipeline.Input{Grid: hours, Prior: prior, Bars: bars[100:], Payments: paymentsFor(rows)})
	if !bytes.Equal(saved, save(t, prior)) {
		t.Error("the prior state is another one")
	}
	for i := range bars {
		if comparable(before[i].Candle) != comparable(bars[i].Candle) || before[i].Change != bars[i].Change {
			t.Fatalf("bar %d is another one", i)
		}
	}
}

func TestNoBars(t *testing.T) {
	t.Parallel()
	out := pipeline.Process(pipeline.Input{Grid: hours, Recompute: true})
	if len(out.Candles) > 0 || !out.Changed || !out.State.Converged(pipeline.NewState(hours)) {
		t.Errorf("%+v", out)
	}
}

func TestBarsOffTheGridAreAProgrammersError(t *testing.T) {
	t.Parallel()
	bars := barsOf(t, hours, walk(hours, 2, 0, 1))
	for name, bars := range map[string][]pipeline.Bar{
		"of another timeframe": barsOf(t, grid.New(market.Crypto, market.M30), walk(grid.New(market.Crypto, market.M30), 2, 0, 1)),
		"out of order":         {bars[1], bars[0]},
		"twice":                {bars[0], bars[0]},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			defer func() {
				if recover() == nil {
					t.Error("Process did not panic")
				}
			}()
			pipeline.Process(pipeline.Input{Grid: hours, Bars: bars})
		})
	}
}

func TestRestoreRefusesWhatIsNoState(t *testing.T) {
	t.Parallel()
	rows := walk(hours, 150, 0, 1)
	state := pipeline.Process(pipeline.Input{Grid: hours, Bars: barsOf(t, hours, rows)}).State
	saved := save(t, state)
	edited := func(edit func(b []byte) []byte) []byte { return edit(slices.Clone(saved)) }
	for name, b := range map[string][]byte{
		"nothing":            nil,
		"another version":    edited(func(b []byte) []byte { b[0]++; return b }),
		"no length":          saved[:1],
		"a cut":              saved[:len(saved)-1],
		"a cut in the midst": saved[:40],
		"more":               append(slices.Clone(saved), 0),
		"damaged features":   edited(func(b []byte) []byte { b[100] ^= 1; return b }),
		"damaged anomalies":  edited(func(b []byte) []byte { b[len(b)-100] ^= 1; return b }),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := pipeline.NewState(hours)
			if err := s.UnmarshalBinary(b); err == nil {
				t.Error("no error")
			}
			if !s.Converged(pipeline.NewState(hours)) {
				t.Error("the state changed in spite of the error")
			}
		})
	}
	if err := pipeline.NewState(grid.New(market.Crypto, market.M5)).UnmarshalBinary(saved); err == nil {
		t.Error("a state of another timeframe is restored")
	}
}
