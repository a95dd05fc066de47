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

// FailuresByDate counts the kept failures of a symbol by UTC date, from and
// through inclusive, and timeframe; only Date, Timeframe and Failed are set.
func (s *queries) FailuresByDate(ctx context.Context, symbolID int64, from, through market.Date, tfs []market.Timeframe) ([]DayCount, error) {
	rows, err := s.q.FailureCountsByDate(ctx, db.FailureCountsByDateParams{
		SymbolID: symbolID, Timeframes: words(tfs), FromTs: from.Time(), ToTs: (through + 1).Time(),
	})
	if err != nil {
		return nil, failed(ctx, "count failed checks by date", err)
	}
	type key struct {
		date market.Date
		tf   market.Timeframe
	}
	var days []DayCount
	at := map[key]int{}
	for _, r := range rows {
		check, err := quality.ParseCheck(r.CheckName)
		if err != nil {
			return nil, fmt.Errorf("count failed checks by date: %w", err)
		}
		k := key{market.DateOf(r.Day), r.Timeframe}
		i, ok := at[k]
		if !ok {
			i = len(days)
			at[k] = i
			days = append(days, DayCount{Date: k.date, Timeframe: k.tf})
		}
		days[i].Failed[check] = int(r.Failures)
	}
	return days, nil
}

// KeptFailure is a check that a row of a slot failed, whatever became of the slot
// afterwards.
type KeptFailure struct {
	Check       quality.Check
	FirstSeenAt time.Time
}

// FailuresAt are the kept failures of one stamp, in the order in which they were
// first seen.
func (s *queries) FailuresAt(ctx context.Context, symbolID int64, tf market.Timeframe, ts time.Time) ([]KeptFailure, error) {
	rows, err := s.q.FailuresAt(ctx, db.FailuresAtParams{SymbolID: symbolID, Timeframe: tf, Ts: ts})
	if err != nil {
		return nil, failed(ctx, "read failed checks of a slot", err)
	}
	kept := make([]KeptFailure, len(rows))
	for i, r := range rows {
		check, err := quality.ParseCheck(r.CheckName)
		if err != nil {
			return nil, fmt.Errorf("read failed checks of a slot: %w", err)
		}
		kept[i] = KeptFailure{Check: check, FirstSeenAt: r.FirstSeenAt.UTC()}
	}
	return kept, nil
}
