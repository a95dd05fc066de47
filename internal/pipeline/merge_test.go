package pipeline_test

import (
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/candlewright/candlewright/internal/market"
	"github.com/candlewright/candlewright/internal/pipeline"
	"github.com/candlewright/candlewright/internal/quality"
)

var (
	mergeAt  = time.Date(2024, 3, 10, 0, 0, 0, 0, time.UTC)
	priority = pipeline.Priority{market.Binance, market.Polygon}
	missing  = math.NaN()
)

// row is a checked row with sound prices, changed by edit.
func row(source market.SourceName, edit func(r *quality.Checked)) quality.Checked {
	r := quality.Checked{Candle: market.Candle{
		TS: mergeAt, Open: 10, High: 12, Low: 9, Close: 11, Volume: 100, Delivered: market.NoFields(), Source: source,
	}}
	if edit != nil {
		edit(&r)
	}
	return r
}

// delivers sets crypto fields and offers them.
func delivers(r *quality.Checked, fields map[market.Field]float64) {
	for f, x := range fields {
		r.Candle.Delivered[f] = x
		r.Candle.Offered |= market.Offer(f)
	}
}

// holds is the stored candle that a row once made.
func holds(r quality.Checked) *pipeline.Candle {
	bar, _ := pipeline.Merge(nil, r, priority)
	bar.Candle.FirstStoredAt = mergeAt.AddDate(0, 0, 1)
	bar.Candle.Basis = 4
	return &bar.Candle
}

type change struct{ Field, Old, New string }

