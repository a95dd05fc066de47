package source_test

import (
	"math"
	"testing"
	"time"

	"github.com/candlewright/candlewright/internal/market"
	"github.com/candlewright/candlewright/internal/source"
)

func TestPartsLeavesOutWhatTheChecksWouldReject(t *testing.T) {
	t.Parallel()
	row := func(minute int, price, volume float64) market.Candle {
		return market.Candle{TS: noon.Add(time.Duration(minute) * time.Minute), Open: price, High: price, Low: price, Close: price, Volume: volume}
	}
	missing := row(4, 1, 1)
	missing.Low = math.NaN()
	rows := []market.Candle{
		row(9, 9, 1), row(2, 2, 1), row(2, 2.5, 0), // out of order; the last of two counts; no volume is a volume
		row(1, 0, 1), row(3, -1, 1), missing, row(5, math.Inf(1), 1), row(6, 1, -1), row(7, 1, math.NaN()), row(8, 1, math.Inf(1)),
	}
	got := source.Parts(rows)
	if len(got) != 2 || got[0].Close != 2.5 || got[1].Close != 9 {
		t.Errorf("got %v, want the rows of minutes 2 and 9", got)
	}
	if got := source.Parts(nil); len(got) != 0 {
		t.Errorf("nothing gave %v", got)
	}
}
