package quality

import (
	"math"

	"github.com/candlewright/candlewright/internal/grid"
	"github.com/candlewright/candlewright/internal/market"
)

// The limits of an anomaly: distances in standard deviations, and how many
// values there must be to speak of one.
const (
	outlier       = 6
	leap          = 4 // of a volume that is also more than leapFactor times its usual size, or less than 1/leapFactor
	leapFactor    = 100
	memory        = 100 // returns, sessions or bars that a bar is judged against
	minRemembered = 30
)

// Detector finds the anomalies of a series bar by bar: it remembers the returns
// and volumes that the next bar is judged against.
//
// In an intraday series of a market that closes, the return of a session's first
// bar spans a night. It is judged against those of other sessions' first bars
// and they are kept apart; else every earnings night would be an anomaly, and
// would hide those of the day.
type Detector struct {
	nights  bool // first bars of sessions are judged apart
	session market.Date
	close   float64 // of the bar before; NaN before the first bar

	returns window // log returns, where nights of all bars but the sessions' first
	firsts  window // log returns of the sessions' first bars
	volumes window // ln(volume) of the bars before, NaN of those without volume
}

// Deviation is how far a bar stands out.
type Deviation struct {
	ReturnZ float64 // of the log return, in sample standard deviations; NaN while unknown
	VolumeZ float64 // of ln(volume), likewise
	Anomaly bool
}

// NewDetector is a detector before the first bar of a series.
func NewDetector(g grid.Grid) *Detector {
	return &Detector{
		nights: g.Class() != market.Crypto && g.Timeframe().Intraday(),
		close:  math.NaN(),
	}
}

// Push judges the next stored bar, of the session with that date, and remembers
// it.
func (d *Detector) Push(session market.Date, closing, volume float64) Deviation {
	v := Deviation{ReturnZ: math.NaN(), VolumeZ: math.NaN()}
	if !math.IsNaN(d.close) {
		w := &d.returns
		if d.nights && session != d.session {
			w = &d.firsts
		}
		r := logReturn(closing, d.close)
		v.ReturnZ, _ = w.z(r)
		w.push(r)
	}
	logVolume := math.NaN()
	if volume > 0 {
		var distance float64
		logVolume = math.Log(volume)
		v.VolumeZ, distance = d.volumes.z(logVolume)
		v.Anomaly = math.Abs(v.VolumeZ) > outlier ||
			math.Abs(v.VolumeZ) > leap && math.Abs(distance) > math.Log(leapFactor)
	}
	d.volumes.push(logVolume)
	v.Anomaly = v.Anomaly || math.Abs(v.ReturnZ) > outlier
	d.session, d.close = session, closing
	return v
}

// logReturn is ln(c / before), also where the quotient of two prices is beyond
// what a float64 can hold.
func logReturn(c, before float64) float64 {
	if q := c / before; q > 1e-300 && q < 1e300 {
		return math.Log(q)
	}
	return math.Log(c) - math.Log(before)
}

// Clone is an independent copy.
func (d *Detector) Clone() *Detector {
	c := *d
	return &c
}

// Equal reports whether both will judge all bars to come alike. What a detector
// remembers are the values themselves and no sums, so that two that have seen
// the same last bars are equal to the bit, whatever came before.
func (d *Detector) Equal(o *Detector) bool {
	return d.nights == o.nights && (!d.nights || d.session == o.session) && same(d.close, o.close) &&
		d.returns.equal(&o.returns) && d.firsts.equal(&o.firsts) && d.volumes.equal(&o.volumes)
}

// same compares two floats by value, NaN being equal to itself.
func same(a, b float64) bool { return a == b || a != a && b != b }
