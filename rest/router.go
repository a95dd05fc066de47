package rest

import (
	"context"
	"log/slog"
	"net/http"
	"strings"

	"github.com/gorilla/mux"

	"github.com/candlewright/candlewright/internal/enrich"
	"github.com/candlewright/candlewright/internal/market"
)

// Prefix is where the API is mounted. Every path below it is answered, with
// {"detail":"Not Found"} where there is nothing.
const Prefix = "/api/"

// Service is what the routes ask of *enrich.Service.
type Service interface {
	Health(ctx context.Context, ticker string, class *market.AssetClass) (enrich.Health, error)
	Metrics(ctx context.Context) (enrich.PipelineMetrics, error)
	Trigger(ctx context.Context, r enrich.TriggerRequest) (enrich.Triggered, error)
	QualityReport(ctx context.Context, ticker string, class *market.AssetClass, days int) (enrich.QualityReport, error)
}

var _ Service = (*enrich.Service)(nil)

type api struct {
	service Service
	log     *slog.Logger
	router  *mux.Router
}

// New is the handler of everything below Prefix. CORS has to stand around it, and
// around whatever may answer in its place (a deadline, a recovered panic).
func New(service Service, log *slog.Logger) http.Handler {
	a := &api{service: service, log: log}
	// The path is matched as net/http decoded it (%2F is a slash) and as it stands:
	// mux would merge slashes, resolve dot segments and redirect with 301.
	a.router = mux.NewRouter().SkipClean(true)
	a.router.Handle("/api/v1/enrichment/status/{symbol}", a.route(http.MethodGet, a.status))
	a.router.Handle("/api/v1/enrichment/metrics", a.route(http.MethodGet, a.metrics))
	a.router.Handle("/api/v1/enrichment/trigger", a.route(http.MethodPost, a.trigger))
	a.router.Handle("/api/v1/data/quality/{symbol}", a.route(http.MethodGet, a.quality))
	a.router.NotFoundHandler = http.HandlerFunc(a.elsewhere)
	return a.router
}

// route answers one method of a path. mux's own method matching names no Allow
// header, so the other methods are refused here.
func (a *api) route(method string, answer func(*http.Request) (any, error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.Method {
		case method:
			v, err := answer(r)
			if err == nil {
				err = write(w, r, http.StatusOK, v)
			}
			if err != nil {
				a.fail(w, r, err)
			}
		case http.MethodOptions:
			options(w, r)
		default:
			w.Header().Set("Allow", method)
			writeDetail(w, r, http.StatusMethodNotAllowed, "Method Not Allowed")
		}
	})
}

// elsewhere answers paths that are no route: with slashes too many at its end a
// route redirects, for any method; all else does not exist.
func (a *api) elsewhere(w http.ResponseWriter, r *http.Request) {
	if path := strings.TrimRight(r.URL.Path, "/"); path != r.URL.Path && a.isRoute(r, path) {
		w.Header().Set("Location", withoutSlashes(r))
		w.WriteHeader(http.StatusTemporaryRedirect)
		return
	}
	writeDetail(w, r, http.StatusNotFound, "Not Found")
}

func (a *api) isRoute(r *http.Request, path string) bool {
	u := *r.URL
	u.Path = path
	asked := r.WithContext(r.Context())
	asked.URL = &u
	var match mux.RouteMatch
	return a.router.Match(asked, &match) && match.MatchErr == nil
}

// withoutSlashes is the request's target without the slashes, plain or escaped,
// at the end of its path. It names no host: behind a proxy we do not know ours.
func withoutSlashes(r *http.Request) string {
	path := r.URL.EscapedPath()
	for {
		short := strings.TrimSuffix(path, "/")
		short = strings.TrimSuffix(short, "%2F")
		short = strings.TrimSuffix(short, "%2f")
		if short == path {
			break
		}
		path = short
	}
	if r.URL.RawQuery == "" {
		return path
	}
	return path + "?" + escapeNonASCII(r.URL.RawQuery)
}

// escapeNonASCII makes a header value of a query in which a client left bytes
// unescaped; what it decodes to stays the same.
func escapeNonASCII(s string) string {
	const hex = "0123456789ABCDEF"
	var b strings.Builder
	for i := range len(s) {
		if c := s[i]; c < 0x80 {
			b.WriteByte(c)
		} else {
			b.Write([]byte{'%', hex[c>>4], hex[c&15]})
		}
	}
	return b.String()
}

// symbol is the ticker of the path as text, as the client wrote it.
func symbol(r *http.Request) string { return toText(mux.Vars(r)["symbol"]) }
