package feature

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"math"
	"slices"

	"github.com/candlewright/candlewright/internal/market"
)

// The saved form of a State, integers in little endian, floats by their bits:
//
//	version, asset class, timeframe   3 bytes, the latter two by their position in package market
//	bars                              8
//	stamps of the first and last bar  8 each, Unix seconds; these four lines alone where there are no bars
//	last close, average true range    8 each
//	swing points, highs then lows     each: how many of the last two are known 1, newest 8, the one before 8
//	highs, then lows, newest first    8 each: of the last 4 bars
//	open interest, whether offered    8 and 1
//	close, volume, log return         8 each, of the last 50 bars, oldest first
//	closes by slot                    count 2, then stamp 8 and close 8 each, ascending
//	checksum                          4, CRC-32 (IEEE) of all before
//
// Sums are not saved: they follow from the values. Slots are not either, since
// they are renumbered when the calendar learns of a closure.
const codecVersion = 1

const (
	savedBars    = 50
	checksumSize = 4
)

// ErrNotSaved is what the errors of UnmarshalBinary wrap: the bytes are not a
// state that can be continued, and the series must be computed from its start.
var ErrNotSaved = errors.New("not a saved feature state")

// AppendBinary appends the saved form of the state to b. Restored, it continues
// to the last bit as this one would. The error is always nil.
func (s *State) AppendBinary(b []byte) ([]byte, error) {
	start, le := len(b), binary.LittleEndian
	b = append(b, codecVersion, byte(slices.Index(market.AssetClasses(), s.g.Class())), byte(s.g.Timeframe().Order()))
	b = le.AppendUint64(b, uint64(s.n))
	if s.n > 0 {
		b = s.appendBars(b)
	}
	return le.AppendUint32(b, crc32.ChecksumIEEE(b[start:])), nil
}

func (s *State) appendBars(b []byte) []byte {
	le := binary.LittleEndian
	floats := func(xs ...float64) {
		for _, x := range xs {
			b = le.AppendUint64(b, math.Float64bits(x))
		}
	}
	b = le.AppendUint64(b, uint64(s.g.Stamp(s.first).Unix()))
	b = le.AppendUint64(b, uint64(s.g.Stamp(s.last).Unix()))
	floats(s.close, s.atr.value)
	for _, p := range []points{s.swings.tops, s.swings.bottoms} {
		b = append(b, byte(p.known))
		floats(p.last, p.before)
	}
	floats(s.swings.highs[:]...)
	floats(s.swings.lows[:]...)
	floats(s.interest.value)
	b = append(b, flag(s.interest.offered))
	for ago := min(s.n, savedBars); ago > 0; ago-- {
		n := s.window.ago(ago)
		floats(n.close[0], n.volume[0], n.ret[0].sum)
	}
	count, n := len(b), 0
	b = le.AppendUint16(b, 0)
	for slot, c := range s.closes.between(s.oldestReference(), s.last) {
		b = le.AppendUint64(b, uint64(s.g.Stamp(slot).Unix()))
		floats(c)
		n++
	}
	le.PutUint16(b[count:], uint16(n))
	return b
}

func flag(set bool) byte {
	if set {
		return 1
	}
	return 0
}

// UnmarshalBinary restores a saved state. The receiver's series must be that of
// the saved one: make it with New. Bytes that AppendBinary did not write, of
// another version or another series, or with a stamp that is no slot of today's
// calendar are an error that wraps ErrNotSaved and leave the state as it was.
func (s *State) UnmarshalBinary(b []byte) error {
	if len(b) < checksumSize {
		return fmt.Errorf("%w: %d bytes are too few", ErrNotSaved, len(b))
	}
	body, sum := b[:len(b)-checksumSize], binary.LittleEndian.Uint32(b[len(b)-checksumSize:])
	if crc32.ChecksumIEEE(body) != sum {
		return fmt.Errorf("%w: the checksum differs, the bytes are damaged", ErrNotSaved)
	}
	d := decoder{b: body, g: s.g}
	restored := d.state()
	if d.err == nil && len(d.b) > 0 {
		d.fail("%d bytes follow its end", len(d.b))
	}
	if d.err != nil {
		return fmt.Errorf("%w: %w", ErrNotSaved, d.err)
	}
	*s = *restored
	return nil
}
