package yahoo

import (
	"fmt"
	"math"
	"strconv"
	"time"
	_ "time/tzdata" // the machine may have no zone files

	"github.com/candlewright/candlewright/internal/grid"
	"github.com/candlewright/candlewright/internal/market"
	"github.com/candlewright/candlewright/internal/source"
)

// fetch is how the bars of a timeframe are got: a native interval, taken as it
// is or put together.
type fetch struct {
	interval string
	part     time.Duration
	resample bool
	reach    int // days back that the interval may be asked for; 0 is all
}

// Yahoo refuses period1 of 60 and 730 days ago.
const (
	reachMinutes = 59
	reachHours   = 729
)

// fetchFor chooses the native interval. Native 30m has served hours, native
// weeks split the running one.
func fetchFor(tf market.Timeframe) fetch {
	switch tf {
	case market.M5:
		return fetch{"5m", 5 * time.Minute, false, reachMinutes}
	case market.M15:
		return fetch{"15m", 15 * time.Minute, false, reachMinutes}
	case market.M30:
		return fetch{"15m", 15 * time.Minute, true, reachMinutes}
	case market.H1:
		return fetch{"1h", time.Hour, false, reachHours}
	case market.H4:
		return fetch{"1h", time.Hour, true, reachHours}
	case market.D1:
		return fetch{"1d", 24 * time.Hour, false, 0}
	default:
		return fetch{"1d", 24 * time.Hour, true, 0}
	}
}

// check refuses a chart that is not of the thing asked for.
func (f fetch) check(m meta, symbol string, class market.AssetClass) error {
	bad := func(kind source.Kind, format string, args ...any) error {
		return &source.Error{Kind: kind, Source: market.Yahoo, Message: fmt.Sprintf(format, args...)}
	}
	of := source.Excerpt([]byte(m.Symbol))
	coin := m.Instrument == "CRYPTOCURRENCY"
	switch {
	case m.Symbol != symbol:
		return bad(source.BadResponse, "the chart is of %s, not %s", of, symbol)
	case m.Granularity != f.interval && (f.interval != "1h" || m.Granularity != "60m"):
		return bad(source.BadResponse, "the chart has rows of %s, not %s", source.Excerpt([]byte(m.Granularity)), f.interval)
	case coin != (class == market.Crypto), !coin && m.Instrument != "EQUITY" && m.Instrument != "ETF":
		return bad(source.NotFound, "%s is of type %s there, a %s was due", of, source.Excerpt([]byte(m.Instrument)), class)
	case m.Currency != "USD": // GBp and its like are hundredths, and flip within a series
		return bad(source.NotFound, "%s is quoted in %s there, only USD is taken", of, source.Excerpt([]byte(m.Currency)))
	}
	return nil
}

// converter turns a chart into candles of a window.
type converter struct {
	fetch  fetch
	class  market.AssetClass
	window source.Window
}

// candles converts a chart. Of rows with the same stamp the last counts, since
// the running bar and the live quote after it share one; rows off the grid of
// an intraday chart are such quotes too.
func (c converter) candles(ch *chart) ([]market.Candle, error) {
	if len(ch.Timestamp) == 0 {
		return nil, nil
	}
	zone, err := time.LoadLocation(ch.Meta.Zone)
	if err != nil || ch.Meta.Zone == "" {
		return nil, &source.Error{Kind: source.BadResponse, Source: market.Yahoo, Message: "unknown zone " + source.Excerpt([]byte(ch.Meta.Zone))}
	}
	q := &ch.Indicators.Quote[0]
	rows := make([]market.Candle, 0, len(ch.Timestamp))
	for i, sec := range ch.Timestamp {
		ts, ok := c.stamp(time.Unix(sec, 0), zone)
		if !ok || !c.window.Has(ts) || q.Open[i] == nil && q.High[i] == nil && q.Low[i] == nil && q.Close[i] == nil {
			continue
		}
		rows = append(rows, c.row(ts, q, i))
	}
	return c.bars(rows)
}

// stamp is the stamp of the canonical grid, and whether the row is one.
func (c converter) stamp(at time.Time, zone *time.Location) (time.Time, bool) {
	if c.fetch.part == 24*time.Hour { // the session's opening, or a trade in it
		return market.NewDate(at.In(zone).Date()).Time(), true
	}
	at = at.UTC()
	hours := grid.CalendarOf(c.class)
	if !hours.Open(at) {
		return at, false
	}
	open, _, _ := hours.Hours(market.DateOf(at))
	return at, at.Sub(open)%c.fetch.part == 0
}

func (c converter) row(ts time.Time, q *quote, i int) market.Candle {
	m := market.Candle{
		TS: ts, Source: market.Yahoo, Delivered: market.NoFields(),
		Open: price(q.Open[i]), High: price(q.High[i]), Low: price(q.Low[i]), Close: price(q.Close[i]), Volume: math.NaN(),
	}
	if v := q.Volume[i]; v != nil {
		m.Volume = *v
	}
	if c.class == market.Crypto { // dollars
		m.Volume /= (m.High + m.Low + m.Close) / 3
		m.VolumeEstimated = true
	}
	return m
}

// bars sorts the rows, keeps one per stamp, and puts them together where the
// timeframe has no interval of its own.
func (c converter) bars(rows []market.Candle) ([]market.Candle, error) {
	if !c.fetch.resample {
		return source.LastPerStamp(rows), nil
	}
	bars, err := grid.Resample(c.fetch.part, c.window.Grid, source.Parts(rows))
	if err != nil {
		return nil, &source.Error{Kind: source.BadResponse, Source: market.Yahoo, Message: "rows do not fit", Err: err}
	}
	return bars, nil
}

// price undoes the widening of a float32: 127.58000183105469 was 127.58. A
// number that is no float32 was not widened.
func price(p *float64) float64 {
	if p == nil {
		return math.NaN()
	}
	f := float32(*p)
	if float64(f) != *p {
		return *p
	}
	v, err := strconv.ParseFloat(strconv.FormatFloat(float64(f), 'g', -1, 32), 64)
	if err != nil {
		return *p
	}
	return v
}
