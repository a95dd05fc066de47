package binance

import (
	"context"
	"fmt"
	"iter"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/candlewright/candlewright/internal/grid"
	"github.com/candlewright/candlewright/internal/market"
	"github.com/candlewright/candlewright/internal/source"
)

const (
	// DefaultURL is the public host for spot market data.
	DefaultURL = "https://api.binance.com"

	maxRows      = 1000 // of one page of spot klines
	klinesWeight = 2
	usedWeight   = "X-Mbx-Used-Weight-1m"
)

// Config is how Binance is reached.
type Config struct {
	URL         string            // default DefaultURL
	FuturesURL  string            // for what perpetuals tell, DefaultFuturesURL or another; "" is off
	Symbols     map[string]string // ticker to Binance symbol, where the rule (BTC is BTCUSDT) does not hold
	WeightLimit int               // weight per minute and address; default 6000
	PageRows    int               // rows of one page; default and at most 1000

	Retry    source.Retry
	Timeouts source.Timeouts
	Breaker  source.BreakerConfig
	Limiter  source.Limiter // default: a Bucket of nine tenths of WeightLimit
	// FuturesLimiter is that of the futures host, which counts for itself.
	FuturesLimiter source.Limiter
	NewLimiter     source.NewLimiter // makes those of the two that are not given
	MaxBody        int64
	Transport      http.RoundTripper
	Clock          source.Clock
	Log            *slog.Logger
}

// Source is Binance's spot market.
type Source struct {
	client  *source.Client
	symbols symbols
	weight  int
	rows    int
	futures *futures // nil: no microstructure
}

// New checks the configuration; nothing is called.
func New(cfg Config) (*Source, error) {
	if cfg.URL == "" {
		cfg.URL = DefaultURL
	}
	if cfg.WeightLimit <= 0 {
		cfg.WeightLimit = 6000
	}
	if cfg.PageRows <= 0 || cfg.PageRows > maxRows {
		cfg.PageRows = maxRows
	}
	names, err := newSymbols(cfg.Symbols)
	if err != nil {
		return nil, err
	}
	s := &Source{symbols: names, weight: cfg.WeightLimit, rows: cfg.PageRows}
	if s.client, err = newClient(cfg, cfg.URL, "binance", cfg.WeightLimit); err != nil {
		return nil, err
	}
	if cfg.FuturesURL != "" {
		if s.futures, err = newFutures(cfg); err != nil {
			return nil, err
		}
	}
	return s, nil
}

func newClient(cfg Config, base, budget string, weight int) (*source.Client, error) {
	if cfg.Limiter == nil {
		// A tenth is left to whoever else calls from this address.
		cfg.Limiter = cfg.NewLimiter.Or(budget, market.Binance, source.Limits{PerMinute: weight * 9 / 10, Burst: weight / 10}, cfg.Clock)
	}
	return source.NewClient(source.ClientConfig{
		Source: market.Binance, BaseURL: base,
		Timeouts: cfg.Timeouts, MaxBody: cfg.MaxBody, Retry: cfg.Retry, Breaker: cfg.Breaker,
		Limiter: cfg.Limiter, Transport: cfg.Transport, Clock: cfg.Clock, Log: cfg.Log,
	})
}

// Name implements source.Source.
func (s *Source) Name() market.SourceName { return market.Binance }

// Serves implements source.Source: coins, in every timeframe.
func (s *Source) Serves(sym market.Symbol, _ market.Timeframe) bool {
	return sym.Class == market.Crypto
}

// Breaker implements source.Guarded.
func (s *Source) Breaker() source.BreakerState { return s.client.Breaker() }

// Close drops idle connections.
func (s *Source) Close() {
	s.client.Close()
	if s.futures != nil {
		s.futures.client.Close()
	}
}

// Offers implements source.Source: taker volumes, and what a perpetual tells
// where the coin has one.
func (s *Source) Offers(sym market.Symbol, _ market.Timeframe) market.Fields {
	if sym.Class != market.Crypto {
		return 0
	}
	offered := market.Offer(market.TakerBuyVolume, market.TakerSellVolume)
	if _, ok := s.perpetual(sym); ok {
		offered |= perpetualFields
	}
	return offered
}

// perpetual is the perpetual of a coin, as far as it is known yet.
func (s *Source) perpetual(sym market.Symbol) (perpetual, bool) {
	spot, err := s.symbols.spot(sym)
	if s.futures == nil || err != nil {
		return perpetual{}, false
	}
	return s.futures.find(spot)
}

