package sourcetest

import (
	"context"
	"math"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/candlewright/candlewright/internal/market"
	"github.com/candlewright/candlewright/internal/source"
	"github.com/candlewright/candlewright/internal/source/sim"
)

// Now is the moment of every test: a Wednesday within New York's session, and
// within a bar of every timeframe.
var Now = time.Date(2024, time.November, 13, 15, 47, 30, 0, time.UTC)

// Subject is a source under test.
type Subject struct {
	// New makes the source, with url in the place of each of its hosts.
	New func(t *testing.T, url string, o Options) source.Source
	// Provider makes the simulated provider.
	Provider func(sim.Options) *sim.Provider
	// Series are what the source serves, one of each kind that it gets in a
	// way of its own.
	Series []market.Series
	// Unknown is a symbol that the provider does not know.
	Unknown market.Symbol
	// VolumeWithin is the relative error that volumes of a series may have
	// because the provider counts in another unit; nil is none.
	VolumeWithin func(market.Series) float64
	// Retries is how often the source tries again; default 3.
	Retries int
}

// Options is what a test asks of the source under test.
type Options struct {
	PageRows int // about how many rows of the provider a page may hold; 0 is the source's default
	Clock    source.Clock
	Timeouts source.Timeouts
	MaxBody  int64
	Breaker  source.BreakerConfig
}

// bench is a subject with its provider running.
type bench struct {
	Subject
	t        *testing.T
	market   *sim.Market
	provider *sim.Provider
	url      string
	opts     Options

	mu     sync.Mutex
	slept  []time.Duration
	failed []source.Attempt
}

// start runs a provider and makes a source that calls it. The clock stands at
// Now and sleeps in no time.
func (s Subject) start(t *testing.T, so sim.Options, o Options) (*bench, source.Source) {
	t.Helper()
	b := &bench{Subject: s, t: t, market: sim.NewMarket(sim.Config{Seed: 7})}
	if so.Market == nil {
		so.Market = b.market
	}
	b.market = so.Market
	if so.Now == nil {
		so.Now = func() time.Time { return Now }
	}
	b.provider = s.Provider(so)
	server := httptest.NewServer(b.provider)
	t.Cleanup(server.Close)
	b.url = server.URL
	if o.Clock.Now == nil {
		o.Clock = source.Clock{Now: func() time.Time { return Now }, Sleep: b.sleep}
	}
	if o.Breaker.Failures == 0 {
		o.Breaker.Failures = 100
	}
	b.opts = o
	return b, s.New(t, server.URL, o)
}

func (b *bench) sleep(ctx context.Context, d time.Duration) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.slept = append(b.slept, d)
	return ctx.Err()
}

// request asks for the last days of a series.
func (b *bench) request(s market.Series, days int) source.Request {
	return source.Request{
		Symbol: s.Symbol, Timeframe: s.Timeframe, Now: Now,
		From: Now.Truncate(24*time.Hour).AddDate(0, 0, -days), To: Now.AddDate(0, 0, 30),
		OnFailure: func(a source.Attempt) {
			b.mu.Lock()
			defer b.mu.Unlock()
			b.failed = append(b.failed, a)
		},
	}
}

// days is how far back a test of a timeframe looks: within every source's reach
// of minutes.
func days(tf market.Timeframe) int {
	switch tf {
	case market.D1:
		return 400
	case market.W1:
		return 800
	case market.H1, market.H4:
		return 90
	default:
		return 20
	}
}

// truth is what the market has for a request: the bars that have ended.
func (b *bench) truth(r source.Request) []sim.Bar {
	var bars []sim.Bar
	for bar := range b.market.Walk(r.Symbol, r.Timeframe, r.From, r.To, r.Now) {
		if !bar.Running {
			bars = append(bars, bar)
		}
	}
	return bars
}

// collect reads all pages of a request; it fails the test where they break the
// contract of their ranges.
func (b *bench) collect(ctx context.Context, src source.Source, r source.Request) ([]market.Candle, []source.Page, error) {
	b.t.Helper()
	var candles []market.Candle
	var pages []source.Page
	pos := r.From
	for p, err := range src.Candles(ctx, r) {
		if !p.From.Equal(pos) {
			b.t.Errorf("a page starts at %v, want %v where the one before ended", p.From, pos)
		}
		if !p.To.After(p.From) || p.To.After(r.To) {
			b.t.Errorf("a page answers for [%v, %v) of a request up to %v", p.From, p.To, r.To)
		}
		if err != nil {
			if len(p.Candles) > 0 {
				b.t.Errorf("a page with an error has %d candles", len(p.Candles))
			}
			return candles, pages, err
		}
		b.checkPage(src, r, p)
		pos = p.To
		candles = append(candles, p.Candles...)
		pages = append(pages, p)
	}
	return candles, pages, nil
}

func (b *bench) checkPage(src source.Source, r source.Request, p source.Page) {
	b.t.Helper()
	a := p.Attempt
	if !a.Success || a.Source != src.Name() || a.ResponseTimeMs == nil || a.Rows != len(p.Candles) || a.ErrorCode != "" {
		b.t.Errorf("the attempt %+v does not describe a page of %d candles", a, len(p.Candles))
	}
	for _, c := range p.Candles {
		if c.TS.Before(p.From) || !c.TS.Before(p.To) {
			b.t.Errorf("the candle of %v lies outside its page, [%v, %v)", c.TS, p.From, p.To)
		}
		if c.Source != src.Name() || c.Offered != src.Offers(r.Symbol, r.Timeframe) || c.TS.Location() != time.UTC {
			b.t.Errorf("the candle of %v has source %s, fields %b, zone %v", c.TS, c.Source, c.Offered, c.TS.Location())
		}
	}
}

// same fails the test where candles are not the market's bars, in order.
func (b *bench) same(s market.Series, got []market.Candle, want []sim.Bar) {
	b.t.Helper()
	if len(got) != len(want) {
		b.t.Errorf("%s: %d candles, the market has %d", s, len(got), len(want))
	}
	within := 0.0
	if b.VolumeWithin != nil {
		within = b.VolumeWithin(s)
	}
	for i := range min(len(got), len(want)) {
		c, w := got[i], want[i]
		if !c.TS.Equal(w.TS) || c.Open != w.Open || c.High != w.High || c.Low != w.Low || c.Close != w.Close {
			b.t.Fatalf("%s: candle %d is %v %v %v %v %v, want %v %v %v %v %v", s, i,
				c.TS, c.Open, c.High, c.Low, c.Close, w.TS, w.Open, w.High, w.Low, w.Close)
		}
		// Sums of parts differ in the last bits from the sum of lots.
		if math.Abs(c.Volume-w.Volume) > max(within, 1e-12)*w.Volume || c.VolumeEstimated != (within > 0) {
			b.t.Fatalf("%s: volume of %v is %v (estimated: %v), want %v", s, c.TS, c.Volume, c.VolumeEstimated, w.Volume)
		}
	}
}
