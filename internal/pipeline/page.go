package pipeline

import "github.com/candlewright/candlewright/internal/quality"

// Merged is a stretch of a series with the rows of a delivery merged into it.
type Merged struct {
	Bars                              []Bar // for Process
	Corrections                       []Correction
	Inserted, Amended, Filled, Unused int // rows by what they did; Unused ones changed nothing
}

// MergePage merges rows into the stored candles of a stretch of the series. Both
// are in time order with one entry per slot; rows may lie beyond either end.
func MergePage(stored []Candle, rows []quality.Checked, p Priority) Merged {
	m := Merged{Bars: make([]Bar, 0, len(stored)+len(rows))}
	for len(stored) > 0 || len(rows) > 0 {
		var order int
		switch {
		case len(rows) == 0:
			order = -1
		case len(stored) == 0:
			order = 1
		default:
			order = stored[0].TS.Compare(rows[0].Candle.TS)
		}
		switch {
		case order < 0:
			m.Bars = append(m.Bars, Bar{Candle: stored[0]})
			stored = stored[1:]
		case order > 0:
			m.add(Merge(nil, rows[0], p))
			rows = rows[1:]
		default:
			m.add(Merge(&stored[0], rows[0], p))
			stored, rows = stored[1:], rows[1:]
		}
	}
	return m
}

// add takes the result of merging a row.
func (m *Merged) add(b Bar, corrections []Correction) {
	m.Bars = append(m.Bars, b)
	m.Corrections = append(m.Corrections, corrections...)
	switch b.Change {
	case Inserted:
		m.Inserted++
	case Amended:
		m.Amended++
	case Filled:
		m.Filled++
	case Kept:
		m.Unused++
	}
}