func TestMerge(t *testing.T) {
	t.Parallel()
	oi := func(x float64) func(*quality.Checked) {
		return func(r *quality.Checked) { delivers(r, map[market.Field]float64{market.OpenInterest: x}) }
	}
	closing := func(x float64) func(*quality.Checked) {
		return func(r *quality.Checked) { r.Candle.Close = x }
	}
	manual := func(x float64) func(*quality.Checked) {
		return func(r *quality.Checked) { r.Candle.Close, r.Candle.Manual = x, true }
	}
	for name, c := range map[string]struct {
		stored, row quality.Checked
		want        pipeline.Change
		reason      pipeline.CorrectionReason
		corrections []change
		check       func(c *pipeline.Candle) bool
	}{
		"the same delivery": {
			stored: row(market.CSV, oi(5)), row: row(market.CSV, oi(5)),
		},
		"the same, but for what arithmetic does": {
			stored: row(market.CSV, nil), row: row(market.CSV, closing(11*(1+9e-10))),
			check: func(c *pipeline.Candle) bool { return c.Close == 11 },
		},
		"the same with other marks": {
			stored: row(market.CSV, nil), row: row(market.CSV, func(r *quality.Checked) { r.Failed = r.Failed.With(quality.Monotonic) }),
			check: func(c *pipeline.Candle) bool { return c.Verdict.Failed == 0 },
		},
		"the same of a better source": {
			stored: row(market.CSV, nil), row: row(market.Binance, nil),
			check: func(c *pipeline.Candle) bool { return c.Source == market.CSV },
		},
		"another close": {
			stored: row(market.CSV, nil), row: row(market.CSV, closing(11*(1+2e-9))),
			want: pipeline.Amended, reason: pipeline.SourceUpdated, corrections: []change{{"close", "11", "11.000000022"}},
		},
		"all prices and the volume": {
			stored: row(market.CSV, nil),
			row: row(market.CSV, func(r *quality.Checked) {
				c := &r.Candle
				c.Open, c.High, c.Low, c.Close, c.Volume = 1e-7, 1e22, 0.5, 0.1, 0
			}),
			want: pipeline.Amended, reason: pipeline.SourceUpdated,
			corrections: []change{{"open", "10", "1e-07"}, {"high", "12", "1e+22"}, {"low", "9", "0.5"}, {"close", "11", "0.1"}, {"volume", "100", "0"}},
			check: func(c *pipeline.Candle) bool { // marked as it is stored
				return c.Verdict.Failed == quality.Checks(0).With(quality.OHLCOrder).With(quality.VolumePositive)
			},
		},
		"only what differs is replaced": {
			stored: row(market.CSV, nil),
			row:    row(market.CSV, func(r *quality.Checked) { r.Candle.Close, r.Candle.Open = 10.5, 10*(1+1e-10) }),
			want:   pipeline.Amended, reason: pipeline.SourceUpdated, corrections: []change{{"close", "11", "10.5"}},
			check: func(c *pipeline.Candle) bool { return c.Open == 10 },
		},
		"a volume where there was none": {
			stored: row(market.CSV, func(r *quality.Checked) { r.Candle.Volume = 0; r.Failed = r.Failed.With(quality.VolumePositive) }),
			row:    row(market.CSV, func(r *quality.Checked) { r.Candle.Volume, r.Candle.VolumeEstimated = 1e-12, true }),
			want:   pipeline.Amended, reason: pipeline.SourceUpdated, corrections: []change{{"volume", "0", "1e-12"}},
			check: func(c *pipeline.Candle) bool { return c.Verdict.Failed == 0 && c.VolumeEstimated },
		},
		"marks of the delivery that amends": {
			stored: row(market.CSV, nil),
			row: row(market.CSV, func(r *quality.Checked) {
				r.Candle.Close = 10
				r.Failed = r.Failed.With(quality.Monotonic).With(quality.MicrostructureSane)
			}),
			want: pipeline.Amended, reason: pipeline.SourceUpdated, corrections: []change{{"close", "11", "10"}},
			check: func(c *pipeline.Candle) bool {
				return c.Verdict.Failed == quality.Checks(0).With(quality.Monotonic).With(quality.MicrostructureSane)
			},
		},

		"a better source": {
			stored: row(market.CSV, nil), row: row(market.Polygon, closing(10)),
			want: pipeline.Amended, reason: pipeline.SourceUpgraded, corrections: []change{{"close", "11", "10"}},
			check: func(c *pipeline.Candle) bool { return c.Source == market.Polygon },
		},
		"the best source": {
			stored: row(market.Polygon, nil), row: row(market.Binance, closing(10)),
			want: pipeline.Amended, reason: pipeline.SourceUpgraded, corrections: []change{{"close", "11", "10"}},
		},
		"a lesser source":      {stored: row(market.Binance, nil), row: row(market.Polygon, closing(10))},
		"a file":               {stored: row(market.Polygon, nil), row: row(market.CSV, closing(10))},
		"a file fills nothing": {stored: row(market.Polygon, nil), row: row(market.CSV, oi(5))},
		"a file against a provider that is no longer asked": {
			stored: row(market.Yahoo, nil), row: row(market.CSV, closing(10)),
		},
		"a provider that is no longer asked": {
			stored: row(market.Polygon, nil), row: row(market.Yahoo, closing(10)),
		},

		"a manual correction": {
			stored: row(market.Binance, oi(5)), row: row(market.CSV, manual(10)),
			want: pipeline.Amended, reason: pipeline.ManualCorrection, corrections: []change{{"close", "11", "10"}},
			check: func(c *pipeline.Candle) bool {
				return c.Manual && c.Source == market.Binance && c.Offered.Has(market.OpenInterest) && c.Delivered[market.OpenInterest] == 5
			},
		},
		"a provider against a manual correction": {
			stored: row(market.Binance, manual(10)), row: row(market.Binance, closing(11)),
			check: func(c *pipeline.Candle) bool { return c.Manual },
		},
		"a provider fills no manual correction": {stored: row(market.Binance, manual(10)), row: row(market.Binance, oi(5))},
		"another manual correction": {
			stored: row(market.Binance, manual(10)), row: row(market.CSV, manual(12)),
			want: pipeline.Amended, reason: pipeline.ManualCorrection, corrections: []change{{"close", "10", "12"}},
		},

		"a crypto field": {
			stored: row(market.CSV, oi(5)), row: row(market.CSV, oi(6)),
			want: pipeline.Amended, reason: pipeline.SourceUpdated, corrections: []change{{"open_interest", "5", "6"}},
		},
		"a fill": {
			stored: row(market.CSV, func(r *quality.Checked) { oi(missing)(r); r.Failed = r.Failed.With(quality.MicrostructureSane) }),
			row:    row(market.CSV, oi(6)),
			want:   pipeline.Filled,
			check: func(c *pipeline.Candle) bool {
				return c.Delivered[market.OpenInterest] == 6 && c.Verdict.Failed.Has(quality.MicrostructureSane)
			},
		},
		"a fill of a field not offered before": {
			stored: row(market.CSV, nil), row: row(market.CSV, oi(6)),
			want: pipeline.Filled, check: func(c *pipeline.Candle) bool { return c.Offered == market.Offer(market.OpenInterest) },
		},
		"a fill of a better source": {
			stored: row(market.CSV, nil), row: row(market.Binance, oi(6)),
			want: pipeline.Filled, check: func(c *pipeline.Candle) bool { return c.Source == market.Binance },
		},
		"a fill beside an amendment": {
			stored: row(market.CSV, nil), row: row(market.CSV, func(r *quality.Checked) { oi(6)(r); closing(10)(r) }),
			want: pipeline.Amended, reason: pipeline.SourceUpdated, corrections: []change{{"close", "11", "10"}},
			check: func(c *pipeline.Candle) bool { return c.Delivered[market.OpenInterest] == 6 },
		},
		"a missing value": {
			stored: row(market.CSV, oi(5)), row: row(market.CSV, oi(missing)),
			check: func(c *pipeline.Candle) bool { return c.Delivered[market.OpenInterest] == 5 },
		},
		"a missing value beside an amendment": {
			stored: row(market.CSV, oi(5)), row: row(market.Binance, func(r *quality.Checked) { oi(missing)(r); closing(10)(r) }),
			want: pipeline.Amended, reason: pipeline.SourceUpgraded, corrections: []change{{"close", "11", "10"}},
			check: func(c *pipeline.Candle) bool { return c.Delivered[market.OpenInterest] == 5 },
		},
		"what is expected follows from the new source and what was kept": {
			stored: row(market.CSV, func(r *quality.Checked) {
				delivers(r, map[market.Field]float64{market.OpenInterest: 5, market.LongShortRatio: missing})
			}),
			row: row(market.Binance, func(r *quality.Checked) {
				closing(10)(r)
				delivers(r, map[market.Field]float64{market.ExchangeInflow: missing})
			}),
			want: pipeline.Amended, reason: pipeline.SourceUpgraded, corrections: []change{{"close", "11", "10"}},
			check: func(c *pipeline.Candle) bool {
				return c.Offered == market.Offer(market.OpenInterest, market.ExchangeInflow)
			},
		},
		"taker volumes that no longer fit the volume": {
			stored: row(market.CSV, func(r *quality.Checked) {
				delivers(r, map[market.Field]float64{market.TakerBuyVolume: 60, market.TakerSellVolume: 40})
			}),
			row:  row(market.CSV, func(r *quality.Checked) { r.Candle.Volume = 200 }),
			want: pipeline.Amended, reason: pipeline.SourceUpdated,
			corrections: []change{{"volume", "100", "200"}, {"taker_buy_volume", "60", ""}, {"taker_sell_volume", "40", ""}},
		},
		"taker volumes amended with the volume": {
			stored: row(market.CSV, func(r *quality.Checked) {
				delivers(r, map[market.Field]float64{market.TakerBuyVolume: 60, market.TakerSellVolume: 40})
			}),
			row: row(market.CSV, func(r *quality.Checked) {
				r.Candle.Volume = 200
				delivers(r, map[market.Field]float64{market.TakerBuyVolume: 150, market.TakerSellVolume: 50})
			}),
			want: pipeline.Amended, reason: pipeline.SourceUpdated,
			corrections: []change{{"volume", "100", "200"}, {"taker_buy_volume", "60", "150"}, {"taker_sell_volume", "40", "50"}},
		},
		"a taker volume that does not fit the other one": {
			stored: row(market.CSV, func(r *quality.Checked) {
				delivers(r, map[market.Field]float64{market.TakerBuyVolume: 60, market.TakerSellVolume: 40})
			}),
			row: row(market.CSV, func(r *quality.Checked) {
				delivers(r, map[market.Field]float64{market.TakerBuyVolume: 80, market.TakerSellVolume: missing})
			}),
			want: pipeline.Amended, reason: pipeline.SourceUpdated,
			corrections: []change{{"taker_buy_volume", "60", "80"}, {"taker_sell_volume", "40", ""}},
		},
		"the rate that follows from payments is not compared": {
			stored: row(market.Binance, func(r *quality.Checked) {
				delivers(r, map[market.Field]float64{market.FundingRate: 1e-4})
				r.Candle.Offered |= market.FundingPayments
			}),
			row: row(market.Binance, func(r *quality.Checked) {
				delivers(r, map[market.Field]float64{market.FundingRate: 2e-4})
				r.Candle.Offered |= market.FundingPayments
			}),
			check: func(c *pipeline.Candle) bool { return c.Delivered[market.FundingRate] == 1e-4 },
		},
		"payments stay offered": {
			stored: row(market.CSV, func(r *quality.Checked) { r.Candle.Offered = market.FundingPayments }),
			row:    row(market.CSV, closing(10)),
			want:   pipeline.Amended, reason: pipeline.SourceUpdated, corrections: []change{{"close", "11", "10"}},
			check: func(c *pipeline.Candle) bool { return c.Offered == market.FundingPayments },
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			stored := holds(c.stored)
			before := *stored
			bar, corrections := pipeline.Merge(stored, c.row, priority)
			if bar.Change != c.want {
				t.Fatalf("change %d, want %d", bar.Change, c.want)
			}
			var got []change
			for _, x := range corrections {
				got = append(got, change{x.Field, x.Old, x.New})
				if x.Reason != c.reason || !x.TS.Equal(mergeAt) {
					t.Errorf("reason %s at %v, want %s", x.Reason, x.TS, c.reason)
				}
			}
			if diff := cmp.Diff(c.corrections, got); diff != "" {
				t.Errorf("corrections (-want +got):\n%s", diff)
			}
			if c.check != nil && !c.check(&bar.Candle) {
				t.Errorf("the candle is %+v", bar.Candle)
			}
			same := cmp.Diff(before, bar.Candle, cmpopts.EquateNaNs()) == ""
			if same != (c.want == pipeline.Kept) {
				t.Errorf("change %d, and the candle is the same: %v", bar.Change, same)
			}
			revision := 1
			if c.want == pipeline.Amended {
				revision = 2
			}
			if bar.Candle.Revision != revision || bar.Candle.Basis != 4 || !bar.Candle.FirstStoredAt.Equal(before.FirstStoredAt) {
				t.Errorf("revision %d of basis %d, first stored at %v", bar.Candle.Revision, bar.Candle.Basis, bar.Candle.FirstStoredAt)
			}
			if diff := cmp.Diff(before, *stored, cmpopts.EquateNaNs()); diff != "" {
				t.Errorf("the stored candle was changed (-before +after):\n%s", diff)
			}
			// Merged once, a delivery changes nothing the second time.
			if again, more := pipeline.Merge(&bar.Candle, c.row, priority); again.Change != pipeline.Kept || more != nil {
				t.Errorf("merged again: change %d, %v", again.Change, more)
			}
		})
	}
}
