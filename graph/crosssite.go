package graph

import (
	"net/http"
	"slices"

	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/candlewright/candlewright/internal/fault"
	"github.com/candlewright/candlewright/internal/telemetry"
)

// crossSite refuses what pages of other sites send, by any method: a browser
// tells where a request comes from (Sec-Fetch-Site, Origin), and what has neither
// is no browser's. Origins on the list may come, and read the answers (CORS).
func crossSite(origins []string, next http.Handler) (http.Handler, error) {
	protection := http.NewCrossOriginProtection()
	for _, o := range origins {
		if err := protection.AddTrustedOrigin(o); err != nil {
			return nil, err
		}
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		origin := r.Header.Get("Origin")
		if len(origins) > 0 {
			w.Header().Add("Vary", "Origin")
		}
		if slices.Contains(origins, origin) {
			w.Header().Set("Access-Control-Allow-Origin", origin)
			w.Header().Set("Access-Control-Expose-Headers", "X-Request-Id")
		}
		if err := protection.Check(asUnsafe(r)); err != nil {
			send(w, http.StatusForbidden, typeJSON, foreign(r))
			return
		}
		if r.Method == http.MethodOptions {
			options(w, r)
			return
		}
		next.ServeHTTP(w, r)
	}), nil
}

// asUnsafe is the request as one that may change something: GET is looked at
// alike, since what it reads must not leave either.
func asUnsafe(r *http.Request) *http.Request {
	if r.Method != http.MethodGet && r.Method != http.MethodHead && r.Method != http.MethodOptions {
		return r
	}
	u := *r
	u.Method = http.MethodPost
	return &u
}

func foreign(r *http.Request) []byte {
	err := refusal(fault.Forbidden, "The request comes from a page of another site: its origin has to be on the server's list")
	if id := telemetry.RequestID(r.Context()); id != "" {
		err.Extensions["requestId"] = id
	}
	return append(append([]byte(`{"errors":`), mustJSON(gqlerror.List{err})...), '}')
}

// options answers OPTIONS, a browser's question before the request included.
func options(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Allow", "GET, POST, OPTIONS")
	if h.Get("Access-Control-Allow-Origin") != "" && r.Header.Get("Access-Control-Request-Method") != "" {
		h.Set("Access-Control-Allow-Methods", "GET, POST")
		h.Set("Access-Control-Allow-Headers", "Content-Type, Authorization, X-Request-Id")
		h.Set("Access-Control-Max-Age", "600")
	}
	w.WriteHeader(http.StatusNoContent)
}
