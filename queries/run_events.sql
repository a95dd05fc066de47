-- name: AppendEvent :one
-- Number, event and notification are one statement: the row of the run orders them, and a
-- listener hears of the event when it is committed. The number inside the event is the row's.
WITH run AS (
    UPDATE enrichment_runs SET event_seq = event_seq + 1 WHERE id = @run_id RETURNING symbol_id, id, event_seq
), event AS (
    INSERT INTO run_events (symbol_id, run_id, seq, progress, at)
    SELECT symbol_id, id, event_seq, @progress, @at FROM run
    RETURNING run_id, seq
)
SELECT seq, pg_notify('candlewright_run', run_id || ':' || seq)::text AS notified FROM event;

-- name: EventsAfter :many
SELECT e.seq, e.progress FROM run_events e
JOIN enrichment_runs r ON r.symbol_id = e.symbol_id AND r.id = e.run_id
WHERE r.id = @run_id AND e.seq > @seq
ORDER BY e.seq
LIMIT @row_limit;

-- name: LastEvents :many
-- The newest event of each run; the run knows its number.
SELECT e.run_id, e.seq, e.progress FROM enrichment_runs r
JOIN run_events e ON e.symbol_id = r.symbol_id AND e.run_id = r.id AND e.seq = r.event_seq
WHERE r.id = ANY (@run_ids::bigint[]);

-- name: RunsWithLastEvents :many
-- Each run and its newest event, as of one moment.
SELECT sqlc.embed(r), coalesce(e.seq, 0)::bigint AS seq, e.progress
FROM enrichment_runs r
LEFT JOIN run_events e ON e.symbol_id = r.symbol_id AND e.run_id = r.id AND e.seq = r.event_seq
WHERE r.id = ANY (@run_ids::bigint[]);
