-- Candles with their features, the series they form, and what was kept of older ones.
-- Every table of a symbol has symbol_id in its primary key and nothing refers to a candle by
-- foreign key, so that these tables can be partitioned or sharded by symbol.

-- +goose Up
CREATE TABLE market_data (
    symbol_id               bigint      NOT NULL,
    timeframe               text        NOT NULL CONSTRAINT market_data_timeframe CHECK (timeframe IN ('5m', '15m', '30m', '1h', '4h', '1d', '1w')),
    ts                      timestamptz NOT NULL,
    open                    float8      NOT NULL,
    high                    float8      NOT NULL,
    low                     float8      NOT NULL,
    close                   float8      NOT NULL,
    volume                  float8      NOT NULL,
    open_interest           float8,
    funding_rate            float8,
    liquidations_long       float8,
    liquidations_short      float8,
    taker_buy_volume        float8,
    taker_sell_volume       float8,
    long_short_ratio        float8,
    exchange_inflow         float8,
    return_1h               float8,
    return_1d               float8,
    volatility_20           float8,
    volatility_50           float8,
    atr                     float8,
    trend_direction         text        CONSTRAINT market_data_trend CHECK (trend_direction IN ('up', 'down', 'neutral')),
    market_structure        text        CONSTRAINT market_data_structure CHECK (market_structure IN ('bullish', 'bearish', 'range')),
    rolling_volume_20       float8,
    delta                   float8,
    buy_sell_ratio          float8,
    liquidation_intensity   float8,
    volume_spike_score      float8,
    funding_rate_percentile float8,
    open_interest_change    float8,
    source                  text        NOT NULL CONSTRAINT market_data_source CHECK (source IN ('polygon', 'binance', 'yahoo', 'csv')),
    manual                  boolean     NOT NULL,
    offered                 smallint    NOT NULL,
    validated               boolean     NOT NULL,
    validation_notes        text[]      NOT NULL,
    anomaly                 boolean     NOT NULL,
    fields_present          smallint    NOT NULL,
    fields_expected         smallint    NOT NULL,
    checks_passed           smallint    NOT NULL,
    checks_made             smallint    NOT NULL,
    features_present        smallint    NOT NULL,
    features_expected       smallint    NOT NULL,
    freshness               float8      NOT NULL CONSTRAINT market_data_freshness CHECK (freshness BETWEEN 0 AND 1),
    quality_score           float8      NOT NULL CONSTRAINT market_data_score CHECK (quality_score BETWEEN 0 AND 1),
    revision                integer     NOT NULL CONSTRAINT market_data_revision CHECK (revision >= 1),
    basis                   integer     NOT NULL,
    run_id                  bigint      NOT NULL,
    first_stored_at         timestamptz NOT NULL,
    CONSTRAINT market_data_pkey PRIMARY KEY (symbol_id, timeframe, ts),
    CONSTRAINT market_data_prices CHECK (open > 0 AND high > 0 AND low > 0 AND close > 0 AND volume >= 0
        AND open < 'Infinity' AND high < 'Infinity' AND low < 'Infinity' AND close < 'Infinity' AND volume < 'Infinity')
);
COMMENT ON COLUMN market_data.ts IS 'Open of an intraday bar; session date at 00:00 UTC of 1d; Monday at 00:00 UTC of 1w.';
COMMENT ON COLUMN market_data.offered IS 'Bit set of the crypto fields (bit 8: funding payments) that the candle''s own source states it delivers.';
COMMENT ON COLUMN market_data.run_id IS 'The run that last inserted, amended or recomputed the row; its freshness is of that run.';
COMMENT ON COLUMN market_data.basis IS 'Which split basis of the series the row belongs to; it equals series.basis.';

