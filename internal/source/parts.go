package source

import (
	"slices"

	"github.com/candlewright/candlewright/internal/market"
)

// Parts readies finer rows for resampling: those that the checks would reject
// are left out (a price or the volume missing, not above 0, below 0), the rest
// is put in order, and of rows with one stamp the last delivered counts. The
// rows are changed in place.
func Parts(rows []market.Candle) []market.Candle {
	return LastPerStamp(slices.DeleteFunc(rows, func(c market.Candle) bool { return !whole(c) }))
}

// LastPerStamp puts rows in order and keeps, of those with one stamp, the last
// delivered. The rows are changed in place.
func LastPerStamp(rows []market.Candle) []market.Candle {
	slices.SortStableFunc(rows, func(a, b market.Candle) int { return a.TS.Compare(b.TS) })
	out := rows[:0]
	for i, c := range rows {
		if i+1 < len(rows) && rows[i+1].TS.Equal(c.TS) {
			continue
		}
		out = append(out, c)
	}
	return out
}

// whole reports whether a row has all prices above 0 and a volume that is not
// below; NaN and infinity compare as neither.
func whole(c market.Candle) bool {
	const most = 1.797693134862315708145274237317043567981e+308
	for _, p := range [4]float64{c.Open, c.High, c.Low, c.Close} {
		if !(p > 0 && p <= most) {
			return false
		}
	}
	return c.Volume >= 0 && c.Volume <= most
}
