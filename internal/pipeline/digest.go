package pipeline

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"math"
	"math/bits"

	"github.com/candlewright/candlewright/internal/feature"
	"github.com/candlewright/candlewright/internal/market"
)

// Digest says in 32 bytes which candles a series holds: two installations with
// the same digest have the same stamps, prices, volumes and delivered fields.
// The zero value is the digest of an empty series.
//
// It is the sum, modulo 2^256, of the SHA-256 of each candle. A sum does not ask
// for an order, so that any way into the store gives the same digest, and one
// candle is exchanged by a subtraction and an addition, whatever the length of
// the series.
//
// A sum is enough here. Each summand is bound to its stamp, so values that trade
// places change it, and no slot is stored twice, so nothing cancels out in pairs.
// Candles that differ by accident (a lost row, a rounded price, another source)
// meet the same sum with a probability of 2^-256. It is no signature: whoever
// may choose many candles freely can look for a set with a given sum, in less
// time than a collision of SHA-256 takes.
type Digest [sha256.Size]byte

// digestVersion is in each summand: digests made by another rule never agree.
const digestVersion = 1

// digested is the size of what is hashed of a candle: version, stamp, prices and
// volume, delivered fields. With SHA-256's padding it fills two blocks.
const digested = 1 + 8 + 5*8 + market.NumFields*8

// Add puts a candle into the digest.
func (d *Digest) Add(c *Candle) { d.sum(hashOf(c), bits.Add64) }

// Remove takes a candle out of the digest.
func (d *Digest) Remove(c *Candle) { d.sum(hashOf(c), bits.Sub64) }

// String is the digest in 64 hexadecimal digits.
func (d Digest) String() string { return hex.EncodeToString(d[:]) }

func (d *Digest) sum(h Digest, op func(x, y, carry uint64) (uint64, uint64)) {
	var carry uint64
	for at := len(d) - 8; at >= 0; at -= 8 {
		var word uint64
		word, carry = op(binary.BigEndian.Uint64(d[at:]), binary.BigEndian.Uint64(h[at:]), carry)
		binary.BigEndian.PutUint64(d[at:], word)
	}
}

func hashOf(c *Candle) Digest {
	b := append(make([]byte, 0, digested), digestVersion)
	b = binary.BigEndian.AppendUint64(b, uint64(c.TS.UnixMicro()))
	for _, x := range [...]float64{c.Open, c.High, c.Low, c.Close, c.Volume} {
		b = appendNumber(b, x)
	}
	for f, x := range c.Delivered {
		if market.Field(f) == market.FundingRate && c.Offered&market.FundingPayments != 0 {
			x = c.Features.Num[feature.FundingRate] // delivered as a payment
		}
		b = appendNumber(b, x)
	}
	return sha256.Sum256(b)
}

// appendNumber writes equal numbers alike: one NaN for all, and 0 for -0.
func appendNumber(b []byte, x float64) []byte {
	switch {
	case x != x:
		x = math.NaN()
	case x == 0:
		x = 0
	}
	return binary.BigEndian.AppendUint64(b, math.Float64bits(x))
}
