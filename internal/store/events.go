package store

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/candlewright/candlewright/db"
	"github.com/candlewright/candlewright/internal/fault"
	"github.com/candlewright/candlewright/internal/pipeline"
)

// RunChannel is the channel on which each event of a run is announced when it
// is committed, as "<run id>:<seq>".
const RunChannel = "candlewright_run"

// AppendEvent writes the next event of a run and announces it at the commit. It
// gives the event's number, from 1 without gaps; the Seq of p does not matter.
func (s *queries) AppendEvent(ctx context.Context, runID int64, p pipeline.Progress) (int64, error) {
	p.Seq = 0 // the row has it
	p.Message = clean(p.Message)
	text, err := json.Marshal(p)
	if err != nil {
		return 0, fmt.Errorf("append event: %w", err)
	}
	r, err := s.q.AppendEvent(ctx, db.AppendEventParams{RunID: runID, Progress: text, At: p.At})
	return r.Seq, found(ctx, "append event", err, fault.NoSuch("There is no run %d", runID))
}

// EventsAfter are the events of a run with a number above seq, in order, at most
// limit of them.
func (s *queries) EventsAfter(ctx context.Context, runID, seq int64, limit int) ([]pipeline.Progress, error) {
	rows, err := s.q.EventsAfter(ctx, db.EventsAfterParams{RunID: runID, Seq: seq, RowLimit: int4(limit)})
	if err != nil {
		return nil, failed(ctx, "read events", err)
	}
	events := all(rows, noting(&err, func(r db.EventsAfterRow) (pipeline.Progress, error) { return progressOf(r.Seq, r.Progress) }))
	return events, err
}

// LastEvents gives the newest event of each run; one without events has no entry.
func (s *queries) LastEvents(ctx context.Context, runIDs []int64) (map[int64]pipeline.Progress, error) {
	rows, err := s.q.LastEvents(ctx, runIDs)
	if err != nil {
		return nil, failed(ctx, "read the last events", err)
	}
	events := make(map[int64]pipeline.Progress, len(rows))
	for _, r := range rows {
		if events[r.RunID], err = progressOf(r.Seq, r.Progress); err != nil {
			return nil, err
		}
	}
	return events, nil
}

func progressOf(seq int64, text []byte) (pipeline.Progress, error) {
	var p pipeline.Progress
	if err := json.Unmarshal(text, &p); err != nil {
		return p, fmt.Errorf("read event %d: %w", seq, err)
	}
	p.Seq = seq
	return p, nil
}

// Notify announces something on a channel when the transaction is committed. A
// payload has at most 7999 bytes.
func (tx *Tx) Notify(ctx context.Context, channel, payload string) error {
	err := tx.q.Notify(ctx, db.NotifyParams{Channel: channel, Payload: clean(payload)})
	return failed(ctx, "notify", err)
}
