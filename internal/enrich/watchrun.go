package enrich

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/candlewright/candlewright/internal/fault"
	"github.com/candlewright/candlewright/internal/pipeline"
)

// eventPage is how many events of a run are read at once.
const eventPage = 500

// WatchRun tells the progress of a run, of whatever process carries it out: its
// state now, then each change, until the run ends or ctx does; then the channel
// is closed. Who takes slowly skips states and never goes back; the last one
// always comes. With after every event above that number comes, none skipped.
//
// An unknown run is NOT_FOUND. It needs FanOut to run.
func (s *Service) WatchRun(ctx context.Context, jobID uuid.UUID, after *int64) (<-chan *pipeline.Progress, error) {
	if after != nil && *after < 0 {
		return nil, fault.BadInput("after", "after is %d: want the seq of the last event seen, 0 for all", *after)
	}
	if !s.hub.running.Load() {
		return nil, fault.Down(nil, "Live progress is not available here: this process does not listen to the database")
	}
	run, err := s.store.RunByJob(ctx, jobID)
	if err != nil {
		return nil, named(err, "jobId")
	}
	if after != nil {
		return s.events(ctx, run.ID, *after), nil
	}
	return s.states(ctx, run.ID)
}

// named says which argument a fault is about.
func named(err error, argument string) error {
	shown := fault.Show(err)
	if shown.Ours() {
		return err
	}
	return &fault.Error{Code: fault.Code(shown.Code), Detail: shown.Detail, Argument: argument, Err: err}
}

// states follows a run state by state. Nothing runs for it between two states.
func (s *Service) states(ctx context.Context, runID int64) (<-chan *pipeline.Progress, error) {
	w := &watcher{out: make(chan *pipeline.Progress, 1)}
	s.hub.join(runID, w) // before the read: what happens from here on is heard
	stop := context.AfterFunc(ctx, func() { s.hub.leave(runID, w) })
	states, err := s.ProgressOf(ctx, []int64{runID})
	if err != nil {
		if stop() {
			s.hub.leave(runID, w)
		}
		return nil, err
	}
	now := states[runID]
	s.hub.tell(w, &now)
	return w.out, nil
}

// events follows a run event by event, from the table.
func (s *Service) events(ctx context.Context, runID, after int64) <-chan *pipeline.Progress {
	w := &watcher{wake: make(chan struct{}, 1)}
	s.hub.join(runID, w)
	out := make(chan *pipeline.Progress)
	go func() {
		defer close(out)
		defer s.hub.leave(runID, w)
		for {
			ended, err := s.tellEvents(ctx, runID, &after, out)
			if err != nil && ctx.Err() == nil {
				s.log.WarnContext(ctx, "read the events of a watched run", "err", err.Error())
			}
			if ended {
				return
			}
			select {
			case <-ctx.Done():
				return
			case <-w.wake:
			case <-time.After(hubPoll):
			}
		}
	}()
	return out
}

// tellEvents tells the events above after, and moves it; ended says that the run
// is over and all of it told.
func (s *Service) tellEvents(ctx context.Context, runID int64, after *int64, out chan<- *pipeline.Progress) (ended bool, err error) {
	for {
		events, err := s.store.EventsAfter(ctx, runID, *after, eventPage)
		if err != nil {
			return false, err
		}
		for _, e := range events {
			select {
			case out <- &e:
				*after, ended = e.Seq, e.Status.Ended()
			case <-ctx.Done():
				return false, ctx.Err()
			}
		}
		if len(events) == eventPage {
			continue
		}
		if ended || len(events) > 0 {
			return ended, nil
		}
		return s.over(ctx, runID, *after)
	}
}

// over reports whether a run has ended and has no event above after.
func (s *Service) over(ctx context.Context, runID, after int64) (bool, error) {
	states, err := s.store.RunStates(ctx, []int64{runID})
	if err != nil {
		return false, err
	}
	st, ok := states[runID]
	return !ok || st.Status.Ended() && st.Last.Seq <= after, nil
}
