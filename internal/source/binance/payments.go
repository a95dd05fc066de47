package binance

import (
	"context"
	"fmt"
	"iter"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/candlewright/candlewright/internal/market"
	"github.com/candlewright/candlewright/internal/source"
)

const (
	fundingRows   = 1000
	fundingWeight = 5 // the host counts 500 calls in 5 minutes on its own; this keeps below
)

// fundingRow is one payment. The time jitters by some milliseconds.
type fundingRow struct {
	Time int64  `json:"fundingTime"`
	Rate string `json:"fundingRate"`
}

// Payments implements source.FundingSource.
func (s *Source) Payments(ctx context.Context, r source.Request) iter.Seq2[source.PaymentPage, error] {
	return func(yield func(source.PaymentPage, error) bool) {
		to := r.To
		if to.After(r.Now) {
			to = r.Now
		}
		if s.futures == nil || !r.From.Before(to) {
			return
		}
		spot, err := s.symbols.spot(r.Symbol)
		if err == nil {
			err = s.futures.load(ctx, r)
		}
		if err != nil {
			yield(source.PaymentPage{From: r.From, To: to}, err)
			return
		}
		p, ok := s.futures.find(spot)
		if !ok {
			return
		}
		for pos := r.From; pos.Before(to); {
			page, err := s.futures.payments(ctx, r, p.name, pos, to)
			if !yield(page, err) || err != nil {
				return
			}
			pos = page.To
		}
	}
}

// payments reads the oldest payments of a range.
func (f *futures) payments(ctx context.Context, r source.Request, name string, from, to time.Time) (source.PaymentPage, error) {
	page := source.PaymentPage{From: from, To: to}
	var err error
	page.Attempt, err = f.client.Do(ctx, source.Call{
		Path: "/fapi/v1/fundingRate", Weight: fundingWeight, From: from, To: to, OnFailure: r.OnFailure,
		Query: url.Values{
			"symbol": {name}, "startTime": {millis(from)}, "endTime": {millis(to.Add(-time.Millisecond))}, "limit": {strconv.Itoa(fundingRows)},
		},
		Read: func(a source.Answer) (int, string, error) {
			if a.Status != http.StatusOK {
				return 0, "", refusal(a)
			}
			rows, left, err := decodePayments(a, from, to)
			page.Payments, page.To = rows, to
			if n := len(rows); err == nil && n+left >= fundingRows && n > 0 {
				page.To = rows[n-1].At.Add(time.Second)
			}
			detail := ""
			if left > 0 {
				detail = fmt.Sprintf("%d payments outside the range or without a rate left out", left)
			}
			return len(rows), detail, err
		},
	})
	if err != nil {
		page.Payments, page.To = nil, to
	}
	return page, err
}

// decodePayments reads the payments of [from, to), ascending, to the second;
// left counts those that are none: outside the range, or with a rate that no
// contract can have.
func decodePayments(a source.Answer, from, to time.Time) (paid []market.Payment, left int, err error) {
	var rows []fundingRow
	if err := source.DecodeJSON(market.Binance, a, &rows); err != nil {
		return nil, 0, err
	}
	for _, row := range rows {
		at := time.UnixMilli(row.Time).UTC().Round(time.Second)
		rate, err := strconv.ParseFloat(row.Rate, 64)
		if err != nil || math.IsNaN(rate) || math.Abs(rate) > 1 || at.Before(from) || !at.Before(to) {
			left++
			continue
		}
		paid = append(paid, market.Payment{At: at, Rate: rate})
	}
	slices.SortStableFunc(paid, func(a, b market.Payment) int { return a.At.Compare(b.At) })
	return paid, left, nil
}
