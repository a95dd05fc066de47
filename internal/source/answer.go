package source

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"unicode"

	"github.com/candlewright/candlewright/internal/market"
)

// DecodeJSON reads a body that should be one JSON value into v. Its error says
// in which way it is not: what looks like an answer spoilt on its way (nothing,
// HTML, cut off) may heal, well-formed JSON of another shape will not.
func DecodeJSON(name market.SourceName, a Answer, v any) error {
	bad := func(transient bool, format string, args ...any) error {
		return &Error{Kind: BadResponse, Source: name, Status: a.Status, Transient: transient, Message: fmt.Sprintf(format, args...)}
	}
	body := bytes.TrimLeft(a.Body, " \t\r\n")
	switch {
	case len(body) == 0:
		return bad(true, "the answer is empty, JSON was due")
	case body[0] == '<':
		return bad(true, "the answer is HTML, JSON was due: %s", Excerpt(body))
	}
	err := json.Unmarshal(body, v)
	if err == nil {
		return nil
	}
	if _, ok := errors.AsType[*json.SyntaxError](err); !ok {
		return bad(false, "the answer has another shape than documented: %s", clip(err.Error()))
	}
	if truncated(body) {
		return bad(true, "the JSON is cut off after %d bytes", len(a.Body))
	}
	return bad(true, "the answer is no JSON: %s", clip(err.Error()))
}

// truncated reports whether the body is the start of a JSON value.
func truncated(body []byte) bool {
	var v json.RawMessage
	return errors.Is(json.NewDecoder(bytes.NewReader(body)).Decode(&v), io.ErrUnexpectedEOF)
}

// StatusError types an answer by its HTTP status alone, for those that a
// provider gives no meaning of its own. message is what the provider said.
func StatusError(name market.SourceName, a Answer, message string) *Error {
	if message == "" {
		message = fmt.Sprintf("%s: %s", statusText(a.Status), Excerpt(a.Body))
	}
	e := &Error{Kind: BadResponse, Source: name, Status: a.Status, Message: clip(message), RetryAfter: ParseRetryAfter(a.Header, a.At)}
	switch {
	case a.Status == http.StatusTooManyRequests:
		e.Kind, e.Transient = RateLimited, true
	case a.Status == http.StatusUnauthorized:
		e.Kind = Unauthorized
	case a.Status == http.StatusForbidden, a.Status == http.StatusUnavailableForLegalReasons:
		e.Kind = Blocked
	case a.Status == http.StatusNotFound:
		e.Kind = NotFound
	case a.Status == http.StatusRequestTimeout, a.Status == http.StatusGatewayTimeout:
		e.Kind, e.Transient = Timeout, true
	case a.Status >= 500:
		e.Kind, e.Transient = Unavailable, true
	case a.Status >= 400:
		e.Kind = BadRequest
	}
	return e
}

func statusText(status int) string {
	if s := http.StatusText(status); s != "" {
		return s
	}
	return "unknown status"
}

// Excerpt is the start of a foreign body, on one line and harmless in a log.
func Excerpt(body []byte) string {
	const most = 120
	if len(body) > 4*most {
		body = body[:4*most]
	}
	s := strings.Join(strings.FieldsFunc(strings.ToValidUTF8(string(body), "�"), func(r rune) bool {
		return unicode.IsSpace(r) || unicode.IsControl(r)
	}), " ")
	if s == "" {
		return "no text"
	}
	return clipTo(s, most)
}

func clip(s string) string { return clipTo(s, 300) }

func clipTo(s string, most int) string {
	if len(s) <= most {
		return s
	}
	for most > 0 && s[most]&0xC0 == 0x80 { // not within a rune
		most--
	}
	return s[:most] + "…"
}
