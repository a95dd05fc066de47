package source

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/candlewright/candlewright/internal/market"
)

// ClientConfig is how one provider is called.
type ClientConfig struct {
	Source    market.SourceName
	BaseURL   string      // http or https, host, perhaps a path before the provider's own
	Hosts     []string    // further hosts to which a page link may lead; the base URL's own always may
	UserAgent string      // default "candlewright"
	Header    http.Header // sent with each request, keys included; never logged
	Secrets   []string    // cut out of what a provider says, should it echo them
	Timeouts  Timeouts
	MaxBody   int64 // bytes after decompression; default 16 MiB
	Retry     Retry
	Breaker   BreakerConfig
	Limiter   Limiter           // default: no limit, but pauses
	Transport http.RoundTripper // default: a pooled one of its own
	Clock     Clock
	Log       *slog.Logger // default: none
}

// Timeouts bounds each phase of a request.
type Timeouts struct {
	Connect time.Duration // name look-up and TCP; default 5 s
	TLS     time.Duration // handshake; default 5 s
	Header  time.Duration // from the request's end to the answer's header; default 15 s
	Total   time.Duration // the whole attempt with its body; default 45 s
}

// Client calls one provider. All calls share its connections, limits and
// breaker.
type Client struct {
	cfg     ClientConfig
	base    *url.URL
	http    *http.Client
	breaker *breaker
}

// NewClient checks the configuration and makes a client; nothing is called.
func NewClient(cfg ClientConfig) (*Client, error) {
	base, err := url.Parse(cfg.BaseURL)
	if err != nil || (base.Scheme != "http" && base.Scheme != "https") || base.Host == "" {
		return nil, fmt.Errorf("%s: invalid base URL: want http:// or https:// and a host", cfg.Source)
	}
	if base.User != nil || base.RawQuery != "" || base.Fragment != "" {
		return nil, fmt.Errorf("%s: invalid base URL: want no user, query or fragment in it", cfg.Source)
	}
	base.Path = strings.TrimRight(base.Path, "/")
	cfg = cfg.orDefault()
	c := &Client{cfg: cfg, base: base, breaker: newBreaker(cfg.Source, cfg.Breaker, cfg.Clock, cfg.Log)}
	c.http = &http.Client{Transport: cfg.Transport, CheckRedirect: c.checkRedirect}
	return c, nil
}

func (cfg ClientConfig) orDefault() ClientConfig {
	if cfg.UserAgent == "" {
		cfg.UserAgent = "candlewright"
	}
	if cfg.MaxBody == 0 {
		cfg.MaxBody = 16 << 20
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	cfg.Clock = cfg.Clock.orWall()
	cfg.Timeouts = cfg.Timeouts.orDefault()
	cfg.Retry = cfg.Retry.orDefault()
	if cfg.Limiter == nil {
		cfg.Limiter = NewBucket(cfg.Source, Limits{}, cfg.Clock)
	}
	if cfg.Transport == nil {
		cfg.Transport = newTransport(cfg.Timeouts)
	}
	return cfg
}

// Call is one question to a provider.
type Call struct {
	Path   string     // under the base URL, escaped
	Query  url.Values // nil is none
	Link   *url.URL   // a page link of the provider, in place of Path and Query
	Weight int        // what the call costs of the budget; 0 counts as 1

	From, To  time.Time     // the stamps asked for, To exclusive, for the log
	OnFailure func(Attempt) // told of each attempt that failed

	// Read makes something of an answer of any status, or a *Error. It is
	// called once per attempt, so it must replace what an earlier attempt
	// left. Rows and Detail of the attempt are what it returns.
	Read func(Answer) (rows int, detail string, err error)
	// Quota reads what is left of the budget from an answer; nil is unknown.
	Quota func(Answer) *int
}

// Answer is what came back, whole.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
	At     time.Time // when it had come, by the client's clock
}

