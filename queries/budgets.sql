-- name: LeaseBudget :one
-- Takes weight out of a bucket: as much as wanted where it holds what is needed, else only what
-- is needed, on credit up to max_debt, else nothing. A clock that is behind fills nothing.
-- (sqlc.arg: with @ the generator misplaces the parameters of this one.)
WITH held AS (
    SELECT s.name, s.paused_until, CASE WHEN s.filled_at < sqlc.arg(now)::timestamptz THEN sqlc.arg(now)::timestamptz ELSE s.filled_at END AS filled_at,
        least(s.tokens + greatest(extract(epoch FROM (sqlc.arg(now)::timestamptz - s.filled_at))::float8, 0) * sqlc.arg(per_second)::float8, sqlc.arg(burst)::float8) AS available
    FROM source_budgets s WHERE s.name = sqlc.arg(name)
    FOR UPDATE
), lent AS (
    SELECT held.name, held.filled_at, held.available, CASE
        WHEN held.paused_until > sqlc.arg(now)::timestamptz THEN 0
        WHEN held.available >= sqlc.arg(needed)::float8 THEN least(floor(held.available), sqlc.arg(wanted)::float8)
        WHEN sqlc.arg(needed)::float8 - held.available <= sqlc.arg(max_debt)::float8 THEN sqlc.arg(needed)::float8
        ELSE 0 END AS granted
    FROM held
)
UPDATE source_budgets b SET tokens = lent.available - lent.granted, filled_at = lent.filled_at
FROM lent WHERE b.name = lent.name
RETURNING lent.available::float8 AS available, lent.granted::float8 AS granted, b.paused_until;

-- name: CreateBudget :exec
INSERT INTO source_budgets (name, tokens, filled_at) VALUES (@name, @burst, @now) ON CONFLICT (name) DO NOTHING;

-- name: PauseBudget :exec
-- A shorter pause never shortens a longer one.
INSERT INTO source_budgets AS b (name, tokens, filled_at, paused_until) VALUES (@name, @burst, @now, @until::timestamptz)
ON CONFLICT (name) DO UPDATE SET paused_until = greatest(b.paused_until, excluded.paused_until);
