package source

import (
	"time"

	"github.com/candlewright/candlewright/internal/grid"
)

// Window is the slots of a request that have ended: First to End-1.
type Window struct {
	Grid       grid.Grid
	First, End grid.Slot
	to         time.Time
}

// Window cuts the request to the slots that a source has published: those that
// ended at least delay before Now.
func (r Request) Window(delay time.Duration) Window {
	g := grid.New(r.Symbol.Class, r.Timeframe)
	w := Window{Grid: g, First: g.FirstFrom(r.From), End: g.FirstFrom(r.To), to: r.To}
	if ended := g.LastEnded(r.Now.Add(-delay)) + 1; ended < w.End {
		w.End = ended
		w.to = g.Stamp(ended)
	}
	return w
}

// Empty reports whether there is nothing to ask for.
func (w Window) Empty() bool { return w.First >= w.End }

// To is up to where the window answers the request: its end, or the first slot
// that has not ended.
func (w Window) To() time.Time { return w.to }

// Until is the stamp of a slot, cut to the window: where a page that holds all
// slots before it has answered.
func (w Window) Until(s grid.Slot) time.Time {
	if s >= w.End {
		return w.to
	}
	return w.Grid.Stamp(s)
}

// Has reports whether an instant lies in the window: a row stamped so belongs
// to it, on the grid or not.
func (w Window) Has(ts time.Time) bool {
	return !ts.Before(w.Grid.Stamp(w.First)) && ts.Before(w.Grid.Stamp(w.End))
}
