-- name: ArchiveCandles :execrows
-- Moves the candles of a stretch out of the series and keeps them as they were, under their basis.
WITH gone AS (
    DELETE FROM market_data m
    WHERE m.symbol_id = @symbol_id AND m.timeframe = @timeframe AND m.ts >= @from_ts AND m.ts < @to_ts
    RETURNING *
)
INSERT INTO candle_history (symbol_id, timeframe, ts, basis, candle, first_stored_at, replaced_at)
SELECT g.symbol_id, g.timeframe, g.ts, g.basis,
    jsonb_strip_nulls(to_jsonb(g) - ARRAY['symbol_id', 'timeframe', 'ts', 'basis', 'first_stored_at']), g.first_stored_at, @now
FROM gone g;

-- name: AddCorporateAction :execrows
-- Each once.
INSERT INTO corporate_actions (symbol_id, ex_date, kind, factor, source, detail, detected_at)
VALUES (@symbol_id, @ex_date, @kind, @factor, @source, @detail, @now)
ON CONFLICT (symbol_id, ex_date, kind) DO NOTHING;

-- name: CorporateActionsOf :many
SELECT * FROM corporate_actions WHERE symbol_id = ANY (@symbol_ids::bigint[]) ORDER BY symbol_id, ex_date, kind;

-- name: BasisReplacedAfter :one
-- The basis of a series that was valid at @at, if another has replaced it since, and when.
SELECT basis, replaced_at FROM candle_history
WHERE symbol_id = @symbol_id AND timeframe = @timeframe AND replaced_at > @at
ORDER BY replaced_at, basis
LIMIT 1;

-- name: KnownHistoryStamps :many
-- KnownStamps of an older basis.
SELECT ts FROM candle_history
WHERE symbol_id = @symbol_id AND timeframe = @timeframe AND basis = @basis AND ts >= @from_ts AND ts < @to_ts AND first_stored_at <= @known_at
ORDER BY ts DESC
LIMIT @row_limit;
