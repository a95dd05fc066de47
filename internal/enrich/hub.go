package enrich

import (
	"context"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/candlewright/candlewright/internal/pipeline"
	"github.com/candlewright/candlewright/internal/store"
)

// hubPoll is how often the state of every watched run is read although nothing
// was announced: a notification can be lost with its connection.
const hubPoll = 2 * time.Second

// hub hands the progress of runs to those who watch them. One goroutine
// (FanOut) listens for the whole process, reads the states of all runs that
// moved in one statement, and offers them. It never waits for a watcher.
type hub struct {
	running atomic.Bool

	mu     sync.Mutex
	topics map[int64]map[*watcher]struct{} // by run
	moved  map[int64]struct{}              // watched runs whose state is to be read
}

func newHub() *hub {
	return &hub{topics: map[int64]map[*watcher]struct{}{}, moved: map[int64]struct{}{}}
}

// watcher is one who watches a run. What is offered replaces what was not taken
// yet: a slow one skips, never goes back, and gets the last.
type watcher struct {
	out  chan *pipeline.Progress // holds one; closed after the end of the run
	wake chan struct{}           // instead of out, for one who reads the events himself
	told bool
	seq  int64 // of what was offered last
	over bool
}

// offer tells a watcher the state of its run. The hub's lock is held.
func (w *watcher) offer(p *pipeline.Progress) {
	if w.wake != nil {
		select {
		case w.wake <- struct{}{}:
		default:
		}
		return
	}
	if w.over || w.told && p.Seq <= w.seq && !p.Status.Ended() {
		return
	}
	w.told, w.seq = true, p.Seq
	select {
	case <-w.out: // nobody took it: it is old now
	default:
	}
	w.out <- p
	if p.Status.Ended() {
		w.over = true
		close(w.out)
	}
}

func (h *hub) join(runID int64, w *watcher) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.topics[runID] == nil {
		h.topics[runID] = map[*watcher]struct{}{}
	}
	h.topics[runID][w] = struct{}{}
}

func (h *hub) leave(runID int64, w *watcher) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.drop(runID, w)
}

// drop forgets a watcher. The lock is held.
func (h *hub) drop(runID int64, w *watcher) {
	delete(h.topics[runID], w)
	if len(h.topics[runID]) == 0 {
		delete(h.topics, runID)
		delete(h.moved, runID)
	}
}

// tell offers a state to one watcher.
func (h *hub) tell(w *watcher, p *pipeline.Progress) {
	h.mu.Lock()
	defer h.mu.Unlock()
	w.offer(p)
}

// publish offers the states of runs to all who watch them.
func (h *hub) publish(states map[int64]pipeline.Progress) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for id, p := range states {
		for w := range h.topics[id] {
			w.offer(&p)
			if w.over {
				h.drop(id, w)
			}
		}
	}
}

// mark notes that a run has moved, if anyone watches it.
func (h *hub) mark(payload string) {
	text, _, _ := strings.Cut(payload, ":")
	id, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return // not one of ours
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.topics[id]) > 0 {
		h.moved[id] = struct{}{}
	}
}

// markAll notes that every watched run may have moved.
func (h *hub) markAll() {
	h.mu.Lock()
	defer h.mu.Unlock()
	for id := range h.topics {
		h.moved[id] = struct{}{}
	}
}

// take gives the runs that have moved, and forgets them.
func (h *hub) take() []int64 {
	h.mu.Lock()
	defer h.mu.Unlock()
	ids := slices.Collect(maps.Keys(h.moved))
	clear(h.moved)
	return ids
}

// FanOut hands what happens to runs, in whatever process, to those who watch
// them in this one. It returns when ctx ends, always nil; a process that serves
// subscriptions runs it once.
func (s *Service) FanOut(ctx context.Context) error {
	s.hub.running.Store(true)
	defer s.hub.running.Store(false)
	heard := make(chan store.Notification)
	listening := make(chan struct{})
	go func() {
		defer close(listening)
		s.store.Listen(ctx, heard, store.RunChannel)
	}()
	defer func() { <-listening }()
	tick := time.NewTicker(hubPoll)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case n := <-heard:
			s.hearAll(ctx, n, heard)
		case <-tick.C:
			s.hub.markAll()
		}
		s.relay(ctx)
	}
}

// hearAll takes a notification and those that are waiting behind it: of a run
// that moved ten times in between the state is read once.
func (s *Service) hearAll(ctx context.Context, n store.Notification, heard <-chan store.Notification) {
	for {
		if n.Channel == "" {
			if n.Err != nil {
				s.log.WarnContext(ctx, "listening to the database anew", "err", n.Err.Error())
			}
			s.hub.markAll()
		} else {
			s.hub.mark(n.Payload)
		}
		select {
		case n = <-heard:
		default:
			return
		}
	}
}

// relay reads the states of the runs that moved and publishes them. What could
// not be read is read at the next tick.
func (s *Service) relay(ctx context.Context) {
	ids := s.hub.take()
	if len(ids) == 0 {
		return
	}
	states, err := s.ProgressOf(ctx, ids)
	if err != nil {
		if ctx.Err() == nil {
			s.log.WarnContext(ctx, "read the states of watched runs", "err", err.Error())
		}
		return
	}
	s.hub.publish(states)
}
