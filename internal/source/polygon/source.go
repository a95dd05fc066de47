package polygon

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/candlewright/candlewright/internal/grid"
	"github.com/candlewright/candlewright/internal/market"
	"github.com/candlewright/candlewright/internal/source"
)

// DefaultURL is the host since the company's new name; OldHost goes on serving.
const (
	DefaultURL = "https://api.massive.com"
	OldHost    = "api.polygon.io"
	newHost    = "api.massive.com"
)

// maxLimit is the most base bars (minutes, days) that a page may span.
const maxLimit = 50_000

// Config is how Polygon is reached.
type Config struct {
	URL      string // default DefaultURL
	Key      string // sent as a header, never in a URL
	Plan     Plan   // default the free one
	Symbols  map[market.Symbol]string
	PageRows int // native rows of a page; default what the provider allows

	Retry      source.Retry
	Timeouts   source.Timeouts
	Breaker    source.BreakerConfig
	Limiter    source.Limiter // default: NewLimiter's of the plan's calls
	NewLimiter source.NewLimiter
	MaxBody    int64 // default 32 MiB: a page has up to 50,000 rows
	Transport  http.RoundTripper
	Clock      source.Clock
	Log        *slog.Logger
}

// Source is Polygon.
type Source struct {
	client *source.Client
	plan   Plan
	own    map[market.Symbol]string
	rows   int
	known  sync.Map // tickers that the provider has confirmed, to true
}

// New checks the configuration; nothing is called.
func New(cfg Config) (*Source, error) {
	if cfg.Key == "" {
		return nil, errors.New("polygon: no key; set one or switch the source off")
	}
	if strings.ContainsFunc(cfg.Key, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return nil, errors.New("polygon: the key has characters that no key has")
	}
	if cfg.URL == "" {
		cfg.URL = DefaultURL
	}
	if cfg.Plan == (Plan{}) {
		cfg.Plan = Plans()[0]
	}
	if cfg.MaxBody == 0 {
		cfg.MaxBody = 32 << 20
	}
	if cfg.Limiter == nil {
		cfg.Limiter = cfg.NewLimiter.Or("polygon", market.Polygon, cfg.Plan.limits(), cfg.Clock)
	}
	client, err := source.NewClient(source.ClientConfig{
		Source: market.Polygon, BaseURL: cfg.URL, Hosts: []string{newHost, OldHost},
		Header:  http.Header{"Authorization": {"Bearer " + cfg.Key}},
		Secrets: []string{cfg.Key}, Timeouts: cfg.Timeouts, MaxBody: cfg.MaxBody, Retry: cfg.Retry,
		Breaker: cfg.Breaker, Limiter: cfg.Limiter, Transport: cfg.Transport, Clock: cfg.Clock, Log: cfg.Log,
	})
	if err != nil {
		return nil, err
	}
	return &Source{client: client, plan: cfg.Plan, own: cfg.Symbols, rows: cfg.PageRows}, nil
}

// Name implements source.Source.
func (s *Source) Name() market.SourceName { return market.Polygon }

// Serves implements source.Source: every class and timeframe.
func (s *Source) Serves(market.Symbol, market.Timeframe) bool { return true }

// Offers implements source.Source: nothing beside prices and volume.
func (s *Source) Offers(market.Symbol, market.Timeframe) market.Fields { return 0 }

// Reach implements source.Reacher.
func (s *Source) Reach(_ market.Symbol, _ market.Timeframe, now time.Time) time.Time {
	return s.plan.reach(now)
}

// Breaker implements source.Guarded.
func (s *Source) Breaker() source.BreakerState { return s.client.Breaker() }

// Close drops idle connections.
func (s *Source) Close() { s.client.Close() }

// Candles implements source.Source.
func (s *Source) Candles(ctx context.Context, r source.Request) iter.Seq2[source.Page, error] {
	return func(yield func(source.Page, error) bool) {
		w := r.Window(s.plan.published(r.Now))
		q := query{Source: s, r: r, fetch: fetchFor(r.Symbol.Class, r.Timeframe), ticker: native(r.Symbol, s.own), pos: r.From}
		for !w.Empty() {
			end := q.chunkEnd(w)
			if q.chunk(ctx, w, end, yield) {
				w.First = end
				continue
			}
			if !q.early || q.eod {
				return
			}
			// The plan gets no current day, whatever we were told: once more, up to yesterday.
			q.eod = true
			w = r.Window(Plan{EndOfDay: true}.published(r.Now))
			w.First = w.Grid.FirstFrom(q.pos)
		}
	}
}

// query is one request on its way through its chunks and their pages.
type query struct {
	*Source
	r      source.Request
	fetch  fetch
	ticker string
	pos    time.Time // everything before it is answered
	early  bool      // the provider refused the current day
	eod    bool      // and the range was cut to the day before
}

// chunkEnd is the slot before which a chunk from the window's first slot ends:
// whole sessions, so that no bar is cut.
func (q *query) chunkEnd(w source.Window) grid.Slot {
	if q.fetch.chunk == 0 {
		return w.End
	}
	day := w.Grid.SessionOf(w.First) + market.Date(q.fetch.chunk)
	return min(w.End, max(w.First+1, w.Grid.FirstFrom(day.Time())))
}

