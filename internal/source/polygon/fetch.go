package polygon

import (
	"strconv"
	"time"
	_ "time/tzdata" // the machine may have no zone files

	"github.com/candlewright/candlewright/internal/market"
)

// newYork is the zone of Polygon's dates for stocks.
var newYork = func() *time.Location {
	l, err := time.LoadLocation("America/New_York")
	if err != nil {
		panic(err) // tzdata is built in
	}
	return l
}()

// fetch is how the bars of a timeframe are got: a native interval, taken as it
// is or put together.
type fetch struct {
	multiplier int
	timespan   string
	part       time.Duration // length of a native row
	resample   bool
	chunk      int // days asked for at once; 0 is all
}

// month is the longest range of minutes or hours that the provider advises.
const month = 31

// fetchFor chooses the native interval. Native hours of stocks start at :00 and
// native weeks on Sunday, so neither fits the grid.
func fetchFor(class market.AssetClass, tf market.Timeframe) fetch {
	switch {
	case tf == market.D1:
		return fetch{1, "day", 24 * time.Hour, false, 0}
	case tf == market.W1:
		return fetch{1, "day", 24 * time.Hour, true, 0}
	case tf == market.M5, tf == market.M15, tf == market.M30:
		return fetch{int(tf.Duration() / time.Minute), "minute", tf.Duration(), false, month}
	case class == market.Crypto:
		return fetch{1, "hour", time.Hour, tf != market.H1, month}
	default:
		return fetch{30, "minute", 30 * time.Minute, true, month}
	}
}

// span is the path element, "30/minute".
func (f fetch) span() string { return strconv.Itoa(f.multiplier) + "/" + f.timespan }
