package store_test

import (
	"context"
	"testing"
	"time"

	"github.com/candlewright/candlewright/internal/fault"
	"github.com/candlewright/candlewright/internal/market"
	"github.com/candlewright/candlewright/internal/pipeline"
	"github.com/candlewright/candlewright/internal/store"
)

// listen starts to listen and gives what is heard; the test waits for its end.
func listen(t *testing.T, s *store.Store, channels ...string) <-chan store.Notification {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	out, done := make(chan store.Notification), make(chan struct{})
	go func() {
		defer close(done)
		s.Listen(ctx, out, channels...)
	}()
	t.Cleanup(func() { cancel(); <-done })
	return out
}

func next(t *testing.T, heard <-chan store.Notification) store.Notification {
	t.Helper()
	select {
	case n := <-heard:
		return n
	case <-time.After(30 * time.Second):
		t.Fatal("nothing was heard")
		return store.Notification{}
	}
}

func notify(t *testing.T, s *store.Store, channel, payload string) {
	t.Helper()
	check(t, s.InTx(t.Context(), func(tx *store.Tx) error { return tx.Notify(t.Context(), channel, payload) }))
}

func TestListen(t *testing.T) {
	t.Parallel()
	s, _ := open(t)
	heard := listen(t, s, "one", `Two "quoted"`)
	same(t, "first of all", next(t, heard), store.Notification{})

	// What is rolled back or told to others is not heard.
	_ = s.InTx(t.Context(), func(tx *store.Tx) error {
		check(t, tx.Notify(t.Context(), "one", "never"))
		return errStop
	})
	notify(t, s, "three", "elsewhere")
	notify(t, s, "one", "a")
	notify(t, s, `Two "quoted"`, "b\x00")
	same(t, "the first", next(t, heard), store.Notification{Channel: "one", Payload: "a"})
	same(t, "the second", next(t, heard), store.Notification{Channel: `Two "quoted"`, Payload: "b\uFFFD"})
}

func TestListenGoesOnAfterALostConnection(t *testing.T) {
	t.Parallel()
	s, pool := open(t)
	heard := listen(t, s, "one")
	same(t, "first of all", next(t, heard), store.Notification{})
	for range 2 {
		_, err := pool.Exec(t.Context(), `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
			WHERE datname = current_database() AND query LIKE 'LISTEN%'`)
		check(t, err)
		n := next(t, heard)
		if n.Channel != "" || !fault.Is(n.Err, fault.DatabaseError) {
			t.Errorf("after the loss: got %+v, want a new beginning and why", n)
		}
		notify(t, s, "one", "again")
		same(t, "after the loss", next(t, heard), store.Notification{Channel: "one", Payload: "again"})
	}
}

func TestListenEndsWithItsContext(t *testing.T) {
	t.Parallel()
	s, _ := open(t)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.Listen(ctx, make(chan store.Notification), "one") // nobody receives
	}()
	cancel()
	<-done
}

func TestEventsOfARun(t *testing.T) {
	t.Parallel()
	s, _ := open(t)
	ctx := t.Context()
	sym := track(t, s, "A", market.Crypto)
	r, other := run(t, s, sym.ID, now), run(t, s, sym.ID, now)
	heard := listen(t, s, store.RunChannel)
	next(t, heard)

	eta := 7
	want := []pipeline.Progress{
		{Seq: 1, Status: pipeline.RunQueued, Stage: pipeline.StageFetch, At: now},
		{
			Seq: 2, Status: pipeline.RunInProgress, Stage: pipeline.StageStore, Timeframe: market.H1, RecordsTotal: 500, RecordsDone: 20,
			RecordsPerSecond: 0.1, EtaSeconds: &eta, Message: `half "done"`, At: now.Add(time.Second),
		},
		{Seq: 3, Status: pipeline.RunCompleted, Stage: pipeline.StageDone, At: now.Add(2 * time.Second)},
	}
	for i, p := range want {
		p.Seq = 99 // does not matter
		seq, err := s.AppendEvent(ctx, r.ID, p)
		check(t, err)
		same(t, "number", seq, int64(i+1))
		n := next(t, heard)
		same(t, "announced", n.Payload, itoa(r.ID)+":"+itoa(seq))
	}
	// A number that was rolled back is given again.
	_ = s.InTx(ctx, func(tx *store.Tx) error {
		_, err := tx.AppendEvent(ctx, other.ID, want[0])
		check(t, err)
		return errStop
	})
	seq, err := s.AppendEvent(ctx, other.ID, want[0])
	check(t, err)
	same(t, "after a rollback", seq, int64(1))

	got, err := s.EventsAfter(ctx, r.ID, 0, 100)
	check(t, err)
	same(t, "all events", got, want)
	got, err = s.EventsAfter(ctx, r.ID, 1, 1)
	check(t, err)
	same(t, "one after the first", got, want[1:2])
	last, err := s.LastEvents(ctx, []int64{r.ID, other.ID, 404})
	check(t, err)
	same(t, "the last of each", last, map[int64]pipeline.Progress{r.ID: want[2], other.ID: want[0]})
}
