package source_test

import (
	"net/http"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/candlewright/candlewright/internal/market"
	"github.com/candlewright/candlewright/internal/source"
)

func TestDecodeJSONTellsSpoiltFromForeign(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		body      string
		transient bool
		says      string // "" is no error
	}{
		"good":             {`[1,2]`, false, ""},
		"spaces around":    {" \n[1]\n", false, ""},
		"nothing":          {``, true, "empty"},
		"HTML":             {"<!DOCTYPE html>\n<h1>Sorry</h1>", true, "HTML"},
		"cut off":          {`[1,2,`, true, "cut off after 5 bytes"},
		"cut in a number":  {`[1,2`, true, "cut off"},
		"cut in a word":    {`[tru`, true, "cut off"},
		"text":             {`Edge: Too Many Requests`, true, "no JSON"},
		"NaN":              {`[NaN]`, true, "no JSON"},
		"two values":       {`[1][2]`, true, "no JSON"},
		"an object":        {`{"a":1}`, false, "another shape"},
		"text for numbers": {`["1"]`, false, "another shape"},
	} {
		var v []int
		err := source.DecodeJSON(market.Yahoo, source.Answer{Status: 200, Body: []byte(c.body)}, &v)
		if c.says == "" {
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		if source.KindOf(err) != source.BadResponse || source.Retryable(err) != c.transient || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: error %v, want one that says %q, transient %v", name, err, c.says, c.transient)
		}
	}
}

func TestStatusErrorByStatus(t *testing.T) {
	t.Parallel()
	for status, c := range map[int]struct {
		kind      source.Kind
		transient bool
	}{
		400: {source.BadRequest, false}, 401: {source.Unauthorized, false}, 403: {source.Blocked, false},
		404: {source.NotFound, false}, 408: {source.Timeout, true}, 422: {source.BadRequest, false}, 429: {source.RateLimited, true},
		451: {source.Blocked, false}, 500: {source.Unavailable, true}, 503: {source.Unavailable, true}, 504: {source.Timeout, true},
		204: {source.BadResponse, false}, 301: {source.BadResponse, false},
	} {
		e := source.StatusError(market.Polygon, source.Answer{Status: status, Header: http.Header{"Retry-After": {"7"}}}, "")
		if e.Kind != c.kind || e.Transient != c.transient || e.RetryAfter != 7*time.Second {
			t.Errorf("%d is %+v, want %s, transient %v", status, e, c.kind, c.transient)
		}
	}
}

func TestExcerptIsHarmless(t *testing.T) {
	t.Parallel()
	got := source.Excerpt([]byte("<p>\r\n\x1b[31mred\x00\xff</p>" + strings.Repeat("é", 5000)))
	if strings.ContainsAny(got, "\r\n\x1b\x00") || !utf8.ValidString(got) || len(got) > 140 || !strings.HasPrefix(got, "<p> [31mred") {
		t.Errorf("excerpt is %q", got)
	}
	if got := source.Excerpt([]byte(" \n")); got != "no text" {
		t.Errorf("excerpt of blanks is %q", got)
	}
}

func TestParseRetryAfter(t *testing.T) {
	t.Parallel()
	now := time.Date(2024, 11, 13, 12, 0, 0, 0, time.UTC)
	for s, want := range map[string]time.Duration{
		"": 0, "0": 0, "-5": 0, "soon": 0, "NaN": 0, "2": 2 * time.Second, " 90 ": 90 * time.Second, "1.5": 1500 * time.Millisecond,
		"1e300": 7 * 24 * time.Hour, "99999999": 7 * 24 * time.Hour,
		"Wed, 13 Nov 2024 12:00:30 GMT": 30 * time.Second, "Wed, 13 Nov 2024 11:00:00 GMT": 0,
	} {
		h := http.Header{}
		h.Set("Retry-After", s)
		if got := source.ParseRetryAfter(h, now); got != want {
			t.Errorf("%q is %v, want %v", s, got, want)
		}
	}
}
