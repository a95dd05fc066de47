package store

import (
	"encoding/binary"
	"fmt"
	"math"
	"time"

	"github.com/candlewright/candlewright/internal/feature"
	"github.com/candlewright/candlewright/internal/market"
	"github.com/candlewright/candlewright/internal/pipeline"
	"github.com/candlewright/candlewright/internal/quality"
)

// reader takes the columns of a row one after the other. It stops at the first
// that is not what it should be.
type reader struct {
	cells [][]byte
	next  int
	err   error
}

// cell is the next column with size bytes, nil for NULL; size -1 is any.
func (r *reader) cell(size int) []byte {
	if r.next >= len(r.cells) {
		r.fail("is not there")
		return nil
	}
	cell := r.cells[r.next]
	r.next++
	if cell != nil && size >= 0 && len(cell) != size {
		r.fail("has another size")
		return nil
	}
	return cell
}

func (r *reader) fail(what string) {
	if r.err == nil {
		r.err = fmt.Errorf("column %d of a candle %s", r.next, what)
	}
}

func (r *reader) float() float64 {
	cell := r.cell(8)
	if cell == nil {
		return math.NaN()
	}
	return math.Float64frombits(binary.BigEndian.Uint64(cell))
}

func (r *reader) int8() int64 {
	if cell := r.cell(8); cell != nil {
		return int64(binary.BigEndian.Uint64(cell))
	}
	return 0
}

func (r *reader) int4() int32 {
	if cell := r.cell(4); cell != nil {
		return int32(binary.BigEndian.Uint32(cell))
	}
	return 0
}

func (r *reader) int2() int16 {
	if cell := r.cell(2); cell != nil {
		return int16(binary.BigEndian.Uint16(cell))
	}
	return 0
}

func (r *reader) bool() bool {
	cell := r.cell(1)
	return cell != nil && cell[0] != 0
}

func (r *reader) time() time.Time { return time.UnixMicro(r.int8() + epoch2000).UTC() }

// wordOf reads one of the words given, which are then not allocated anew.
func wordOf[T ~string](r *reader, known ...T) T {
	cell := r.cell(-1)
	if cell == nil {
		return ""
	}
	for _, w := range known {
		if string(cell) == string(w) {
			return w
		}
	}
	return T(cell)
}

// notes reads what appendNotes wrote.
func (r *reader) notes() (failed quality.Checks, estimated bool) {
	cell := r.cell(-1)
	if len(cell) < 12 || binary.BigEndian.Uint32(cell) == 0 {
		return 0, false
	}
	var notes []string
	for rest := cell[min(20, len(cell)):]; len(rest) >= 4; {
		n := int(int32(binary.BigEndian.Uint32(rest)))
		if n < 0 || n > len(rest)-4 {
			r.fail("is no array of text")
			return 0, false
		}
		notes = append(notes, string(rest[4:4+n]))
		rest = rest[4+n:]
	}
	failed, estimated, err := quality.ParseNotes(notes)
	if err != nil && r.err == nil {
		r.err = err
	}
	return failed, estimated
}

// decodeCandle reads the columns that the queries of candles.sql select.
func decodeCandle(r *reader, c *pipeline.Candle) {
	c.TS = r.time()
	c.Open, c.High, c.Low, c.Close, c.Volume = r.float(), r.float(), r.float(), r.float(), r.float()
	num := &c.Features.Num
	num[feature.TrendDirection], num[feature.MarketStructure] = math.NaN(), math.NaN()
	for f := range c.Delivered {
		x := r.float()
		c.Delivered[f], num[deliveredAs[f]] = x, x
	}
	for _, n := range computedBefore {
		num[n] = r.float()
	}
	c.Features.Trend = wordOf(r, feature.Up, feature.Down, feature.Neutral)
	c.Features.Structure = wordOf(r, feature.Bullish, feature.Bearish, feature.Range)
	for _, n := range computedAfter {
		num[n] = r.float()
	}
	c.Source = wordOf(r, market.Polygon, market.Binance, market.Yahoo, market.CSV)
	c.Manual = r.bool()
	c.Offered = market.Fields(r.int2())
	if c.Offered&market.FundingPayments != 0 {
		c.Delivered[market.FundingRate] = math.NaN()
	}
	c.Verdict.Failed, c.VolumeEstimated = r.notes()
	c.Verdict.Anomaly = r.bool()
	p := &c.Verdict.Parts
	p.FieldsPresent, p.FieldsExpected = r.int2(), r.int2()
	p.ChecksPassed, p.ChecksMade = r.int2(), r.int2()
	p.FeaturesPresent, p.FeaturesExpected = r.int2(), r.int2()
	p.Freshness = r.float()
	c.Revision, c.Basis = int(r.int4()), int(r.int4())
	c.FirstStoredAt = r.time()
}
