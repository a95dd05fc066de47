package jobs_test

import (
	"context"
	"iter"
	"math"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/candlewright/candlewright/internal/grid"
	"github.com/candlewright/candlewright/internal/market"
	"github.com/candlewright/candlewright/internal/source"
)

// feed is a source of candles that follow from their stamp alone, so that every
// process is delivered the same ones. What a test wants to happen in the middle
// of a run happens in turn.
type feed struct {
	rows  int           // of a page
	pause time.Duration // before each page
	// turn, if set, is called before each page of a request, from 0. Its error is
	// the source's.
	turn func(ctx context.Context, r source.Request, page int) error

	mu   sync.Mutex
	busy map[market.Series]int
	most int      // requests at a time for one series
	asks []string // tickers in the order in which they were asked for
}

func (f *feed) Name() market.SourceName                           { return market.Binance }
func (f *feed) Serves(sym market.Symbol, _ market.Timeframe) bool { return sym.Class == market.Crypto }

func (f *feed) Offers(_ market.Symbol, _ market.Timeframe) market.Fields {
	return market.Offer(market.TakerBuyVolume)
}

func (f *feed) Candles(ctx context.Context, r source.Request) iter.Seq2[source.Page, error] {
	return func(yield func(source.Page, error) bool) {
		defer f.enter(r)()
		w := r.Window(0)
		for n, first := 0, w.First; first < w.End; n++ {
			end := min(first+grid.Slot(f.rows), w.End)
			page := source.Page{From: w.Grid.Stamp(first), To: w.Until(end)}
			if err := f.wait(ctx, r, n); err != nil {
				yield(page, err)
				return
			}
			for s := first; s < end; s++ {
				page.Candles = append(page.Candles, candleAt(w.Grid.Stamp(s)))
			}
			page.Attempt = source.Attempt{
				Source: f.Name(), From: page.From, To: page.To, Rows: len(page.Candles), Success: true, Number: 1, At: r.Now,
			}
			if !yield(page, nil) {
				return
			}
			first = end
		}
	}
}

// wait is the time that the provider takes.
func (f *feed) wait(ctx context.Context, r source.Request, page int) error {
	if err := (pauser{f.pause}).wait(ctx); err != nil {
		return err
	}
	if f.turn != nil {
		return f.turn(ctx, r, page)
	}
	return nil
}

// pauser is a latency that ends with the context.
type pauser struct{ time.Duration }

func (p pauser) wait(ctx context.Context) error {
	t := time.NewTimer(p.Duration)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (f *feed) enter(r source.Request) (leave func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	series := market.Series{Symbol: r.Symbol, Timeframe: r.Timeframe}
	if f.busy == nil {
		f.busy = make(map[market.Series]int)
	}
	f.busy[series]++
	f.most = max(f.most, f.busy[series])
	f.asks = append(f.asks, r.Symbol.Ticker)
	return func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.busy[series]--
	}
}

// atOnce is the most requests that there were at a time for one series.
func (f *feed) atOnce() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.most
}

// asked are the tickers in the order in which they were asked for.
func (f *feed) asked() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]string(nil), f.asks...)
}

// candleAt is the candle of a stamp: a slow wave with noise and now and then a
// jump.
func candleAt(ts time.Time) market.Candle {
	rng := rand.New(rand.NewPCG(uint64(ts.Unix()), 7))
	open := 100 * math.Exp(0.3*math.Sin(float64(ts.Unix())/4e6)+0.01*rng.NormFloat64())
	move := 1 + 0.01*rng.NormFloat64()
	if rng.IntN(50) == 0 {
		move *= 1.15
	}
	c := market.Candle{
		TS: ts, Open: open, Close: open * move, Volume: 1 + 1000*rng.ExpFloat64(),
		Delivered: market.NoFields(), Offered: market.Offer(market.TakerBuyVolume), Source: market.Binance,
	}
	c.High = max(c.Open, c.Close) * (1 + 0.003*rng.Float64())
	c.Low = min(c.Open, c.Close) * (1 - 0.003*rng.Float64())
	c.Delivered[market.TakerBuyVolume] = c.Volume * rng.Float64()
	return c
}
