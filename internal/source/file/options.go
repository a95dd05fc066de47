package file

import (
	"fmt"
	"time"
	_ "time/tzdata" // zones by name, also where the machine has no zone database

	"github.com/candlewright/candlewright/internal/market"
)

// Interval is the length of a file's bars: a timeframe, or one minute, which no
// series has but a file may be summed up from.
type Interval string

// Minute is the interval of files that are finer than every timeframe.
const Minute Interval = "1m"

// ParseInterval reads 1m or the word of a timeframe.
func ParseInterval(s string) (Interval, error) {
	if Interval(s) == Minute {
		return Minute, nil
	}
	if _, err := market.ParseTimeframe(s); err != nil {
		return "", fmt.Errorf("unknown file timeframe %q: want 1m, 5m, 15m, 30m, 1h, 4h, 1d or 1w", clip(s))
	}
	return Interval(s), nil
}

// Intraday reports whether the bars are shorter than a day.
func (i Interval) Intraday() bool { return i == Minute || market.Timeframe(i).Intraday() }

// Duration is the nominal length of a bar.
func (i Interval) Duration() time.Duration {
	if i == Minute {
		return time.Minute
	}
	return market.Timeframe(i).Duration()
}

// VolumeUnit is what a file's volumes are counted in.
type VolumeUnit string

// The units. Quote volumes are converted by (high + low + close) / 3 of the bar.
const (
	Base  VolumeUnit = "base"  // shares or coins
	Quote VolumeUnit = "quote" // the currency that the price is in
)

// ParseVolumeUnit reads base or quote.
func ParseVolumeUnit(s string) (VolumeUnit, error) {
	switch u := VolumeUnit(s); u {
	case Base, Quote:
		return u, nil
	}
	return "", fmt.Errorf("unknown volume unit %q: want base or quote", clip(s))
}

// ParseZone finds a time zone by its IANA name. The machine's own zone
// ("Local") is none: the same file must mean the same everywhere.
func ParseZone(name string) (*time.Location, error) {
	if name != "" && name != "Local" {
		if loc, err := time.LoadLocation(name); err == nil {
			return loc, nil
		}
	}
	return nil, fmt.Errorf("unknown time zone %q: want an IANA name such as America/New_York or UTC", clip(name))
}

// Options say what a file holds where the file itself does not.
type Options struct {
	Class    market.AssetClass
	Interval Interval

	// Zone is where naive stamps are at home; nil means New York for stock and
	// etf and UTC for crypto. The date of a naive daily stamp needs none.
	Zone *time.Location

	// VolumeUnit is Base when empty. Quote converts the volume and the taker
	// volumes, its parts; liquidations, of another market, stay base units.
	VolumeUnit VolumeUnit

	// SkipBadRows counts bad rows instead of ending with the first one.
	SkipBadRows bool
}

const newYork = "America/New_York"

// filled checks the options and sets the defaults.
func (o Options) filled() (Options, error) {
	if _, err := market.ParseAssetClass(string(o.Class)); err != nil {
		return o, err
	}
	if _, err := ParseInterval(string(o.Interval)); err != nil {
		return o, err
	}
	if o.VolumeUnit == "" {
		o.VolumeUnit = Base
	}
	if _, err := ParseVolumeUnit(string(o.VolumeUnit)); err != nil {
		return o, err
	}
	if o.Zone == nil {
		o.Zone = time.UTC
		if o.Class != market.Crypto {
			zone, err := time.LoadLocation(newYork)
			if err != nil {
				return o, fmt.Errorf("load the exchange's zone: %w", err)
			}
			o.Zone = zone
		}
	}
	return o, nil
}
