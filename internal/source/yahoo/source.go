package yahoo

import (
	"context"
	"errors"
	"iter"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/candlewright/candlewright/internal/grid"
	"github.com/candlewright/candlewright/internal/market"
	"github.com/candlewright/candlewright/internal/source"
)

const (
	// DefaultURL is one of two hosts that answer alike.
	DefaultURL = "https://query1.finance.yahoo.com"

	// userAgent is a browser's: Go's own is refused with 429.
	userAgent = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36"

	maxSlots   = 10_000 // asked for at once; no limit of the provider is known
	callsAMin  = 30
	firstRest  = time.Minute // after a 429, doubled with each that follows
	longestGap = 5 * time.Minute
)

// Config is how Yahoo is reached.
type Config struct {
	URL       string // default DefaultURL
	UserAgent string // default a browser's
	Symbols   map[market.Symbol]string
	PageRows  int // slots of a page; default and at most 10,000

	Retry      source.Retry
	Timeouts   source.Timeouts
	Breaker    source.BreakerConfig // default: 4 failures open it for an hour, refusals included
	Limiter    source.Limiter       // default: NewLimiter's of 30 calls a minute
	NewLimiter source.NewLimiter
	MaxBody    int64
	Transport  http.RoundTripper
	Clock      source.Clock
	Log        *slog.Logger
}

// Source is Yahoo.
type Source struct {
	client  *source.Client
	own     map[market.Symbol]string
	slots   int
	turn    chan struct{} // one request at a time
	refused atomic.Int32  // 429 in a row
}

// New checks the configuration; nothing is called.
func New(cfg Config) (*Source, error) {
	if cfg.URL == "" {
		cfg.URL = DefaultURL
	}
	if cfg.UserAgent == "" {
		cfg.UserAgent = userAgent
	}
	if cfg.PageRows <= 0 || cfg.PageRows > maxSlots {
		cfg.PageRows = maxSlots
	}
	if cfg.Breaker == (source.BreakerConfig{}) {
		cfg.Breaker = source.BreakerConfig{Failures: 4, Open: time.Hour}
	}
	cfg.Breaker.CountRateLimits = true
	if cfg.Retry.MaxWait == 0 {
		cfg.Retry.MaxWait = longestGap
	}
	if cfg.Limiter == nil {
		cfg.Limiter = cfg.NewLimiter.Or("yahoo", market.Yahoo, source.Limits{PerMinute: callsAMin, Burst: 5, MaxPause: longestGap}, cfg.Clock)
	}
	client, err := source.NewClient(source.ClientConfig{
		Source: market.Yahoo, BaseURL: cfg.URL, UserAgent: cfg.UserAgent,
		Timeouts: cfg.Timeouts, MaxBody: cfg.MaxBody, Retry: cfg.Retry, Breaker: cfg.Breaker,
		Limiter: cfg.Limiter, Transport: cfg.Transport, Clock: cfg.Clock, Log: cfg.Log,
	})
	if err != nil {
		return nil, err
	}
	return &Source{client: client, own: cfg.Symbols, slots: cfg.PageRows, turn: make(chan struct{}, 1)}, nil
}

// Name implements source.Source.
func (s *Source) Name() market.SourceName { return market.Yahoo }

// Serves implements source.Source: every class and timeframe.
func (s *Source) Serves(market.Symbol, market.Timeframe) bool { return true }

// Offers implements source.Source: nothing beside prices and volume.
func (s *Source) Offers(market.Symbol, market.Timeframe) market.Fields { return 0 }

// Reach implements source.Reacher: minutes and hours go back some days only.
func (s *Source) Reach(_ market.Symbol, tf market.Timeframe, now time.Time) time.Time {
	days := fetchFor(tf).reach
	if days == 0 {
		return time.Time{}
	}
	return now.Add(-time.Duration(days) * 24 * time.Hour)
}

// Breaker implements source.Guarded.
func (s *Source) Breaker() source.BreakerState { return s.client.Breaker() }

// Close drops idle connections.
func (s *Source) Close() { s.client.Close() }

// Candles implements source.Source.
func (s *Source) Candles(ctx context.Context, r source.Request) iter.Seq2[source.Page, error] {
	return func(yield func(source.Page, error) bool) {
		w := r.Window(0)
		for pos := r.From; !w.Empty(); {
			part := w
			part.End = min(w.End, w.First+grid.Slot(s.slots))
			p := source.Page{From: pos, To: w.Until(part.End)}
			var err error
			p.Candles, p.Attempt, err = s.fetch(ctx, r, part)
			p.Attempt.From, p.Attempt.To = p.From, p.To
			if err != nil {
				p.Candles = nil
			}
			if !yield(p, err) || err != nil {
				return
			}
			pos, w.First = p.To, part.End
		}
	}
}

// fetch makes the one call for a window.
func (s *Source) fetch(ctx context.Context, r source.Request, w source.Window) ([]market.Candle, source.Attempt, error) {
	leave, err := s.enter(ctx)
	if err != nil {
		return nil, source.Attempt{}, err
	}
	defer leave()
	name, f := native(r.Symbol, s.own), fetchFor(r.Timeframe)
	conv := converter{fetch: f, class: r.Symbol.Class, window: w}
	var candles []market.Candle
	attempt, err := s.client.Do(ctx, source.Call{
		Path: "/v8/finance/chart/" + url.PathEscape(name),
		Query: url.Values{
			"period1":        {seconds(w.Grid.Stamp(w.First))},
			"period2":        {seconds(w.Grid.End(w.End - 1))},
			"interval":       {f.interval},
			"includePrePost": {"false"},
			"events":         {"div,splits"},
		},
		From: w.Grid.Stamp(w.First), To: w.Until(w.End), OnFailure: r.OnFailure,
		Read: func(a source.Answer) (int, string, error) {
			ch, err := decode(a)
			if noData(err) {
				candles = nil
				return 0, "the range lies before the first trade", nil
			}
			if err != nil {
				return 0, "", s.rest(err)
			}
			s.refused.Store(0)
			if err := f.check(ch.Meta, name, r.Symbol.Class); err != nil {
				return 0, "", err
			}
			candles, err = conv.candles(ch)
			return len(candles), "", err
		},
	})
	return candles, attempt, err
}

// enter waits for the turn to make the one request at a time.
func (s *Source) enter(ctx context.Context) (leave func(), err error) {
	select {
	case s.turn <- struct{}{}:
		return func() { <-s.turn }, nil
	case <-ctx.Done():
		return nil, &source.Error{Kind: source.Cancelled, Source: market.Yahoo, Message: "stopped", Err: errors.Join(ctx.Err(), context.Cause(ctx))}
	}
}

// rest says how long to keep away after a 429: there is no header that would.
func (s *Source) rest(err error) error {
	var e *source.Error
	if errors.As(err, &e) && e.Kind == source.RateLimited && e.RetryAfter == 0 {
		e.RetryAfter = firstRest << min(s.refused.Add(1)-1, 6)
	}
	return err
}

func noData(err error) bool {
	var e *source.Error
	return errors.As(err, &e) && e.Code == codeNoData
}

func seconds(t time.Time) string { return strconv.FormatInt(t.Unix(), 10) }
