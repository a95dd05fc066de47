package graph

import (
	"encoding/json"
	"fmt"
	"mime"
	"net/http"
	"strconv"
	"strings"

	"github.com/99designs/gqlgen/graphql"
)

const (
	typeJSON     = "application/json"
	typeResponse = "application/graphql-response+json"
	typeEvents   = "text/event-stream"
)

// answerType is the media type of an answer: the one of the two that the client
// prefers; JSON where it does not say, and false where it wants neither.
func answerType(accept []string) (string, bool) {
	all := strings.Join(accept, ",")
	if strings.Trim(all, ", ") == "" {
		return typeJSON, true
	}
	best, bestQ := "", 0.0
	for part := range strings.SplitSeq(all, ",") {
		kind, params, err := mime.ParseMediaType(part)
		if err != nil {
			continue
		}
		q := 1.0
		if text, ok := params["q"]; ok {
			if q, err = strconv.ParseFloat(text, 64); err != nil {
				continue
			}
		}
		if set, ok := params["charset"]; ok && !strings.EqualFold(set, "utf-8") {
			continue
		}
		switch kind {
		case typeResponse, typeJSON:
		case "*/*", "application/*":
			kind = typeJSON
		default:
			continue
		}
		if q > bestQ {
			best, bestQ = kind, q
		}
	}
	return best, best != ""
}

// encode writes a response: {"data":…} as it was made, without reading it again.
// One to a request that was not carried out has no data at all.
func encode(resp *graphql.Response) []byte {
	size := len(resp.Data) + 16
	b := make([]byte, 0, size)
	b = append(b, '{')
	if len(resp.Errors) > 0 {
		b = append(b, `"errors":`...)
		b = append(b, mustJSON(resp.Errors)...)
	}
	if len(resp.Data) > 0 {
		if len(b) > 1 {
			b = append(b, ',')
		}
		b = append(b, `"data":`...)
		b = append(b, resp.Data...)
	}
	if len(resp.Extensions) > 0 {
		b = append(b, `,"extensions":`...)
		b = append(b, mustJSON(resp.Extensions)...)
	}
	return append(b, '}')
}

func mustJSON(v any) []byte {
	text, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("graph: encode %T: %v", v, err)) // texts and numbers always encode
	}
	return text
}

// send answers with a body.
func send(w http.ResponseWriter, status int, kind string, body []byte) {
	h := w.Header()
	h.Set("Content-Type", kind+"; charset=utf-8")
	h.Set("Content-Length", strconv.Itoa(len(body)))
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = w.Write(body) // fails when the client is gone
}
