package dashboard

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"html/template"
	"net/http"
	"strings"
	"time"

	_ "embed"
)

// Prefix is the path of the playground. What it loads lies below Prefix + "/".
const Prefix = "/playground"

// Config is what the pages need to know of the program; zero values take the
// default named.
type Config struct {
	// Endpoint is the path that answers GraphQL over HTTP: "/graphql".
	Endpoint string
	// SubscriptionEndpoint is the path that answers GraphQL over websockets by
	// graphql-transport-ws: Endpoint.
	SubscriptionEndpoint string
}

// policy is the Content-Security-Policy of the page. Websockets to the page's own
// host are 'self' too.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; " +
	"connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

//go:generate go run ./bundle

//go:embed page.html
var pageText string

// New answers GET and HEAD at Prefix and below.
func New(cfg Config) http.Handler {
	cfg.Endpoint = cmp.Or(cfg.Endpoint, "/graphql")
	cfg.SubscriptionEndpoint = cmp.Or(cfg.SubscriptionEndpoint, cfg.Endpoint)
	p := newPage(cfg)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			http.Error(w, "The playground is a page: GET it.", http.StatusMethodNotAllowed)
			return
		}
		name, below := strings.CutPrefix(r.URL.Path, assetPrefix)
		switch {
		case r.URL.Path == Prefix:
			p.serve(w, r)
		case below:
			serveAsset(w, r, name)
		case r.URL.Path == Prefix+"/":
			http.Redirect(w, r, Prefix, http.StatusPermanentRedirect)
		default:
			http.NotFound(w, r)
		}
	})
}

// page is the playground's document, the same for every request.
type page struct {
	html []byte
	etag string
}

func newPage(cfg Config) page {
	assets := bundled()
	var html bytes.Buffer
	// Both can fail for a mistake in this package only.
	err := template.Must(template.New("page").Parse(pageText)).Execute(&html, map[string]any{
		"Icon": assetPrefix + assets.Icon, "Style": assetPrefix + assets.Style, "Script": assetPrefix + assets.Script,
		"Endpoint": cfg.Endpoint,
		"Config": map[string]any{
			"endpoint": cfg.Endpoint, "subscriptions": cfg.SubscriptionEndpoint, "examples": Examples(),
			"icon": assetPrefix + assets.Icon, "licenses": assetPrefix + assets.Licenses,
		},
	})
	if err != nil {
		panic(err)
	}
	sum := sha256.Sum256(html.Bytes())
	return page{html: html.Bytes(), etag: `"` + hex.EncodeToString(sum[:8]) + `"`}
}

func (p page) serve(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	secure(h)
	h.Set("Content-Security-Policy", policy)
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-cache") // it names the assets of this version
	h.Set("Etag", p.etag)
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(p.html))
}

// secure sets what every answer here says to a browser.
func secure(h http.Header) {
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
}