// chunk asks for the slots up to end, page by page. It reports whether the
// request goes on after it.
func (q *query) chunk(ctx context.Context, w source.Window, end grid.Slot, yield func(source.Page, error) bool) bool {
	part := w
	part.End = end
	from, to := q.dates(part)
	conv, err := newConverter(q.fetch, part, q.r.Symbol.Class)
	if err != nil {
		yield(source.Page{From: q.pos, To: w.Until(end)}, err)
		return false
	}
	call := q.firstCall(part, from, to)
	for {
		body, candles, attempt, err := q.page(ctx, call, conv, from, to)
		if err == nil && len(body.Results) == 0 && body.NextURL == "" {
			err = q.confirm(ctx, part)
		}
		if err != nil {
			if q.early = endOfDay(err); !q.early || q.eod {
				yield(source.Page{From: q.pos, To: w.Until(end), Attempt: attempt}, err)
			}
			return false
		}
		p := source.Page{From: q.pos, To: w.Until(end), Candles: candles, Attempt: attempt}
		if body.NextURL != "" {
			p.To = w.Until(min(end, conv.answered()))
		}
		if p.To.After(p.From) {
			p.Attempt.From, p.Attempt.To = p.From, p.To
			q.pos = p.To
			if !yield(p, nil) {
				return false
			}
		}
		if body.NextURL == "" {
			return true
		}
		if call, err = q.nextCall(call, body.NextURL); err != nil {
			q.r.Refused(market.Polygon, part, err)
			yield(source.Page{From: q.pos, To: w.Until(end)}, err)
			return false
		}
	}
}

// page makes one call.
func (q *query) page(ctx context.Context, call source.Call, conv *converter, from, to market.Date) (body aggs, candles []market.Candle, attempt source.Attempt, err error) {
	call.Read = func(a source.Answer) (int, string, error) {
		if body, err = decodeAggs(a, q.ticker); err != nil {
			return 0, "", err
		}
		rows, foreign, err := conv.rows(body.Results, from, to)
		if err != nil {
			return 0, "", err
		}
		detail := ""
		if foreign > 0 {
			detail = fmt.Sprintf("%d rows of other dates left out", foreign)
		}
		candles, err = conv.bars(rows, body.NextURL == "")
		return len(candles), detail, err
	}
	attempt, err = q.client.Do(ctx, call)
	return body, candles, attempt, err
}

// dates are the first and last date to ask for: those of the slots' sessions,
// of weeks the Monday and the Sunday.
func (q *query) dates(w source.Window) (from, to market.Date) {
	from, to = w.Grid.SessionOf(w.First), w.Grid.SessionOf(w.End-1)
	if q.r.Timeframe == market.W1 {
		to += 6
	}
	return from, to
}

func (q *query) firstCall(w source.Window, from, to market.Date) source.Call {
	limit := maxLimit
	if q.rows > 0 {
		limit = min(maxLimit, q.rows*q.baseBars())
	}
	return source.Call{
		Path: "/v2/aggs/ticker/" + escape(q.ticker) + "/range/" + q.fetch.span() + "/" + from.String() + "/" + to.String(),
		Query: url.Values{
			"adjusted": {"true"}, "sort": {"asc"}, "limit": {strconv.Itoa(limit)},
		},
		From: w.Grid.Stamp(w.First), To: w.Until(w.End), OnFailure: q.r.OnFailure, Quota: q.quota,
	}
}

// baseBars is how many minutes or days a native row counts for in the limit.
func (q *query) baseBars() int {
	if q.fetch.timespan == "day" {
		return 1
	}
	return int(q.fetch.part / time.Minute)
}

// nextCall follows the provider's link. It carries a cursor and no key; the
// client sends the key again, and only to the provider's hosts.
func (q *query) nextCall(call source.Call, link string) (source.Call, error) {
	u, err := url.Parse(link)
	if err != nil || (call.Link != nil && u.String() == call.Link.String()) {
		return call, &source.Error{Kind: source.BadResponse, Source: market.Polygon, Message: "the link to the next page is no link, or leads to the same page"}
	}
	call.Link = u
	return call, nil
}

// confirm tells an empty range from an unknown ticker: aggregates answer both
// alike. Where the key may not ask, the ticker counts as known.
func (q *query) confirm(ctx context.Context, w source.Window) error {
	if _, ok := q.known.Load(q.ticker); ok {
		return nil
	}
	_, err := q.client.Do(ctx, source.Call{
		Path: "/v3/reference/tickers/" + escape(q.ticker),
		From: w.Grid.Stamp(w.First), To: w.Until(w.End), Quota: q.quota,
		OnFailure: func(a source.Attempt) {
			if a.ErrorCode != string(source.NotEntitled) {
				q.r.Failed(a)
			}
		},
		Read: func(a source.Answer) (int, string, error) {
			if a.Status != http.StatusOK {
				return 0, "", refusal(a)
			}
			return 0, "", nil
		},
	})
	if err == nil {
		q.known.Store(q.ticker, true)
	}
	if source.KindOf(err) == source.NotEntitled {
		return nil
	}
	return err
}

// quota is what our own count leaves: Polygon sends none.
func (s *Source) quota(source.Answer) *int {
	n := s.client.Remaining()
	if n == math.MaxInt {
		return nil
	}
	return &n
}

func endOfDay(err error) bool {
	var e *source.Error
	return errors.As(err, &e) && e.Code == codeEndOfDay
}

// escape writes a ticker as one element of a path; the colon of a coin too.
func escape(ticker string) string {
	return strings.ReplaceAll(url.PathEscape(ticker), ":", "%3A")
}
