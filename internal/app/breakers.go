package app

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/candlewright/candlewright/internal/market"
	"github.com/candlewright/candlewright/internal/source"
	"github.com/candlewright/candlewright/internal/telemetry"
)

// breakerLevel is a state as a number that a dashboard can alert on.
var breakerLevel = map[source.BreakerState]float64{source.BreakerClosed: 0, source.BreakerHalfOpen: 1, source.BreakerOpen: 2}

// watchBreakers shows the breakers of the sources that are switched on.
func watchBreakers(r prometheus.Registerer, chain *source.Chain) {
	for _, name := range market.SourceNames() {
		if _, ok := chain.Breaker(name); !ok {
			continue
		}
		r.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Namespace: telemetry.Namespace, Subsystem: "source", Name: "breaker",
			Help:        "Breaker of a source in this process: 0 closed, 1 half open, 2 open.",
			ConstLabels: prometheus.Labels{"source": string(name)},
		}, func() float64 {
			state, _ := chain.Breaker(name)
			return breakerLevel[state]
		}))
	}
}
