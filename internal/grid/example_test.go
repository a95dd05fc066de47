package grid_test

import (
	"fmt"
	"time"

	"github.com/candlewright/candlewright/internal/grid"
	"github.com/candlewright/candlewright/internal/market"
)

// The hours of a half day: the last bar is short, and the next slot is that of
// the next session.
func ExampleGrid() {
	hours := grid.New(market.Stock, market.H1)
	first, _ := hours.SessionSlots(market.NewDate(2024, time.July, 3))
	for s := first; s < first+5; s++ {
		fmt.Println(hours.Stamp(s).Format("Jan 2 15:04"), "to", hours.End(s).Format("15:04"))
	}
	// Output:
	// Jul 3 13:30 to 14:30
	// Jul 3 14:30 to 15:30
	// Jul 3 15:30 to 16:30
	// Jul 3 16:30 to 17:00
	// Jul 5 13:30 to 14:30
}

// What Friday's bar lacks on Monday: nothing until the close.
func ExampleGrid_Lag() {
	days := grid.New(market.Stock, market.D1)
	friday, _ := days.At(time.Date(2024, time.June, 28, 0, 0, 0, 0, time.UTC))
	for _, now := range []time.Time{
		time.Date(2024, time.July, 1, 19, 0, 0, 0, time.UTC),
		time.Date(2024, time.July, 1, 22, 0, 0, 0, time.UTC),
	} {
		fmt.Println(days.Behind(friday, now), days.Lag(friday, now, 0))
	}
	// Output:
	// 0 0s
	// 1 2h0m0s
}

func ExampleGrid_Count() {
	from := time.Date(1998, time.January, 1, 0, 0, 0, 0, time.UTC)
	to := time.Date(2028, time.January, 1, 0, 0, 0, 0, time.UTC)
	fmt.Println(grid.New(market.ETF, market.M5).Count(from, to))
	fmt.Println(grid.New(market.Crypto, market.M5).Count(from, to))
	// Output:
	// 586170
	// 3155616
}

func ExampleGrid_Known() {
	fmt.Println(grid.New(market.Stock, market.D1).Known(time.Date(1997, time.January, 2, 0, 0, 0, 0, time.UTC)))
	// Output:
	// calendar unknown: 1997-01-02 is outside 1998 to 2030; cut the range with --from and --to
}

func ExampleCalendar_Dates() {
	nyse := grid.CalendarOf(market.ETF)
	for d := range nyse.Dates(market.NewDate(2001, time.September, 10), market.NewDate(2001, time.September, 19)) {
		fmt.Println(d)
	}
	// Output:
	// 2001-09-10
	// 2001-09-17
	// 2001-09-18
}

func ExampleResample() {
	halfHour := func(hour, minute int, open, high, low, closing, volume float64) market.Candle {
		return market.Candle{
			TS:   time.Date(2024, time.July, 2, hour, minute, 0, 0, time.UTC),
			Open: open, High: high, Low: low, Close: closing, Volume: volume, Delivered: market.NoFields(),
		}
	}
	bars, err := grid.Resample(30*time.Minute, grid.New(market.Stock, market.H1), []market.Candle{
		halfHour(13, 30, 10, 12, 9, 11, 700),
		halfHour(14, 0, 11, 11, 8, 9, 300),
		halfHour(14, 30, 9, 10, 9, 10, 500),
	})
	for _, b := range bars {
		fmt.Println(b.TS.Format("15:04"), b.Open, b.High, b.Low, b.Close, b.Volume)
	}
	fmt.Println(err)
	// Output:
	// 13:30 10 12 8 9 1000
	// 14:30 9 10 9 10 500
	// <nil>
}
