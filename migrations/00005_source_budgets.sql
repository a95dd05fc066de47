-- What may be asked of each source now, counted for all processes of an installation together.

-- +goose Up
CREATE TABLE source_budgets (
    name         text        NOT NULL CONSTRAINT source_budgets_pkey PRIMARY KEY,
    tokens       float8      NOT NULL,
    filled_at    timestamptz NOT NULL,
    paused_until timestamptz
);
COMMENT ON TABLE source_budgets IS 'A token bucket for each provider and host. Rates and sizes are those of the process that asks.';
COMMENT ON COLUMN source_budgets.tokens IS 'Weight left at filled_at; below 0 what was lent to calls that wait for their turn.';
COMMENT ON COLUMN source_budgets.paused_until IS 'Until then the source wants to be left alone (Retry-After, a ban, a spent minute).';

-- +goose Down
DROP TABLE source_budgets;
