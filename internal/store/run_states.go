package store

import (
	"context"
	"time"

	"github.com/candlewright/candlewright/db"
	"github.com/candlewright/candlewright/internal/fault"
	"github.com/candlewright/candlewright/internal/market"
	"github.com/candlewright/candlewright/internal/pipeline"
)

// RunState is a run and its newest event, as of one moment.
type RunState struct {
	pipeline.Run
	Last pipeline.Progress // Seq 0: nothing has happened yet
}

// RunStates gives the state of each run by id; one that does not exist has no
// entry.
func (s *queries) RunStates(ctx context.Context, runIDs []int64) (map[int64]RunState, error) {
	rows, err := s.q.RunsWithLastEvents(ctx, runIDs)
	if err != nil {
		return nil, failed(ctx, "read runs with their last events", err)
	}
	states := make(map[int64]RunState, len(rows))
	for _, r := range rows {
		st := RunState{Run: runOf(r.EnrichmentRun)}
		if r.Seq > 0 {
			if st.Last, err = progressOf(r.Seq, r.Progress); err != nil {
				return nil, err
			}
		}
		states[st.ID] = st
	}
	return states, nil
}

// SeriesKey names a series by the id of its symbol.
type SeriesKey struct {
	SymbolID  int64
	Timeframe market.Timeframe
}

// LastRunsOfSeries gives the newest run that covers each series, in one
// statement; a series that no run covers has no entry.
func (s *queries) LastRunsOfSeries(ctx context.Context, keys []SeriesKey) (map[SeriesKey]pipeline.Run, error) {
	arg := db.LastRunsOfSeriesParams{SymbolIds: make([]int64, len(keys)), Timeframes: make([]string, len(keys))}
	for i, k := range keys {
		arg.SymbolIds[i], arg.Timeframes[i] = k.SymbolID, string(k.Timeframe)
	}
	rows, err := s.q.LastRunsOfSeries(ctx, arg)
	if err != nil {
		return nil, failed(ctx, "read the last runs of series", err)
	}
	runs := make(map[SeriesKey]pipeline.Run, len(rows))
	for _, r := range rows {
		runs[SeriesKey{r.SeriesSymbolID, market.Timeframe(r.SeriesTimeframe)}] = runOf(r.EnrichmentRun)
	}
	return runs, nil
}

// ReopenRun puts a run that failed or was cancelled back into the queue, to go
// on from where its timeframes stand, with so many more attempts. A run in any
// other state is a CONFLICT.
func (s *queries) ReopenRun(ctx context.Context, id int64, attempts int, now time.Time) (pipeline.Run, error) {
	r, err := s.q.ReopenRun(ctx, db.ReopenRunParams{ID: id, MoreAttempts: int4(attempts), Now: now})
	if !noRow(err) {
		return s.run(ctx, "reopen run", id, r, err)
	}
	run, err := s.RunByID(ctx, id)
	if err != nil {
		return pipeline.Run{}, err
	}
	return pipeline.Run{}, fault.Clash("The run %s is %s: only a failed or cancelled run can be queued again", run.JobID, run.Status)
}
