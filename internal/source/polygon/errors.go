package polygon

import (
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"github.com/candlewright/candlewright/internal/market"
	"github.com/candlewright/candlewright/internal/source"
)

// rateRest is the wait after 429 without Retry-After, which Polygon does not
// document: one turn of the free plan's five a minute, and some.
const rateRest = 15 * time.Second

// codeEndOfDay marks the refusal of the current date on plans that get a day
// when it is over. It is no failure: the range ends the day before.
const codeEndOfDay = "END_OF_DAY"

// refusal types an answer that is not 200.
func refusal(a source.Answer) error {
	var body envelope
	_ = json.Unmarshal(a.Body, &body) // what is no JSON of theirs leaves it empty
	e := source.StatusError(market.Polygon, a, body.text())
	switch {
	case a.Status == http.StatusForbidden && body.Status != "":
		e.Kind = source.NotEntitled
	case a.Status == http.StatusTooManyRequests && e.RetryAfter == 0:
		e.RetryAfter = rateRest
	case a.Status == http.StatusRequestEntityTooLarge, a.Status == 499: // the official client's list
		e.Kind, e.Transient = source.Unavailable, true
	}
	e.Code = body.Status
	byText(e)
	return e
}

// unwell types a 200 whose status is not well.
func unwell(a source.Answer, body envelope) error {
	text := body.text()
	if text == "" {
		text = "the answer has status " + source.Excerpt([]byte(body.Status))
	}
	e := &source.Error{Kind: source.BadResponse, Source: market.Polygon, Status: a.Status, Code: source.Excerpt([]byte(body.Status)), Message: text}
	switch body.Status {
	case "NOT_AUTHORIZED":
		e.Kind = source.NotEntitled
	case "NOT_FOUND":
		e.Kind = source.NotFound
	case "ERROR":
		e.Kind = source.BadRequest
	}
	byText(e)
	return e
}

// byText refines by the words, where status and code say too little.
func byText(e *source.Error) {
	text := strings.ToLower(e.Message)
	switch {
	case strings.Contains(text, "before end of day"):
		e.Kind, e.Code = source.NotEntitled, codeEndOfDay
	case strings.Contains(text, "unknown api key"), strings.Contains(text, "api key was not provided"):
		e.Kind = source.Unauthorized
	case strings.Contains(text, "maximum requests per minute"):
		e.Kind, e.Transient, e.RetryAfter = source.RateLimited, true, max(e.RetryAfter, rateRest)
	}
}
