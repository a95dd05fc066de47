package store

import (
	"encoding/binary"
	"math"
	"time"

	"github.com/candlewright/candlewright/internal/feature"
	"github.com/candlewright/candlewright/internal/market"
	"github.com/candlewright/candlewright/internal/pipeline"
)

// Candles go to the server and come back in PostgreSQL's binary format, written
// and read here without a value of the heap per cell: they are the only rows
// that are counted in hundred thousands.
//
// Columns are in the order of the table. Reading leaves out what the query does
// not select: symbol_id, timeframe, validated, quality_score and run_id follow
// from the question or from the other columns.

// candleColumns are the columns of market_data in the order of appendCandle.
var candleColumns = []string{
	"symbol_id", "timeframe", "ts", "open", "high", "low", "close", "volume",
	"open_interest", "funding_rate", "liquidations_long", "liquidations_short",
	"taker_buy_volume", "taker_sell_volume", "long_short_ratio", "exchange_inflow",
	"return_1h", "return_1d", "volatility_20", "volatility_50", "atr", "trend_direction", "market_structure", "rolling_volume_20",
	"delta", "buy_sell_ratio", "liquidation_intensity", "volume_spike_score", "funding_rate_percentile", "open_interest_change",
	"source", "manual", "offered", "validated", "validation_notes", "anomaly",
	"fields_present", "fields_expected", "checks_passed", "checks_made", "features_present", "features_expected",
	"freshness", "quality_score", "revision", "basis", "run_id", "first_stored_at",
}

// The computed features in the order of their columns; the two words stand
// between the groups.
var (
	computedBefore = [...]feature.Name{feature.Return1h, feature.Return1d, feature.Volatility20, feature.Volatility50, feature.ATR}
	computedAfter  = [...]feature.Name{
		feature.RollingVolume20, feature.Delta, feature.BuySellRatio, feature.LiquidationIntensity,
		feature.VolumeSpikeScore, feature.FundingRatePercentile, feature.OpenInterestChange,
	}
)

// deliveredAs is the feature that a delivered field is.
var deliveredAs = [market.NumFields]feature.Name{
	market.OpenInterest:      feature.OpenInterest,
	market.FundingRate:       feature.FundingRate,
	market.LiquidationsLong:  feature.LiquidationsLong,
	market.LiquidationsShort: feature.LiquidationsShort,
	market.TakerBuyVolume:    feature.TakerBuyVolume,
	market.TakerSellVolume:   feature.TakerSellVolume,
	market.LongShortRatio:    feature.LongShortRatio,
	market.ExchangeInflow:    feature.ExchangeInflow,
}

// rowKey is what the rows of one write have in common.
type rowKey struct {
	symbolID  int64
	timeframe market.Timeframe
	runID     int64
}

// appendCandle writes one row of the binary COPY format.
func appendCandle(b []byte, k rowKey, c *pipeline.Candle) []byte {
	b = binary.BigEndian.AppendUint16(b, uint16(len(candleColumns)))
	b = appendInt8(b, k.symbolID)
	b = appendText(b, string(k.timeframe))
	b = appendTime(b, c.TS)
	b = appendFloat(b, c.Open)
	b = appendFloat(b, c.High)
	b = appendFloat(b, c.Low)
	b = appendFloat(b, c.Close)
	b = appendFloat(b, c.Volume)
	for f, x := range c.Delivered {
		b = appendFloat(b, shownField(c, market.Field(f), x))
	}
	for _, n := range computedBefore {
		b = appendFloat(b, c.Features.Num[n])
	}
	b = appendWord(b, string(c.Features.Trend))
	b = appendWord(b, string(c.Features.Structure))
	for _, n := range computedAfter {
		b = appendFloat(b, c.Features.Num[n])
	}
	b = appendText(b, string(c.Source))
	b = appendBool(b, c.Manual)
	b = appendInt2(b, int16(c.Offered))
	b = appendBool(b, c.Verdict.Validated())
	b = appendNotes(b, c)
	b = appendBool(b, c.Verdict.Anomaly)
	p := &c.Verdict.Parts
	for _, n := range [...]int16{
		p.FieldsPresent, p.FieldsExpected, p.ChecksPassed, p.ChecksMade, p.FeaturesPresent, p.FeaturesExpected,
	} {
		b = appendInt2(b, n)
	}
	b = appendFloat(b, p.Freshness)
	b = appendFloat(b, p.Score())
	b = appendInt4(b, int32(c.Revision))
	b = appendInt4(b, int32(c.Basis))
	b = appendInt8(b, k.runID)
	return appendTime(b, c.FirstStoredAt)
}

