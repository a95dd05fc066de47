package quality

import (
	"time"

	"github.com/candlewright/candlewright/internal/grid"
	"github.com/candlewright/candlewright/internal/market"
)

// DayMetric is one session date of one symbol over all its timeframes but 1w. A
// date of which nothing is stored has a row too if bars were expected of it.
type DayMetric struct {
	Date                              market.Date
	Total, Validated, Gaps, Anomalies int
	ScoreSum                          float64 // of the candles' unrounded scores
	Failed                            [NumChecks]int
}

// Rate is the share of validated candles in percent, as shown; false without
// candles.
func (m DayMetric) Rate() (float64, bool) { return rate(int64(m.Validated), int64(m.Total)) }

// Score is the mean score of the candles, as shown; false without candles.
func (m DayMetric) Score() (float64, bool) { return meanScore(m.ScoreSum, int64(m.Total)) }

// Completeness is stored / (stored + gaps), as shown.
func (m DayMetric) Completeness() float64 {
	c, _ := Completeness(int64(m.Total), int64(m.Gaps))
	return c
}

// DayPart is what one timeframe has of a date. Failures count for the UTC date
// of their stamp, which is the session date of every candle but those of 1w.
type DayPart struct {
	Grid                        grid.Grid
	First, Last                 time.Time // stamps of the first and last stored bar of the whole series; zero while it is empty
	Total, Validated, Anomalies int
	ScoreSum                    float64
	Failed                      [NumChecks]int
}

// MergeDay adds up the timeframes of a date; parts of 1w are left out. It is
// false where the date has neither candle nor gap and so no row, and its
// failures show in the totals of their series only.
func MergeDay(d market.Date, parts []DayPart) (DayMetric, bool) {
	m := DayMetric{Date: d}
	for i := range parts {
		p := &parts[i]
		if p.Grid.Timeframe() == market.W1 {
			continue
		}
		m.Total += p.Total
		m.Validated += p.Validated
		m.Anomalies += p.Anomalies
		m.ScoreSum += p.ScoreSum
		m.Gaps += MissingOn(p.Grid, d, p.First, p.Last, p.Total)
		for c, n := range p.Failed {
			m.Failed[c] += n
		}
	}
	if m.Total == 0 && m.Gaps == 0 {
		return DayMetric{}, false
	}
	return m, true
}

// MissingOn is the number of slots of a session date that lie between the first
// and the last stored bar of a series, less those stored.
func MissingOn(g grid.Grid, d market.Date, first, last time.Time, stored int) int {
	if first.IsZero() {
		return 0
	}
	from, end := g.SessionSlots(d)
	from, end = max(from, g.FirstFrom(first)), min(end, g.FirstFrom(last)+1)
	return max(0, int(end-from)-stored)
}

// WindowDays is how many sessions with data (of a symbol tracked only at 1w:
// weeks) a symbol's score and rate are taken from.
const WindowDays = 30

// Window is the candles of a symbol's last sessions with data.
type Window struct {
	Records, Validated int64
	ScoreSum           float64 // of the candles' unrounded scores
}

// WindowOf adds up the last WindowDays days that have candles, given newest
// first. Days without are passed over.
func WindowOf(newestFirst []DayMetric) Window {
	var w Window
	days := 0
	for i := range newestFirst {
		m := &newestFirst[i]
		if m.Total == 0 {
			continue
		}
		w.Records += int64(m.Total)
		w.Validated += int64(m.Validated)
		w.ScoreSum += m.ScoreSum
		if days++; days == WindowDays {
			break
		}
	}
	return w
}

// Rate is the window's validation rate in percent, as shown; false if empty.
func (w Window) Rate() (float64, bool) { return rate(w.Validated, w.Records) }

// Score is the window's mean score, as shown; false if empty.
func (w Window) Score() (float64, bool) { return meanScore(w.ScoreSum, w.Records) }
