package pipeline_test

import (
	"math"
	"testing"
	"time"

	"github.com/candlewright/candlewright/internal/grid"
	"github.com/candlewright/candlewright/internal/market"
	"github.com/candlewright/candlewright/internal/pipeline"
	"github.com/candlewright/candlewright/internal/quality"
)

// overlap is n stored days and their delivery with all prices divided by factor
// and rounded to cents.
func overlap(n int, factor float64) ([]pipeline.Candle, []quality.Checked) {
	g := grid.New(market.Stock, market.D1)
	var stored []pipeline.Candle
	var rows []quality.Checked
	cents := func(x float64) float64 { return math.Round(100*x) / 100 }
	for _, c := range walk(g, n, 0, 5) {
		c.Open, c.High, c.Low, c.Close = cents(c.Open), cents(c.High), cents(c.Low), cents(c.Close)
		stored = append(stored, pipeline.Candle{Candle: c})
		c.Open, c.High, c.Low, c.Close, c.Volume = cents(c.Open/factor), cents(c.High/factor), cents(c.Low/factor), cents(c.Close/factor), c.Volume*factor
		rows = append(rows, quality.Checked{Candle: c})
	}
	return stored, rows
}

func TestBasisChangeIsFoundAtOneRatio(t *testing.T) {
	t.Parallel()
	for _, r := range [][2]int{{2, 1}, {4, 1}, {20, 1}, {50, 1}, {3, 2}, {5, 4}, {7, 1}, {1, 2}, {1, 10}, {1, 500}, {3, 4}, {11, 10}} {
		for _, n := range []int{1, 2, 40} {
			stored, rows := overlap(n, float64(r[0])/float64(r[1]))
			got, ok := pipeline.FindBasisChange(stored, rows)
			if !ok || got.To != r[0] || got.From != r[1] || got.Bars != n || !got.Certain {
				t.Errorf("%d for %d over %d bars gave %+v, %v", r[0], r[1], n, got, ok)
			}
		}
	}
}

func TestBasisChangeIsNoneOfTheseDifferences(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(i int, c *market.Candle){
		"none":                 func(int, *market.Candle) {},
		"dividends":            func(_ int, c *market.Candle) { scale(c, 0.985) },
		"an arbitrary factor":  func(_ int, c *market.Candle) { scale(c, 1/1.2345) },
		"a quarter corrected":  func(i int, c *market.Candle) { scale(c, []float64{0.5, 1, 1, 1}[i%4]) },
		"every fourth is not":  func(i int, c *market.Candle) { scale(c, []float64{1, 0.5, 0.5, 0.5}[i%4]) },
		"another price level":  func(i int, c *market.Candle) { scale(c, 0.5+float64(i)/100) },
		"volumes alone differ": func(_ int, c *market.Candle) { c.Volume *= 4 },
	} {
		stored, rows := overlap(40, 1)
		for i := range rows {
			spoil(i, &rows[i].Candle)
		}
		if got, ok := pipeline.FindBasisChange(stored, rows); ok {
			t.Errorf("%s: taken for %+v", name, got)
		}
	}
	stored, rows := overlap(10, 4)
	if got, ok := pipeline.FindBasisChange(stored[:5], rows[5:]); ok {
		t.Errorf("without a bar in common: taken for %+v", got)
	}
}

func TestBasisChangeOutlivesCorrectionsOfSingleBars(t *testing.T) {
	t.Parallel()
	stored, rows := overlap(40, 4)
	scale(&rows[7].Candle, 1.1)
	rows[8].Candle.High *= 1.5
	got, ok := pipeline.FindBasisChange(stored, rows)
	if !ok || got.Factor != 4 || got.Bars != 39 {
		t.Errorf("got %+v, %v", got, ok)
	}
	one, rows := overlap(1, 4)
	rows[0].Candle.High *= 1.5
	if got, ok := pipeline.FindBasisChange(one, rows); !ok || got.Certain {
		t.Errorf("one bar that half agrees gave %+v, %v, want it uncertain", got, ok)
	}
}

func scale(c *market.Candle, f float64) {
	c.Open, c.High, c.Low, c.Close = c.Open*f, c.High*f, c.Low*f, c.Close*f
}

func TestTakenOver(t *testing.T) {
	t.Parallel()
	bar := func(p float64) *market.Candle { return &market.Candle{TS: time.Time{}, Open: p, Close: p} }
	for _, c := range []struct {
		before, after float64
		sessions      int64
		want          bool
	}{{10, 100, 31, true}, {100, 10, 400, true}, {10, 100, 30, false}, {10, 19, 400, false}} {
		if got := pipeline.TakenOver(bar(c.before), bar(c.after), c.sessions); got != c.want {
			t.Errorf("%v to %v over %d sessions: %v", c.before, c.after, c.sessions, got)
		}
	}
}
