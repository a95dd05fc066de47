package quality

import "time"

// How often a slot is asked for again that a source has left empty, or whose row
// was refused: sources fill holes within days or never.
const (
	repairWindow = 30 * 24 * time.Hour
	repairTries  = 5
)

// AskAgain reports whether a slot with the cause SourceEmpty or RowRejected is
// to be asked for again at now, given when it was asked for so far, in time
// order: at most 5 times within 30 days of the first, then every 30 days.
func AskAgain(asked []time.Time, now time.Time) bool {
	if len(asked) == 0 {
		return true
	}
	if now.Sub(asked[0]) < repairWindow {
		return len(asked) <= repairTries
	}
	return now.Sub(asked[len(asked)-1]) >= repairWindow
}

// NextTry is the first instant from now on at which AskAgain holds: now, or when
// 30 days have passed since the last time.
func NextTry(asked []time.Time, now time.Time) time.Time {
	if AskAgain(asked, now) {
		return now
	}
	return asked[len(asked)-1].Add(repairWindow)
}
