-- name: PutStatus :execrows
INSERT INTO enrichment_status (
    symbol_id, symbol, asset_class, status, last_enrichment_time, data_age_seconds, records_available, quality_score,
    validation_rate, window_records, window_validated, window_score_sum, last_run_failed, error_message, updated_at)
SELECT s.id, s.ticker, s.asset_class, @status::text, sqlc.narg(last_enrichment_time)::timestamptz, sqlc.narg(data_age_seconds)::integer,
    @records_available::integer, sqlc.narg(quality_score)::float8::numeric(3, 2), sqlc.narg(validation_rate)::float8::numeric(5, 2),
    @window_records::bigint, @window_validated::bigint, @window_score_sum::float8, @last_run_failed::boolean,
    sqlc.narg(error_message)::text, @now::timestamptz
FROM symbols s WHERE s.id = @symbol_id
ON CONFLICT (symbol_id) DO UPDATE SET
    status = excluded.status, last_enrichment_time = excluded.last_enrichment_time, data_age_seconds = excluded.data_age_seconds,
    records_available = excluded.records_available, quality_score = excluded.quality_score,
    validation_rate = excluded.validation_rate, window_records = excluded.window_records,
    window_validated = excluded.window_validated, window_score_sum = excluded.window_score_sum,
    last_run_failed = excluded.last_run_failed, error_message = excluded.error_message, updated_at = excluded.updated_at;

-- name: StatusesOf :many
SELECT symbol_id, status, last_enrichment_time, data_age_seconds, records_available,
    coalesce(quality_score::float8, 'NaN')::float8 AS quality_score, coalesce(validation_rate::float8, 'NaN')::float8 AS validation_rate,
    window_records, window_validated, window_score_sum, last_run_failed, error_message, updated_at
FROM enrichment_status WHERE symbol_id = ANY (@symbol_ids::bigint[]);
