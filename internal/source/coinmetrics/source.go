package coinmetrics

import (
	"context"
	"fmt"
	"log/slog"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/candlewright/candlewright/internal/market"
	"github.com/candlewright/candlewright/internal/source"
)

const (
	// CommunityURL is the free address, without a key.
	CommunityURL = "https://community-api.coinmetrics.io/v4"

	metric   = "FlowInExNtv" // coins, not dollars
	pageRows = 10_000
	maxPages = 20
)

// name is for logs and errors; no candle is of this source.
const name market.SourceName = "coinmetrics"

// Config is how the address is reached.
type Config struct {
	URL        string            // CommunityURL or another that speaks the same form
	Assets     map[string]string // ticker to the asset's name there, where lower case is not it
	Retry      source.Retry
	Timeouts   source.Timeouts
	NewLimiter source.NewLimiter // of 60 calls a minute
	MaxBody    int64
	Transport  http.RoundTripper
	Clock      source.Clock
	Log        *slog.Logger
}

// Source implements source.InflowSource.
type Source struct {
	client *source.Client
	assets map[string]string
}

// New checks the configuration; nothing is called.
func New(cfg Config) (*Source, error) {
	client, err := source.NewClient(source.ClientConfig{
		Source: name, BaseURL: cfg.URL, Retry: cfg.Retry, Timeouts: cfg.Timeouts, MaxBody: cfg.MaxBody,
		Limiter:   cfg.NewLimiter.Or("coinmetrics", name, source.Limits{PerMinute: 60, Burst: 5}, cfg.Clock),
		Transport: cfg.Transport, Clock: cfg.Clock, Log: cfg.Log,
	})
	if err != nil {
		return nil, err
	}
	return &Source{client: client, assets: cfg.Assets}, nil
}

// Close drops idle connections.
func (s *Source) Close() { s.client.Close() }

// asset is a coin as the address writes it: BTC and BTCUSDT are btc.
func (s *Source) asset(sym market.Symbol) string {
	if a, ok := s.assets[sym.Ticker]; ok {
		return a
	}
	base, ok := strings.CutSuffix(sym.Ticker, "USDT")
	if !ok || base == "" {
		base = sym.Ticker
	}
	return strings.ToLower(base)
}

// Inflow implements source.InflowSource. What is refused as unknown or not free
// is a coin that the address does not have.
func (s *Source) Inflow(ctx context.Context, sym market.Symbol, from, through market.Date) (map[market.Date]float64, bool, error) {
	asset := s.asset(sym)
	call := source.Call{
		Path: "/timeseries/asset-metrics", From: from.Time(), To: (through + 1).Time(),
		Query: url.Values{
			"assets": {asset}, "metrics": {metric}, "frequency": {"1d"},
			"start_time": {from.String()}, "end_time": {through.String()}, "page_size": {strconv.Itoa(pageRows)},
		},
	}
	days := map[market.Date]float64{}
	for range maxPages {
		var body page
		call.Read = func(a source.Answer) (n int, detail string, err error) {
			body, err = decode(a, asset)
			return len(body.Data), "", err
		}
		_, err := s.client.Do(ctx, call)
		if kind := source.KindOf(err); kind == source.NotFound || kind == source.NotEntitled || kind == source.BadRequest {
			return nil, false, nil
		}
		if err != nil {
			return nil, false, err
		}
		for _, row := range body.Data {
			if d := market.DateOf(row.Time); d >= from && d <= through && row.known() {
				days[d] = row.value
			}
		}
		if body.Next == "" {
			return days, true, nil
		}
		link, err := url.Parse(body.Next)
		if err != nil || call.Link != nil && link.String() == call.Link.String() {
			return nil, false, bad(http.StatusOK, "the link to the next page is no link, or leads to the same page")
		}
		call.Link = link
	}
	return nil, false, bad(http.StatusOK, fmt.Sprintf("the answer goes on after %d pages", maxPages))
}

// page is a body.
type page struct {
	Data []row  `json:"data"`
	Next string `json:"next_page_url"`
}

// row is one day. The value is decimal text, absent or null where it is not
// published.
type row struct {
	Asset string    `json:"asset"`
	Time  time.Time `json:"time"`
	Value *string   `json:"FlowInExNtv"`

	value float64
}

func (r row) known() bool { return r.Value != nil && *r.Value != "" }

func decode(a source.Answer, asset string) (page, error) {
	var p page
	if a.Status != http.StatusOK {
		return p, refusal(a)
	}
	if err := source.DecodeJSON(name, a, &p); err != nil {
		return p, err
	}
	if p.Data == nil {
		return p, bad(a.Status, "the answer has no data")
	}
	for i := range p.Data {
		r := &p.Data[i]
		if r.Asset != asset {
			return p, bad(a.Status, "the answer is about "+source.Excerpt([]byte(r.Asset))+", not "+asset)
		}
		if !r.Time.Equal(market.DateOf(r.Time).Time()) {
			return p, bad(a.Status, "a day starts at "+r.Time.Format(time.RFC3339))
		}
		if !r.known() {
			continue
		}
		v, err := strconv.ParseFloat(*r.Value, 64)
		if err != nil || math.IsNaN(v) || math.IsInf(v, 0) {
			return p, bad(a.Status, "the inflow is no number: "+source.Excerpt([]byte(*r.Value)))
		}
		r.value = v
	}
	return p, nil
}

// refusal types an answer that is not 200. A 403 is about the metric of a coin,
// not about us.
func refusal(a source.Answer) error {
	var body struct {
		Error struct {
			Message string `json:"message"`
		} `json:"error"`
	}
	_ = source.DecodeJSON(name, a, &body) // what is no JSON of theirs leaves it empty
	e := source.StatusError(name, a, body.Error.Message)
	if a.Status == http.StatusForbidden && body.Error.Message != "" {
		e.Kind = source.NotEntitled
	}
	return e
}

func bad(status int, message string) error {
	return &source.Error{Kind: source.BadResponse, Source: name, Status: status, Message: message}
}
