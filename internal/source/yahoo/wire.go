package yahoo

import (
	"fmt"
	"net/http"

	"github.com/candlewright/candlewright/internal/market"
	"github.com/candlewright/candlewright/internal/source"
)

// chartBody is the answer of /v8/finance/chart.
type chartBody struct {
	Chart *struct {
		Result []chart   `json:"result"`
		Error  *apiError `json:"error"`
	} `json:"chart"`
}

type apiError struct {
	Code        string `json:"code"`
	Description string `json:"description"`
}

// chart is parallel arrays, one element per row.
type chart struct {
	Meta      meta    `json:"meta"`
	Timestamp []int64 `json:"timestamp"` // seconds; absent where there is no row
	Events    struct {
		Splits map[string]splitEvent `json:"splits"` // by their time
	} `json:"events"`
	Indicators struct {
		Quote []quote `json:"quote"`
	} `json:"indicators"`
}

type meta struct {
	Symbol      string `json:"symbol"`
	Currency    string `json:"currency"`
	Instrument  string `json:"instrumentType"`
	Zone        string `json:"exchangeTimezoneName"`
	Granularity string `json:"dataGranularity"`
}

type quote struct {
	Open   []*float64 `json:"open"`
	High   []*float64 `json:"high"`
	Low    []*float64 `json:"low"`
	Close  []*float64 `json:"close"`
	Volume []*float64 `json:"volume"`
}

// decode reads an answer; a nil chart is one without rows.
func decode(a source.Answer) (*chart, error) {
	if a.Status != http.StatusOK {
		return nil, refusal(a)
	}
	var body chartBody
	if err := source.DecodeJSON(market.Yahoo, a, &body); err != nil {
		return nil, err
	}
	bad := func(format string, args ...any) error {
		return &source.Error{Kind: source.BadResponse, Source: market.Yahoo, Status: a.Status, Message: fmt.Sprintf(format, args...)}
	}
	switch {
	case body.Chart == nil:
		return nil, bad("the answer has no chart")
	case body.Chart.Error != nil:
		return nil, typed(a, *body.Chart.Error)
	case len(body.Chart.Result) != 1:
		return nil, bad("the answer has %d results, want one", len(body.Chart.Result))
	}
	c := &body.Chart.Result[0]
	n := len(c.Timestamp)
	if n == 0 && len(c.Indicators.Quote) == 0 {
		return c, nil
	}
	if len(c.Indicators.Quote) != 1 {
		return nil, bad("the answer has %d quotes, want one", len(c.Indicators.Quote))
	}
	q := &c.Indicators.Quote[0]
	for name, cells := range map[string][]*float64{"open": q.Open, "high": q.High, "low": q.Low, "close": q.Close, "volume": q.Volume} {
		if len(cells) != n {
			return nil, bad("%d times stand beside %d cells of %s", n, len(cells), name)
		}
	}
	return c, nil
}
