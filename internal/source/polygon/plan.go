package polygon

import (
	"fmt"
	"strings"
	"time"

	"github.com/candlewright/candlewright/internal/source"
)

// Plan is what a subscription covers. The figures are those of several readings
// of the price page in 2026; a key may cover less, which then shows as
// NOT_ENTITLED.
type Plan struct {
	Name     string
	Calls    int           // a minute
	Years    int           // of history; 0 is all there is
	Delay    time.Duration // after a bar's end until it may be asked for
	EndOfDay bool          // the current New York date is refused until it is over
}

// Plans are the subscriptions by name, the free one first.
func Plans() []Plan {
	const unlimited = 6000 // "stay under 100 a second"
	return []Plan{
		{Name: "basic", Calls: 5, Years: 2, EndOfDay: true},
		{Name: "starter", Calls: unlimited, Years: 5, Delay: 15 * time.Minute},
		{Name: "developer", Calls: unlimited, Years: 10, Delay: 15 * time.Minute},
		{Name: "advanced", Calls: unlimited},
	}
}

// ParsePlan finds a plan by its name.
func ParsePlan(name string) (Plan, error) {
	names := make([]string, 0, 4)
	for _, p := range Plans() {
		if p.Name == name {
			return p, nil
		}
		names = append(names, p.Name)
	}
	return Plan{}, fmt.Errorf("unknown plan of Polygon %q: want %s", name, strings.Join(names, ", "))
}

// limits is the plan's budget of calls.
func (p Plan) limits() source.Limits {
	return source.Limits{PerMinute: p.Calls, Burst: min(p.Calls, 100)}
}

// published is how long before now a bar must have ended to be had.
func (p Plan) published(now time.Time) time.Duration {
	if !p.EndOfDay {
		return p.Delay
	}
	y, m, d := now.In(newYork).Date()
	return now.Sub(time.Date(y, m, d, 0, 0, 0, 0, newYork))
}

// reach is the oldest instant that the plan covers.
func (p Plan) reach(now time.Time) time.Time {
	if p.Years == 0 {
		return time.Time{}
	}
	return now.UTC().AddDate(-p.Years, 0, 1).Truncate(24 * time.Hour)
}
