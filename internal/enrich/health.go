package enrich

import (
	"context"
	"slices"
	"time"

	"github.com/candlewright/candlewright/internal/market"
	"github.com/candlewright/candlewright/internal/pipeline"
	"github.com/candlewright/candlewright/internal/quality"
	"github.com/candlewright/candlewright/internal/store"
)

// Health is the present state of a symbol, as the REST status route and the
// GraphQL field health show it.
type Health struct {
	Ticker             string             // upper-cased as asked
	Class              *market.AssetClass // nil: not tracked and none was asked for
	Status             quality.HealthStatus
	LastEnrichmentTime *time.Time // end of the last ended run
	DataAgeSeconds     *int64     // since the end of the newest stored bar, cut
	LagSeconds         *int64
	RecordsAvailable   int64
	QualityScore       *float64           // rounded as shown
	ValidationRate     *float64           // percent, rounded as shown
	Timeframes         []market.Timeframe // with candles, sorted as text
	NextEnrichment     *time.Time
	ErrorMessage       *string
	At                 time.Time // the moment of the answer
}

// Health tells the state of the symbol that ticker names in a class; class nil:
// of the classes in which it has candles the first of stock, crypto, etf, else
// of those in which it is tracked. Any text is a legal question: what cannot be
// a ticker is never enriched.
func (s *Service) Health(ctx context.Context, ticker string, class *market.AssetClass) (Health, error) {
	now := s.now()
	st, known, err := s.which(ctx, ticker, class)
	if err != nil {
		return Health{}, err
	}
	if !known {
		return Health{
			Ticker: market.UpperTicker(ticker), Class: class, Status: quality.NotEnriched,
			Timeframes: []market.Timeframe{}, At: now,
		}, nil
	}
	return s.health(st, now), nil
}

// HealthOf tells the state of many symbols by id; ids that are not known are
// left out.
func (s *Service) HealthOf(ctx context.Context, ids []int64) (map[int64]Health, error) {
	now := s.now()
	states, err := s.store.StatesByIDs(ctx, ids)
	if err != nil {
		return nil, err
	}
	out := make(map[int64]Health, len(states))
	for id, st := range states {
		out[id] = s.health(st, now)
	}
	return out, nil
}

// which finds the symbol that a ticker names.
func (s *Service) which(ctx context.Context, ticker string, class *market.AssetClass) (store.SymbolState, bool, error) {
	t, err := market.ParseTicker(ticker)
	if err != nil {
		return store.SymbolState{}, false, nil //nolint:nilerr // a text that is no ticker names no symbol
	}
	states, err := s.store.StatesByTicker(ctx, t)
	if err != nil {
		return store.SymbolState{}, false, err
	}
	best := -1
	rank := func(st store.SymbolState) int {
		r := slices.Index(market.AssetClasses(), st.Class)
		if !hasCandles(st) {
			r += len(market.AssetClasses())
		}
		return r
	}
	for i, st := range states {
		switch {
		case class != nil && st.Class != *class:
		case !hasCandles(st) && !st.Active: // neither tracked nor stored
		case best < 0 || rank(st) < rank(states[best]):
			best = i
		}
	}
	if best < 0 {
		return store.SymbolState{}, false, nil
	}
	return states[best], true, nil
}

func hasCandles(st store.SymbolState) bool {
	return slices.ContainsFunc(st.Series, func(i pipeline.SeriesInfo) bool { return i.Records > 0 })
}

func (s *Service) health(st store.SymbolState, now time.Time) Health {
	a := s.assess(st, now)
	class := st.Class
	h := Health{
		Ticker: st.Ticker, Class: &class, Status: a.Status, Timeframes: []market.Timeframe{}, At: now,
	}
	for _, info := range st.Series {
		if info.Records > 0 {
			h.RecordsAvailable += info.Records
			h.Timeframes = append(h.Timeframes, info.Timeframe)
		}
	}
	slices.Sort(h.Timeframes)
	if !st.Status.LastEnrichmentTime.IsZero() {
		h.LastEnrichmentTime = &st.Status.LastEnrichmentTime
	}
	if a.HasData {
		h.DataAgeSeconds = seconds(a.DataAge)
	}
	if a.HasLag {
		h.LagSeconds = seconds(a.Lag)
	}
	if a.HasScore {
		score := a.Score
		rate, _ := st.Status.Window.Rate()
		h.QualityScore, h.ValidationRate = &score, &rate
	}
	if st.Active && st.Scheduled {
		next := s.nextStart(now)
		h.NextEnrichment = &next
	}
	if a.Status == quality.Failing {
		msg := st.Status.ErrorMessage
		h.ErrorMessage = &msg
	}
	return h
}

// seconds cuts a duration to whole seconds.
func seconds(d time.Duration) *int64 {
	n := int64(d / time.Second)
	return &n
}