CREATE TABLE series (
    symbol_id       bigint      NOT NULL REFERENCES symbols (id),
    timeframe       text        NOT NULL CONSTRAINT series_timeframe CHECK (timeframe IN ('5m', '15m', '30m', '1h', '4h', '1d', '1w')),
    basis           integer     NOT NULL,
    first_ts        timestamptz,
    last_ts         timestamptz,
    records         bigint      NOT NULL CONSTRAINT series_records CHECK (records >= 0),
    validated       bigint      NOT NULL,
    anomalies       bigint      NOT NULL,
    revision        bigint      NOT NULL,
    digest          bytea       NOT NULL CONSTRAINT series_digest CHECK (octet_length(digest) = 32),
    updated_at      timestamptz NOT NULL,
    CONSTRAINT series_pkey PRIMARY KEY (symbol_id, timeframe),
    CONSTRAINT series_ends CHECK ((records = 0) = (first_ts IS NULL) AND (records = 0) = (last_ts IS NULL))
);
COMMENT ON COLUMN series.revision IS 'Rises by one with every commit that changes a candle of the series.';
COMMENT ON COLUMN series.digest IS 'Sum modulo 2^256 of the SHA-256 of each candle''s stamp, prices, volume and delivered fields.';

CREATE TABLE series_state (
    symbol_id bigint      NOT NULL,
    timeframe text        NOT NULL,
    ts        timestamptz NOT NULL,
    state     bytea       NOT NULL,
    CONSTRAINT series_state_pkey PRIMARY KEY (symbol_id, timeframe, ts),
    CONSTRAINT series_state_series FOREIGN KEY (symbol_id, timeframe) REFERENCES series (symbol_id, timeframe)
);
COMMENT ON TABLE series_state IS 'The running computation after the bar stamped ts: one row after the newest bar and one about every 1,000 bars, from which an amendment recomputes.';

CREATE TABLE funding_payments (
    symbol_id bigint      NOT NULL REFERENCES symbols (id),
    paid_at   timestamptz NOT NULL,
    rate      float8      NOT NULL CONSTRAINT funding_payments_rate CHECK (abs(rate) <= 1),
    source    text        NOT NULL CONSTRAINT funding_payments_source CHECK (source IN ('polygon', 'binance', 'yahoo', 'csv')),
    stored_at timestamptz NOT NULL,
    CONSTRAINT funding_payments_pkey PRIMARY KEY (symbol_id, paid_at)
);

CREATE TABLE validation_failures (
    symbol_id     bigint      NOT NULL REFERENCES symbols (id),
    timeframe     text        NOT NULL CONSTRAINT validation_failures_timeframe CHECK (timeframe IN ('5m', '15m', '30m', '1h', '4h', '1d', '1w')),
    ts            timestamptz NOT NULL,
    check_name    text        NOT NULL CONSTRAINT validation_failures_check CHECK (check_name IN ('on_grid', 'fields_present', 'price_positive', 'unique', 'monotonic', 'ohlc_order', 'volume_positive', 'microstructure_sane', 'feature_sane')),
    first_seen_at timestamptz NOT NULL,
    CONSTRAINT validation_failures_pkey PRIMARY KEY (symbol_id, timeframe, ts, check_name)
);
COMMENT ON TABLE validation_failures IS 'Each failed check once per slot; never removed, since it says what happened.';

CREATE TABLE corporate_actions (
    symbol_id   bigint      NOT NULL REFERENCES symbols (id),
    ex_date     date        NOT NULL,
    kind        text        NOT NULL CONSTRAINT corporate_actions_kind CHECK (kind IN ('split', 'rename', 'delisting')),
    factor      float8,
    source      text        NOT NULL,
    detail      text,
    detected_at timestamptz NOT NULL,
    CONSTRAINT corporate_actions_pkey PRIMARY KEY (symbol_id, ex_date, kind)
);

CREATE TABLE candle_history (
    symbol_id       bigint      NOT NULL,
    timeframe       text        NOT NULL,
    ts              timestamptz NOT NULL,
    basis           integer     NOT NULL,
    candle          jsonb       NOT NULL,
    first_stored_at timestamptz NOT NULL,
    replaced_at     timestamptz NOT NULL,
    CONSTRAINT candle_history_pkey PRIMARY KEY (symbol_id, timeframe, ts, basis)
);
COMMENT ON TABLE candle_history IS 'The candles of an older split basis, as they were when the series was rewritten.';

-- +goose Down
DROP TABLE candle_history;
DROP TABLE corporate_actions;
DROP TABLE validation_failures;
DROP TABLE funding_payments;
DROP TABLE series_state;
DROP TABLE series;
DROP TABLE market_data;
