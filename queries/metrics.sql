-- name: PipelineCounts :one
-- All of the metrics route in one statement, so that it is read at one moment. Means are taken
-- over unrounded values; a day without records has none.
SELECT f.total AS fetches, f.successful AS fetches_successful, f.avg_ms AS fetch_avg_ms, q.api_quota_remaining,
    c.total AS computations, c.successful AS computations_successful, c.avg_ms AS compute_avg_ms,
    d.symbols AS symbols_tracked, d.avg_rate, d.avg_score,
    b.in_progress, b.completed, b.failed, b.pending
FROM (
    SELECT count(*) AS total, count(*) FILTER (WHERE success) AS successful,
        coalesce(avg(source_response_time_ms), 0)::float8 AS avg_ms
    FROM enrichment_fetch_log l WHERE l.created_at > @logs_since AND l.created_at <= @now
) f
CROSS JOIN (
    SELECT count(*) AS total, count(*) FILTER (WHERE success) AS successful,
        coalesce(avg(computation_time_ms), 0)::float8 AS avg_ms
    FROM enrichment_compute_log l WHERE l.created_at > @logs_since AND l.created_at <= @now
) c
CROSS JOIN (
    SELECT count(DISTINCT symbol_id) AS symbols,
        coalesce(avg(100.0::float8 * validated_records / nullif(total_records, 0)), 0)::float8 AS avg_rate,
        coalesce(avg(score_sum / nullif(total_records, 0)), 0)::float8 AS avg_score
    FROM data_quality_metrics m WHERE m.metric_date >= @days_from AND m.metric_date <= @days_through
) d
CROSS JOIN (
    SELECT count(*) FILTER (WHERE status = 'in_progress') AS in_progress, count(*) FILTER (WHERE status = 'completed') AS completed,
        count(*) FILTER (WHERE status = 'failed') AS failed, count(*) FILTER (WHERE status = 'pending') AS pending
    FROM backfill_state
) b
LEFT JOIN LATERAL (
    SELECT l.api_quota_remaining FROM enrichment_fetch_log l
    WHERE l.created_at > @logs_since AND l.created_at <= @now AND l.api_quota_remaining IS NOT NULL
    ORDER BY l.created_at DESC, l.id DESC
    LIMIT 1
) q ON true;

-- name: SourceCounts :many
SELECT f.source, f.total, f.successful, f.p50_ms, f.p95_ms, q.api_quota_remaining, e.error_message AS last_error
FROM (
    SELECT source, count(*) AS total, count(*) FILTER (WHERE success) AS successful,
        coalesce(percentile_cont(0.5) WITHIN GROUP (ORDER BY source_response_time_ms), 'NaN')::float8 AS p50_ms,
        coalesce(percentile_cont(0.95) WITHIN GROUP (ORDER BY source_response_time_ms), 'NaN')::float8 AS p95_ms
    FROM enrichment_fetch_log l WHERE l.created_at > @logs_since AND l.created_at <= @now
    GROUP BY source
) f
LEFT JOIN LATERAL (
    SELECT l.api_quota_remaining FROM enrichment_fetch_log l
    WHERE l.source = f.source AND l.created_at > @logs_since AND l.created_at <= @now AND l.api_quota_remaining IS NOT NULL
    ORDER BY l.created_at DESC, l.id DESC
    LIMIT 1
) q ON true
LEFT JOIN LATERAL (
    SELECT l.error_message FROM enrichment_fetch_log l
    WHERE l.source = f.source AND l.created_at > @logs_since AND l.created_at <= @now AND NOT l.success
    ORDER BY l.created_at DESC, l.id DESC
    LIMIT 1
) e ON true
ORDER BY f.source;
