package graph

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/candlewright/candlewright/internal/fault"
)

// unreadable is a request that is no GraphQL request, with its HTTP status.
type unreadable struct {
	status int
	err    *gqlerror.Error
}

func unread(status int, argument, format string, args ...any) *unreadable {
	err := refusal(fault.BadUserInput, format, args...)
	if argument != "" {
		err.Extensions["argument"] = argument
	}
	return &unreadable{status, err}
}

// readBody reads the parameters of a POST: one JSON object.
func readBody(w http.ResponseWriter, r *http.Request, most int64) (*graphql.RawParams, *unreadable) {
	if u := jsonBody(r.Header.Get("Content-Type")); u != nil {
		return nil, u
	}
	start := graphql.Now()
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, most))
	if err != nil {
		if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
			return nil, unread(http.StatusRequestEntityTooLarge, "", "The request is too large: want at most %d bytes", most)
		}
		return nil, unread(http.StatusBadRequest, "", "The request's body ended before its end")
	}
	if !utf8.Valid(body) {
		return nil, unread(http.StatusBadRequest, "", "The request's body is not UTF-8")
	}
	p, u := decodeParams(body)
	if u != nil {
		return nil, u
	}
	p.Headers, p.ReadTime = r.Header, graphql.TraceTiming{Start: start, End: graphql.Now()}
	return p, nil
}

// jsonBody refuses what a form of a foreign page could send.
func jsonBody(contentType string) *unreadable {
	kind, params, err := mime.ParseMediaType(contentType)
	if err != nil || kind != "application/json" {
		return unread(http.StatusUnsupportedMediaType, "", "The request's content type is not supported: want application/json")
	}
	if set, ok := params["charset"]; ok && !strings.EqualFold(set, "utf-8") && !strings.EqualFold(set, "utf8") {
		return unread(http.StatusUnsupportedMediaType, "", "The request's charset is not supported: want utf-8")
	}
	return nil
}

// wire is the parameters as they are spelled; each may be left out or null.
type wire struct {
	Query         json.RawMessage `json:"query"`
	OperationName json.RawMessage `json:"operationName"`
	Variables     json.RawMessage `json:"variables"`
	Extensions    json.RawMessage `json:"extensions"`
}

func decodeParams(body []byte) (*graphql.RawParams, *unreadable) {
	if b := bytes.TrimLeft(body, " \t\r\n"); len(b) > 0 && b[0] == '[' {
		return nil, unread(http.StatusBadRequest, "", "A list of operations is not supported: want one operation in each request")
	}
	var in wire
	if err := json.Unmarshal(body, &in); err != nil {
		return nil, unread(http.StatusBadRequest, "", "The request's body is no JSON object: want {\"query\": …}")
	}
	return in.params()
}

func (in wire) params() (*graphql.RawParams, *unreadable) {
	p := &graphql.RawParams{}
	for _, part := range []struct {
		name, want string
		text       json.RawMessage
		into       any
	}{
		{"query", "a text", in.Query, &p.Query},
		{"operationName", "a text", in.OperationName, &p.OperationName},
		{"variables", "an object", in.Variables, &p.Variables},
		{"extensions", "an object", in.Extensions, &p.Extensions},
	} {
		if len(part.text) == 0 {
			continue
		}
		dec := json.NewDecoder(bytes.NewReader(part.text))
		dec.UseNumber()
		if err := dec.Decode(part.into); err != nil {
			return nil, unread(http.StatusBadRequest, part.name, "%s cannot be read: want %s", part.name, part.want)
		}
	}
	if p.Query == "" && p.Extensions["persistedQuery"] == nil {
		return nil, unread(http.StatusBadRequest, "query", "query is missing: want the text of an operation")
	}
	return p, nil
}

// readURL reads the parameters of a GET.
func readURL(r *http.Request, most int64) (*graphql.RawParams, *unreadable) {
	start := graphql.Now()
	if int64(len(r.URL.RawQuery)) > most {
		return nil, unread(http.StatusRequestURITooLong, "", "The request is too large: want at most %d bytes", most)
	}
	q, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, unread(http.StatusBadRequest, "", "The query string cannot be read: want query=… with the operation, URL-encoded")
	}
	for name, values := range q {
		if !utf8.ValidString(values[0]) {
			return nil, unread(http.StatusBadRequest, name, "%q is not UTF-8", name)
		}
	}
	quoted := func(name string) json.RawMessage {
		if !q.Has(name) {
			return nil
		}
		text, err := json.Marshal(q.Get(name))
		if err != nil {
			panic(fmt.Sprintf("graph: quote %q: %v", name, err)) // a text always encodes
		}
		return text
	}
	in := wire{
		Query: quoted("query"), OperationName: quoted("operationName"),
		Variables: json.RawMessage(q.Get("variables")), Extensions: json.RawMessage(q.Get("extensions")),
	}
	if in.OperationName != nil && q.Get("operationName") == "" {
		in.OperationName = nil
	}
	for name, text := range map[string]json.RawMessage{"variables": in.Variables, "extensions": in.Extensions} {
		if len(text) > 0 && !json.Valid(text) {
			return nil, unread(http.StatusBadRequest, name, "%s cannot be read: want an object", name)
		}
	}
	p, u := in.params()
	if u != nil {
		return nil, u
	}
	p.Headers, p.ReadTime = r.Header, graphql.TraceTiming{Start: start, End: graphql.Now()}
	return p, nil
}
