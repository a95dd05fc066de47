package source

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"time"
)

func (t Timeouts) orDefault() Timeouts {
	def := func(d *time.Duration, v time.Duration) {
		if *d == 0 {
			*d = v
		}
	}
	def(&t.Connect, 5*time.Second)
	def(&t.TLS, 5*time.Second)
	def(&t.Header, 15*time.Second)
	def(&t.Total, 45*time.Second)
	return t
}

// newTransport pools connections to one host. It leaves Accept-Encoding to
// net/http, which then asks for gzip and unpacks it before the size limit.
func newTransport(t Timeouts) *http.Transport {
	d := &net.Dialer{Timeout: t.Connect, KeepAlive: 30 * time.Second}
	return &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		DialContext:            d.DialContext,
		ForceAttemptHTTP2:      true,
		TLSHandshakeTimeout:    t.TLS,
		ResponseHeaderTimeout:  t.Header,
		ExpectContinueTimeout:  time.Second,
		MaxIdleConns:           16,
		MaxIdleConnsPerHost:    16,
		IdleConnTimeout:        90 * time.Second,
		MaxResponseHeaderBytes: 64 << 10,
	}
}

// roundTrip sends the request and reads the whole body. The answer's status is
// 0 where there was none.
func (c *Client) roundTrip(ctx context.Context, call Call) (Answer, error) {
	ctx, cancel := context.WithTimeout(ctx, c.cfg.Timeouts.Total)
	defer cancel()
	req, err := c.request(ctx, call)
	if err != nil {
		return Answer{}, err
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return Answer{}, c.broken(err, "no answer")
	}
	defer resp.Body.Close()
	ans := Answer{Status: resp.StatusCode, Header: resp.Header}
	body, err := io.ReadAll(io.LimitReader(resp.Body, c.cfg.MaxBody+1))
	ans.At = c.cfg.Clock.Now()
	switch {
	case err != nil:
		e := c.broken(err, fmt.Sprintf("the answer was cut off after %d bytes", len(body)))
		e.Status = resp.StatusCode
		return ans, e
	case int64(len(body)) > c.cfg.MaxBody:
		return ans, &Error{
			Kind: BadResponse, Source: c.cfg.Source, Status: resp.StatusCode,
			Message: fmt.Sprintf("the answer is larger than %d bytes", c.cfg.MaxBody),
		}
	}
	ans.Body = body
	return ans, nil
}

func (c *Client) request(ctx context.Context, call Call) (*http.Request, error) {
	u, err := c.target(call)
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, &Error{Kind: BadRequest, Source: c.cfg.Source, Message: "the call makes no valid request"}
	}
	for k, vs := range c.cfg.Header {
		req.Header[http.CanonicalHeaderKey(k)] = slices.Clone(vs)
	}
	req.Header.Set("User-Agent", c.cfg.UserAgent)
	req.Header.Set("Accept", "application/json")
	return req, nil
}

// target is where a call goes. A link that a provider put into its answer is
// followed only to hosts that are the provider's, and never from https to http,
// since the key goes with it.
func (c *Client) target(call Call) (*url.URL, error) {
	if call.Link == nil {
		u, err := url.Parse(c.base.String() + call.Path)
		if err != nil {
			return nil, &Error{Kind: BadRequest, Source: c.cfg.Source, Message: "the path " + call.Path + " is not valid"}
		}
		u.RawQuery = call.Query.Encode()
		return u, nil
	}
	l := *call.Link
	if l.User != nil || !c.ours(&l) {
		return nil, &Error{Kind: BadResponse, Source: c.cfg.Source, Message: "the link to the next page leads to another host, " + l.Host}
	}
	return &l, nil
}

// ours reports whether a URL is at the provider.
func (c *Client) ours(u *url.URL) bool {
	if u.Scheme != c.base.Scheme && u.Scheme != "https" {
		return false
	}
	return u.Host == c.base.Host || slices.Contains(c.cfg.Hosts, u.Host)
}

var errForeignRedirect = errors.New("redirected to another host")

func (c *Client) checkRedirect(req *http.Request, via []*http.Request) error {
	if len(via) > 3 {
		return errors.New("redirected more than 3 times")
	}
	if !c.ours(req.URL) {
		return errForeignRedirect
	}
	return nil
}

// broken types an error of the network. The URL of a *url.Error is left out: a
// query does not belong into logs.
func (c *Client) broken(err error, what string) *Error {
	if ue, ok := errors.AsType[*url.Error](err); ok {
		err = ue.Err
	}
	e := &Error{Kind: Unavailable, Source: c.cfg.Source, Message: what, Transient: true, Err: err}
	var ne net.Error
	var cert *tls.CertificateVerificationError
	switch {
	case errors.Is(err, errForeignRedirect):
		e.Kind, e.Transient = BadResponse, false
	case errors.As(err, &cert):
		e.Transient = false
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &ne) && ne.Timeout():
		e.Kind, e.Message = Timeout, "no whole answer in time"
	}
	return e
}
