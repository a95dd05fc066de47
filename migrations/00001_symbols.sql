-- Symbols, the keys of API clients, and what this installation is.

-- +goose Up
CREATE TABLE installation (
    only_row   boolean PRIMARY KEY DEFAULT true CONSTRAINT installation_one_row CHECK (only_row),
    kind       text        NOT NULL CONSTRAINT installation_kind CHECK (kind IN ('simulated', 'real')),
    id         uuid        NOT NULL,
    created_at timestamptz NOT NULL
);
COMMENT ON TABLE installation IS 'One row: simulated and real candles never share a database.';

CREATE TABLE symbols (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    ticker       text COLLATE "C" NOT NULL CONSTRAINT symbols_ticker CHECK (ticker ~ '^[A-Z0-9^][A-Z0-9._:^=-]{0,19}$'),
    asset_class  text        NOT NULL CONSTRAINT symbols_asset_class CHECK (asset_class IN ('stock', 'crypto', 'etf')),
    name         text,
    active       boolean     NOT NULL DEFAULT true,
    scheduled    boolean     NOT NULL DEFAULT false,
    timeframes   text[]      NOT NULL CONSTRAINT symbols_timeframes CHECK (timeframes <@ ARRAY['5m', '15m', '30m', '1h', '4h', '1d', '1w']),
    added_at     timestamptz NOT NULL,
    updated_at   timestamptz NOT NULL,
    CONSTRAINT symbols_ticker_class UNIQUE (ticker, asset_class)
);
COMMENT ON COLUMN symbols.active IS 'Tracked now; an untracked symbol keeps its candles.';
COMMENT ON COLUMN symbols.scheduled IS 'Whether the scheduler starts it; an import alone schedules nothing.';

CREATE TABLE api_keys (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name         text        NOT NULL CONSTRAINT api_keys_name UNIQUE,
    key_hash     bytea       NOT NULL CONSTRAINT api_keys_hash UNIQUE,
    scopes       text[]      NOT NULL,
    created_at   timestamptz NOT NULL,
    expires_at   timestamptz,
    revoked_at   timestamptz,
    last_used_at timestamptz
);
COMMENT ON COLUMN api_keys.key_hash IS 'SHA-256 of the key; the key itself is shown once and kept nowhere.';

-- +goose Down
DROP TABLE api_keys;
DROP TABLE symbols;
DROP TABLE installation;
