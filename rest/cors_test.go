package rest

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const (
	origin      = "Origin: https://app.example"
	cookie      = "Cookie: a=b"
	askMethod   = "Access-Control-Request-Method: "
	jsonType    = "Content-Type: application/json"
	textType    = "Content-Type: text/plain; charset=utf-8"
	credentials = "Access-Control-Allow-Credentials: true"
	anyOrigin   = "Access-Control-Allow-Origin: *"
	sameOrigin  = "Access-Control-Allow-Origin: https://app.example"
	varies      = "Vary: Origin"
	allMethods  = "Access-Control-Allow-Methods: DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT"
	maxAge      = "Access-Control-Max-Age: 600"
	ourMethods  = "Access-Control-Allow-Methods: GET, POST, PUT, DELETE, OPTIONS"
	ourHeaders  = "Access-Control-Allow-Headers: Content-Type, Authorization, X-API-Key"
)

func TestCORS(t *testing.T) {
	t.Parallel()
	h := handler(newFake())
	lines := func(s ...string) string { return strings.Join(s, "\n") }
	preflighted := lines(credentials, allMethods, sameOrigin, maxAge, textType, varies)
	for _, tc := range []struct {
		name, request string
		headers       []string
		code          int
		body          string // not compared where empty
		want          string // the contract's headers, sorted
	}{
		{"no origin", "GET " + metricsPath, nil, 200, "", jsonType},
		{"no origin, a cookie", "GET " + metricsPath, []string{cookie}, 200, "", jsonType},
		{"origin", "GET " + metricsPath, []string{origin}, 200, "", lines(credentials, anyOrigin, jsonType)},
		{"empty origin", "GET " + metricsPath, []string{"Origin: "}, 200, "", lines(credentials, anyOrigin, jsonType)},
		{"null origin", "GET " + metricsPath, []string{"Origin: null"}, 200, "", lines(credentials, anyOrigin, jsonType)},
		{"origin and cookie", "GET " + metricsPath, []string{origin, cookie}, 200, "", lines(credentials, sameOrigin, jsonType, varies)},
		{"on 404", "GET /api/v1/nope", []string{origin}, 404, notFound, lines(credentials, anyOrigin, jsonType)},
		{"on 405", "PUT " + metricsPath, []string{origin, cookie}, 405, notAllowed, lines(credentials, sameOrigin, "Allow: GET", jsonType, varies)},
		{"on 405 of HEAD", "HEAD " + metricsPath, []string{origin}, 405, "", lines(credentials, anyOrigin, "Allow: GET", jsonType)},
		{"on 422", "POST " + triggerPath, []string{origin}, 422, noSymbol, lines(credentials, anyOrigin, jsonType)},
		{"on 400", "GET " + statusPath + "A?asset_class=x", []string{origin}, 400, badClass, lines(credentials, anyOrigin, jsonType)},
		{"on 307", "GET " + metricsPath + "/", []string{origin}, 307, "", lines(credentials, anyOrigin, "Location: "+metricsPath)},
		{"elsewhere under /api/", "GET /api/v2/x", []string{origin}, 404, notFound, jsonType},
		{"not under /api/v1/", "GET /api/v1", []string{origin}, 404, notFound, jsonType},
		{"operators' paths", "GET /healthz", []string{origin}, 200, "", jsonType},

		{"preflight", "OPTIONS " + triggerPath, []string{origin, askMethod + "POST"}, 200, "OK", preflighted},
		{"preflight of an unknown path", "OPTIONS /api/v1/nope", []string{origin, askMethod + "PATCH"}, 200, "OK", preflighted},
		{"preflight with a slash too many", "OPTIONS " + metricsPath + "/", []string{origin, askMethod + "GET"}, 200, "OK", preflighted},
		{"preflight with a cookie", "OPTIONS " + metricsPath, []string{origin, cookie, askMethod + "GET"}, 200, "OK", preflighted},
		{
			"preflight with headers", "OPTIONS " + metricsPath,
			[]string{origin, askMethod + "GET", "Access-Control-Request-Headers: x-a, X-B"},
			200, "OK",
			lines(credentials, "Access-Control-Allow-Headers: x-a, X-B", allMethods, sameOrigin, maxAge, textType, varies),
		},
		{"preflight of another method", "OPTIONS " + metricsPath, []string{origin, askMethod + "TRACE"}, 400, "Disallowed CORS method", preflighted},
		{"preflight of a method in another case", "OPTIONS " + metricsPath, []string{origin, askMethod + "get"}, 400, "Disallowed CORS method", preflighted},
		{"preflight of no method", "OPTIONS " + metricsPath, []string{origin, strings.TrimSpace(askMethod) + " "}, 400, "Disallowed CORS method", preflighted},
		{"preflight elsewhere", "OPTIONS /api/v2/x", []string{origin, askMethod + "GET"}, 404, notFound, jsonType},
		{"a request method in a GET", "GET " + metricsPath, []string{origin, askMethod + "GET"}, 200, "", lines(credentials, anyOrigin, jsonType)},

		{"options", "OPTIONS " + metricsPath, nil, 200, "{}", lines(ourHeaders, ourMethods, anyOrigin, jsonType)},
		{"options of a symbol", "OPTIONS " + statusPath + "AAPL?asset_class=x", nil, 200, "{}", lines(ourHeaders, ourMethods, anyOrigin, jsonType)},
		{"options without an origin", "OPTIONS " + triggerPath, []string{askMethod + "POST"}, 200, "{}", lines(ourHeaders, ourMethods, anyOrigin, jsonType)},
		{"options with an origin", "OPTIONS " + qualityPath, []string{origin}, 200, "{}", lines(credentials, ourHeaders, ourMethods, anyOrigin, jsonType)},
		{"options with origin and cookie", "OPTIONS " + qualityPath, []string{origin, cookie}, 200, "{}", lines(credentials, ourHeaders, ourMethods, sameOrigin, jsonType, varies)},
		{"options of an unknown path", "OPTIONS /api/v1/nope", nil, 404, notFound, jsonType},
		{"options with a slash too many", "OPTIONS " + metricsPath + "/", nil, 307, "", "Location: " + metricsPath},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			method, target, _ := strings.Cut(tc.request, " ")
			w := ask(h, method, target, tc.headers...)
			if d := cmp.Diff(tc.want, sortedHeader(w.Header())); d != "" {
				t.Error(d)
			}
			if got := fmt.Sprintf("%d %s", w.Code, w.Body); tc.body != "" && got != fmt.Sprintf("%d %s", tc.code, tc.body) || w.Code != tc.code {
				t.Errorf("got %s, want %d %s", got, tc.code, tc.body)
			}
		})
	}
}
