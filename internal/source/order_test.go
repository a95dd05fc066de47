package source_test

import (
	"slices"
	"testing"

	"github.com/candlewright/candlewright/internal/market"
	"github.com/candlewright/candlewright/internal/source"
)

func TestParseOrder(t *testing.T) {
	t.Parallel()
	got, err := source.ParseOrder(" Yahoo,binance")
	if err != nil || !slices.Equal(got, []market.SourceName{market.Yahoo, market.Binance}) {
		t.Errorf("got %v, %v", got, err)
	}
	for _, s := range []string{"", "csv", "polygon,,yahoo", "polygon,polygon", "bloomberg"} {
		if got, err := source.ParseOrder(s); err == nil {
			t.Errorf("%q is %v, want an error", s, got)
		}
	}
}

func TestPriorityFollowsTheOrder(t *testing.T) {
	t.Parallel()
	o := source.DefaultOrder()
	for _, class := range market.AssetClasses() {
		names := append(slices.Clone(o[class]), market.CSV)
		for i := 1; i < len(names); i++ {
			if o.Priority(class, names[i-1]) <= o.Priority(class, names[i]) {
				t.Errorf("%s: %s does not stand above %s", class, names[i-1], names[i])
			}
		}
	}
	// A source taken out of the order still stands above files.
	if p := o.Priority(market.Stock, market.Binance); p <= o.Priority(market.Stock, market.CSV) || p >= o.Priority(market.Stock, market.Yahoo) {
		t.Errorf("a provider that the order does not name has priority %d", p)
	}
}
