package pipeline_test

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/candlewright/candlewright/internal/feature"
	"github.com/candlewright/candlewright/internal/market"
	"github.com/candlewright/candlewright/internal/pipeline"
	"github.com/candlewright/candlewright/internal/quality"
)

func digestOf(candles []pipeline.Candle) (d pipeline.Digest) {
	for i := range candles {
		d.Add(&candles[i])
	}
	return d
}

// TestDigestOfAKnownCandle holds the definition: digests of two versions of the
// program are compared with each other. The number was computed by Python's
// hashlib and struct from the fields in the order of the definition.
func TestDigestOfAKnownCandle(t *testing.T) {
	t.Parallel()
	c := pipeline.Candle{Candle: market.Candle{
		TS: time.Date(2024, 1, 2, 0, 0, 0, 0, time.UTC), Open: 10, High: 12, Low: 9, Close: 11, Volume: 1000,
		Delivered: market.NoFields(),
	}}
	const want = "5b3a39afa791c2033329abf80638abee004b25dc3f4b7cf9a1f527dc3055b026"
	if got := digestOf([]pipeline.Candle{c}).String(); got != want {
		t.Errorf("digest %s, want %s", got, want)
	}
	const twice = "b674735f4f238406665357f00c7157dc00964bb87e96f9f343ea4fb860ab604c" // modulo 2^256
	if got := digestOf([]pipeline.Candle{c, c}).String(); got != twice {
		t.Errorf("digest of two %s, want %s", got, twice)
	}
}

func TestDigestKnowsNoOrder(t *testing.T) {
	t.Parallel()
	candles := computed(t, walk(hours, 300, everyField, 3), 0)
	want := digestOf(candles)
	rng := rand.New(rand.NewPCG(1, 2))
	for range 20 {
		rng.Shuffle(len(candles), func(i, j int) { candles[i], candles[j] = candles[j], candles[i] })
		if got := digestOf(candles); got != want {
			t.Fatalf("digest %s, want %s", got, want)
		}
	}
}

func TestRemoveUndoesAdd(t *testing.T) {
	t.Parallel()
	candles := computed(t, walk(hours, 300, everyField, 4), 0)
	d := digestOf(candles)
	for i := range candles[:100] {
		d.Remove(&candles[i])
	}
	if want := digestOf(candles[100:]); d != want {
		t.Errorf("digest %s after removing 100 of 300, want that of the others, %s", d, want)
	}
	for i := range candles[100:] {
		d.Remove(&candles[100+i])
	}
	if d != (pipeline.Digest{}) {
		t.Errorf("digest %s after removing all, want zeros", d)
	}
}

// TestDigestIsOfWhatWasDelivered edits each part of a candle.
func TestDigestIsOfWhatWasDelivered(t *testing.T) {
	t.Parallel()
	c := computed(t, walk(hours, 60, everyField, 5), 0)[59]
	whole := digestOf([]pipeline.Candle{c})
	edits := map[string]func(*pipeline.Candle){
		"ts":     func(c *pipeline.Candle) { c.TS = c.TS.Add(time.Hour) },
		"open":   func(c *pipeline.Candle) { c.Open = math.Nextafter(c.Open, 1e9) },
		"high":   func(c *pipeline.Candle) { c.High++ },
		"low":    func(c *pipeline.Candle) { c.Low /= 2 },
		"close":  func(c *pipeline.Candle) { c.Close++ },
		"volume": func(c *pipeline.Candle) { c.Volume++ },
	}
	for f := range market.Field(market.NumFields) {
		edits[f.String()] = func(c *pipeline.Candle) { c.Delivered[f] = market.Missing() }
	}
	for name, edit := range edits {
		other := c
		edit(&other)
		if digestOf([]pipeline.Candle{other}) == whole {
			t.Errorf("another %s gives the same digest", name)
		}
	}
	for name, edit := range map[string]func(*pipeline.Candle){
		"revision":        func(c *pipeline.Candle) { c.Revision++ },
		"notes":           func(c *pipeline.Candle) { c.Verdict.Failed = c.Verdict.Failed.With(quality.Monotonic) },
		"score":           func(c *pipeline.Candle) { c.Verdict.Parts.Freshness = 0.5 },
		"first_stored_at": func(c *pipeline.Candle) { c.FirstStoredAt = c.FirstStoredAt.Add(time.Hour) },
		"a feature":       func(c *pipeline.Candle) { c.Features.Num[feature.ATR]++ },
		"source":          func(c *pipeline.Candle) { c.Source = market.CSV },
	} {
		other := c
		edit(&other)
		if digestOf([]pipeline.Candle{other}) != whole {
			t.Errorf("another %s gives another digest", name)
		}
	}
}

func TestEqualNumbersHaveTheSameDigest(t *testing.T) {
	t.Parallel()
	a := pipeline.Candle{Candle: market.Candle{TS: hours.Stamp(7), Open: 1, High: 1, Low: 1, Close: 1, Delivered: market.NoFields()}}
	b := a
	b.Volume = math.Copysign(0, -1)
	b.Delivered[market.OpenInterest] = math.Float64frombits(math.Float64bits(math.NaN()) ^ 5)
	if digestOf([]pipeline.Candle{a}) != digestOf([]pipeline.Candle{b}) {
		t.Error("-0 or another NaN gives another digest")
	}
}

// TestDigestTakesTheRateThatPaymentsGive: a candle that was read from the store
// has the rate among its features only.
func TestDigestTakesTheRateThatPaymentsGive(t *testing.T) {
	t.Parallel()
	computed := pipeline.Candle{Candle: market.Candle{TS: hours.Stamp(7), Open: 1, High: 1, Low: 1, Close: 1, Delivered: market.NoFields()}}
	computed.Offered = market.FundingPayments
	computed.Features = feature.NoValues()
	computed.Features.Num[feature.FundingRate] = 0.0001
	stored := computed
	computed.Delivered[market.FundingRate] = 0.0001
	if digestOf([]pipeline.Candle{stored}) != digestOf([]pipeline.Candle{computed}) {
		t.Error("a candle and its stored form have different digests")
	}
	without := stored
	without.Features.Num[feature.FundingRate] = market.Missing()
	if digestOf([]pipeline.Candle{stored}) == digestOf([]pipeline.Candle{without}) {
		t.Error("the rate is no part of the digest")
	}
}

func BenchmarkDigest(b *testing.B) {
	candles := computed(b, walk(hours, 1000, everyField, 3), 0)
	var d pipeline.Digest
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		d.Add(&candles[i%len(candles)])
	}
}
