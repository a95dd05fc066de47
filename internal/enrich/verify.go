package enrich

import (
	"context"
	"strconv"
	"time"

	"github.com/candlewright/candlewright/internal/fault"
	"github.com/candlewright/candlewright/internal/market"
	"github.com/candlewright/candlewright/internal/pipeline"
	"github.com/candlewright/candlewright/internal/store"
)

// VerifyRequest says what to verify.
type VerifyRequest struct {
	Ticker    string
	Class     *market.AssetClass // nil: the ticker is one of a single class
	Timeframe market.Timeframe   // "": every series, the day metrics and the status
	LookAhead bool               // compute each candle from those before it alone, and with scrambled ones behind it
	List      int                // differences to list; all are counted
	Report    func(VerifyProgress)

	process func(pipeline.Input) pipeline.Output
}

// VerifyProgress tells how far a verification is.
type VerifyProgress struct {
	Timeframe market.Timeframe
	Candles   int64 // done
	Total     int64 // of the series
}

// The kinds of what is verified.
const (
	VerifiedCandle = "candle"
	VerifiedState  = "saved state"
	VerifiedSeries = "series"
	VerifiedDay    = "day metrics"
	VerifiedStatus = "status"
)

// Difference is a stored value that is not what follows from the stored candles.
type Difference struct {
	Kind      string           // one of the kinds above
	Timeframe market.Timeframe // "" of days and status
	TS        time.Time        // of the candle, the state or the day; zero of the series and the status
	pipeline.Difference
	Note string // what else is to be said of it; mostly ""
}

// Verification is what a verification found.
type Verification struct {
	Symbol      market.Symbol
	Series      []VerifiedExtent
	Days        int          // dates whose metrics were computed anew
	Differences []Difference // the first ones
	Total       int64
	ByField     map[string]int64 // kind and field, "candle atr"
}

// VerifiedExtent is what was verified of one series.
type VerifiedExtent struct {
	Timeframe market.Timeframe
	Candles   int64
	States    int
	Digest    pipeline.Digest // of the candles as they stand in the table
}

// Verify computes everything of a symbol anew from its stored candles and tells
// what is stored otherwise: features, notes, flags and scores of each candle,
// saved states, the extent and digest of each series, the metrics of each date
// and the window of the status. Kept failures, which say what happened, and the
// freshness of a candle, which is of its run, are taken as they are.
//
// It sees the database as it is at one moment and holds a page of candles and
// the metrics of all dates. It writes nothing.
func (s *Service) Verify(ctx context.Context, r VerifyRequest) (Verification, error) {
	sym, err := s.mustFind(ctx, r.Ticker, r.Class)
	if err != nil {
		return Verification{}, err
	}
	if r.Report == nil {
		r.Report = func(VerifyProgress) {}
	}
	if r.process == nil {
		r.process = pipeline.Process
	}
	v := &verifying{r: r, sym: sym, now: s.now(), found: Verification{Symbol: sym.Symbol, ByField: map[string]int64{}}}
	err = s.store.Snapshot(ctx, func(tx *store.Tx) error { return v.all(ctx, tx) })
	return v.found, err
}

// mustFind is FindSymbol for those who cannot go on without the symbol.
func (s *Service) mustFind(ctx context.Context, ticker string, class *market.AssetClass) (pipeline.Symbol, error) {
	if _, err := market.ParseTicker(ticker); err != nil {
		return pipeline.Symbol{}, fault.BadInput("ticker", "%v", err)
	}
	sym, err := s.FindSymbol(ctx, ticker, class)
	if err != nil {
		return pipeline.Symbol{}, err
	}
	if sym == nil {
		what := "symbol"
		if class != nil {
			what = string(*class)
		}
		return pipeline.Symbol{}, fault.NoSymbol("ticker", "no %s %s is known: want one that was imported or tracked", what, market.UpperTicker(ticker))
	}
	return *sym, nil
}

// verifying is one verification on its way.
type verifying struct {
	r     VerifyRequest
	sym   pipeline.Symbol
	now   time.Time
	found Verification
	days  []store.DayCount // of all series, as computed anew
	weeks []weekly         // the last of the 1w series
}

func (v *verifying) all(ctx context.Context, tx *store.Tx) error {
	stored, err := tx.Series(ctx, v.sym.ID)
	if err != nil {
		return err
	}
	var series []pipeline.SeriesInfo
	for _, info := range stored {
		if v.r.Timeframe == "" || v.r.Timeframe == info.Timeframe {
			series = append(series, info)
		}
	}
	if len(series) == 0 && v.r.Timeframe != "" {
		return fault.NoSuch("%s has no series of %s bars", v.sym.Symbol, v.r.Timeframe)
	}
	counted := make([]pipeline.SeriesInfo, 0, len(series))
	for _, info := range series {
		c := newSeriesCheck(v, tx, info)
		if err := c.run(ctx); err != nil {
			return err
		}
		counted = append(counted, c.counted)
	}
	if v.r.Timeframe != "" {
		return nil
	}
	return v.daysAndStatus(ctx, tx, counted)
}

// differs notes a difference.
func (v *verifying) differs(d Difference) {
	v.found.Total++
	v.found.ByField[d.Kind+" "+d.Field]++
	if len(v.found.Differences) < v.r.List {
		v.found.Differences = append(v.found.Differences, d)
	}
}

// same notes a difference if two texts differ.
func (v *verifying) same(d Difference, field, stored, computed string) {
	if stored != computed {
		d.Difference = pipeline.Difference{Field: field, Stored: stored, Computed: computed}
		v.differs(d)
	}
}

// sameCount is same for numbers that are counted.
func (v *verifying) sameCount(d Difference, field string, stored, computed int64) {
	v.same(d, field, strconv.FormatInt(stored, 10), strconv.FormatInt(computed, 10))
}

// sameSum is same for sums of scores, whose last digits depend on the order in
// which they were added up.
func (v *verifying) sameSum(d Difference, field string, stored, computed float64) {
	if diff := stored - computed; diff > 1e-9*max(computed, 1) || -diff > 1e-9*max(computed, 1) || stored != stored {
		v.same(d, field, strconv.FormatFloat(stored, 'g', -1, 64), strconv.FormatFloat(computed, 'g', -1, 64))
	}
}
