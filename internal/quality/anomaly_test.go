package quality_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/candlewright/candlewright/internal/grid"
	"github.com/candlewright/candlewright/internal/market"
	"github.com/candlewright/candlewright/internal/quality"
)

// bar is what a Detector is told.
type bar struct {
	session       market.Date
	close, volume float64
}

// naiveDeviation judges the last of some bars by the words of the rules.
func naiveDeviation(bars []bar, nights bool) (returnZ, volumeZ float64, anomaly bool) {
	n := len(bars) - 1
	first := func(i int) bool { return nights && bars[i].session != bars[i-1].session }
	r := func(i int) float64 { return math.Log(bars[i].close / bars[i-1].close) }
	returnZ, volumeZ = math.NaN(), math.NaN()
	if n > 0 {
		var before []float64
		for i := n - 1; i > 0 && len(before) < 100; i-- {
			if first(i) == first(n) {
				before = append(before, r(i))
			}
		}
		returnZ, _ = naiveZ(r(n), before)
	}
	far := false
	if bars[n].volume > 0 {
		var before []float64
		for i := n - 1; i >= max(0, n-100); i-- {
			if bars[i].volume > 0 {
				before = append(before, math.Log(bars[i].volume))
			}
		}
		var mean float64
		volumeZ, mean = naiveZ(math.Log(bars[n].volume), before)
		factor := math.Exp(math.Abs(math.Log(bars[n].volume) - mean))
		far = math.Abs(volumeZ) > 4 && factor > 100
	}
	return returnZ, volumeZ, math.Abs(returnZ) > 6 || math.Abs(volumeZ) > 6 || far
}

func naiveZ(x float64, before []float64) (z, mean float64) {
	if len(before) < 30 {
		return math.NaN(), math.NaN()
	}
	for _, b := range before {
		mean += b / float64(len(before))
	}
	m2 := 0.0
	for _, b := range before {
		m2 += (b - mean) * (b - mean)
	}
	sd := math.Sqrt(m2 / float64(len(before)-1))
	if sd <= 1e-12 {
		return math.NaN(), mean
	}
	return (x - mean) / sd, mean
}

// wildBars have what a window can choke on: jumps of a million, quiet stretches
// at one price, volumes of 0.
func wildBars(g grid.Grid, n int, seed uint64) []bar {
	rng := rand.New(rand.NewPCG(seed, 1))
	bars := make([]bar, 0, n)
	price, quiet := 100.0, false
	slot := g.FirstFrom(time.Date(2010, 1, 4, 0, 0, 0, 0, time.UTC))
	for range n {
		slot += grid.Slot(1 + rng.IntN(2))
		if rng.IntN(100) == 0 {
			quiet = !quiet
		}
		if !quiet {
			price *= math.Exp(0.01 * rng.NormFloat64())
		}
		b := bar{g.SessionOf(slot), price, 1000}
		if !quiet {
			b.volume *= math.Exp(rng.NormFloat64())
		}
		switch rng.IntN(60) {
		case 0:
			b.close *= 1e6 // and back with the next bar
		case 1:
			b.volume *= 1e6
		case 2, 3, 4:
			b.volume = 0
		case 5:
			b.volume *= 1e-3
		}
		bars = append(bars, b)
	}
	return bars
}

func TestDetectorJudgesAsTheRulesSay(t *testing.T) {
	t.Parallel()
	for name, g := range map[string]grid.Grid{
		"crypto 1h": grid.New(market.Crypto, market.H1),
		"stock 4h":  grid.New(market.Stock, market.H4),
		"etf 1d":    grid.New(market.ETF, market.D1),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			nights := g.Class() != market.Crypto && g.Timeframe().Intraday()
			bars := wildBars(g, 3000, 11)
			d := quality.NewDetector(g)
			anomalies := 0
			for i, b := range bars {
				got := d.Push(b.session, b.close, b.volume)
				returnZ, volumeZ, anomaly := naiveDeviation(bars[:i+1], nights)
				if !near(got.ReturnZ, returnZ) || !near(got.VolumeZ, volumeZ) || got.Anomaly != anomaly {
					t.Fatalf("bar %d: %+v, want %v %v %v", i, got, returnZ, volumeZ, anomaly)
				}
				if anomaly {
					anomalies++
				}
			}
			if anomalies == 0 {
				t.Error("no anomaly among the bars, so that nothing was tested")
			}
		})
	}
}

// near is the tolerance of the rules, missing agreeing with missing alone.
func near(a, b float64) bool {
	if math.IsNaN(a) || math.IsNaN(b) {
		return math.IsNaN(a) && math.IsNaN(b)
	}
	return math.Abs(a-b) <= 1e-12+1e-9*max(math.Abs(a), math.Abs(b))
}

func TestDetectorNeedsThirtyBefore(t *testing.T) {
	t.Parallel()
	d := quality.NewDetector(grid.New(market.Crypto, market.D1))
	price := 100.0
	for i := range 40 {
		price *= 1 + 0.001*float64(i%3)
		got := d.Push(market.Date(i), price, 10+float64(i%3))
		// bar 30 has 30 volumes before it and 29 returns
		if want := i >= 30; !math.IsNaN(got.VolumeZ) != want {
			t.Errorf("bar %d: z of the volume is %v", i, got.VolumeZ)
		}
		if want := i >= 31; !math.IsNaN(got.ReturnZ) != want {
			t.Errorf("bar %d: z of the return is %v", i, got.ReturnZ)
		}
	}
}

