package polygon

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/candlewright/candlewright/internal/market"
	"github.com/candlewright/candlewright/internal/source"
)

// splitsBody is the answer of /v3/reference/splits. A share that came to be To
// of From: 20 of 1.
type splitsBody struct {
	Results []struct {
		Date   string  `json:"execution_date"`
		From   float64 `json:"split_from"`
		To     float64 `json:"split_to"`
		Ticker string  `json:"ticker"`
	} `json:"results"`
	envelope
}

// Splits implements source.SplitSource. One page holds a thousand, more than any
// ticker has.
func (s *Source) Splits(ctx context.Context, r source.Request) ([]source.Split, source.Attempt, error) {
	ticker := native(r.Symbol, s.own)
	from, to := market.DateOf(r.From), market.DateOf(r.To.Add(-time.Nanosecond))
	var list []source.Split
	attempt, err := s.client.Do(ctx, source.Call{
		Path: "/v3/reference/splits", From: r.From, To: r.To, OnFailure: r.OnFailure, Quota: s.quota,
		Query: url.Values{
			"ticker": {ticker}, "execution_date.gte": {from.String()}, "execution_date.lte": {to.String()}, "limit": {"1000"},
		},
		Read: func(a source.Answer) (n int, detail string, err error) {
			list, err = decodeSplits(a, ticker, from, to)
			return 0, fmt.Sprintf("%d splits", len(list)), err
		},
	})
	return list, attempt, err
}

func decodeSplits(a source.Answer, ticker string, from, to market.Date) ([]source.Split, error) {
	if a.Status != http.StatusOK {
		return nil, refusal(a)
	}
	var body splitsBody
	if err := source.DecodeJSON(market.Polygon, a, &body); err != nil {
		return nil, err
	}
	if body.Status != "OK" && body.Status != "DELAYED" {
		return nil, unwell(a, body.envelope)
	}
	var list []source.Split
	for _, r := range body.Results {
		date, err := market.ParseDate(r.Date)
		switch {
		case r.Ticker != ticker, err == nil && (date < from || date > to): // of others, or not asked for
		case err != nil || !(r.From > 0) || !(r.To > 0):
			return nil, &source.Error{
				Kind: source.BadResponse, Source: market.Polygon, Status: a.Status,
				Message: fmt.Sprintf("a split of %s has the date %s and the ratio %v for %v", ticker, source.Excerpt([]byte(r.Date)), r.To, r.From),
			}
		default:
			list = append(list, source.Split{Date: date, To: r.To, From: r.From})
		}
	}
	slices.SortFunc(list, func(a, b source.Split) int { return int(a.Date - b.Date) })
	return list, nil
}
