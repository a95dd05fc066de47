-- name: AddFetchLog :one
-- A log with a range also says which slots the source answered for.
WITH log AS (
    INSERT INTO enrichment_fetch_log (
        symbol_id, symbol, asset_class, timeframe, run_id, source, range_from, range_to, records_fetched, records_inserted,
        records_updated, records_rejected, success, source_response_time_ms, api_quota_remaining, error_code, error_message,
        attempt, detail, created_at)
    SELECT s.id, s.ticker, s.asset_class, @timeframe::text, sqlc.narg(run_id)::bigint, @source::text, sqlc.narg(range_from)::timestamptz,
        sqlc.narg(range_to)::timestamptz, @records_fetched::integer, @records_inserted::integer, @records_updated::integer,
        @records_rejected::integer, @success::boolean, sqlc.narg(source_response_time_ms)::integer,
        sqlc.narg(api_quota_remaining)::integer, sqlc.narg(error_code)::text, sqlc.narg(error_message)::text,
        @attempt::integer, sqlc.narg(detail)::text, @now::timestamptz
    FROM symbols s WHERE s.id = @symbol_id
    RETURNING *
), covered AS (
    INSERT INTO fetch_ranges (symbol_id, timeframe, log_id, source, range_from, range_to, success, fetched_at)
    SELECT symbol_id, timeframe, id, source, range_from, range_to, success, created_at FROM log
    WHERE range_from IS NOT NULL AND range_to IS NOT NULL
)
SELECT id FROM log;

-- name: FetchRanges :many
-- Every stretch that touches [@from_ts, @to_ts), in the order in which they were asked for.
SELECT log_id, source, range_from, range_to, success, fetched_at FROM fetch_ranges
WHERE symbol_id = @symbol_id AND timeframe = @timeframe AND range_to > @from_ts AND range_from < @to_ts
ORDER BY fetched_at, log_id;

-- name: FetchRangesOf :many
SELECT symbol_id, log_id, source, range_from, range_to, success, fetched_at FROM fetch_ranges
WHERE symbol_id = ANY (@symbol_ids::bigint[]) AND timeframe = @timeframe AND range_to > @from_ts AND range_from < @to_ts
ORDER BY symbol_id, fetched_at, log_id;

-- name: FetchLogsByIDs :many
SELECT * FROM enrichment_fetch_log WHERE id = ANY (@ids::bigint[]);

-- name: FetchLogsOfRuns :many
SELECT * FROM enrichment_fetch_log WHERE run_id = ANY (@run_ids::bigint[]) ORDER BY run_id, id;

-- name: FetchLogsOf :many
SELECT l.*
FROM unnest(@symbol_ids::bigint[]) AS s (id)
CROSS JOIN LATERAL (
    SELECT * FROM enrichment_fetch_log e
    WHERE e.symbol_id = s.id
      AND (e.created_at, e.id) > (@above_at::timestamptz, @above_id::bigint) AND (e.created_at, e.id) < (@below_at::timestamptz, @below_id::bigint)
      AND (sqlc.narg(sources)::text[] IS NULL OR e.source = ANY (sqlc.narg(sources)::text[]))
      AND (sqlc.narg(success)::boolean IS NULL OR e.success = sqlc.narg(success)::boolean)
    ORDER BY e.created_at DESC, e.id DESC
    LIMIT @row_limit
) l
ORDER BY l.created_at DESC, l.id DESC;

-- name: FetchLogsOfBackward :many
SELECT l.*
FROM unnest(@symbol_ids::bigint[]) AS s (id)
CROSS JOIN LATERAL (
    SELECT * FROM enrichment_fetch_log e
    WHERE e.symbol_id = s.id
      AND (e.created_at, e.id) > (@above_at::timestamptz, @above_id::bigint) AND (e.created_at, e.id) < (@below_at::timestamptz, @below_id::bigint)
      AND (sqlc.narg(sources)::text[] IS NULL OR e.source = ANY (sqlc.narg(sources)::text[]))
      AND (sqlc.narg(success)::boolean IS NULL OR e.success = sqlc.narg(success)::boolean)
    ORDER BY e.created_at, e.id
    LIMIT @row_limit
) l
ORDER BY l.created_at, l.id;

-- name: AllFetchLogs :many
SELECT * FROM enrichment_fetch_log e
WHERE (e.created_at, e.id) > (@above_at::timestamptz, @above_id::bigint) AND (e.created_at, e.id) < (@below_at::timestamptz, @below_id::bigint)
  AND (sqlc.narg(sources)::text[] IS NULL OR e.source = ANY (sqlc.narg(sources)::text[]))
  AND (sqlc.narg(success)::boolean IS NULL OR e.success = sqlc.narg(success)::boolean)
ORDER BY e.created_at DESC, e.id DESC
LIMIT @row_limit;

-- name: AllFetchLogsBackward :many
SELECT * FROM enrichment_fetch_log e
WHERE (e.created_at, e.id) > (@above_at::timestamptz, @above_id::bigint) AND (e.created_at, e.id) < (@below_at::timestamptz, @below_id::bigint)
  AND (sqlc.narg(sources)::text[] IS NULL OR e.source = ANY (sqlc.narg(sources)::text[]))
  AND (sqlc.narg(success)::boolean IS NULL OR e.success = sqlc.narg(success)::boolean)
ORDER BY e.created_at, e.id
LIMIT @row_limit;

-- name: CountFetchLogsOf :many
SELECT symbol_id, count(*) AS logs FROM enrichment_fetch_log
WHERE symbol_id = ANY (@symbol_ids::bigint[])
  AND created_at >= @from_at AND created_at < @to_at
  AND (sqlc.narg(sources)::text[] IS NULL OR source = ANY (sqlc.narg(sources)::text[]))
  AND (sqlc.narg(success)::boolean IS NULL OR success = sqlc.narg(success)::boolean)
GROUP BY symbol_id;

-- name: CountAllFetchLogs :one
SELECT count(*) FROM enrichment_fetch_log
WHERE created_at >= @from_at AND created_at < @to_at
  AND (sqlc.narg(sources)::text[] IS NULL OR source = ANY (sqlc.narg(sources)::text[]))
  AND (sqlc.narg(success)::boolean IS NULL OR success = sqlc.narg(success)::boolean);
