-- name: CreateRun :one
-- The run and a pending row for each of its timeframes, in one statement.
WITH run AS (
    INSERT INTO enrichment_runs (
        symbol_id, job_id, trigger, status, timeframes, range_from, range_to, requested_by, attempt, max_attempts,
        records_total, records_done, estimated_seconds, created_at)
    VALUES (
        @symbol_id, @job_id, @trigger, 'queued', @timeframes, @range_from, @range_to, @requested_by, 0, @max_attempts,
        @records_total, 0, @estimated_seconds, @now)
    RETURNING id, symbol_id, job_id, timeframes, created_at
), rows AS (
    INSERT INTO backfill_state (symbol_id, symbol, asset_class, timeframe, backfill_job_id, status, retry_count, created_at, updated_at)
    SELECT r.symbol_id, s.ticker, s.asset_class, t.word, r.job_id, 'pending', 0, r.created_at, r.created_at
    FROM run r JOIN symbols s ON s.id = r.symbol_id, unnest(r.timeframes) AS t (word)
)
SELECT id FROM run;

-- name: RunByID :one
SELECT * FROM enrichment_runs WHERE id = @id;

-- name: RunByJob :one
SELECT * FROM enrichment_runs WHERE job_id = @job_id;

-- name: LockRun :one
SELECT * FROM enrichment_runs WHERE id = @id FOR UPDATE;

-- name: RunsByIDs :many
SELECT * FROM enrichment_runs WHERE id = ANY (@ids::bigint[]);

-- name: OpenRunsOf :many
SELECT * FROM enrichment_runs
WHERE symbol_id = @symbol_id AND status IN ('queued', 'in_progress')
ORDER BY id;

-- name: OpenRuns :many
SELECT * FROM enrichment_runs WHERE status IN ('queued', 'in_progress') ORDER BY id;

-- name: LastRunsOf :many
-- The newest run of each symbol that covers the timeframe.
SELECT r.*
FROM unnest(@symbol_ids::bigint[]) AS s (id)
CROSS JOIN LATERAL (
    SELECT * FROM enrichment_runs e
    WHERE e.symbol_id = s.id AND @timeframe::text = ANY (e.timeframes)
    ORDER BY e.created_at DESC, e.id DESC
    LIMIT 1
) r;

-- name: StartRun :one
-- A run whose process died starts anew: its first start stays.
UPDATE enrichment_runs SET status = 'in_progress', attempt = @attempt, started_at = coalesce(started_at, @now::timestamptz)
WHERE id = @id AND status IN ('queued', 'in_progress')
RETURNING *;

-- name: RequeueRun :one
-- Between two attempts. What went wrong stays to be seen until the next attempt ends.
WITH rows AS (
    UPDATE backfill_state b SET status = 'pending', retry_count = b.retry_count + 1, error_message = @error_message, updated_at = @now
    FROM enrichment_runs r
    WHERE r.id = @id AND r.status IN ('queued', 'in_progress') AND b.backfill_job_id = r.job_id AND b.status = 'in_progress'
)
UPDATE enrichment_runs SET status = 'queued', error_code = @error_code, error_message = @error_message, error_retryable = true
WHERE enrichment_runs.id = @id AND enrichment_runs.status IN ('queued', 'in_progress')
RETURNING *;

-- name: EndRun :one
-- The words of the three ends are the same for a run and for its timeframes; what a timeframe
-- has reached by then stays.
WITH rows AS (
    UPDATE backfill_state b SET status = @status, error_message = @error_message, updated_at = @now
    FROM enrichment_runs r
    WHERE r.id = @id AND r.status IN ('queued', 'in_progress') AND b.backfill_job_id = r.job_id AND b.status IN ('pending', 'in_progress')
)
UPDATE enrichment_runs SET status = @status, records_done = @records_done, finished_at = @now::timestamptz,
    error_code = @error_code, error_message = @error_message, error_retryable = @error_retryable
WHERE enrichment_runs.id = @id AND enrichment_runs.status IN ('queued', 'in_progress')
RETURNING *;

-- name: RequestCancel :one
UPDATE enrichment_runs SET cancel_requested = true
WHERE id = @id AND status IN ('queued', 'in_progress')
RETURNING *;

-- name: CancelRequested :one
SELECT cancel_requested FROM enrichment_runs WHERE id = @id;

-- name: UpdateRunProgress :execrows
UPDATE enrichment_runs SET records_total = @records_total, records_done = @records_done
WHERE id = @id AND status = 'in_progress';

-- name: RunsOf :many
-- Of each symbol its runs between the two keys, newest first.
SELECT r.*
FROM unnest(@symbol_ids::bigint[]) AS s (id)
CROSS JOIN LATERAL (
    SELECT * FROM enrichment_runs e
    WHERE e.symbol_id = s.id
      AND (e.created_at, e.id) > (@above_at::timestamptz, @above_id::bigint) AND (e.created_at, e.id) < (@below_at::timestamptz, @below_id::bigint)
      AND (sqlc.narg(statuses)::text[] IS NULL OR e.status = ANY (sqlc.narg(statuses)::text[]))
      AND (sqlc.narg(triggers)::text[] IS NULL OR e.trigger = ANY (sqlc.narg(triggers)::text[]))
    ORDER BY e.created_at DESC, e.id DESC
    LIMIT @row_limit
) r
ORDER BY r.created_at DESC, r.id DESC;

