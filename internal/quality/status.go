package quality

import (
	"time"

	"github.com/candlewright/candlewright/internal/grid"
)

// HealthStatus is the state of a symbol in one word.
type HealthStatus string

// The states of a symbol. Of several that hold the first of this list is shown.
const (
	Failing     HealthStatus = "error"        // the last ended run failed
	NotEnriched HealthStatus = "not_enriched" // nothing stored
	Stale       HealthStatus = "stale"        // lag > 3 days, or score < 0.85
	Warning     HealthStatus = "warning"      // lag >= 1 day, or score <= 0.90, or a tracked timeframe without any candle
	Healthy     HealthStatus = "healthy"
)

// HealthStatuses lists the states of a symbol.
func HealthStatuses() []HealthStatus {
	return []HealthStatus{Healthy, Warning, Stale, Failing, NotEnriched}
}

const (
	staleLag     = 3 * 24 * time.Hour
	warningLag   = 24 * time.Hour
	staleScore   = 0.85
	warningScore = 0.90
)

// Holding is what a symbol has of one timeframe.
type Holding struct {
	Grid    grid.Grid
	Tracked bool          // false: stored once, not tracked now
	Last    time.Time     // stamp of the newest stored bar; zero: none
	Delay   time.Duration // how long after a bar's end its source publishes it
}

// Assessment is how a symbol stands at a moment. It is computed when asked for:
// a stored one would be wrong an hour later.
type Assessment struct {
	Status   HealthStatus
	Lag      time.Duration // of the finest tracked timeframe that has a bar
	HasLag   bool
	DataAge  time.Duration // from the end of the newest bar stored, of any timeframe
	HasData  bool
	Score    float64 // as shown
	HasScore bool
}

// Assess says how a symbol stands at now. lastFailed is that its last ended run
// failed in any of its timeframes; a cancelled run is no ended run.
func Assess(lastFailed bool, holdings []Holding, w Window, now time.Time) Assessment {
	var (
		a      Assessment
		newest time.Time
		finest *Holding
		empty  bool // a tracked timeframe has no candle
	)
	for i := range holdings {
		h := &holdings[i]
		if h.Last.IsZero() {
			empty = empty || h.Tracked
			continue
		}
		if end := h.Grid.End(h.slot()); !a.HasData || end.After(newest) {
			newest, a.HasData = end, true
		}
		if h.Tracked && (finest == nil || h.order() < finest.order()) {
			finest = h
		}
	}
	if a.HasData {
		a.DataAge = now.Sub(newest)
	}
	if finest != nil {
		a.Lag, a.HasLag = finest.Grid.Lag(finest.slot(), now, finest.Delay), true
	}
	a.Score, a.HasScore = w.Score()
	a.Status = a.status(lastFailed, empty)
	return a
}

func (a *Assessment) status(lastFailed, empty bool) HealthStatus {
	switch {
	case lastFailed:
		return Failing
	case !a.HasData:
		return NotEnriched
	case a.HasLag && a.Lag > staleLag, a.HasScore && a.Score < staleScore:
		return Stale
	case a.HasLag && a.Lag >= warningLag, a.HasScore && a.Score <= warningScore, empty:
		return Warning
	}
	return Healthy
}

func (h *Holding) slot() grid.Slot { return h.Grid.FirstFrom(h.Last) }
func (h *Holding) order() int      { return h.Grid.Timeframe().Order() }
