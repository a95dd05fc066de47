package feature

import (
	"fmt"
	"time"

	"github.com/candlewright/candlewright/internal/grid"
	"github.com/candlewright/candlewright/internal/market"
)

// Compute is the features of a whole series: candles in ascending order, each
// stamped at a slot of the grid, and the payments up to the last one's end.
func Compute(g grid.Grid, candles []market.Candle, payments []market.Payment) ([]Result, error) {
	s, p := New(g), NewPayments(payments)
	results := make([]Result, 0, len(candles))
	for i := range candles {
		c := &candles[i]
		slot, ok := g.At(c.TS)
		if !ok {
			return nil, fmt.Errorf("candle %d: %s is no slot of %s", i, c.TS.Format(time.RFC3339), g)
		}
		if last, pushed := s.Last(); pushed && slot <= last {
			return nil, fmt.Errorf("candle %d: %s does not come after the candle before", i, c.TS.Format(time.RFC3339))
		}
		results = append(results, s.Push(c, slot, p.At(g.End(slot))))
	}
	return results, nil
}