// shownField is what the column of a delivered field holds: the field, but of a
// candle whose source offers the payments themselves the rate that follows from
// them.
func shownField(c *pipeline.Candle, f market.Field, delivered float64) float64 {
	if f == market.FundingRate && c.Offered&market.FundingPayments != 0 {
		return c.Features.Num[feature.FundingRate]
	}
	return delivered
}

// appendFloat writes a number, NULL where it is missing.
func appendFloat(b []byte, x float64) []byte {
	if x != x {
		return appendNull(b)
	}
	b = binary.BigEndian.AppendUint32(b, 8)
	return binary.BigEndian.AppendUint64(b, math.Float64bits(x))
}

func appendNull(b []byte) []byte { return append(b, 0xff, 0xff, 0xff, 0xff) }

// appendWord writes a word, NULL where it is missing.
func appendWord(b []byte, s string) []byte {
	if s == "" {
		return appendNull(b)
	}
	return appendText(b, s)
}

func appendText(b []byte, s string) []byte {
	b = binary.BigEndian.AppendUint32(b, uint32(len(s)))
	return append(b, s...)
}

func appendInt8(b []byte, n int64) []byte {
	b = binary.BigEndian.AppendUint32(b, 8)
	return binary.BigEndian.AppendUint64(b, uint64(n))
}

func appendInt4(b []byte, n int32) []byte {
	b = binary.BigEndian.AppendUint32(b, 4)
	return binary.BigEndian.AppendUint32(b, uint32(n))
}

func appendInt2(b []byte, n int16) []byte {
	b = binary.BigEndian.AppendUint32(b, 2)
	return binary.BigEndian.AppendUint16(b, uint16(n))
}

func appendBool(b []byte, v bool) []byte {
	if v {
		return append(b, 0, 0, 0, 1, 1)
	}
	return append(b, 0, 0, 0, 1, 0)
}

// epoch2000 is PostgreSQL's epoch, 2000-01-01 UTC, in microseconds since 1970.
const epoch2000 = 946_684_800_000_000

func appendTime(b []byte, t time.Time) []byte { return appendInt8(b, t.UnixMicro()-epoch2000) }

// textOID is the type text in the header of an array.
const textOID = 25

// appendNotes writes the validation notes as a one-dimensional array of text.
func appendNotes(b []byte, c *pipeline.Candle) []byte {
	start := len(b)
	b = append(b, 0, 0, 0, 0) // the length, known below
	if c.Verdict.Failed == 0 && !c.VolumeEstimated {
		b = binary.BigEndian.AppendUint32(b, 0) // dimensions
		b = binary.BigEndian.AppendUint32(b, 0) // no null among the elements
		b = binary.BigEndian.AppendUint32(b, textOID)
	} else {
		notes := c.Verdict.Notes(c.VolumeEstimated)
		b = binary.BigEndian.AppendUint32(b, 1)
		b = binary.BigEndian.AppendUint32(b, 0)
		b = binary.BigEndian.AppendUint32(b, textOID)
		b = binary.BigEndian.AppendUint32(b, uint32(len(notes)))
		b = binary.BigEndian.AppendUint32(b, 1) // lower bound
		for _, n := range notes {
			b = appendText(b, n)
		}
	}
	binary.BigEndian.PutUint32(b[start:], uint32(len(b)-start-4))
	return b
}
