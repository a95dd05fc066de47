-- Candles are read by hand-written row loops in internal/store (candle_read.go), which use the
-- text of these queries alone; the order of the columns is that of its decoder, as a test holds.
-- Bounds: @from_ts is inclusive, @to_ts exclusive; the key of a page's last row is its bound.

-- name: CandlesForward :many
SELECT ts, open, high, low, close, volume,
    open_interest, funding_rate, liquidations_long, liquidations_short,
    taker_buy_volume, taker_sell_volume, long_short_ratio, exchange_inflow,
    return_1h, return_1d, volatility_20, volatility_50, atr, trend_direction, market_structure, rolling_volume_20,
    delta, buy_sell_ratio, liquidation_intensity, volume_spike_score, funding_rate_percentile, open_interest_change,
    source, manual, offered, validation_notes, anomaly,
    fields_present, fields_expected, checks_passed, checks_made, features_present, features_expected, freshness,
    revision, basis, first_stored_at
FROM market_data
WHERE symbol_id = @symbol_id AND timeframe = @timeframe AND ts >= @from_ts AND ts < @to_ts
ORDER BY ts
LIMIT sqlc.narg(row_limit)::bigint;

-- name: CandlesBackward :many
SELECT ts, open, high, low, close, volume,
    open_interest, funding_rate, liquidations_long, liquidations_short,
    taker_buy_volume, taker_sell_volume, long_short_ratio, exchange_inflow,
    return_1h, return_1d, volatility_20, volatility_50, atr, trend_direction, market_structure, rolling_volume_20,
    delta, buy_sell_ratio, liquidation_intensity, volume_spike_score, funding_rate_percentile, open_interest_change,
    source, manual, offered, validation_notes, anomaly,
    fields_present, fields_expected, checks_passed, checks_made, features_present, features_expected, freshness,
    revision, basis, first_stored_at
FROM market_data
WHERE symbol_id = @symbol_id AND timeframe = @timeframe AND ts >= @from_ts AND ts < @to_ts
ORDER BY ts DESC
LIMIT sqlc.narg(row_limit)::bigint;

-- name: CandlesOfForward :many
-- The first candles of many symbols in one statement. The symbol's place in the list comes last,
-- after the columns of a candle.
SELECT c.*, s.place::bigint AS place
FROM unnest(@symbol_ids::bigint[]) WITH ORDINALITY AS s (id, place)
CROSS JOIN LATERAL (
    SELECT ts, open, high, low, close, volume,
        open_interest, funding_rate, liquidations_long, liquidations_short,
        taker_buy_volume, taker_sell_volume, long_short_ratio, exchange_inflow,
        return_1h, return_1d, volatility_20, volatility_50, atr, trend_direction, market_structure, rolling_volume_20,
        delta, buy_sell_ratio, liquidation_intensity, volume_spike_score, funding_rate_percentile, open_interest_change,
        source, manual, offered, validation_notes, anomaly,
        fields_present, fields_expected, checks_passed, checks_made, features_present, features_expected, freshness,
        revision, basis, first_stored_at
    FROM market_data m
    WHERE m.symbol_id = s.id AND m.timeframe = @timeframe AND m.ts >= @from_ts AND m.ts < @to_ts
    ORDER BY m.ts
    LIMIT @row_limit
) c
ORDER BY s.place, c.ts;

-- name: CandlesOfBackward :many
SELECT c.*, s.place::bigint AS place
FROM unnest(@symbol_ids::bigint[]) WITH ORDINALITY AS s (id, place)
CROSS JOIN LATERAL (
    SELECT ts, open, high, low, close, volume,
        open_interest, funding_rate, liquidations_long, liquidations_short,
        taker_buy_volume, taker_sell_volume, long_short_ratio, exchange_inflow,
        return_1h, return_1d, volatility_20, volatility_50, atr, trend_direction, market_structure, rolling_volume_20,
        delta, buy_sell_ratio, liquidation_intensity, volume_spike_score, funding_rate_percentile, open_interest_change,
        source, manual, offered, validation_notes, anomaly,
        fields_present, fields_expected, checks_passed, checks_made, features_present, features_expected, freshness,
        revision, basis, first_stored_at
    FROM market_data m
    WHERE m.symbol_id = s.id AND m.timeframe = @timeframe AND m.ts >= @from_ts AND m.ts < @to_ts
    ORDER BY m.ts DESC
    LIMIT @row_limit
) c
ORDER BY s.place, c.ts DESC;

