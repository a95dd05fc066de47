-- Runs and the six tables that the predecessor documented, with its column names.

-- +goose Up
CREATE TABLE enrichment_runs (
    id                bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT enrichment_runs_id UNIQUE,
    symbol_id         bigint      NOT NULL REFERENCES symbols (id),
    job_id            uuid        NOT NULL CONSTRAINT enrichment_runs_job UNIQUE,
    trigger           text        NOT NULL CONSTRAINT enrichment_runs_trigger CHECK (trigger IN ('manual', 'schedule', 'backfill', 'repair', 'import')),
    status            text        NOT NULL CONSTRAINT enrichment_runs_status CHECK (status IN ('queued', 'in_progress', 'completed', 'failed', 'cancelled')),
    timeframes        text[]      NOT NULL CONSTRAINT enrichment_runs_timeframes CHECK (timeframes <@ ARRAY['5m', '15m', '30m', '1h', '4h', '1d', '1w'] AND cardinality(timeframes) > 0),
    range_from        timestamptz NOT NULL,
    range_to          timestamptz NOT NULL,
    requested_by      text        NOT NULL,
    attempt           integer     NOT NULL,
    max_attempts      integer     NOT NULL,
    records_total     bigint      NOT NULL,
    records_done      bigint      NOT NULL,
    estimated_seconds integer     NOT NULL,
    cancel_requested  boolean     NOT NULL DEFAULT false,
    event_seq         bigint      NOT NULL DEFAULT 0,
    error_code        text,
    error_message     text,
    error_retryable   boolean,
    created_at        timestamptz NOT NULL,
    started_at        timestamptz,
    finished_at       timestamptz,
    CONSTRAINT enrichment_runs_pkey PRIMARY KEY (symbol_id, id),
    CONSTRAINT enrichment_runs_range CHECK (range_from <= range_to),
    CONSTRAINT enrichment_runs_ended CHECK ((status IN ('completed', 'failed', 'cancelled')) = (finished_at IS NOT NULL))
);
CREATE INDEX idx_enrichment_runs_symbol_time ON enrichment_runs (symbol_id, created_at DESC, id DESC);
CREATE INDEX idx_enrichment_runs_time ON enrichment_runs (created_at DESC, id DESC);
CREATE INDEX idx_enrichment_runs_status_time ON enrichment_runs (status, created_at DESC, id DESC);
CREATE INDEX idx_enrichment_runs_open ON enrichment_runs (status, symbol_id) WHERE status IN ('queued', 'in_progress');

CREATE TABLE run_events (
    symbol_id bigint      NOT NULL,
    run_id    bigint      NOT NULL,
    seq       bigint      NOT NULL,
    progress  jsonb       NOT NULL,
    at        timestamptz NOT NULL,
    CONSTRAINT run_events_pkey PRIMARY KEY (symbol_id, run_id, seq),
    CONSTRAINT run_events_run FOREIGN KEY (symbol_id, run_id) REFERENCES enrichment_runs (symbol_id, id)
);
COMMENT ON COLUMN run_events.seq IS 'From 1 without gaps within a run.';

CREATE TABLE backfill_state (
    id                   bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT backfill_state_id UNIQUE,
    symbol_id            bigint      NOT NULL REFERENCES symbols (id),
    symbol               varchar(20) NOT NULL,
    asset_class          varchar(10) NOT NULL,
    timeframe            varchar(10) NOT NULL CONSTRAINT backfill_state_timeframe CHECK (timeframe IN ('5m', '15m', '30m', '1h', '4h', '1d', '1w')),
    backfill_job_id      uuid        NOT NULL REFERENCES enrichment_runs (job_id),
    status               varchar(20) NOT NULL CONSTRAINT backfill_state_status CHECK (status IN ('pending', 'in_progress', 'completed', 'failed', 'cancelled')),
    last_successful_date date,
    done_through         timestamptz,
    error_message        text,
    retry_count          integer     NOT NULL CONSTRAINT backfill_state_retries CHECK (retry_count >= 0),
    created_at           timestamptz NOT NULL,
    updated_at           timestamptz NOT NULL,
    CONSTRAINT backfill_state_pkey PRIMARY KEY (symbol_id, id),
    CONSTRAINT backfill_state_once UNIQUE (backfill_job_id, timeframe)
);
CREATE INDEX idx_backfill_state_symbol_status ON backfill_state (symbol, status);
CREATE INDEX idx_backfill_state_status ON backfill_state (status);
COMMENT ON COLUMN backfill_state.last_successful_date IS 'The newest date up to which all from the run''s start is stored.';
COMMENT ON COLUMN backfill_state.done_through IS 'Where the run goes on: everything stamped before this instant is stored.';

