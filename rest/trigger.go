package rest

import (
	"net/http"
	"slices"

	"github.com/candlewright/candlewright/internal/enrich"
	"github.com/candlewright/candlewright/internal/fault"
	"github.com/candlewright/candlewright/internal/market"
)

// requestedBy is who a run of this route is recorded as asked for by.
const requestedBy = "rest"

// trigger answers POST /api/v1/enrichment/trigger. The status is 200, also for a
// new run, and the run is always shown as queued.
func (a *api) trigger(r *http.Request) (any, error) {
	req, err := readTrigger(readQuery(r.URL.RawQuery))
	if err != nil {
		return nil, err
	}
	t, err := a.service.Trigger(r.Context(), req)
	if err != nil {
		return nil, err
	}
	return triggerBody{
		JobID:                    t.JobID.String(),
		Symbol:                   t.Symbol.Ticker,
		AssetClass:               t.Symbol.Class,
		Timeframes:               list(t.Timeframes),
		Status:                   "queued",
		TotalRecordsToProcess:    t.TotalRecords,
		EstimatedDurationSeconds: t.EstimatedSeconds,
		Timestamp:                instant(t.At),
	}, nil
}

// readTrigger checks in the order that clients know: the first check that fails
// answers.
func readTrigger(q query) (enrich.TriggerRequest, error) {
	none := enrich.TriggerRequest{}
	name, ok := q.last("symbol")
	if !ok {
		return none, missing("symbol")
	}
	if name == "" {
		return none, fault.BadInput("symbol", "Symbol required")
	}
	ticker, err := market.ParseTicker(name)
	if err != nil {
		return none, fault.BadInput("symbol", "Invalid symbol: %s", pyRepr(name))
	}
	class := market.Stock
	if s, ok := q.last("asset_class"); ok {
		if class, err = parseClass(s); err != nil {
			return none, err
		}
	}
	timeframes, err := readTimeframes(q.all("timeframes"))
	if err != nil {
		return none, err
	}
	return enrich.TriggerRequest{Ticker: ticker, Class: class, Timeframes: timeframes, RequestedBy: requestedBy}, nil
}

// readTimeframes gives each timeframe once, in the order sent; without any, 1d.
// The error names the wrong ones as often as they were sent.
func readTimeframes(sent []string) ([]market.Timeframe, error) {
	if len(sent) == 0 {
		return []market.Timeframe{market.D1}, nil
	}
	var (
		good []market.Timeframe
		bad  []string
	)
	for _, s := range sent {
		switch tf, err := market.ParseTimeframe(s); {
		case err != nil:
			bad = append(bad, s)
		case !slices.Contains(good, tf):
			good = append(good, tf)
		}
	}
	if len(bad) > 0 {
		return nil, fault.BadInput("timeframes", "Invalid timeframes: %s", pyReprs(bad))
	}
	return good, nil
}