-- name: RunsOfBackward :many
SELECT r.*
FROM unnest(@symbol_ids::bigint[]) AS s (id)
CROSS JOIN LATERAL (
    SELECT * FROM enrichment_runs e
    WHERE e.symbol_id = s.id
      AND (e.created_at, e.id) > (@above_at::timestamptz, @above_id::bigint) AND (e.created_at, e.id) < (@below_at::timestamptz, @below_id::bigint)
      AND (sqlc.narg(statuses)::text[] IS NULL OR e.status = ANY (sqlc.narg(statuses)::text[]))
      AND (sqlc.narg(triggers)::text[] IS NULL OR e.trigger = ANY (sqlc.narg(triggers)::text[]))
    ORDER BY e.created_at, e.id
    LIMIT @row_limit
) r
ORDER BY r.created_at, r.id;

-- name: AllRuns :many
SELECT * FROM enrichment_runs e
WHERE (e.created_at, e.id) > (@above_at::timestamptz, @above_id::bigint) AND (e.created_at, e.id) < (@below_at::timestamptz, @below_id::bigint)
  AND (sqlc.narg(triggers)::text[] IS NULL OR e.trigger = ANY (sqlc.narg(triggers)::text[]))
ORDER BY e.created_at DESC, e.id DESC
LIMIT @row_limit;

-- name: AllRunsBackward :many
SELECT * FROM enrichment_runs e
WHERE (e.created_at, e.id) > (@above_at::timestamptz, @above_id::bigint) AND (e.created_at, e.id) < (@below_at::timestamptz, @below_id::bigint)
  AND (sqlc.narg(triggers)::text[] IS NULL OR e.trigger = ANY (sqlc.narg(triggers)::text[]))
ORDER BY e.created_at, e.id
LIMIT @row_limit;

-- name: RunsByStatus :many
-- One page per status, merged: a rare status is found by its index and not by reading all runs.
SELECT r.*
FROM unnest(@statuses::text[]) AS s (word)
CROSS JOIN LATERAL (
    SELECT * FROM enrichment_runs e
    WHERE e.status = s.word
      AND (e.created_at, e.id) > (@above_at::timestamptz, @above_id::bigint) AND (e.created_at, e.id) < (@below_at::timestamptz, @below_id::bigint)
      AND (sqlc.narg(triggers)::text[] IS NULL OR e.trigger = ANY (sqlc.narg(triggers)::text[]))
    ORDER BY e.created_at DESC, e.id DESC
    LIMIT @row_limit
) r
ORDER BY r.created_at DESC, r.id DESC
LIMIT @row_limit;

-- name: RunsByStatusBackward :many
SELECT r.*
FROM unnest(@statuses::text[]) AS s (word)
CROSS JOIN LATERAL (
    SELECT * FROM enrichment_runs e
    WHERE e.status = s.word
      AND (e.created_at, e.id) > (@above_at::timestamptz, @above_id::bigint) AND (e.created_at, e.id) < (@below_at::timestamptz, @below_id::bigint)
      AND (sqlc.narg(triggers)::text[] IS NULL OR e.trigger = ANY (sqlc.narg(triggers)::text[]))
    ORDER BY e.created_at, e.id
    LIMIT @row_limit
) r
ORDER BY r.created_at, r.id
LIMIT @row_limit;

-- name: CountRunsOf :many
SELECT symbol_id, count(*) AS runs FROM enrichment_runs
WHERE symbol_id = ANY (@symbol_ids::bigint[])
  AND created_at >= @from_at AND created_at < @to_at
  AND (sqlc.narg(statuses)::text[] IS NULL OR status = ANY (sqlc.narg(statuses)::text[]))
  AND (sqlc.narg(triggers)::text[] IS NULL OR trigger = ANY (sqlc.narg(triggers)::text[]))
GROUP BY symbol_id;

-- name: CountAllRuns :one
SELECT count(*) FROM enrichment_runs
WHERE created_at >= @from_at AND created_at < @to_at
  AND (sqlc.narg(statuses)::text[] IS NULL OR status = ANY (sqlc.narg(statuses)::text[]))
  AND (sqlc.narg(triggers)::text[] IS NULL OR trigger = ANY (sqlc.narg(triggers)::text[]));

-- name: ReopenRun :one
-- A run that failed or was cancelled goes into the queue again, with as many attempts as a new one
-- has. What its timeframes have reached stays, and from there they go on.
WITH rows AS (
    UPDATE backfill_state b SET status = 'pending', retry_count = b.retry_count + 1, error_message = NULL, updated_at = @now
    FROM enrichment_runs r
    WHERE r.id = @id AND r.status IN ('failed', 'cancelled') AND b.backfill_job_id = r.job_id AND b.status IN ('failed', 'cancelled')
)
UPDATE enrichment_runs SET status = 'queued', max_attempts = attempt + @more_attempts::integer, cancel_requested = false,
    finished_at = NULL, error_code = NULL, error_message = NULL, error_retryable = NULL
WHERE enrichment_runs.id = @id AND enrichment_runs.status IN ('failed', 'cancelled')
RETURNING *;

-- name: LastRunsOfSeries :many
-- The newest run that covers each series; the two lists are parallel.
SELECT s.symbol_id::bigint AS series_symbol_id, s.timeframe::text AS series_timeframe, sqlc.embed(r)
FROM (SELECT unnest(@symbol_ids::bigint[]) AS symbol_id, unnest(@timeframes::text[]) AS timeframe) s
CROSS JOIN LATERAL (
    SELECT e.id FROM enrichment_runs e
    WHERE e.symbol_id = s.symbol_id AND s.timeframe = ANY (e.timeframes)
    ORDER BY e.created_at DESC, e.id DESC
    LIMIT 1
) newest
JOIN enrichment_runs r ON r.symbol_id = s.symbol_id AND r.id = newest.id;
