-- name: SeriesOf :many
SELECT * FROM series WHERE symbol_id = ANY (@symbol_ids::bigint[]) ORDER BY symbol_id;

-- name: LockSeries :one
SELECT * FROM series WHERE symbol_id = @symbol_id AND timeframe = @timeframe FOR UPDATE;

-- name: CreateSeries :exec
INSERT INTO series (symbol_id, timeframe, basis, records, validated, anomalies, revision, digest, updated_at)
VALUES (@symbol_id, @timeframe, 0, 0, 0, 0, 0, @digest, @now)
ON CONFLICT (symbol_id, timeframe) DO NOTHING;

-- name: UpdateSeries :execrows
UPDATE series SET
    basis = @basis, first_ts = @first_ts, last_ts = @last_ts, records = @records,
    validated = @validated, anomalies = @anomalies, revision = @revision, digest = @digest, updated_at = @now
WHERE symbol_id = @symbol_id AND timeframe = @timeframe;

-- name: MeasureSeries :one
-- The extent of a series counted from its rows, to compare with what the series row says. The
-- first year stands for no stamp: sqlc knows no type of a nullable min().
SELECT count(*) AS records, count(*) FILTER (WHERE validated) AS validated, count(*) FILTER (WHERE anomaly) AS anomalies,
    coalesce(min(ts), '0001-01-01 00:00:00+00')::timestamptz AS first_ts,
    coalesce(max(ts), '0001-01-01 00:00:00+00')::timestamptz AS last_ts
FROM market_data
WHERE symbol_id = @symbol_id AND timeframe = @timeframe;
