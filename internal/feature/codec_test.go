package feature_test

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/candlewright/candlewright/internal/feature"
	"github.com/candlewright/candlewright/internal/grid"
	"github.com/candlewright/candlewright/internal/market"
)

// savedState is the bytes of a state after n bars of a made-up series, and the
// series it belongs to.
func savedState(tb testing.TB, k kind, n int) (grid.Grid, []byte) {
	tb.Helper()
	candles, _ := k.series(n+1, 1)
	g := grid.New(k.class, k.tf)
	s := feature.New(g)
	for i := range candles[:n] {
		slot, _ := g.At(candles[i].TS)
		s.Push(&candles[i], slot, feature.NoFunding())
	}
	b, err := s.AppendBinary(nil)
	if err != nil {
		tb.Fatal(err)
	}
	return g, b
}

// seal gives bytes a true checksum.
func seal(b []byte) []byte {
	return binary.LittleEndian.AppendUint32(b, crc32.ChecksumIEEE(b))
}

func TestDamagedStatesAreRefused(t *testing.T) {
	t.Parallel()
	for _, n := range []int{0, 1, 30, 100} {
		g, saved := savedState(t, kinds()[0], n)
		for i := range saved {
			damaged := append([]byte(nil), saved...)
			damaged[i] ^= 0x10
			if err := feature.New(g).UnmarshalBinary(damaged); !errors.Is(err, feature.ErrNotSaved) {
				t.Fatalf("%d bars, byte %d changed: %v", n, i, err)
			}
			if err := feature.New(g).UnmarshalBinary(saved[:i]); !errors.Is(err, feature.ErrNotSaved) {
				t.Fatalf("%d bars, %d bytes: %v", n, i, err)
			}
			if i == len(saved)-4 {
				continue // sealed it is whole
			}
			if err := feature.New(g).UnmarshalBinary(seal(saved[:i:i])); !errors.Is(err, feature.ErrNotSaved) {
				t.Fatalf("%d bars, %d bytes sealed: %v", n, i, err)
			}
		}
		body := saved[: len(saved)-4 : len(saved)-4]
		if err := feature.New(g).UnmarshalBinary(seal(append(body, 0))); !errors.Is(err, feature.ErrNotSaved) {
			t.Fatalf("%d bars, a byte too many: %v", n, err)
		}
	}
}

func TestRefusalsSayWhy(t *testing.T) {
	t.Parallel()
	g, saved := savedState(t, kinds()[0], 100)
	with := func(at int, x byte) []byte {
		b := append([]byte(nil), saved[:len(saved)-4]...)
		b[at] = x
		return seal(b)
	}
	for _, test := range []struct {
		name  string
		g     grid.Grid
		bytes []byte
		want  string
	}{
		{"nothing", g, nil, "not a saved feature state: 0 bytes are too few"},
		{"noise", g, []byte("no state at all"), "not a saved feature state: the checksum differs, the bytes are damaged"},
		{"another version", g, with(0, 9), "not a saved feature state: it is of version 9, want 1"},
		{"another series", grid.New(market.ETF, market.D1), saved, "not a saved feature state: it is of crypto 1h, want etf 1d"},
		{"no asset class", g, with(1, 200), "not a saved feature state: 200 stands where at most 2 can"},
		{"a stamp off the grid", g, with(11, saved[11]+1), "not a saved feature state: 2004-01-07T08:00:01Z is no slot of crypto 1h"},
		{"no grid", grid.Grid{}, saved, "not a saved feature state: it is of crypto 1h, want  "},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var s feature.State
			if test.g != (grid.Grid{}) {
				s = *feature.New(test.g)
			}
			err := s.UnmarshalBinary(test.bytes)
			if err == nil || err.Error() != test.want {
				t.Errorf("%v, want %s", err, test.want)
			}
		})
	}
}

func TestAFailedRestoreLeavesTheStateAsItWas(t *testing.T) {
	t.Parallel()
	g, saved := savedState(t, kinds()[0], 100)
	s := feature.New(g)
	if err := s.UnmarshalBinary(saved); err != nil {
		t.Fatal(err)
	}
	if err := s.UnmarshalBinary(seal(saved[:200:200])); err == nil {
		t.Fatal("a state cut short was restored")
	}
	again, _ := s.AppendBinary(nil)
	if diff := cmp.Diff(saved, again); diff != "" {
		t.Errorf("(-before +after):\n%s", diff)
	}
}
