package binance

import (
	"context"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/candlewright/candlewright/internal/market"
	"github.com/candlewright/candlewright/internal/source"
)

const (
	// DefaultFuturesURL is the public host of USD-M futures and statistics.
	DefaultFuturesURL = "https://fapi.binance.com"

	futuresWeight = 2400             // a minute and address
	listingAge    = 6 * time.Hour    // until the list of perpetuals is read again
	listingRetry  = 10 * time.Minute // after it could not be read
)

// perpetualFields is what a coin with a perpetual is offered.
const perpetualFields = market.FundingPayments |
	1<<market.FundingRate | 1<<market.OpenInterest | 1<<market.LongShortRatio

// perpetual is a coin's USDT-margined perpetual. Low-priced coins are traded by
// the thousand there.
type perpetual struct {
	name  string
	units float64 // coins in one of the contract's units
}

// futures is the USD-M side: what a perpetual tells beside the spot candles.
type futures struct {
	client *source.Client
	clock  source.Clock

	loading sync.Mutex // held while the list is read
	next    time.Time  // when to read it again; under loading

	mu     sync.Mutex
	listed map[string]bool
}

func newFutures(cfg Config) (*futures, error) {
	cfg.Limiter = cfg.FuturesLimiter
	client, err := newClient(cfg, cfg.FuturesURL, "binance-futures", futuresWeight)
	if err != nil {
		return nil, err
	}
	now := cfg.Clock.Now
	if now == nil {
		now = time.Now
	}
	return &futures{client: client, clock: source.Clock{Now: now}}, nil
}

// find is the perpetual of a spot symbol, by the list as it was read last.
func (f *futures) find(spot string) (perpetual, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, p := range [2]perpetual{{spot, 1}, {"1000" + spot, 1000}} {
		if f.listed[p.name] {
			return p, true
		}
	}
	return perpetual{}, false
}

// load reads the list of perpetuals, unless it was read of late. A list that
// cannot be read leaves the old one: without it the candles come alone.
func (f *futures) load(ctx context.Context, r source.Request) error {
	f.loading.Lock()
	defer f.loading.Unlock() // one reader is enough; the others want its list
	if f.clock.Now().Before(f.next) {
		return nil
	}
	var listed map[string]bool
	_, err := f.client.Do(ctx, source.Call{
		Path: "/fapi/v1/exchangeInfo", From: r.From, To: r.To, OnFailure: r.OnFailure,
		Read: func(a source.Answer) (n int, detail string, err error) {
			listed, err = decodeListing(a)
			return 0, "", err
		},
	})
	if source.KindOf(err) == source.Cancelled {
		return err
	}
	if err != nil {
		f.next = f.clock.Now().Add(listingRetry)
		return nil
	}
	f.next = f.clock.Now().Add(listingAge)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.listed = listed
	return nil
}

// decodeListing reads the perpetuals that are traded. One that is delisted may
// go on giving flat rows, so the status counts.
func decodeListing(a source.Answer) (map[string]bool, error) {
	if a.Status != http.StatusOK {
		return nil, refusal(a)
	}
	var body struct {
		Symbols []struct {
			Symbol       string `json:"symbol"`
			ContractType string `json:"contractType"`
			Status       string `json:"status"`
		} `json:"symbols"`
	}
	if err := source.DecodeJSON(market.Binance, a, &body); err != nil {
		return nil, err
	}
	if len(body.Symbols) == 0 {
		return nil, &source.Error{Kind: source.BadResponse, Source: market.Binance, Status: a.Status, Message: "the exchange lists no symbols"}
	}
	listed := make(map[string]bool, len(body.Symbols))
	for _, s := range body.Symbols {
		if s.ContractType == "PERPETUAL" && s.Status == "TRADING" {
			listed[s.Symbol] = true
		}
	}
	return listed, nil
}

// call asks the futures host. A failure is reported and otherwise none of the
// candles': the values stay missing and are asked for again with the bars.
func (f *futures) call(ctx context.Context, r source.Request, path string, weight int, q url.Values, read func(source.Answer) error) error {
	_, err := f.client.Do(ctx, source.Call{
		Path: path, Query: q, Weight: weight, From: r.From, To: r.To, OnFailure: r.OnFailure,
		Read: func(a source.Answer) (int, string, error) {
			if a.Status != http.StatusOK {
				return 0, "", refusal(a)
			}
			return 0, "", read(a)
		},
	})
	return err
}
