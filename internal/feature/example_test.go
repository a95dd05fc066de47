package feature_test

import (
	"fmt"
	"log"
	"time"

	"github.com/candlewright/candlewright/internal/feature"
	"github.com/candlewright/candlewright/internal/grid"
	"github.com/candlewright/candlewright/internal/market"
)

// A state takes the bars of one series in order. Each bar's result tells its
// features and which ones it ought to have.
func ExampleState_Push() {
	g := grid.New(market.Crypto, market.H1)
	s := feature.New(g)
	stamp := time.Date(2024, 3, 1, 0, 0, 0, 0, time.UTC)
	for _, close := range []float64{100, 102, 99.96} {
		c := market.Candle{
			TS: stamp, Open: close, High: close, Low: close, Close: close, Volume: 1,
			Offered: market.Offer(market.OpenInterest), Delivered: market.NoFields(),
		}
		slot, ok := g.At(stamp)
		if !ok {
			log.Fatalf("%s is no slot", stamp)
		}
		r := s.Push(&c, slot, feature.NoFunding())
		change, known := r.Values.Return1h()
		fmt.Printf("%s %.2f %t, missing:", stamp.Format("15:04"), change, known)
		for _, n := range (r.Expected &^ r.Values.Present()).Names() {
			fmt.Print(" ", n)
		}
		fmt.Println()
		stamp = stamp.Add(time.Hour)
	}
	// Output:
	// 00:00 NaN false, missing: open_interest
	// 01:00 0.02 true, missing: open_interest open_interest_change
	// 02:00 -0.02 true, missing: open_interest open_interest_change
}

// A state can be put away after any bar and goes on later as if it had not been.
func ExampleState_AppendBinary() {
	g := grid.New(market.Stock, market.D1)
	s := feature.New(g)
	bar := func(s *feature.State, day int, close float64) feature.Result {
		c := market.Candle{
			TS:   time.Date(2024, 3, day, 0, 0, 0, 0, time.UTC),
			Open: close, High: close, Low: close, Close: close, Volume: 1,
		}
		slot, _ := g.At(c.TS)
		return s.Push(&c, slot, feature.NoFunding())
	}
	bar(s, 7, 100)
	bar(s, 8, 104) // a Friday

	saved, err := s.AppendBinary(nil)
	if err != nil {
		log.Fatal(err)
	}
	restored := feature.New(g)
	if err := restored.UnmarshalBinary(saved); err != nil {
		log.Fatal(err)
	}
	change, _ := bar(restored, 11, 101.92).Values.Return1d()
	fmt.Printf("%d bars before Monday, whose change is %.2f\n", s.Bars(), change)
	// Output:
	// 2 bars before Monday, whose change is -0.02
}

// Payments are walked in step with the bars' ends.
func ExamplePayments() {
	first := time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)
	var list []market.Payment
	for i := range 90 {
		list = append(list, market.Payment{At: first.Add(time.Duration(i) * 8 * time.Hour), Rate: float64(i%30) / 1e5})
	}
	p := feature.NewPayments(list)
	f := p.At(first.Add(24 * time.Hour))
	fmt.Printf("a day later %.5f, percentile %v\n", f.Rate, f.Percentile)
	f = p.At(first.Add(30 * 24 * time.Hour))
	fmt.Printf("a month later %.5f, percentile %v\n", f.Rate, f.Percentile)
	// Output:
	// a day later 0.00003, percentile NaN
	// a month later 0.00029, percentile 100
}
