package feature_test

import (
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/candlewright/candlewright/internal/feature"
	"github.com/candlewright/candlewright/internal/market"
)

// paid makes payments eight hours apart from start on.
func paid(rates ...float64) []market.Payment {
	var p []market.Payment
	for i, r := range rates {
		p = append(p, market.Payment{At: start.Add(time.Duration(i) * 8 * time.Hour), Rate: r})
	}
	return p
}

func repeat(rate float64, n int) []float64 {
	rates := make([]float64, n)
	for i := range rates {
		rates[i] = rate
	}
	return rates
}

func TestFundingAtAnInstant(t *testing.T) {
	t.Parallel()
	rising := make([]float64, 100)
	for i := range rising {
		rising[i] = float64(i+1) / 1000
	}
	at := func(n int) time.Time { return start.Add(time.Duration(n) * 8 * time.Hour) }
	nan := math.NaN()
	for _, test := range []struct {
		name     string
		payments []market.Payment
		end      time.Time
		want     feature.Funding
	}{
		{"no payments", nil, at(0), feature.Funding{Rate: nan, Percentile: nan}},
		{"before the first", paid(rising...), at(0).Add(-time.Second), feature.Funding{Rate: nan, Percentile: nan}},
		{"at the instant of the first", paid(rising...), at(0), feature.Funding{Rate: 0.001, Percentile: nan}},
		{"89 are too few", paid(rising...), at(88), feature.Funding{Rate: 0.089, Percentile: nan}},
		{"the greatest of 90", paid(rising...), at(89), feature.Funding{Rate: 0.09, Percentile: 100}},
		{"only the last 90 count", paid(rising[10:]...), at(89), feature.Funding{Rate: 0.1, Percentile: 100}},
		{"the least of 90", paid(append(repeat(0.5, 89), 0.4)...), at(89), feature.Funding{Rate: 0.4, Percentile: 100. / 90}},
		{
			"the 91st pushes the first out", paid(append(append([]float64{-1}, repeat(0.5, 89)...), 0.4)...), at(90),
			feature.Funding{Rate: 0.4, Percentile: 100. / 90},
		},
		{"equal ones count", paid(repeat(-0.0001, 90)...), at(89), feature.Funding{Rate: -0.0001, Percentile: 100}},
		{
			"equal but for the last bits", paid(append(repeat(-0.0001, 89), -0.0001*(1+1e-14))...), at(89),
			feature.Funding{Rate: -0.0001 * (1 + 1e-14), Percentile: 100},
		},
		{
			"greater by more than that", paid(append(repeat(-0.0001, 89), -0.0001*(1+1e-11))...), at(89),
			feature.Funding{Rate: -0.0001 * (1 + 1e-11), Percentile: 100. / 90},
		},
		{"zeros", paid(repeat(0, 90)...), at(89), feature.Funding{Rate: 0, Percentile: 100}},
		{"rates beyond 1 are no payments", paid(append(repeat(0.001, 90), 1.5, -2, nan)...), at(200), feature.Funding{Rate: 0.001, Percentile: 100}},
		{"with them there would be 90", paid(append(repeat(0.001, 89), 1.5)...), at(200), feature.Funding{Rate: 0.001, Percentile: nan}},
		{"a rate of 1 is one", paid(append(repeat(0.001, 89), 1)...), at(200), feature.Funding{Rate: 1, Percentile: 100}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(test.want, feature.NewPayments(test.payments).At(test.end), sameBits); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestWalkingPaymentsIsAskingAfresh(t *testing.T) {
	t.Parallel()
	_, payments := kinds()[0].series(2000, 5)
	walking := feature.NewPayments(payments)
	end := payments[0].At.Add(-time.Hour)
	for range 1000 {
		end = end.Add(97 * time.Minute)
		if diff := cmp.Diff(feature.NewPayments(payments).At(end), walking.At(end), sameBits); diff != "" {
			t.Fatalf("%s (-afresh +walking):\n%s", end, diff)
		}
	}
	back := payments[95].At
	if diff := cmp.Diff(feature.NewPayments(payments).At(back), walking.At(back), sameBits); diff != "" {
		t.Errorf("back to %s (-afresh +walking):\n%s", back, diff)
	}
}

func TestTheLast90PaymentsAreEnough(t *testing.T) {
	t.Parallel()
	_, payments := kinds()[0].series(2000, 6)
	believed := payments[:0:0]
	for _, p := range payments {
		if math.Abs(p.Rate) <= 1 {
			believed = append(believed, p)
		}
	}
	for n := 90; n < len(believed); n++ {
		end := believed[n-1].At
		whole := feature.NewPayments(believed).At(end)
		if diff := cmp.Diff(whole, feature.NewPayments(believed[n-90:]).At(end), sameBits); diff != "" {
			t.Fatalf("from payment %d on (-whole +last 90):\n%s", n-90, diff)
		}
	}
}

func TestNoPaymentsAtAll(t *testing.T) {
	t.Parallel()
	var none *feature.Payments
	if diff := cmp.Diff(feature.NoFunding(), none.At(start), sameBits); diff != "" {
		t.Error(diff)
	}
}