// Candles implements source.Source.
func (s *Source) Candles(ctx context.Context, r source.Request) iter.Seq2[source.Page, error] {
	return func(yield func(source.Page, error) bool) {
		w := r.Window(0)
		if w.Empty() {
			return
		}
		name, err := s.symbols.spot(r.Symbol)
		if err != nil {
			r.Refused(market.Binance, w, err)
			yield(source.Page{From: r.From, To: w.To()}, err)
			return
		}
		if s.futures != nil {
			if err := s.futures.load(ctx, r); err != nil {
				yield(source.Page{From: r.From, To: w.To()}, err)
				return
			}
		}
		q := query{Source: s, r: r, name: name}
		for pos := r.From; !w.Empty(); w.First = w.Grid.FirstFrom(pos) {
			p, err := q.page(ctx, w)
			p.From = pos
			if !yield(p, err) || err != nil {
				return
			}
			pos = p.To
		}
	}
}

// query is one request on its way through its pages.
type query struct {
	*Source
	r    source.Request
	name string // Binance's symbol
}

// page asks for the oldest rows of a window and says up to where it is
// answered. With an error the page is the range of a full page.
func (q *query) page(ctx context.Context, w source.Window) (source.Page, error) {
	var rows []kline
	var got page
	attempt, err := q.client.Do(ctx, source.Call{
		Path: "/api/v3/klines", Weight: klinesWeight, Query: url.Values{
			"symbol":    {q.name},
			"interval":  {interval(q.r.Timeframe)},
			"startTime": {millis(w.Grid.Stamp(w.First))},
			"endTime":   {millis(w.Grid.Stamp(w.End - 1))}, // inclusive
			"limit":     {strconv.Itoa(q.rows)},
		},
		From: w.Grid.Stamp(w.First), To: w.To(), OnFailure: q.r.OnFailure, Quota: q.quota,
		Read: func(a source.Answer) (n int, detail string, err error) {
			rows, got, err = q.read(a, w)
			return len(got.candles), got.detail(), err
		},
	})
	if err == nil && len(rows) > 0 && got.last.IsZero() {
		err = q.explain(ctx, w, got)
	}
	if p, ok := q.perpetual(q.r.Symbol); ok && err == nil {
		err = q.futures.attach(ctx, q.r, p, w.Grid, got.candles)
	}
	if err != nil {
		return source.Page{To: w.Until(w.First + grid.Slot(q.rows)), Attempt: attempt}, err
	}
	p := source.Page{To: w.To(), Candles: got.candles, Attempt: attempt}
	if len(rows) >= q.rows && !got.last.IsZero() {
		p.To = w.Until(w.Grid.FirstFrom(got.last.Add(time.Millisecond)))
	}
	p.Attempt.To = p.To
	return p, nil
}

func (q *query) read(a source.Answer, w source.Window) ([]kline, page, error) {
	if a.Status != http.StatusOK {
		return nil, page{}, refusal(a)
	}
	rows, err := decodeKlines(a)
	if err != nil {
		return nil, page{}, err
	}
	got, err := convert(rows, w, q.Offers(q.r.Symbol, q.r.Timeframe))
	return rows, got, err
}

// explain judges a page whose rows all lie outside the window. For a window
// before a coin's first bar Binance has answered with its newest rows; only
// then does the page mean that there is nothing.
func (q *query) explain(ctx context.Context, w source.Window, got page) error {
	bad := &source.Error{
		Kind: source.BadResponse, Source: market.Binance,
		Message: fmt.Sprintf("all %d rows lie outside the range asked for", got.outside),
	}
	if got.after < got.outside {
		q.r.Refused(market.Binance, w, bad)
		return bad
	}
	listed, err := q.firstBar(ctx, w)
	if err == nil && (listed.Before(w.Grid.Stamp(w.End)) || listed.After(q.r.Now)) {
		q.r.Refused(market.Binance, w, bad)
		return bad
	}
	return err
}

// firstBar is the stamp of the first bar that Binance has of the series.
func (q *query) firstBar(ctx context.Context, w source.Window) (first time.Time, err error) {
	_, err = q.client.Do(ctx, source.Call{
		Path: "/api/v3/klines", Weight: klinesWeight, Query: url.Values{
			"symbol": {q.name}, "interval": {interval(q.r.Timeframe)}, "startTime": {"0"}, "limit": {"1"},
		},
		From: w.Grid.Stamp(w.First), To: w.To(), OnFailure: q.r.OnFailure, Quota: q.quota,
		Read: func(a source.Answer) (int, string, error) {
			if a.Status != http.StatusOK {
				return 0, "", refusal(a)
			}
			rows, err := decodeKlines(a)
			first = q.r.Now
			if len(rows) > 0 {
				first = rows[0].stamp()
			}
			return len(rows), "", err
		},
	})
	return first, err
}

// quota is the weight left in this minute, by the header of every answer. Near
// the end of it the next minute is waited for, before Binance says so.
func (s *Source) quota(a source.Answer) *int {
	used, err := strconv.Atoi(a.Header.Get(usedWeight))
	if err != nil || used < 0 {
		return nil
	}
	left := max(0, s.weight-used)
	if left < s.weight/20 {
		s.client.Pause(a.At.Truncate(time.Minute).Add(time.Minute))
	}
	return &left
}

func millis(t time.Time) string { return strconv.FormatInt(t.UnixMilli(), 10) }
