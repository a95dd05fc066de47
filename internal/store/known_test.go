package store_test

import (
	"testing"
	"time"

	"github.com/candlewright/candlewright/internal/market"
	"github.com/candlewright/candlewright/internal/pipeline"
	"github.com/candlewright/candlewright/internal/quality"
	"github.com/candlewright/candlewright/internal/store"
)

// TestWhatWasKnownEarlier stores ten hours at one time, two more an hour later,
// and corrects two candles after that.
func TestWhatWasKnownEarlier(t *testing.T) {
	t.Parallel()
	s, _ := open(t)
	ctx, tf := t.Context(), market.H1
	id := track(t, s, "A", market.Crypto).ID
	candles := series(3, hour(0), 12)
	for i := range candles {
		candles[i].FirstStoredAt = now
		if i == 4 || i == 11 {
			candles[i].FirstStoredAt = now.Add(time.Hour)
		}
	}
	write(t, s, id, tf, 1, candles)
	correction := func(at time.Time, n int, field, old string) pipeline.Correction {
		return pipeline.Correction{
			SymbolID: id, Timeframe: tf, TS: hour(n), Field: field, Old: old, New: "2", Reason: pipeline.SourceUpdated,
			CorrectedBy: "test", CorrectedAt: at,
		}
	}
	later := now.Add(2 * time.Hour)
	check(t, s.AddCorrections(ctx, []pipeline.Correction{
		correction(now, 2, "close", "1"), correction(later, 7, "open", "3"), correction(later, 6, "close", "4"), correction(later.Add(1), 6, "close", "5"),
	}))

	stamps, err := s.KnownStamps(ctx, id, tf, store.Range{}, now, 3)
	check(t, err)
	same(t, "the last stamps known", stamps, []time.Time{hour(8), hour(9), hour(10)})
	stamps, err = s.KnownStamps(ctx, id, tf, store.Range{From: hour(2), To: hour(6)}, now, 10)
	check(t, err)
	same(t, "the stamps known of a range", stamps, []time.Time{hour(2), hour(3), hour(5)})
	stamps, err = s.KnownStamps(ctx, id, tf, store.Range{}, now.Add(-1*time.Second), 10)
	check(t, err)
	same(t, "before anything", len(stamps), 0)

	for _, c := range []struct {
		name       string
		at, before time.Time
		want       store.Changes
	}{
		{"since the first commit", now, time.Time{}, store.Changes{Candle: hour(4)}},
		{"before the first change", now, hour(4), store.Changes{}},
		{"corrections alone", now.Add(time.Hour), time.Time{}, store.Changes{Candle: hour(6)}},
		{"up to a stamp", now.Add(time.Hour), hour(6), store.Changes{}},
		{"since the last one", later.Add(time.Second), time.Time{}, store.Changes{}},
	} {
		got, err := s.ChangesAfter(ctx, id, tf, c.at, c.before)
		check(t, err)
		same(t, c.name, got, c.want)
	}
	check(t, s.AddCorrections(ctx, []pipeline.Correction{correction(later.Add(time.Hour), 0, "series", "1")}))
	_, _, err = s.PutPayments(ctx, id, market.Binance, nil, []market.Payment{{At: hour(3), Rate: 0.1}}, later)
	check(t, err)
	got, err := s.ChangesAfter(ctx, id, tf, later, time.Time{})
	check(t, err)
	same(t, "of every kind", got, store.Changes{Candle: hour(0)})
	got, err = s.ChangesAfter(ctx, id, tf, later.Add(-1*time.Second), hour(3))
	check(t, err)
	same(t, "payments too", got, store.Changes{Candle: hour(0), Payment: hour(3)})

	corrections, err := s.CorrectionsAfter(ctx, id, tf, store.Range{From: hour(1), To: hour(8)}, now)
	check(t, err)
	var fields []string
	for _, c := range corrections {
		fields = append(fields, c.Field+" "+c.Old)
	}
	same(t, "by stamp, oldest first", fields, []string{"close 4", "close 5", "open 3"})
}

func TestKnownPayments(t *testing.T) {
	t.Parallel()
	s, _ := open(t)
	ctx := t.Context()
	id := track(t, s, "A", market.Crypto).ID
	for i := range 5 {
		_, _, err := s.PutPayments(ctx, id, market.Binance, nil, []market.Payment{{At: hour(i), Rate: float64(i) / 10}}, now.Add(time.Duration(i%3)*time.Hour))
		check(t, err)
	}
	got, err := s.KnownPayments(ctx, id, hour(2), hour(9), now.Add(time.Hour))
	check(t, err)
	same(t, "without those stored later", got, []market.Payment{{At: hour(0)}, {At: hour(1), Rate: 0.1}, {At: hour(3), Rate: 0.3}, {At: hour(4), Rate: 0.4}})
}