-- name: CandleStamps :many
SELECT ts FROM market_data
WHERE symbol_id = @symbol_id AND timeframe = @timeframe AND ts >= @from_ts AND ts < @to_ts
ORDER BY ts;

-- name: BreaksOf :many
-- Of each symbol the neighbours that lie further apart than one bar of the timeframe: within the
-- stretch, with the last candle before it and the first one after it. Which of them have slots
-- between them the calendar knows.
SELECT s.id::bigint AS symbol_id, b.before_ts::timestamptz AS before_ts, b.ts
FROM unnest(@symbol_ids::bigint[]) AS s (id)
CROSS JOIN LATERAL (
    SELECT w.before_ts, w.ts
    FROM (
        SELECT m.ts, lag(m.ts) OVER (ORDER BY m.ts) AS before_ts
        FROM market_data m
        WHERE m.symbol_id = s.id AND m.timeframe = @timeframe
          AND m.ts >= coalesce((SELECT max(p.ts) FROM market_data p
            WHERE p.symbol_id = s.id AND p.timeframe = @timeframe AND p.ts < @from_ts), @from_ts)
          AND m.ts <= coalesce((SELECT min(n.ts) FROM market_data n
            WHERE n.symbol_id = s.id AND n.timeframe = @timeframe AND n.ts >= @to_ts), @to_ts)
    ) w
    WHERE w.ts - w.before_ts > make_interval(secs => @bar_seconds::float8)
    ORDER BY w.ts
    LIMIT sqlc.narg(row_limit)::bigint
) b
ORDER BY s.id, b.ts;

-- name: CountCandles :many
SELECT symbol_id, count(*) AS candles FROM market_data
WHERE symbol_id = ANY (@symbol_ids::bigint[]) AND timeframe = @timeframe AND ts >= @from_ts AND ts < @to_ts
GROUP BY symbol_id;

-- name: AnyCandle :one
-- Whether a slot of the stretch is stored: where none is, a write needs no merge.
SELECT EXISTS (
    SELECT FROM market_data
    WHERE symbol_id = @symbol_id AND timeframe = @timeframe AND ts >= @first_ts AND ts <= @last_ts
);

-- name: MergeCandles :execrows
-- @sqlc-vet-disable sqlc/db-prepare
-- The staging table is the session's own, so this cannot be prepared elsewhere. A stored row
-- keeps the time at which it was first stored.
INSERT INTO market_data SELECT * FROM candle_staging
ON CONFLICT (symbol_id, timeframe, ts) DO UPDATE SET
    open                    = excluded.open,
    high                    = excluded.high,
    low                     = excluded.low,
    close                   = excluded.close,
    volume                  = excluded.volume,
    open_interest           = excluded.open_interest,
    funding_rate            = excluded.funding_rate,
    liquidations_long       = excluded.liquidations_long,
    liquidations_short      = excluded.liquidations_short,
    taker_buy_volume        = excluded.taker_buy_volume,
    taker_sell_volume       = excluded.taker_sell_volume,
    long_short_ratio        = excluded.long_short_ratio,
    exchange_inflow         = excluded.exchange_inflow,
    return_1h               = excluded.return_1h,
    return_1d               = excluded.return_1d,
    volatility_20           = excluded.volatility_20,
    volatility_50           = excluded.volatility_50,
    atr                     = excluded.atr,
    trend_direction         = excluded.trend_direction,
    market_structure        = excluded.market_structure,
    rolling_volume_20       = excluded.rolling_volume_20,
    delta                   = excluded.delta,
    buy_sell_ratio          = excluded.buy_sell_ratio,
    liquidation_intensity   = excluded.liquidation_intensity,
    volume_spike_score      = excluded.volume_spike_score,
    funding_rate_percentile = excluded.funding_rate_percentile,
    open_interest_change    = excluded.open_interest_change,
    source                  = excluded.source,
    manual                  = excluded.manual,
    offered                 = excluded.offered,
    validated               = excluded.validated,
    validation_notes        = excluded.validation_notes,
    anomaly                 = excluded.anomaly,
    fields_present          = excluded.fields_present,
    fields_expected         = excluded.fields_expected,
    checks_passed           = excluded.checks_passed,
    checks_made             = excluded.checks_made,
    features_present        = excluded.features_present,
    features_expected       = excluded.features_expected,
    freshness               = excluded.freshness,
    quality_score           = excluded.quality_score,
    revision                = excluded.revision,
    basis                   = excluded.basis,
    run_id                  = excluded.run_id;