func TestVolumeOfALesserDistanceIsAnAnomalyOnlyByFactor(t *testing.T) {
	t.Parallel()
	// ln(volume) has the deviation 1.2: exp(1.2 × 5) is 403 times, exp(0.5 × 5) 12 times the usual volume.
	for _, c := range []struct {
		deviation, distance float64
		want                bool
	}{{1.2, 5, true}, {1.2, -5, true}, {0.5, 5, false}, {1.2, 3.9, false}, {0.5, 6.5, true}} {
		d := quality.NewDetector(grid.New(market.Crypto, market.D1))
		for i := range 100 {
			side := c.deviation * float64(1-2*(i%2))
			d.Push(market.Date(i), 100, math.Exp(side))
		}
		deviation := c.deviation * math.Sqrt(100./99)
		if got := d.Push(100, 100, math.Exp(c.distance*deviation)); got.Anomaly != c.want {
			t.Errorf("deviation %v, distance %v: %+v, want %v", c.deviation, c.distance, got, c.want)
		}
	}
}

func TestRestoredDetectorGoesOnToTheBit(t *testing.T) {
	t.Parallel()
	g := grid.New(market.Stock, market.H1)
	bars := wildBars(g, 2000, 5)
	d := quality.NewDetector(g)
	for i, b := range bars {
		saved, err := d.AppendBinary([]byte("before"))
		if err != nil {
			t.Fatal(err)
		}
		restored := quality.NewDetector(g)
		if err := restored.UnmarshalBinary(saved[len("before"):]); err != nil {
			t.Fatal(err)
		}
		if !restored.Equal(d) || !d.Equal(restored) {
			t.Fatalf("bar %d: the restored detector differs", i)
		}
		clone := d.Clone()
		want := d.Push(b.session, b.close, b.volume)
		for name, o := range map[string]*quality.Detector{"restored": restored, "cloned": clone} {
			if i > 0 && o.Equal(d) {
				t.Fatalf("bar %d: the %s detector equals one that has seen another bar", i, name)
			}
			if got := o.Push(b.session, b.close, b.volume); !sameBits(got, want) {
				t.Fatalf("bar %d: %s gives %+v, want %+v", i, name, got, want)
			}
		}
	}
}

func sameBits(a, b quality.Deviation) bool {
	return math.Float64bits(a.ReturnZ) == math.Float64bits(b.ReturnZ) &&
		math.Float64bits(a.VolumeZ) == math.Float64bits(b.VolumeZ) && a.Anomaly == b.Anomaly
}

// What has left the windows has left no trace: a detector that saw other bars
// long ago equals one that did not.
func TestDetectorForgets(t *testing.T) {
	t.Parallel()
	g := grid.New(market.Crypto, market.D1)
	bars := wildBars(g, 400, 6)
	other := slices.Clone(bars)
	other[100].close, other[100].volume = 1e-9, 1e300
	a, b := quality.NewDetector(g), quality.NewDetector(g)
	for i := range bars {
		a.Push(bars[i].session, bars[i].close, bars[i].volume)
		b.Push(other[i].session, other[i].close, other[i].volume)
		// the return of bar 101 is the last that knows bar 100, and has left 100 returns later
		if want := i < 100 || i >= 201; a.Equal(b) != want {
			t.Errorf("after bar %d: equal is %v", i, !want)
		}
	}
}

func TestEqualLooksAtAllThatIsRemembered(t *testing.T) {
	t.Parallel()
	g := grid.New(market.Stock, market.H1)
	bars := wildBars(g, 400, 7)
	start := 300 // of a session
	for bars[start].session == bars[start-1].session {
		start++
	}
	for name, edit := range map[string]func(bs []bar){
		"the last volume":       func(bs []bar) { bs[len(bs)-1].volume++ },
		"a volume 100 bars ago": func(bs []bar) { bs[len(bs)-100].volume++ },
		"the last close":        func(bs []bar) { bs[len(bs)-1].close++ },
		"the gap of a session's start": func(bs []bar) {
			for i := range start { // all before: the one return that differs is that of its first bar
				bs[i].close *= 2
			}
		},
	} {
		other := slices.Clone(bars)
		edit(other)
		a, b := quality.NewDetector(g), quality.NewDetector(g)
		for i := range bars {
			a.Push(bars[i].session, bars[i].close, bars[i].volume)
			b.Push(other[i].session, other[i].close, other[i].volume)
		}
		if a.Equal(b) {
			t.Errorf("%s differs, and the detectors are equal", name)
		}
	}
	a, b := quality.NewDetector(g), quality.NewDetector(g)
	a.Push(1, 10, 5)
	b.Push(1, 11, 5)
	if a.Equal(b) {
		t.Error("the first close differs, and the detectors are equal")
	}
}

func FuzzDetectorUnmarshal(f *testing.F) {
	g := grid.New(market.Stock, market.H1)
	d := quality.NewDetector(g)
	for _, b := range wildBars(g, 50, 5) {
		d.Push(b.session, b.close, b.volume)
	}
	saved, err := d.AppendBinary(nil)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(saved)
	f.Add(saved[:len(saved)-1])
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		before := quality.NewDetector(g)
		got := before.Clone()
		if err := got.UnmarshalBinary(b); err != nil {
			if !got.Equal(before) {
				t.Error("changed in spite of an error")
			}
			return
		}
		again, err := got.AppendBinary(nil)
		if err != nil || !slices.Equal(again, b) {
			t.Errorf("reads %x and writes %x (%v)", b, again, err)
		}
	})
}
