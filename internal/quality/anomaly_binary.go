package quality

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"math"

	"github.com/candlewright/candlewright/internal/market"
)

// A saved Detector is: version, then the session date and the last close, then
// the three windows, each as the number of its values and the values, oldest
// first, and a CRC-32 (IEEE) of all before. All numbers are little endian.
const detectorVersion = 1

const checksumSize = 4

var errDamaged = errors.New("anomaly state: damaged")

// AppendBinary appends the detector's memory, exactly.
func (d *Detector) AppendBinary(b []byte) ([]byte, error) {
	start := len(b)
	b = append(b, detectorVersion)
	b = binary.LittleEndian.AppendUint32(b, uint32(d.session))
	b = binary.LittleEndian.AppendUint64(b, math.Float64bits(d.close))
	for _, w := range []*window{&d.returns, &d.firsts, &d.volumes} {
		b = append(b, byte(w.n))
		for _, x := range w.values() {
			b = binary.LittleEndian.AppendUint64(b, math.Float64bits(x))
		}
	}
	return binary.LittleEndian.AppendUint32(b, crc32.ChecksumIEEE(b[start:])), nil
}

// UnmarshalBinary restores what AppendBinary wrote; d must come from NewDetector
// with the same grid. After an error it is unchanged.
func (d *Detector) UnmarshalBinary(b []byte) error {
	if len(b) < 13+checksumSize {
		return errDamaged
	}
	b, sum := b[:len(b)-checksumSize], binary.LittleEndian.Uint32(b[len(b)-checksumSize:])
	if crc32.ChecksumIEEE(b) != sum {
		return errDamaged
	}
	if b[0] != detectorVersion {
		return fmt.Errorf("anomaly state: version %d, want %d", b[0], detectorVersion)
	}
	read := Detector{
		nights:  d.nights,
		session: market.Date(binary.LittleEndian.Uint32(b[1:])),
		close:   math.Float64frombits(binary.LittleEndian.Uint64(b[5:])),
	}
	b = b[13:]
	for _, w := range []*window{&read.returns, &read.firsts, &read.volumes} {
		var err error
		if b, err = w.read(b); err != nil {
			return err
		}
	}
	if len(b) > 0 {
		return errDamaged
	}
	*d = read
	return nil
}

func (w *window) read(b []byte) (rest []byte, err error) {
	if len(b) < 1 || len(b) < 1+8*int(b[0]) || b[0] > memory {
		return nil, errDamaged
	}
	n := int(b[0])
	for b = b[1:]; n > 0; n-- {
		w.push(math.Float64frombits(binary.LittleEndian.Uint64(b)))
		b = b[8:]
	}
	return b, nil
}