-- name: RunScoreParts :many
-- The distinct parts of scores among the candles that a run wrote and whose freshness differs:
-- a handful, whatever the number of rows.
SELECT DISTINCT fields_present, fields_expected, checks_passed, checks_made, features_present, features_expected
FROM market_data
WHERE symbol_id = @symbol_id AND timeframe = @timeframe AND ts >= @from_ts AND run_id = @run_id AND freshness <> @freshness;

-- name: SetFreshness :execrows
-- Scores come with the parts they belong to, so that the formula is written in one place only.
UPDATE market_data m SET freshness = @freshness, quality_score = p.score
FROM (
    SELECT unnest(@fields_present::smallint[]) AS fields_present, unnest(@fields_expected::smallint[]) AS fields_expected,
        unnest(@checks_passed::smallint[]) AS checks_passed, unnest(@checks_made::smallint[]) AS checks_made,
        unnest(@features_present::smallint[]) AS features_present, unnest(@features_expected::smallint[]) AS features_expected,
        unnest(@scores::float8[]) AS score
) p
WHERE m.symbol_id = @symbol_id AND m.timeframe = @timeframe AND m.ts >= @from_ts AND m.run_id = @run_id AND m.freshness <> @freshness
  AND m.fields_present = p.fields_present AND m.fields_expected = p.fields_expected
  AND m.checks_passed = p.checks_passed AND m.checks_made = p.checks_made
  AND m.features_present = p.features_present AND m.features_expected = p.features_expected;

-- name: DayCounts :many
-- Of every timeframe but 1w the session date is the UTC date of the stamp.
SELECT (ts AT TIME ZONE 'UTC')::date AS day, timeframe,
    count(*) AS candles,
    count(*) FILTER (WHERE validated) AS validated,
    count(*) FILTER (WHERE anomaly) AS anomalies,
    coalesce(sum(quality_score), 0)::float8 AS score_sum
FROM market_data
WHERE symbol_id = @symbol_id AND timeframe = ANY (@timeframes::text[]) AND ts >= @from_ts AND ts < @to_ts
GROUP BY 1, 2
ORDER BY 1, 2;

-- name: LastWeeksSums :one
-- The window of a symbol that is tracked at 1w alone.
SELECT count(*) AS records, count(*) FILTER (WHERE w.validated) AS validated, coalesce(sum(w.quality_score), 0)::float8 AS score_sum
FROM (
    SELECT validated, quality_score FROM market_data
    WHERE symbol_id = @symbol_id AND timeframe = '1w'
    ORDER BY ts DESC
    LIMIT @weeks
) w;

-- name: StoredCandles :many
-- A candle with the columns that its other readers compute from the rest, for whoever compares
-- the two. They come last, after those that the decoder reads.
SELECT ts, open, high, low, close, volume,
    open_interest, funding_rate, liquidations_long, liquidations_short,
    taker_buy_volume, taker_sell_volume, long_short_ratio, exchange_inflow,
    return_1h, return_1d, volatility_20, volatility_50, atr, trend_direction, market_structure, rolling_volume_20,
    delta, buy_sell_ratio, liquidation_intensity, volume_spike_score, funding_rate_percentile, open_interest_change,
    source, manual, offered, validation_notes, anomaly,
    fields_present, fields_expected, checks_passed, checks_made, features_present, features_expected, freshness,
    revision, basis, first_stored_at, validated, quality_score, run_id
FROM market_data
WHERE symbol_id = @symbol_id AND timeframe = @timeframe AND ts >= @from_ts AND ts < @to_ts
ORDER BY ts
LIMIT @row_limit::bigint;

-- name: KnownStamps :many
-- The newest stamps whose candles were first stored by @known_at, newest first.
SELECT ts FROM market_data
WHERE symbol_id = @symbol_id AND timeframe = @timeframe AND ts >= @from_ts AND ts < @to_ts AND first_stored_at <= @known_at
ORDER BY ts DESC
LIMIT @row_limit;

-- name: FirstStoredAfter :one
-- The first stamp before @to_ts whose candle was first stored after @known_at; the last year
-- stands for none. Reads the series up to @to_ts.
SELECT coalesce(min(ts), '9999-12-31 00:00:00+00')::timestamptz AS ts FROM market_data
WHERE symbol_id = @symbol_id AND timeframe = @timeframe AND ts < @to_ts AND first_stored_at > @known_at;
