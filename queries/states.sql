-- name: LastState :one
SELECT ts, state FROM series_state
WHERE symbol_id = @symbol_id AND timeframe = @timeframe
ORDER BY ts DESC
LIMIT 1;

-- name: StateBefore :one
SELECT ts, state FROM series_state
WHERE symbol_id = @symbol_id AND timeframe = @timeframe AND ts < @ts
ORDER BY ts DESC
LIMIT 1;

-- name: StateAt :one
SELECT state FROM series_state WHERE symbol_id = @symbol_id AND timeframe = @timeframe AND ts = @ts;

-- name: StateStamps :many
SELECT ts FROM series_state
WHERE symbol_id = @symbol_id AND timeframe = @timeframe AND ts >= @from_ts
ORDER BY ts;

-- name: PutState :exec
INSERT INTO series_state (symbol_id, timeframe, ts, state)
VALUES (@symbol_id, @timeframe, @ts, @state)
ON CONFLICT (symbol_id, timeframe, ts) DO UPDATE SET state = excluded.state;

-- name: DeleteState :exec
DELETE FROM series_state WHERE symbol_id = @symbol_id AND timeframe = @timeframe AND ts = @ts;

-- name: DeleteStatesFrom :execrows
DELETE FROM series_state WHERE symbol_id = @symbol_id AND timeframe = @timeframe AND ts >= @from_ts;
