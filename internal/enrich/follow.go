package enrich

import (
	"context"
	"time"

	"github.com/candlewright/candlewright/internal/pipeline"
)

// followPoll is how often a follower looks for new events.
const followPoll = 200 * time.Millisecond

// Follow tells each event of a run, from its first, and returns the last one
// when the run has ended.
func (s *Service) Follow(ctx context.Context, runID int64, tell func(pipeline.Progress)) (pipeline.Progress, error) {
	var last pipeline.Progress
	tick := time.NewTicker(followPoll)
	defer tick.Stop()
	for {
		events, err := s.store.EventsAfter(ctx, runID, last.Seq, 1000)
		if err != nil {
			return last, err
		}
		for _, e := range events {
			last = e
			tell(e)
		}
		if last.Status.Ended() {
			return last, nil
		}
		select {
		case <-ctx.Done():
			return last, context.Cause(ctx)
		case <-tick.C:
		}
	}
}
