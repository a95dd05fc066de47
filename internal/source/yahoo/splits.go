package yahoo

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"time"

	"github.com/candlewright/candlewright/internal/market"
	"github.com/candlewright/candlewright/internal/source"
)

// splitEvent is a split among a chart's events: Numerator new shares for
// Denominator old ones, at the opening of the first session with them.
type splitEvent struct {
	Date        int64   `json:"date"`
	Numerator   float64 `json:"numerator"`
	Denominator float64 `json:"denominator"`
}

// Splits implements source.SplitSource by the events of the daily chart.
func (s *Source) Splits(ctx context.Context, r source.Request) ([]source.Split, source.Attempt, error) {
	leave, err := s.enter(ctx)
	if err != nil {
		return nil, source.Attempt{}, err
	}
	defer leave()
	name := native(r.Symbol, s.own)
	var list []source.Split
	attempt, err := s.client.Do(ctx, source.Call{
		Path: "/v8/finance/chart/" + url.PathEscape(name),
		Query: url.Values{
			"period1": {seconds(r.From)}, "period2": {seconds(r.To)}, "interval": {"1d"}, "includePrePost": {"false"}, "events": {"div,splits"},
		},
		From: r.From, To: r.To, OnFailure: r.OnFailure,
		Read: func(a source.Answer) (int, string, error) {
			ch, err := decode(a)
			if noData(err) {
				list = nil
				return 0, "the range lies before the first trade", nil
			}
			if err != nil {
				return 0, "", s.rest(err)
			}
			s.refused.Store(0)
			if err := fetchFor(market.D1).check(ch.Meta, name, r.Symbol.Class); err != nil {
				return 0, "", err
			}
			list, err = ch.splits(r)
			return 0, fmt.Sprintf("%d splits", len(list)), err
		},
	})
	return list, attempt, err
}

// splits are a chart's splits in the range, ascending.
func (ch *chart) splits(r source.Request) ([]source.Split, error) {
	zone, err := time.LoadLocation(ch.Meta.Zone)
	if err != nil || ch.Meta.Zone == "" {
		return nil, &source.Error{Kind: source.BadResponse, Source: market.Yahoo, Message: "unknown zone " + source.Excerpt([]byte(ch.Meta.Zone))}
	}
	var list []source.Split
	for _, e := range ch.Events.Splits {
		date := market.NewDate(time.Unix(e.Date, 0).In(zone).Date())
		switch {
		case date < market.DateOf(r.From) || !date.Time().Before(r.To):
		case !(e.Numerator > 0) || !(e.Denominator > 0):
			return nil, &source.Error{
				Kind: source.BadResponse, Source: market.Yahoo,
				Message: fmt.Sprintf("the split of %s has the ratio %v for %v", date, e.Numerator, e.Denominator),
			}
		default:
			list = append(list, source.Split{Date: date, To: e.Numerator, From: e.Denominator})
		}
	}
	slices.SortFunc(list, func(a, b source.Split) int { return int(a.Date - b.Date) })
	return list, nil
}
