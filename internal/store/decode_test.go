package store

import (
	"math"
	"testing"

	"github.com/candlewright/candlewright/internal/market"
	"github.com/candlewright/candlewright/internal/pipeline"
)

// row is an encoded candle as the cells that a query would give.
func row(t *testing.T, c pipeline.Candle) [][]byte {
	t.Helper()
	skipped := map[string]bool{"symbol_id": true, "timeframe": true, "validated": true, "quality_score": true, "run_id": true}
	b := appendCandle(nil, rowKey{1, market.H1, 2}, &c)[2:]
	var cells [][]byte
	for _, name := range candleColumns {
		n := int32(b[0])<<24 | int32(b[1])<<16 | int32(b[2])<<8 | int32(b[3])
		b = b[4:]
		var cell []byte
		if n >= 0 {
			cell, b = b[:n], b[n:]
		}
		if !skipped[name] {
			cells = append(cells, cell)
		}
	}
	if len(b) != 0 {
		t.Fatalf("%d bytes are left of a row", len(b))
	}
	return cells
}

func TestDecodeTellsWhatItCannotRead(t *testing.T) {
	t.Parallel()
	good := row(t, pipeline.Candle{Candle: market.Candle{VolumeEstimated: true}})
	decode := func(cells [][]byte) error {
		r := reader{cells: cells}
		var c pipeline.Candle
		decodeCandle(&r, &c)
		return r.err
	}
	if err := decode(good); err != nil {
		t.Errorf("a whole row: %v", err)
	}
	if decode(good[:len(good)-1]) == nil {
		t.Error("a row without its last column was taken")
	}
	const notes = 31
	anyLength := map[int]bool{19: true, 20: true, 28: true, notes: true} // the words and the notes
	for i := range good {
		for _, wrong := range [][]byte{{}, {1, 2, 3}, make([]byte, 12), append([]byte{0, 0, 0, 1}, make([]byte, 30)...), make([]byte, 100)} {
			cells := make([][]byte, len(good))
			copy(cells, good)
			cells[i] = wrong
			if err := decode(cells); err == nil && !anyLength[i] && len(good[i]) != len(wrong) {
				t.Errorf("column %d of %d bytes was taken", i, len(wrong))
			}
		}
	}
	cells := make([][]byte, len(good))
	copy(cells, good)
	cells[notes] = []byte("\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x19\x00\x00\x00\x01\x00\x00\x00\x01\x00\x00\x00\x02no")
	if decode(cells) == nil {
		t.Error("a note that is no check was taken")
	}
}

func TestFieldsAndFeaturesHaveTheSameColumns(t *testing.T) {
	t.Parallel()
	for f, name := range deliveredAs {
		if market.Field(f).String() != name.String() || candleColumns[8+f] != name.String() {
			t.Errorf("field %s is feature %s in column %s", market.Field(f), name, candleColumns[8+f])
		}
	}
	for i, name := range computedBefore {
		if candleColumns[16+i] != name.String() {
			t.Errorf("feature %s is in column %s", name, candleColumns[16+i])
		}
	}
	for i, name := range computedAfter {
		if candleColumns[23+i] != name.String() {
			t.Errorf("feature %s is in column %s", name, candleColumns[23+i])
		}
	}
}

func TestCountsAreCutToTheirColumn(t *testing.T) {
	t.Parallel()
	for in, want := range map[int64]int32{0: 0, -1: -1, math.MaxInt32: math.MaxInt32, math.MaxInt64: math.MaxInt32, math.MinInt64: math.MinInt32} {
		if got := int4(in); got != want {
			t.Errorf("int4(%d) = %d, want %d", in, got, want)
		}
	}
}