CREATE TABLE enrichment_fetch_log (
    id                      bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT enrichment_fetch_log_id UNIQUE,
    symbol_id               bigint      NOT NULL REFERENCES symbols (id),
    symbol                  varchar(20) NOT NULL,
    asset_class             varchar(10) NOT NULL,
    timeframe               varchar(10) NOT NULL CONSTRAINT enrichment_fetch_log_timeframe CHECK (timeframe IN ('5m', '15m', '30m', '1h', '4h', '1d', '1w')),
    run_id                  bigint,
    source                  varchar(20) NOT NULL CONSTRAINT enrichment_fetch_log_source CHECK (source IN ('polygon', 'binance', 'yahoo', 'csv')),
    range_from              timestamptz,
    range_to                timestamptz,
    records_fetched         integer     NOT NULL CONSTRAINT enrichment_fetch_log_fetched CHECK (records_fetched >= 0),
    records_inserted        integer     NOT NULL CONSTRAINT enrichment_fetch_log_inserted CHECK (records_inserted >= 0),
    records_updated         integer     NOT NULL CONSTRAINT enrichment_fetch_log_updated CHECK (records_updated >= 0),
    records_rejected        integer     NOT NULL CONSTRAINT enrichment_fetch_log_rejected CHECK (records_rejected >= 0),
    success                 boolean     NOT NULL,
    source_response_time_ms integer     CONSTRAINT enrichment_fetch_log_ms CHECK (source_response_time_ms >= 0),
    api_quota_remaining     integer,
    error_code              text,
    error_message           text,
    attempt                 integer     NOT NULL,
    detail                  text,
    created_at              timestamptz NOT NULL,
    CONSTRAINT enrichment_fetch_log_pkey PRIMARY KEY (symbol_id, id)
);
CREATE INDEX idx_enrichment_fetch_symbol_time ON enrichment_fetch_log (symbol_id, created_at DESC, id DESC);
CREATE INDEX idx_enrichment_fetch_time ON enrichment_fetch_log (created_at DESC, id DESC);
CREATE INDEX idx_enrichment_fetch_run ON enrichment_fetch_log (run_id, id);

CREATE TABLE fetch_ranges (
    symbol_id  bigint      NOT NULL REFERENCES symbols (id),
    timeframe  text        NOT NULL CONSTRAINT fetch_ranges_timeframe CHECK (timeframe IN ('5m', '15m', '30m', '1h', '4h', '1d', '1w')),
    log_id     bigint      NOT NULL,
    source     text        NOT NULL CONSTRAINT fetch_ranges_source CHECK (source IN ('polygon', 'binance', 'yahoo', 'csv')),
    range_from timestamptz NOT NULL,
    range_to   timestamptz NOT NULL,
    success    boolean     NOT NULL,
    fetched_at timestamptz NOT NULL,
    CONSTRAINT fetch_ranges_pkey PRIMARY KEY (symbol_id, timeframe, log_id),
    CONSTRAINT fetch_ranges_order CHECK (range_from <= range_to)
);
COMMENT ON TABLE fetch_ranges IS 'Which slots a source answered for, from the stamp range_from up to and without range_to; the causes of gaps follow from it.';

CREATE TABLE enrichment_compute_log (
    id                  bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT enrichment_compute_log_id UNIQUE,
    symbol_id           bigint      NOT NULL REFERENCES symbols (id),
    symbol              varchar(20) NOT NULL,
    asset_class         varchar(10) NOT NULL,
    timeframe           varchar(10) NOT NULL CONSTRAINT enrichment_compute_log_timeframe CHECK (timeframe IN ('5m', '15m', '30m', '1h', '4h', '1d', '1w')),
    run_id              bigint,
    features_computed   integer     NOT NULL,
    missing_fields      text[]      NOT NULL,
    computation_time_ms integer     CONSTRAINT enrichment_compute_log_ms CHECK (computation_time_ms >= 0),
    success             boolean     NOT NULL,
    error_details       text,
    created_at          timestamptz NOT NULL,
    CONSTRAINT enrichment_compute_log_pkey PRIMARY KEY (symbol_id, id)
);
CREATE INDEX idx_enrichment_compute_symbol_time ON enrichment_compute_log (symbol_id, created_at DESC, id DESC);
CREATE INDEX idx_enrichment_compute_time ON enrichment_compute_log (created_at DESC, id DESC);
CREATE INDEX idx_enrichment_compute_run ON enrichment_compute_log (run_id, id);

