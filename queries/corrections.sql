-- name: AddCorrections :execrows
-- '' stands for null in the lists of values, the zero instant for the whole series in @ts.
INSERT INTO data_corrections (
    symbol_id, symbol, asset_class, timeframe, ts, field_corrected, old_value, new_value, reason, corrected_by, run_id,
    correction_timestamp)
SELECT s.id, s.ticker, s.asset_class, u.timeframe, nullif(u.ts, '0001-01-01 00:00:00+00'), u.field, nullif(u.old_value, ''), nullif(u.new_value, ''),
    u.reason, u.corrected_by, nullif(u.run_id, 0), u.corrected_at
FROM (
    SELECT generate_subscripts(@symbol_ids::bigint[], 1) AS place, unnest(@symbol_ids::bigint[]) AS symbol_id,
        unnest(@timeframes::text[]) AS timeframe, unnest(@ts::timestamptz[]) AS ts, unnest(@fields::text[]) AS field,
        unnest(@old_values::text[]) AS old_value, unnest(@new_values::text[]) AS new_value, unnest(@reasons::text[]) AS reason,
        unnest(@corrected_by::text[]) AS corrected_by, unnest(@run_ids::bigint[]) AS run_id,
        unnest(@corrected_at::timestamptz[]) AS corrected_at
) u
JOIN symbols s ON s.id = u.symbol_id
ORDER BY u.place;

-- name: CorrectionsByIDs :many
SELECT * FROM data_corrections WHERE id = ANY (@ids::bigint[]);

-- name: CorrectionsOfCandle :many
-- Oldest first: read backwards they give the candle as it was at any time.
SELECT * FROM data_corrections
WHERE symbol_id = @symbol_id AND timeframe = @timeframe AND ts = @ts::timestamptz
ORDER BY id;

-- name: CorrectionsOf :many
SELECT c.*
FROM unnest(@symbol_ids::bigint[]) AS s (id)
CROSS JOIN LATERAL (
    SELECT * FROM data_corrections e
    WHERE e.symbol_id = s.id
      AND (e.correction_timestamp, e.id) > (@above_at::timestamptz, @above_id::bigint)
      AND (e.correction_timestamp, e.id) < (@below_at::timestamptz, @below_id::bigint)
    ORDER BY e.correction_timestamp DESC, e.id DESC
    LIMIT @row_limit
) c
ORDER BY c.correction_timestamp DESC, c.id DESC;

-- name: CorrectionsOfBackward :many
SELECT c.*
FROM unnest(@symbol_ids::bigint[]) AS s (id)
CROSS JOIN LATERAL (
    SELECT * FROM data_corrections e
    WHERE e.symbol_id = s.id
      AND (e.correction_timestamp, e.id) > (@above_at::timestamptz, @above_id::bigint)
      AND (e.correction_timestamp, e.id) < (@below_at::timestamptz, @below_id::bigint)
    ORDER BY e.correction_timestamp, e.id
    LIMIT @row_limit
) c
ORDER BY c.correction_timestamp, c.id;

-- name: CountCorrectionsOf :many
SELECT symbol_id, count(*) AS corrections FROM data_corrections
WHERE symbol_id = ANY (@symbol_ids::bigint[]) AND correction_timestamp >= @from_at AND correction_timestamp < @to_at
GROUP BY symbol_id;

-- name: CorrectionsAfter :many
-- Those of candles of a stretch that were made after @known_at, oldest first.
SELECT * FROM data_corrections
WHERE symbol_id = @symbol_id AND timeframe = @timeframe AND ts >= @from_ts::timestamptz AND ts < @to_ts::timestamptz
  AND correction_timestamp > @known_at
ORDER BY ts, id;

-- name: FirstCorrectedAfter :one
-- The first stamp before @to_ts of a candle that was corrected after @known_at; the last year stands
-- for none.
SELECT coalesce(min(ts), '9999-12-31 00:00:00+00')::timestamptz AS ts FROM data_corrections
WHERE symbol_id = @symbol_id AND timeframe = @timeframe AND ts < @to_ts::timestamptz AND correction_timestamp > @known_at;
