package binance

import (
	"encoding/json"
	"regexp"
	"strconv"
	"time"

	"github.com/candlewright/candlewright/internal/market"
	"github.com/candlewright/candlewright/internal/source"
)

const (
	statusBanned = 418 // further calls after 429 prolong it
	firewallRest = 3 * time.Hour
	rateRest     = 30 * time.Second
)

// bannedUntil finds the end of a ban in the text of code -1003, in ms.
var bannedUntil = regexp.MustCompile(`banned until (\d{13})`)

// refusal types an answer that is not 200.
func refusal(a source.Answer) error {
	var body apiError
	if json.Unmarshal(a.Body, &body) != nil {
		body = apiError{} // HTML of the firewall, or of a proxy
	}
	e := source.StatusError(market.Binance, a, body.Msg)
	if body.Code != 0 {
		e.Code = strconv.Itoa(body.Code)
	}
	switch a.Status {
	case 429:
		e.RetryAfter = max(e.RetryAfter, banLeft(body.Msg, a.At))
		if e.RetryAfter == 0 {
			e.RetryAfter = rateRest
		}
	case statusBanned:
		e.Kind, e.Transient = source.RateLimited, true
		e.RetryAfter = max(e.RetryAfter, banLeft(body.Msg, a.At), 2*time.Minute)
	case 403: // the firewall: calling on makes it worse
		e.RetryAfter = firewallRest
	case 404: // of a path: an unknown symbol has a code
		e.Kind = source.BadRequest
	}
	byCode(e, body.Code)
	return e
}

// byCode refines by Binance's own code, which says more than the status.
func byCode(e *source.Error, code int) {
	switch code {
	case -1121:
		e.Kind = source.NotFound
	case -1000, -1001, -1006, -1007, -1008:
		e.Kind, e.Transient = source.Unavailable, true
	}
}

// banLeft is how long a ban lasts yet, by the text of its body.
func banLeft(msg string, now time.Time) time.Duration {
	m := bannedUntil.FindStringSubmatch(msg)
	if m == nil {
		return 0
	}
	ms, err := strconv.ParseInt(m[1], 10, 64)
	if err != nil {
		return 0
	}
	return min(max(time.UnixMilli(ms).Sub(now), 0), 7*24*time.Hour)
}
