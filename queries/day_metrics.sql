-- name: PutDayMetrics :exec
-- The documented decimal columns hold the shown values. 'NaN' stands for null in the lists.
INSERT INTO data_quality_metrics AS m (
    symbol_id, symbol, asset_class, metric_date, total_records, validated_records, validation_rate, gaps_detected,
    anomalies_detected, avg_quality_score, data_completeness, score_sum, checks_failed, computed_at)
SELECT s.id, s.ticker, s.asset_class, u.day, u.total, u.validated, nullif(u.rate, 'NaN')::numeric(5, 2), u.gaps,
    u.anomalies, nullif(u.score, 'NaN')::numeric(3, 2), u.completeness::numeric(3, 2), u.score_sum, u.checks_failed, @now
FROM symbols s, (
    SELECT unnest(@days::date[]) AS day, unnest(@totals::integer[]) AS total, unnest(@validated::integer[]) AS validated,
        unnest(@rates::float8[]) AS rate, unnest(@gaps::integer[]) AS gaps, unnest(@anomalies::integer[]) AS anomalies,
        unnest(@scores::float8[]) AS score, unnest(@completeness::float8[]) AS completeness,
        unnest(@score_sums::float8[]) AS score_sum, unnest(@checks_failed::jsonb[]) AS checks_failed
) u
WHERE s.id = @symbol_id
ON CONFLICT (symbol_id, metric_date) DO UPDATE SET
    total_records = excluded.total_records, validated_records = excluded.validated_records,
    validation_rate = excluded.validation_rate, gaps_detected = excluded.gaps_detected,
    anomalies_detected = excluded.anomalies_detected, avg_quality_score = excluded.avg_quality_score,
    data_completeness = excluded.data_completeness, score_sum = excluded.score_sum,
    checks_failed = excluded.checks_failed, computed_at = excluded.computed_at;

-- name: DayMetrics :many
SELECT * FROM data_quality_metrics
WHERE symbol_id = @symbol_id AND metric_date >= @from_date AND metric_date <= @through
ORDER BY metric_date;

-- name: DayMetricsOf :many
-- Of each symbol its newest days between the two, both exclusive.
SELECT d.*
FROM unnest(@symbol_ids::bigint[]) AS s (id)
CROSS JOIN LATERAL (
    SELECT * FROM data_quality_metrics q
    WHERE q.symbol_id = s.id AND q.metric_date > @above_date AND q.metric_date < @below_date
    ORDER BY q.metric_date DESC
    LIMIT @row_limit
) d
ORDER BY d.metric_date DESC, d.id DESC;

-- name: DayMetricsOfBackward :many
SELECT d.*
FROM unnest(@symbol_ids::bigint[]) AS s (id)
CROSS JOIN LATERAL (
    SELECT * FROM data_quality_metrics q
    WHERE q.symbol_id = s.id AND q.metric_date > @above_date AND q.metric_date < @below_date
    ORDER BY q.metric_date
    LIMIT @row_limit
) d
ORDER BY d.metric_date, d.id;

-- name: AllDayMetrics :many
SELECT * FROM data_quality_metrics
WHERE (metric_date, id) > (@above_date::date, @above_id::bigint) AND (metric_date, id) < (@below_date::date, @below_id::bigint)
ORDER BY metric_date DESC, id DESC
LIMIT @row_limit;

-- name: AllDayMetricsBackward :many
SELECT * FROM data_quality_metrics
WHERE (metric_date, id) > (@above_date::date, @above_id::bigint) AND (metric_date, id) < (@below_date::date, @below_id::bigint)
ORDER BY metric_date, id
LIMIT @row_limit;

-- name: CountDayMetricsOf :many
SELECT symbol_id, count(*) AS days FROM data_quality_metrics
WHERE symbol_id = ANY (@symbol_ids::bigint[]) AND metric_date >= @from_date AND metric_date < @to_date
GROUP BY symbol_id;

-- name: CountAllDayMetrics :one
SELECT count(*) FROM data_quality_metrics WHERE metric_date >= @from_date AND metric_date < @to_date;

-- name: DayMetricsByIDs :many
SELECT * FROM data_quality_metrics WHERE id = ANY (@ids::bigint[]);

-- name: LastDaysSums :one
-- Sums over the last @days dates from @from_date on that have records, and how many those are.
SELECT count(*) AS found, coalesce(sum(d.total_records), 0)::bigint AS records, coalesce(sum(d.validated_records), 0)::bigint AS validated,
    coalesce(sum(d.score_sum), 0)::float8 AS score_sum
FROM (
    SELECT total_records, validated_records, score_sum FROM data_quality_metrics
    WHERE symbol_id = @symbol_id AND total_records > 0 AND metric_date >= @from_date
    ORDER BY metric_date DESC
    LIMIT @days
) d;

-- name: DayMetricsOn :many
-- The metrics of a symbol on a date, many at once; the two lists are parallel.
SELECT m.* FROM data_quality_metrics m
JOIN (SELECT unnest(@symbol_ids::bigint[]) AS symbol_id, unnest(@days::date[]) AS day) k
    ON m.symbol_id = k.symbol_id AND m.metric_date = k.day;
