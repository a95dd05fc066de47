package store

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/candlewright/candlewright/db"
	"github.com/candlewright/candlewright/internal/market"
	"github.com/candlewright/candlewright/internal/quality"
)

// AddFailures keeps failed checks of a series, each (ts, check) once and for
// ever; it gives the number of those that are new.
func (s *queries) AddFailures(ctx context.Context, symbolID int64, tf market.Timeframe, failures []quality.Failure, now time.Time) (int64, error) {
	if len(failures) == 0 {
		return 0, nil
	}
	arg := db.AddFailuresParams{
		SymbolID: symbolID, Timeframe: tf, Now: now,
		Ts: make([]time.Time, len(failures)), Checks: make([]string, len(failures)),
	}
	for i, f := range failures {
		arg.Ts[i], arg.Checks[i] = f.TS, f.Check.String()
	}
	n, err := s.q.AddFailures(ctx, arg)
	return n, failed(ctx, "keep failed checks", err)
}

// FailureTotals counts the kept failures of a series by check.
func (s *queries) FailureTotals(ctx context.Context, symbolID int64, tf market.Timeframe) (totals [quality.NumChecks]int, err error) {
	rows, err := s.q.FailureTotals(ctx, db.FailureTotalsParams{SymbolID: symbolID, Timeframe: tf})
	if err != nil {
		return totals, failed(ctx, "count failed checks", err)
	}
	for _, r := range rows {
		c, err := quality.ParseCheck(r.CheckName)
		if err != nil {
			return totals, fmt.Errorf("count failed checks: %w", err)
		}
		totals[c] = int(r.Failures)
	}
	return totals, nil
}

// FailedStamps are the stamps in the range at which a row failed one of the
// checks, ascending. With quality.Refusing they are those of refused rows, from
// which the cause of a gap follows.
func (s *queries) FailedStamps(ctx context.Context, symbolID int64, tf market.Timeframe, r Range, checks quality.Checks) ([]time.Time, error) {
	from, to := r.ends()
	stamps, err := s.q.FailedStamps(ctx, db.FailedStampsParams{
		SymbolID: symbolID, Timeframe: tf, FromTs: from, ToTs: to, Checks: checks.Names(),
	})
	if err != nil {
		return nil, failed(ctx, "read the stamps of failed checks", err)
	}
	return inUTC(stamps), nil
}

// checkCountsJSON writes the failed checks of a date as {"unique":2}; checks
// that did not fail are left out.
func checkCountsJSON(counts [quality.NumChecks]int) ([]byte, error) {
	byName := map[string]int{}
	for c, n := range counts {
		if n != 0 {
			byName[quality.Check(c).String()] = n
		}
	}
	return json.Marshal(byName)
}

func checkCounts(text []byte) (counts [quality.NumChecks]int, err error) {
	var byName map[string]int
	if err := json.Unmarshal(text, &byName); err != nil {
		return counts, fmt.Errorf("read failed checks of a day: %w", err)
	}
	for name, n := range byName {
		c, err := quality.ParseCheck(name)
		if err != nil {
			return counts, fmt.Errorf("read failed checks of a day: %w", err)
		}
		counts[c] = n
	}
	return counts, nil
}
