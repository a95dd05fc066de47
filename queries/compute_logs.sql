-- name: AddComputeLog :one
INSERT INTO enrichment_compute_log (
    symbol_id, symbol, asset_class, timeframe, run_id, features_computed, missing_fields, computation_time_ms, success,
    error_details, created_at)
SELECT s.id, s.ticker, s.asset_class, @timeframe::text, sqlc.narg(run_id)::bigint, @features_computed::integer, @missing_fields::text[],
    sqlc.narg(computation_time_ms)::integer, @success::boolean, sqlc.narg(error_details)::text, @now::timestamptz
FROM symbols s WHERE s.id = @symbol_id
RETURNING id;

-- name: ComputeLogsByIDs :many
SELECT * FROM enrichment_compute_log WHERE id = ANY (@ids::bigint[]);

-- name: ComputeLogsOfRuns :many
SELECT * FROM enrichment_compute_log WHERE run_id = ANY (@run_ids::bigint[]) ORDER BY run_id, id;

-- name: ComputeLogsOf :many
SELECT l.*
FROM unnest(@symbol_ids::bigint[]) AS s (id)
CROSS JOIN LATERAL (
    SELECT * FROM enrichment_compute_log e
    WHERE e.symbol_id = s.id
      AND (e.created_at, e.id) > (@above_at::timestamptz, @above_id::bigint) AND (e.created_at, e.id) < (@below_at::timestamptz, @below_id::bigint)
    ORDER BY e.created_at DESC, e.id DESC
    LIMIT @row_limit
) l
ORDER BY l.created_at DESC, l.id DESC;

-- name: ComputeLogsOfBackward :many
SELECT l.*
FROM unnest(@symbol_ids::bigint[]) AS s (id)
CROSS JOIN LATERAL (
    SELECT * FROM enrichment_compute_log e
    WHERE e.symbol_id = s.id
      AND (e.created_at, e.id) > (@above_at::timestamptz, @above_id::bigint) AND (e.created_at, e.id) < (@below_at::timestamptz, @below_id::bigint)
    ORDER BY e.created_at, e.id
    LIMIT @row_limit
) l
ORDER BY l.created_at, l.id;

-- name: CountComputeLogsOf :many
SELECT symbol_id, count(*) AS logs FROM enrichment_compute_log
WHERE symbol_id = ANY (@symbol_ids::bigint[]) AND created_at >= @from_at AND created_at < @to_at
GROUP BY symbol_id;
