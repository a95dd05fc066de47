package feature_test

import (
	"bytes"
	"encoding/binary"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/candlewright/candlewright/internal/feature"
	"github.com/candlewright/candlewright/internal/grid"
	"github.com/candlewright/candlewright/internal/market"
)

// FuzzPush makes bars of any bytes: storable prices and volumes of any size and
// delivered fields of any kind. Nothing may be infinite afterwards, and a state
// that is saved and restored in between must not differ.
func FuzzPush(f *testing.F) {
	f.Add([]byte{}, uint8(0))
	f.Add(bytes.Repeat([]byte{0x40, 0x59, 0, 0, 0, 0, 0, 0}, 14*60), uint8(3))
	f.Add(bytes.Repeat([]byte{0x7f, 0xef, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 1}, 14*60), uint8(4))
	f.Add(bytes.Repeat([]byte("a quick brown fox jumps over the lazy dog"), 100), uint8(5))
	f.Fuzz(func(t *testing.T, data []byte, series uint8) {
		class := market.AssetClasses()[int(series)%3]
		g := grid.New(class, market.Timeframes()[int(series/3)%7])
		slot := g.FirstFrom(start)
		last := g.FirstFrom(start.AddDate(9, 0, 0))
		s := feature.New(g)
		for i := 0; i < 150 && len(data) > 0 && slot < last; i++ {
			var c market.Candle
			var f feature.Funding
			c, f, data = anyCandle(data)
			slot += 1 + grid.Slot(c.Offered&3)
			if i%16 == 15 {
				if a, b := s.Clone().Push(&c, slot, f), saveAndRestore(t, s).Push(&c, slot, f); !equal(a, b) {
					t.Fatalf("restored it differs:\n%s", cmp.Diff(a, b, sameBits))
				}
			}
			wellFormed(t, s.Push(&c, slot, f))
		}
	})
}

// anyCandle takes a storable candle off the front of some bytes.
func anyCandle(data []byte) (market.Candle, feature.Funding, []byte) {
	next := func() float64 {
		var word [8]byte
		data = data[copy(word[:], data):]
		return math.Float64frombits(binary.BigEndian.Uint64(word[:]))
	}
	number := func(least float64) float64 {
		if x := math.Abs(next()); x >= least && x <= math.MaxFloat64 {
			return x
		}
		return 1
	}
	c := market.Candle{
		Open: 1, High: number(math.SmallestNonzeroFloat64), Low: number(math.SmallestNonzeroFloat64),
		Close: number(math.SmallestNonzeroFloat64), Volume: number(0),
	}
	for i := range c.Delivered {
		c.Delivered[i] = next()
	}
	c.Offered = market.Fields(math.Float64bits(next())>>40) & allFields
	return c, feature.Funding{Rate: next(), Percentile: next()}, data
}

// FuzzUnmarshalBinary restores any bytes, as they are and with a true checksum.
// Whatever is accepted must be what AppendBinary writes, and must go on.
func FuzzUnmarshalBinary(f *testing.F) {
	for _, k := range []kind{kinds()[0], kinds()[1], kinds()[5], kinds()[8]} {
		for _, n := range []int{0, 1, 5, 60} {
			_, saved := savedState(f, k, n)
			f.Add(saved)
			f.Add(saved[:len(saved)-4])
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, b := range [][]byte{data, seal(bytes.Clone(data))} {
			if len(b) < 3 {
				continue
			}
			classes, tfs := market.AssetClasses(), market.Timeframes()
			g := grid.New(classes[int(b[1])%len(classes)], tfs[int(b[2])%len(tfs)])
			s := feature.New(g)
			if s.UnmarshalBinary(b) != nil {
				continue
			}
			again, err := s.AppendBinary(nil)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(b, again) {
				t.Fatal("what was accepted is not what is written")
			}
			goesOn(t, s)
		}
	})
}

// goesOn pushes a few bars to a restored state.
func goesOn(t *testing.T, s *feature.State) {
	t.Helper()
	slot := s.Grid().FirstFrom(start)
	if last, pushed := s.Last(); pushed {
		slot = last + 1
	}
	for i := range 60 {
		c := market.Candle{Open: 1, High: 2, Low: 1, Close: 1 + float64(i%3), Volume: 1, Delivered: market.NoFields()}
		wellFormed(t, s.Push(&c, slot+grid.Slot(i), feature.NoFunding()))
	}
}
