package enrich

import (
	"context"

	"github.com/candlewright/candlewright/internal/grid"
	"github.com/candlewright/candlewright/internal/market"
	"github.com/candlewright/candlewright/internal/pipeline"
	"github.com/candlewright/candlewright/internal/store"
)

// paymentsSeen are the funding payments that bars can see: 90 before the first
// bar's end and all until the last one's. Where no bar's source offers them there
// are none.
func paymentsSeen(ctx context.Context, tx *store.Tx, symbolID int64, g grid.Grid, bars []pipeline.Bar) ([]market.Payment, error) {
	if !offersPayments(bars) {
		return nil, nil
	}
	first, _ := g.At(bars[0].Candle.TS)
	last, _ := g.At(bars[len(bars)-1].Candle.TS)
	return tx.Payments(ctx, symbolID, g.End(first), g.End(last))
}

func offersPayments(bars []pipeline.Bar) bool {
	for i := range bars {
		if bars[i].Candle.Offered&market.FundingPayments != 0 {
			return true
		}
	}
	return false
}
