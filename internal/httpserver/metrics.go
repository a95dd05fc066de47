package httpserver

import (
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/candlewright/candlewright/internal/telemetry"
)

// counts are the request metrics. Their labels take few values whatever is asked.
type counts struct {
	requests *prometheus.CounterVec
	seconds  *prometheus.HistogramVec
	inflight prometheus.Gauge
}

func newCounts(r prometheus.Registerer) *counts {
	c := &counts{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Namespace: telemetry.Namespace, Subsystem: "http", Name: "requests_total",
			Help: "Requests answered, by mounted prefix, method and status.",
		}, []string{"prefix", "method", "status"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Namespace: telemetry.Namespace, Subsystem: "http", Name: "request_seconds",
			Help:    "Time from the request's headers to the end of its answer, by mounted prefix.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30},
		}, []string{"prefix"}),
		inflight: prometheus.NewGauge(prometheus.GaugeOpts{
			Namespace: telemetry.Namespace, Subsystem: "http", Name: "requests_in_flight",
			Help: "Requests that are being answered.",
		}),
	}
	if r != nil {
		r.MustRegister(c.requests, c.seconds, c.inflight)
	}
	return c
}

// observe counts an answer below a mounted prefix; "" is a path of nobody's.
func (c *counts) observe(prefix, verb string, status int, took time.Duration) {
	if prefix == "" {
		prefix = "none"
	}
	c.requests.WithLabelValues(prefix, method(verb), strconv.Itoa(status)).Inc()
	c.seconds.WithLabelValues(prefix).Observe(took.Seconds())
}

func method(m string) string {
	switch m {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodOptions, http.MethodPut, http.MethodPatch, http.MethodDelete:
		return m
	}
	return "other"
}
