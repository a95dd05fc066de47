-- name: AddFailures :execrows
-- What was seen before stays as it is: the same delivery does not count twice.
INSERT INTO validation_failures (symbol_id, timeframe, ts, check_name, first_seen_at)
SELECT @symbol_id, @timeframe, u.ts, u.check_name, @now
FROM (SELECT unnest(@ts::timestamptz[]) AS ts, unnest(@checks::text[]) AS check_name) u
ON CONFLICT (symbol_id, timeframe, ts, check_name) DO NOTHING;

-- name: FailureCountsByDate :many
SELECT (ts AT TIME ZONE 'UTC')::date AS day, timeframe, check_name, count(*) AS failures
FROM validation_failures
WHERE symbol_id = @symbol_id AND timeframe = ANY (@timeframes::text[]) AND ts >= @from_ts AND ts < @to_ts
GROUP BY 1, 2, 3;

-- name: FailureTotals :many
SELECT check_name, count(*) AS failures FROM validation_failures
WHERE symbol_id = @symbol_id AND timeframe = @timeframe
GROUP BY 1
ORDER BY 1;

-- name: FailedStamps :many
SELECT DISTINCT ts FROM validation_failures
WHERE symbol_id = @symbol_id AND timeframe = @timeframe AND ts >= @from_ts AND ts < @to_ts AND check_name = ANY (@checks::text[])
ORDER BY ts;

-- name: FailedStampsOf :many
SELECT DISTINCT symbol_id, ts FROM validation_failures
WHERE symbol_id = ANY (@symbol_ids::bigint[]) AND timeframe = @timeframe AND ts >= @from_ts AND ts < @to_ts
  AND check_name = ANY (@checks::text[])
ORDER BY symbol_id, ts;

-- name: FailuresAt :many
SELECT check_name, first_seen_at FROM validation_failures
WHERE symbol_id = @symbol_id AND timeframe = @timeframe AND ts = @ts
ORDER BY first_seen_at, check_name;
