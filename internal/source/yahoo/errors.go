package yahoo

import (
	"encoding/json"
	"net/http"
	"strings"

	"github.com/candlewright/candlewright/internal/market"
	"github.com/candlewright/candlewright/internal/source"
)

// codeNoData marks the refusal of a range that lies before the listing. It is
// an empty range and no failure.
const codeNoData = "NO_DATA"

// refusal types an answer that is not 200.
func refusal(a source.Answer) error {
	var body chartBody
	if json.Unmarshal(a.Body, &body) == nil && body.Chart != nil && body.Chart.Error != nil {
		return typed(a, *body.Chart.Error)
	}
	e := source.StatusError(market.Yahoo, a, "")
	switch a.Status {
	case http.StatusUnauthorized:
		e.Kind = source.Blocked // there is no key that could be wrong
	case http.StatusNotFound: // of a path, not of a symbol
		e.Kind = source.BadRequest
	}
	return e
}

// typed gives a chart.error its kind; it comes with any status, 200 too.
func typed(a source.Answer, api apiError) error {
	e := source.StatusError(market.Yahoo, a, source.Excerpt([]byte(api.Code+": "+api.Description)))
	e.Code = source.Excerpt([]byte(api.Code))
	text := strings.ToLower(api.Description)
	switch {
	case strings.EqualFold(api.Code, "Not Found"):
		e.Kind, e.Transient = source.NotFound, false
	case strings.Contains(text, "data doesn't exist for"):
		e.Kind, e.Code, e.Transient = source.BadRequest, codeNoData, false
	case strings.Contains(text, "must be within the last"), strings.Contains(text, "only 8 days worth"):
		e.Kind, e.Transient = source.OutOfReach, false
	case strings.EqualFold(api.Code, "Unauthorized"):
		e.Kind = source.Blocked
	}
	return e
}