CREATE TABLE data_quality_metrics (
    id                 bigint NOT NULL GENERATED ALWAYS AS IDENTITY CONSTRAINT data_quality_metrics_id UNIQUE,
    symbol_id          bigint       NOT NULL REFERENCES symbols (id),
    symbol             varchar(20)  NOT NULL,
    asset_class        varchar(10)  NOT NULL,
    metric_date        date         NOT NULL,
    total_records      integer      NOT NULL CONSTRAINT data_quality_total CHECK (total_records >= 0),
    validated_records  integer      NOT NULL CONSTRAINT data_quality_validated CHECK (validated_records BETWEEN 0 AND total_records),
    validation_rate    numeric(5,2) CONSTRAINT data_quality_rate CHECK (validation_rate BETWEEN 0 AND 100),
    gaps_detected      integer      NOT NULL CONSTRAINT data_quality_gaps CHECK (gaps_detected >= 0),
    anomalies_detected integer      NOT NULL CONSTRAINT data_quality_anomalies CHECK (anomalies_detected >= 0),
    avg_quality_score  numeric(3,2) CONSTRAINT data_quality_score CHECK (avg_quality_score BETWEEN 0 AND 1),
    data_completeness  numeric(3,2) NOT NULL CONSTRAINT data_quality_completeness CHECK (data_completeness BETWEEN 0 AND 1),
    score_sum          float8       NOT NULL,
    checks_failed      jsonb        NOT NULL,
    computed_at        timestamptz  NOT NULL,
    CONSTRAINT data_quality_metrics_pkey PRIMARY KEY (symbol_id, metric_date),
    CONSTRAINT data_quality_none CHECK ((total_records = 0) = (validation_rate IS NULL) AND (total_records = 0) = (avg_quality_score IS NULL))
);
CREATE INDEX idx_data_quality_symbol_date ON data_quality_metrics (symbol_id, metric_date DESC) INCLUDE (total_records);
CREATE INDEX idx_data_quality_date ON data_quality_metrics (metric_date DESC, id DESC);
COMMENT ON COLUMN data_quality_metrics.score_sum IS 'Sum of the unrounded scores of the date''s candles, from which means are taken.';

CREATE TABLE data_corrections (
    id                   bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT data_corrections_id UNIQUE,
    original_record_id   bigint,
    symbol_id            bigint       NOT NULL REFERENCES symbols (id),
    symbol               varchar(20)  NOT NULL,
    asset_class          varchar(10)  NOT NULL,
    timeframe            varchar(10)  NOT NULL,
    ts                   timestamptz,
    field_corrected      varchar(50)  NOT NULL,
    old_value            text,
    new_value            text,
    reason               varchar(200) NOT NULL CONSTRAINT data_corrections_reason CHECK (reason IN ('source_updated', 'source_upgraded', 'manual_correction', 'bug_fix', 'split_adjustment')),
    corrected_by         varchar(100) NOT NULL,
    run_id               bigint,
    correction_timestamp timestamptz  NOT NULL,
    CONSTRAINT data_corrections_pkey PRIMARY KEY (symbol_id, id)
);
CREATE INDEX idx_data_corrections_symbol_time ON data_corrections (symbol_id, correction_timestamp DESC, id DESC);
CREATE INDEX idx_data_corrections_candle ON data_corrections (symbol_id, timeframe, ts);
COMMENT ON COLUMN data_corrections.original_record_id IS 'Always null: a candle is named by symbol_id, timeframe and ts.';

CREATE TABLE enrichment_status (
    id                   bigint NOT NULL GENERATED ALWAYS AS IDENTITY CONSTRAINT enrichment_status_id UNIQUE,
    symbol_id            bigint      NOT NULL REFERENCES symbols (id),
    symbol               varchar(20) NOT NULL,
    asset_class          varchar(10) NOT NULL,
    status               varchar(20) NOT NULL CONSTRAINT enrichment_status_word CHECK (status IN ('healthy', 'warning', 'stale', 'error', 'not_enriched')),
    last_enrichment_time timestamptz,
    data_age_seconds     integer,
    records_available    integer     NOT NULL CONSTRAINT enrichment_status_records CHECK (records_available >= 0),
    quality_score        numeric(3,2) CONSTRAINT enrichment_status_score CHECK (quality_score BETWEEN 0 AND 1),
    validation_rate      numeric(5,2) CONSTRAINT enrichment_status_rate CHECK (validation_rate BETWEEN 0 AND 100),
    window_records       bigint      NOT NULL,
    window_validated     bigint      NOT NULL,
    window_score_sum     float8      NOT NULL,
    last_run_failed      boolean     NOT NULL,
    error_message        text,
    updated_at           timestamptz NOT NULL,
    CONSTRAINT enrichment_status_pkey PRIMARY KEY (symbol_id)
);
CREATE INDEX idx_enrichment_status_status ON enrichment_status (status);
COMMENT ON TABLE enrichment_status IS 'What the last commit left; status and age are computed anew whenever they are asked for.';
COMMENT ON COLUMN enrichment_status.window_records IS 'Records of the last 30 sessions with data; score and rate are weighted by them.';

-- +goose Down
DROP TABLE enrichment_status;
DROP TABLE data_corrections;
DROP TABLE data_quality_metrics;
DROP TABLE enrichment_compute_log;
DROP TABLE fetch_ranges;
DROP TABLE enrichment_fetch_log;
DROP TABLE backfill_state;
DROP TABLE run_events;
DROP TABLE enrichment_runs;
