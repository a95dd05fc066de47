package store_test

import (
	"testing"
	"time"

	"github.com/candlewright/candlewright/internal/market"
	"github.com/candlewright/candlewright/internal/quality"
	"github.com/candlewright/candlewright/internal/store"
)

func TestCheckpoints(t *testing.T) {
	t.Parallel()
	s, _ := open(t)
	id := track(t, s, "A", market.Crypto).ID
	ctx, tf := t.Context(), market.H1
	for name, find := range map[string]func() (store.Checkpoint, bool, error){
		"last":   func() (store.Checkpoint, bool, error) { return s.LastState(ctx, id, tf) },
		"before": func() (store.Checkpoint, bool, error) { return s.StateBefore(ctx, id, tf, now) },
		"at":     func() (store.Checkpoint, bool, error) { return s.StateAt(ctx, id, tf, now) },
	} {
		_, ok, err := find()
		check(t, err)
		same(t, name+" of none", ok, false)
	}
	check(t, s.InTx(ctx, func(tx *store.Tx) error {
		if _, err := tx.LockSeries(ctx, id, tf, now); err != nil {
			return err
		}
		for n := range 5 {
			if err := tx.PutState(ctx, id, tf, store.Checkpoint{TS: hour(10 * n), State: []byte{byte(n), 0, 255}}); err != nil {
				return err
			}
		}
		return tx.PutState(ctx, id, tf, store.Checkpoint{TS: hour(40), State: []byte("newer")})
	}))
	want := store.Checkpoint{TS: hour(40), State: []byte("newer")}
	got, ok, err := s.LastState(ctx, id, tf)
	check(t, err)
	same(t, "last", got, want)
	same(t, "found", ok, true)
	got, _, err = s.StateAt(ctx, id, tf, hour(40))
	check(t, err)
	same(t, "at", got, want)
	got, _, err = s.StateBefore(ctx, id, tf, hour(30))
	check(t, err)
	same(t, "before", got, store.Checkpoint{TS: hour(20), State: []byte{2, 0, 255}})

	check(t, s.DeleteState(ctx, id, tf, hour(20)))
	check(t, s.DeleteStatesFrom(ctx, id, tf, hour(40)))
	stamps, err := s.StateStamps(ctx, id, tf, hour(10))
	check(t, err)
	same(t, "stamps", stamps, []time.Time{hour(10), hour(30)})
}

func TestPayments(t *testing.T) {
	t.Parallel()
	s, _ := open(t)
	id := track(t, s, "A", market.Crypto).ID
	ctx := t.Context()
	payments := make([]market.Payment, 100)
	for i := range payments {
		payments[i] = market.Payment{At: monday.Add(time.Duration(i) * 8 * time.Hour), Rate: 1e-4 * float64(i)}
	}
	put := func(source market.SourceName, lesser []market.SourceName, ps ...market.Payment) (time.Time, bool) {
		t.Helper()
		at, changed, err := s.PutPayments(ctx, id, source, lesser, ps, now)
		check(t, err)
		return at, changed
	}
	at, changed := put(market.CSV, nil, payments...)
	same(t, "earliest of new ones", at, payments[0].At)
	same(t, "new ones", changed, true)
	_, changed = put(market.CSV, nil, payments...)
	same(t, "the same again", changed, false)
	_, changed = put(market.CSV, nil)
	same(t, "none", changed, false)

	other := []market.Payment{payments[60], payments[50], payments[40]}
	other[1].Rate, other[2].Rate = -0.5, 0.5
	_, changed = put(market.Yahoo, []market.SourceName{market.Binance}, other...)
	same(t, "a source that is no better", changed, false)
	at, _ = put(market.Binance, []market.SourceName{market.CSV}, other...)
	same(t, "earliest of changed ones", at, payments[40].At)
	payments[50].Rate, payments[40].Rate = -0.5, 0.5

	got, err := s.Payments(ctx, id, payments[92].At, payments[94].At)
	check(t, err)
	same(t, "90 before and two after", got, payments[3:95])
	got, err = s.Payments(ctx, id, time.Time{}, payments[1].At)
	check(t, err)
	same(t, "from the start", got, payments[:2])
}

func TestFailures(t *testing.T) {
	t.Parallel()
	s, _ := open(t)
	id := track(t, s, "A", market.Crypto).ID
	ctx := t.Context()
	failures := []quality.Failure{
		{TS: hour(5), Check: quality.PricePositive},
		{TS: hour(3), Check: quality.OnGrid},
		{TS: hour(3), Check: quality.FieldsPresent},
		{TS: hour(4), Check: quality.Monotonic},
	}
	for _, want := range []int64{4, 0} {
		n, err := s.AddFailures(ctx, id, market.H1, failures, now)
		check(t, err)
		same(t, "new failures", n, want)
	}
	n, err := s.AddFailures(ctx, id, market.H1, nil, now)
	check(t, err)
	same(t, "none", n, int64(0))

	totals, err := s.FailureTotals(ctx, id, market.H1)
	check(t, err)
	same(t, "totals", totals, [quality.NumChecks]int{
		quality.OnGrid: 1, quality.FieldsPresent: 1, quality.PricePositive: 1, quality.Monotonic: 1,
	})
	stamps, err := s.FailedStamps(ctx, id, market.H1, store.Range{}, quality.Refusing)
	check(t, err)
	same(t, "refused stamps", stamps, []time.Time{hour(3), hour(5)})
	stamps, err = s.FailedStamps(ctx, id, market.H1, store.Range{From: hour(4)}, quality.Refusing)
	check(t, err)
	same(t, "in the range", stamps, []time.Time{hour(5)})
}