func TestStoredCandlesAreTheWholeRows(t *testing.T) {
	t.Parallel()
	s, pool := open(t)
	ctx, tf := t.Context(), market.H1
	id := track(t, s, "A", market.Crypto).ID
	candles := series(5, hour(0), 8)
	write(t, s, id, tf, 17, candles)
	want := read(t, s, id, tf)
	_, err := pool.Exec(ctx, `UPDATE market_data SET validated = NOT validated, quality_score = 0.25 WHERE ts = $1`, hour(2))
	check(t, err)
	rows, err := s.StoredCandles(ctx, id, tf, hour(0), hour(6), 4)
	check(t, err)
	same(t, "rows", len(rows), 4)
	for i, r := range rows {
		c := want[i+1]
		same(t, "candle", r.Candle, c)
		wrong := r.TS.Equal(hour(2))
		if r.Validated == c.Verdict.Validated() == wrong || (r.QualityScore == c.Verdict.Parts.Score()) == wrong || r.RunID != 17 {
			t.Errorf("row %s: validated %v, score %v, run %d", r.TS, r.Validated, r.QualityScore, r.RunID)
		}
	}
}

func TestSeriesKeepTheirDigest(t *testing.T) {
	t.Parallel()
	s, _ := open(t)
	ctx := t.Context()
	id := track(t, s, "A", market.Crypto).ID
	var info pipeline.SeriesInfo
	check(t, s.InTx(ctx, func(tx *store.Tx) error {
		var err error
		if info, err = tx.LockSeries(ctx, id, market.H1, now); err != nil {
			return err
		}
		same(t, "digest of a new series", info.Digest, pipeline.Digest{})
		for i := range info.Digest {
			info.Digest[i] = byte(200 + i)
		}
		info.First, info.Last, info.Records = hour(0), hour(1), 2
		return tx.UpdateSeries(ctx, info, now)
	}))
	kept, err := s.Series(ctx, id)
	check(t, err)
	same(t, "series", kept, []pipeline.SeriesInfo{info})
	states, err := s.StatesByTicker(ctx, "A")
	check(t, err)
	same(t, "series of the state", states[0].Series, kept)
}

func TestASnapshotSeesNothingNew(t *testing.T) {
	t.Parallel()
	s, _ := open(t)
	ctx := t.Context()
	check(t, s.Snapshot(ctx, func(tx *store.Tx) error {
		before, err := tx.SymbolsByTicker(ctx, "A")
		check(t, err)
		track(t, s, "A", market.Crypto)
		after, err := tx.SymbolsByTicker(ctx, "A")
		check(t, err)
		same(t, "symbols within the snapshot", len(after), len(before))
		return nil
	}))
	err := s.Snapshot(ctx, func(tx *store.Tx) error {
		return tx.PutStatus(ctx, store.Status{SymbolID: 1, Word: quality.Healthy, UpdatedAt: now})
	})
	if err == nil {
		t.Error("a snapshot writes")
	}
}

func TestKeptFailuresOfASlot(t *testing.T) {
	t.Parallel()
	s, _ := open(t)
	ctx, tf := t.Context(), market.H1
	id := track(t, s, "A", market.Crypto).ID
	for i, c := range []quality.Check{quality.Unique, quality.Monotonic} {
		_, err := s.AddFailures(ctx, id, tf, []quality.Failure{quality.NewFailure(hour(1), c), quality.NewFailure(hour(2), c)}, now.Add(time.Duration(i)*time.Hour))
		check(t, err)
	}
	got, err := s.FailuresAt(ctx, id, tf, hour(2))
	check(t, err)
	same(t, "failures", got, []store.KeptFailure{{Check: quality.Unique, FirstSeenAt: now}, {Check: quality.Monotonic, FirstSeenAt: now.Add(time.Hour)}})
}

// TestCandlesOfAnOlderBasis archives candles with everything that one can have,
// and reads them again to the bit.
func TestCandlesOfAnOlderBasis(t *testing.T) {
	t.Parallel()
	s, _ := open(t)
	ctx, tf := t.Context(), market.H1
	id := track(t, s, "A", market.Crypto).ID
	candles := series(9, hour(0), 40)
	for i := range candles {
		candles[i].Basis = 3
		if i > 30 {
			candles[i].FirstStoredAt = now.Add(time.Hour)
		}
	}
	write(t, s, id, tf, 1, candles)
	want := read(t, s, id, tf)
	replaced := now.Add(2 * time.Hour)
	check(t, s.InTx(ctx, func(tx *store.Tx) error {
		n, err := tx.ArchiveCandles(ctx, id, tf, store.Range{}, replaced)
		same(t, "archived", n, int64(40))
		return err
	}))
	basis, ok, err := s.BasisReplacedAfter(ctx, id, tf, replaced.Add(-time.Second))
	check(t, err)
	same(t, "the basis of before", basis, store.Basis{Number: 3, ReplacedAt: replaced})
	same(t, "found", ok, true)
	_, ok, err = s.BasisReplacedAfter(ctx, id, tf, replaced)
	check(t, err)
	same(t, "one that was replaced later", ok, false)

	got, err := s.CandlesOfBasis(ctx, id, tf, 3, store.CandlePage{After: hour(4), Limit: 20})
	check(t, err)
	same(t, "candles", got.Rows, want[5:25])
	same(t, "more", got.More, true)
	got, err = s.CandlesOfBasis(ctx, id, tf, 2, store.CandlePage{Limit: 20})
	check(t, err)
	same(t, "of another basis", len(got.Rows), 0)
	stamps, err := s.KnownStampsOfBasis(ctx, id, tf, 3, store.Range{To: hour(35)}, now, 2)
	check(t, err)
	same(t, "stamps", stamps, []time.Time{hour(29), hour(30)})
}
