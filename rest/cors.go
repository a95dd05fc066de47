package rest

import (
	"io"
	"net/http"
	"slices"
	"strings"
)

// corsPrefix is where these rules hold; GraphQL and pages have their own.
const corsPrefix = "/api/v1/"

var corsMethods = []string{
	http.MethodDelete, http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodPatch, http.MethodPost, http.MethodPut,
}

// CORS answers preflights and puts its headers on every answer of next, as
// Starlette's middleware does with any origin allowed and credentials too. They
// are set before next is called, so that they are on errors as well.
func CORS(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		origins, crossed := r.Header["Origin"] // an empty one counts
		if !crossed || !strings.HasPrefix(r.URL.Path, corsPrefix) {
			next.ServeHTTP(w, r)
			return
		}
		origin := origins[0]
		if method, ok := r.Header["Access-Control-Request-Method"]; ok && r.Method == http.MethodOptions {
			preflight(w, r, origin, method[0])
			return
		}
		h := w.Header()
		h.Set("Access-Control-Allow-Origin", "*")
		h.Set("Access-Control-Allow-Credentials", "true")
		if _, ok := r.Header["Cookie"]; ok { // browsers refuse * with credentials
			h.Set("Access-Control-Allow-Origin", origin)
			h.Add("Vary", "Origin")
		}
		next.ServeHTTP(w, r)
	})
}

func preflight(w http.ResponseWriter, r *http.Request, origin, method string) {
	h := w.Header()
	h.Set("Access-Control-Allow-Origin", origin)
	h.Set("Access-Control-Allow-Credentials", "true")
	h.Set("Access-Control-Allow-Methods", strings.Join(corsMethods, ", "))
	h.Set("Access-Control-Max-Age", "600")
	h.Add("Vary", "Origin")
	if wanted, ok := r.Header["Access-Control-Request-Headers"]; ok {
		h.Set("Access-Control-Allow-Headers", wanted[0])
	}
	h.Set("Content-Type", "text/plain; charset=utf-8")
	status, text := http.StatusOK, "OK"
	if !slices.Contains(corsMethods, method) {
		status, text = http.StatusBadRequest, "Disallowed CORS method"
	}
	w.WriteHeader(status)
	_, _ = io.WriteString(w, text) // fails when the client is gone
}

// options answers an OPTIONS request that is no preflight.
func options(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	if _, crossed := r.Header["Origin"]; !crossed { // else CORS has set it
		h.Set("Access-Control-Allow-Origin", "*")
	}
	h.Set("Access-Control-Allow-Methods", "GET, POST, PUT, DELETE, OPTIONS")
	h.Set("Access-Control-Allow-Headers", "Content-Type, Authorization, X-API-Key")
	writeBody(w, r, http.StatusOK, []byte("{}"))
}
