package rest

import (
	"net/http"

	"github.com/candlewright/candlewright/internal/enrich"
)

// status answers GET /api/v1/enrichment/status/{symbol}. An unknown symbol is an
// answer too: not_enriched.
func (a *api) status(r *http.Request) (any, error) {
	class, err := readQuery(r.URL.RawQuery).class()
	if err != nil {
		return nil, err
	}
	h, err := a.service.Health(r.Context(), symbol(r), class)
	if err != nil {
		return nil, err
	}
	return statusOf(h), nil
}

func statusOf(h enrich.Health) statusBody {
	return statusBody{
		Symbol:              h.Ticker,
		AssetClass:          h.Class,
		Status:              string(h.Status),
		LastEnrichmentTime:  instantOrNull(h.LastEnrichmentTime),
		DataAgeSeconds:      h.DataAgeSeconds,
		RecordsAvailable:    h.RecordsAvailable,
		QualityScore:        decimalOrNull(h.QualityScore),
		ValidationRate:      decimalOrNull(h.ValidationRate),
		TimeframesAvailable: list(h.Timeframes),
		NextEnrichment:      instantOrNull(h.NextEnrichment),
		ErrorMessage:        h.ErrorMessage,
		Timestamp:           instant(h.At),
	}
}
