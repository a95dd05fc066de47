package market

import (
	"fmt"
	"math"
	"time"
)

// SourceName is who delivered a candle.
type SourceName string

// The sources. CSV stands for every file, JSON files too.
const (
	Polygon SourceName = "polygon"
	Binance SourceName = "binance"
	Yahoo   SourceName = "yahoo"
	CSV     SourceName = "csv"
)

// SourceNames lists every source.
func SourceNames() []SourceName { return []SourceName{Polygon, Binance, Yahoo, CSV} }

// ParseSourceName reads the lower-case word of a source.
func ParseSourceName(s string) (SourceName, error) {
	switch n := SourceName(s); n {
	case Polygon, Binance, Yahoo, CSV:
		return n, nil
	}
	return "", fmt.Errorf("unknown source %q: want polygon, binance, yahoo or csv", s)
}

// Field is one of the crypto values that a source may deliver with a bar.
type Field uint8

// The delivered crypto fields, in the order of the features 9-14, 19, 21.
const (
	OpenInterest      Field = iota // base units, newest snapshot stamped in (ts, end]
	FundingRate                    // the last rate paid by the bar's end
	LiquidationsLong               // base units liquidated within the bar
	LiquidationsShort              // base units liquidated within the bar
	TakerBuyVolume                 // base units
	TakerSellVolume                // base units
	LongShortRatio                 // long accounts / short accounts
	ExchangeInflow                 // coins sent to exchanges on the last whole UTC day known
	NumFields         = 8
)

var fieldNames = [NumFields]string{
	"open_interest", "funding_rate", "liquidations_long", "liquidations_short",
	"taker_buy_volume", "taker_sell_volume", "long_short_ratio", "exchange_inflow",
}

// String is the column name of the field, "open_interest".
func (f Field) String() string { return fieldNames[f] }

// ParseField reads the column name of a delivered crypto field.
func ParseField(s string) (Field, bool) {
	for i, n := range fieldNames {
		if n == s {
			return Field(i), true
		}
	}
	return 0, false
}

// Fields is the set of crypto fields that a source offers for a bar. It is what
// the source's adapter states, never what a row happens to contain.
type Fields uint16

// FundingPayments says that the source offers the funding payments themselves,
// a series of its own from which the rate and its percentile follow.
const FundingPayments Fields = 1 << NumFields

// Offer makes a set of fields.
func Offer(fs ...Field) Fields {
	var s Fields
	for _, f := range fs {
		s |= 1 << f
	}
	return s
}

// Has reports whether the field is in the set.
func (s Fields) Has(f Field) bool { return s&(1<<f) != 0 }

// Candle is one bar as a source delivered it, on its way from the source to the
// store. A missing number is NaN.
type Candle struct {
	TS                             time.Time // the slot's stamp, UTC: an intraday bar's open, a daily bar's session date, a weekly bar's Monday
	Open, High, Low, Close, Volume float64   // split-adjusted; volume in shares or base units
	Delivered                      [NumFields]float64
	Offered                        Fields
	Source                         SourceName
	Manual                         bool // a manual correction, above every source
	VolumeEstimated                bool // the source gave quote volume, divided by (high + low + close) / 3
}

// Missing is the value of a number that no source delivered.
func Missing() float64 { return math.NaN() }

// NoFields is a Delivered array in which every field is missing.
func NoFields() [NumFields]float64 {
	var a [NumFields]float64
	for i := range a {
		a[i] = math.NaN()
	}
	return a
}

// Payment is one funding payment of a perpetual.
type Payment struct {
	At   time.Time // UTC, whole seconds
	Rate float64   // share of the position's value, so 0.0001 is one basis point
}