// Do asks until there is an answer that Read accepts, an error that no retry
// can heal, or no try left. The attempt returned is the last one.
func (c *Client) Do(ctx context.Context, call Call) (Attempt, error) {
	for n := 1; ; n++ {
		a, err := c.try(ctx, call, n)
		if err == nil {
			return a, nil
		}
		if KindOf(err) == Cancelled {
			return a, err
		}
		if call.OnFailure != nil {
			call.OnFailure(a)
		}
		wait, again := c.cfg.Retry.next(n, err)
		if !again {
			return a, err
		}
		if err := c.cfg.Clock.Sleep(ctx, wait); err != nil {
			return a, c.cancelled(ctx)
		}
	}
}

// Breaker is the present state of the source's breaker.
func (c *Client) Breaker() BreakerState { return c.breaker.state() }

// Close drops the idle connections.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// Remaining is what the client's own limiter would let through at once.
func (c *Client) Remaining() int { return c.cfg.Limiter.Remaining() }

// Pause keeps all calls back until then.
func (c *Client) Pause(until time.Time) { c.cfg.Limiter.Pause(until) }

// try makes one attempt and describes it.
func (c *Client) try(ctx context.Context, call Call, n int) (Attempt, error) {
	a := Attempt{Source: c.cfg.Source, From: call.From, To: call.To, Number: n}
	err := c.admit(ctx, call)
	if err == nil {
		err = c.breaker.do(func() error { return c.exchange(ctx, call, &a) })
	}
	if err != nil && ctx.Err() != nil {
		err = c.cancelled(ctx)
	}
	a.At = c.cfg.Clock.Now()
	a.Success = err == nil
	if err != nil {
		a.Rows, a.ErrorCode, a.ErrorMessage = 0, Code(err), err.Error()
		if k := KindOf(err); (k == RateLimited || k == Blocked) && RetryAfter(err) > 0 {
			c.cfg.Limiter.Pause(a.At.Add(RetryAfter(err)))
		}
	}
	c.log(ctx, a)
	return a, err
}

func (c *Client) admit(ctx context.Context, call Call) error {
	return c.cfg.Limiter.Wait(ctx, max(call.Weight, 1))
}

// exchange does the HTTP request and lets Read judge the answer.
func (c *Client) exchange(ctx context.Context, call Call, a *Attempt) error {
	start := time.Now()
	ans, err := c.roundTrip(ctx, call)
	if ans.Status != 0 {
		ms := int(time.Since(start).Milliseconds())
		a.ResponseTimeMs = &ms
		if call.Quota != nil {
			a.QuotaRemaining = call.Quota(ans)
		}
	}
	if err != nil {
		return err
	}
	a.Rows, a.Detail, err = call.Read(ans)
	return c.scrub(err)
}

// scrub cuts our secrets out of a provider's words.
func (c *Client) scrub(err error) error {
	var e *Error
	if !errors.As(err, &e) {
		return err
	}
	for _, s := range c.cfg.Secrets {
		if s != "" {
			e.Message = strings.ReplaceAll(e.Message, s, "[secret]")
			e.Code = strings.ReplaceAll(e.Code, s, "[secret]")
		}
	}
	return err
}

func (c *Client) cancelled(ctx context.Context) error {
	return &Error{Kind: Cancelled, Source: c.cfg.Source, Message: "stopped", Err: errors.Join(ctx.Err(), cause(ctx))}
}

// cause is the cause of ctx's end where it says more than ctx.Err.
func cause(ctx context.Context) error {
	if err := context.Cause(ctx); !errors.Is(err, ctx.Err()) {
		return err
	}
	return nil
}

// log writes one line per attempt: a failure is a warning, since the row of the
// fetch log tells the rest.
func (c *Client) log(ctx context.Context, a Attempt) {
	level, attrs := slog.LevelDebug, []slog.Attr{
		slog.String("source", string(a.Source)), slog.Int("attempt", a.Number), slog.Int("rows", a.Rows),
	}
	if a.ResponseTimeMs != nil {
		attrs = append(attrs, slog.Int("response_time_ms", *a.ResponseTimeMs))
	}
	if !a.Success {
		level = slog.LevelWarn
		attrs = append(attrs, slog.String("code", a.ErrorCode), slog.String("err", a.ErrorMessage))
	}
	c.cfg.Log.LogAttrs(ctx, level, "provider call", attrs...)
}
