package polygon

import (
	"net/http"

	"github.com/candlewright/candlewright/internal/market"
	"github.com/candlewright/candlewright/internal/source"
)

// aggs is the body of /v2/aggs/ticker/…/range/….
type aggs struct {
	Ticker   string `json:"ticker"`
	Adjusted *bool  `json:"adjusted"`
	Results  []agg  `json:"results"` // absent where there is none
	NextURL  string `json:"next_url"`
	envelope
}

// agg is one window. encoding/json matches names without regard to case where
// there is no exact field, so the ticker T needs one beside the time t.
type agg struct {
	Time   *int64   `json:"t"` // the window's start, ms
	Open   *float64 `json:"o"`
	High   *float64 `json:"h"`
	Low    *float64 `json:"l"`
	Close  *float64 `json:"c"`
	Volume *float64 `json:"v"` // base units, often in exponent form
	OTC    bool     `json:"otc"`
	Ticker string   `json:"T"`
}

// envelope is what all bodies have. The text of a refusal is in error or in
// message.
type envelope struct {
	Status    string `json:"status"`
	RequestID string `json:"request_id"`
	Error     string `json:"error"`
	Message   string `json:"message"`
}

func (e envelope) text() string {
	if e.Error != "" {
		return e.Error
	}
	return e.Message
}

// decodeAggs reads a page and checks that it is an answer to what was asked.
func decodeAggs(a source.Answer, ticker string) (aggs, error) {
	var body aggs
	if a.Status != http.StatusOK {
		return body, refusal(a)
	}
	if err := source.DecodeJSON(market.Polygon, a, &body); err != nil {
		return body, err
	}
	bad := func(message string) error {
		return &source.Error{Kind: source.BadResponse, Source: market.Polygon, Status: a.Status, Message: message}
	}
	switch {
	case body.Status != "OK" && body.Status != "DELAYED":
		return body, unwell(a, body.envelope)
	case body.Ticker != "" && body.Ticker != ticker:
		return body, bad("the answer is about " + source.Excerpt([]byte(body.Ticker)) + ", not " + ticker)
	case body.Adjusted != nil && !*body.Adjusted:
		return body, bad("the bars are not adjusted for splits")
	}
	for i := range body.Results {
		if body.Results[i].Time == nil {
			return body, bad("a bar has no time")
		}
	}
	return body, nil
}
