package jobs

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/candlewright/candlewright/internal/telemetry"
)

// How a worker's turn at a run came out, as the metrics and the log call it.
// A run that ended is called by its status instead.
const (
	outcomeBusy        = "busy"        // another run writes one of the series
	outcomeHandedBack  = "handed_back" // this process stops
	outcomeTakenOver   = "taken_over"  // another worker has the run
	outcomeInterrupted = "interrupted" // the run is to be taken up again
)

// counts are the metrics of the workers.
type counts struct {
	turns   *prometheus.CounterVec
	seconds prometheus.Histogram
	working prometheus.Gauge
	resumed prometheus.Counter
}

func newCounts(r prometheus.Registerer) *counts {
	const subsystem = "runs"
	c := &counts{
		turns: prometheus.NewCounterVec(prometheus.CounterOpts{
			Namespace: telemetry.Namespace, Subsystem: subsystem, Name: "turns_total",
			Help: "Turns of workers at runs, by how they came out: the status of a run that ended, or why it goes on later.",
		}, []string{"outcome"}),
		seconds: prometheus.NewHistogram(prometheus.HistogramOpts{
			Namespace: telemetry.Namespace, Subsystem: subsystem, Name: "turn_seconds",
			Help:    "Time that a worker spent on a run at a stretch.",
			Buckets: []float64{.05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600, 14400},
		}),
		working: prometheus.NewGauge(prometheus.GaugeOpts{
			Namespace: telemetry.Namespace, Subsystem: subsystem, Name: "in_hand",
			Help: "Runs that the workers of this process are at.",
		}),
		resumed: prometheus.NewCounter(prometheus.CounterOpts{
			Namespace: telemetry.Namespace, Subsystem: subsystem, Name: "resumed_total",
			Help: "Turns that went on with a run which another turn, often of a worker that died, had begun.",
		}),
	}
	if r != nil {
		r.MustRegister(c.turns, c.seconds, c.working, c.resumed)
	}
	return c
}

func (c *counts) turn(outcome string, took time.Duration) {
	c.turns.WithLabelValues(outcome).Inc()
	if outcome != outcomeBusy {
		c.seconds.Observe(took.Seconds())
	}
}
